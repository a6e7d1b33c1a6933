//! What a worker writes while its fans act: the ledger, and the taps handed over since the last news.

use beat_protocol::CloseCode;

use crate::books::ledger::{Handed, Ledger, Mailbox};
use crate::clock::Nanos;
use crate::crowd::fan::Fan;
use crate::crowd::seat::End;
use crate::crowd::worker::Task;
use crate::measure::vitals::ThreadLoad;
use crate::measure::watch::{FAN_STEP, Watch};
use crate::plan::schedule::Tap;
use crate::record::{Fault, PhaseBook};

/// One worker's.
#[derive(Debug)]
pub(crate) struct Book<'a> {
    task: &'a Task,
    ledger: Ledger,
    handed: Vec<Handed>,
    /// By the last welcome.
    beat_ms: u32,
    load: ThreadLoad,
}

impl<'a> Book<'a> {
    pub(crate) fn new(task: &'a Task) -> Self {
        let ledger = Ledger::new(task.teams, task.phases.len());
        Self { task, ledger, handed: Vec::new(), beat_ms: 0, load: ThreadLoad::default() }
    }

    /// A welcome came, to a fan that was here before or not.
    pub(crate) fn opened(&mut self, now: Nanos, again: bool, beat_ms: u32) {
        self.beat_ms = beat_ms;
        self.ledger.counts.opened += 1;
        self.ledger.counts.reconnects += u64::from(again);
        if let Some(phase) = self.phase_at(now) {
            phase.connects += 1;
            phase.reconnects += u64::from(again);
        }
    }

    /// A fan gets another ticket for the one that has expired.
    pub(crate) fn renewed(&mut self) {
        self.ledger.counts.renewed += 1;
    }

    pub(crate) fn ended(&mut self) {
        self.ledger.counts.ended += 1;
    }

    pub(crate) fn handed(&mut self, at: Nanos, fan: u32, tap: Tap) {
        self.ledger.counts.taps += 1;
        if let Some(phase) = self.phase_at(tap.at) {
            phase.taps += 1;
        }
        self.handed.push(Handed { at, due: tap.at, fan, team: tap.team });
    }

    /// Said at `now` what could have been said `lag` ago.
    pub(crate) fn cheered(&mut self, now: Nanos, lag: Nanos) {
        self.ledger.counts.cheers += 1;
        if let Some(phase) = self.phase_at(now) {
            phase.frames += 1;
        }
        if let Some(phase) = self.phase_at(now - lag) {
            phase.schedule_lag.note(lag);
        }
    }

    pub(crate) fn based(&mut self) {
        self.ledger.counts.bases += 1;
    }

    pub(crate) fn received(&mut self, now: Nanos, bytes: usize) {
        if let Some(phase) = self.phase_at(now) {
            phase.bytes += bytes as u64;
        }
    }

    /// Beat `number` has reached a fan whose beats `watch` follows.
    pub(crate) fn beat(&mut self, now: Nanos, number: u32, watch: &mut Watch) {
        let nominal_ms = u64::from(number) * u64::from(self.beat_ms);
        let arrival = watch.hear(now, number, nominal_ms, FAN_STEP, &self.task.quickest);
        self.ledger.counts.beats += 1;
        if let Some(phase) = self.phase_at(now) {
            phase.beats += 1;
            if let Some(arrival) = arrival {
                phase.missed_beats += u64::from(arrival.missed);
                phase.beat_age.note(arrival.age);
            }
        }
    }

    /// These fell due and could have been sent, and the time is over.
    pub(crate) fn dropped(&mut self, taps: u64) {
        self.ledger.dropped_taps += taps;
    }

    pub(crate) fn odd(&mut self) {
        self.ledger.counts.oddities += 1;
    }

    /// A socket ended.
    pub(crate) fn note(&mut self, end: &End) {
        let ledger = &mut self.ledger;
        match end {
            End::Farewell => *ledger.closes.entry(CloseCode::Normal.as_u16()).or_default() += 1,
            End::Closed { code, .. } => *ledger.closes.entry(*code).or_default() += 1,
            End::Lost => *ledger.closes.entry(1006).or_default() += 1,
            End::Storm => ledger.counts.cut += 1,
            End::Unreachable(why) => ledger.blame(why.fault(), &why.to_string(), 1),
        }
    }

    /// A fan has come to its end; one that never came in for want of something of ours is told apart.
    pub(crate) fn close_account(&mut self, fan: &Fan, unmade: Option<Fault>) {
        self.ledger.dropped_fans += u64::from(unmade == Some(Fault::Generator));
        self.ledger.close_account(fan);
    }

    /// Leaves the news; every tap handed over before `complete_to` is told.
    pub(crate) fn tell(&mut self, mailbox: &Mailbox, complete_to: Nanos) {
        let now = self.task.clock.now();
        if let Some(share) = self.load.look(now).filter(|_| self.task.phases.measures(now)) {
            self.ledger.busiest_worker = self.ledger.busiest_worker.max(share);
        }
        mailbox.leave(self.ledger.counts, &mut self.handed, complete_to);
    }

    pub(crate) fn into_ledger(self) -> Ledger {
        self.ledger
    }

    fn phase_at(&mut self, at: Nanos) -> Option<&mut PhaseBook> {
        self.ledger.phases.get_mut(self.task.phases.index_at(at)?)
    }
}
