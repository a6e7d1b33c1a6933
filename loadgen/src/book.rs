//! What a worker writes while its fans act: the ledger, and the taps handed over since the last news.

use beat_protocol::CloseCode;

use crate::clock::Nanos;
use crate::fan::Fan;
use crate::ledger::{Handed, Ledger, Mailbox, record};
use crate::phases::Phases;
use crate::schedule::Tap;
use crate::seat::End;

/// One worker's.
#[derive(Debug)]
pub(crate) struct Book {
    ledger: Ledger,
    phases: Phases,
    handed: Vec<Handed>,
}

impl Book {
    pub(crate) fn new(teams: usize, phases: &Phases) -> Self {
        Self { ledger: Ledger::new(teams), phases: phases.clone(), handed: Vec::new() }
    }

    pub(crate) fn opened(&mut self, _now: Nanos, again: bool) {
        self.ledger.counts.opened += 1;
        self.ledger.counts.reconnects += u64::from(again);
    }

    pub(crate) fn ended(&mut self) {
        self.ledger.counts.ended += 1;
    }

    pub(crate) fn handed(&mut self, at: Nanos, tap: Tap) {
        self.ledger.counts.taps += 1;
        self.handed.push(Handed { at, due: tap.at, team: tap.team });
    }

    /// Said at `now` what could have been said `lag` ago.
    pub(crate) fn cheered(&mut self, _now: Nanos, lag: Nanos) {
        self.ledger.counts.cheers += 1;
        record(&mut self.ledger.schedule_lag, lag);
    }

    pub(crate) fn based(&mut self) {
        self.ledger.counts.bases += 1;
    }

    pub(crate) fn received(&mut self, now: Nanos, bytes: usize) {
        if self.phases.measures(now) {
            self.ledger.counts.bytes += bytes as u64;
        }
    }

    pub(crate) fn beat(&mut self, now: Nanos) {
        if self.phases.measures(now) {
            self.ledger.counts.beats += 1;
        }
    }

    pub(crate) fn odd(&mut self) {
        self.ledger.counts.oddities += 1;
    }

    pub(crate) fn note(&mut self, end: &End) {
        let ledger = &mut self.ledger;
        match end {
            End::Farewell => *ledger.closes.entry(CloseCode::Normal.as_u16()).or_default() += 1,
            End::Closed { code, .. } => *ledger.closes.entry(*code).or_default() += 1,
            End::Lost => *ledger.closes.entry(1006).or_default() += 1,
            End::Storm => ledger.counts.cut += 1,
            End::Unreachable(cause) => *ledger.connect_errors.entry(cause.to_string()).or_default() += 1,
        }
    }

    pub(crate) fn close_account(&mut self, fan: &Fan) {
        self.ledger.close_account(fan);
    }

    /// Leaves the news; every tap handed over before `complete_to` is told.
    pub(crate) fn tell(&mut self, mailbox: &Mailbox, complete_to: Nanos) {
        mailbox.leave(self.ledger.counts, &mut self.handed, complete_to);
    }

    pub(crate) fn into_ledger(self) -> Ledger {
        self.ledger
    }
}
