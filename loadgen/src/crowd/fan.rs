//! An honest fan as PROTOCOL.md describes it: what it owes, what it may hand over and when.
//!
//! Says totals, never changes. Knows no socket and no timer; the time is an argument. A tap goes through three hands:
//! it falls due (the schedule), it is *sent* (stated to some socket) and it is *confirmed* (the server's marks or its
//! answer to our close say that it was taken in).

use std::collections::VecDeque;

use beat_protocol::{Cadence, Record, Records};

use crate::clock::{MILLISECOND, Nanos, SECOND};
use crate::crowd::bucket::Bucket;
use crate::plan::schedule::{Digest, TEAMS_OF_A_FAN_MAX, Tap, Taps};

/// How long a resumed fan waits for MARKS. None is sent when there are none, since the frame cannot be empty.
const MARKS_WAIT: Nanos = SECOND;
/// Until the first beat says otherwise.
const CADENCE_AT_FIRST: Nanos = 250 * MILLISECOND;
const _: () = assert!(TEAMS_OF_A_FAN_MAX <= beat_protocol::RECORDS_MAX, "all teams of a fan fit one frame");

/// Where a fan stands with one team.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) team: u16,
    /// Taps that fell due.
    pub(crate) due: u32,
    /// The highest total ever handed to any socket.
    pub(crate) sent: u32,
    /// What the server was told, as far as we know: lower than `sent` after marks that lack some.
    stated: u32,
    /// What the server certainly took in.
    confirmed: u32,
    /// Sent to sessions that ended without an answer.
    doubt: u32,
}

impl Standing {
    /// Taps sent of which nobody told us what became.
    pub(crate) fn in_doubt(&self) -> u32 {
        self.doubt + (self.sent - self.confirmed)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    /// No welcome yet, or the final marks of a planned close are here.
    Mute,
    /// Resumed: the marks come first, so that what was lost is put back into the bucket.
    AwaitsMarks {
        until: Nanos,
    },
    Cheers,
}

/// One fan, from its first connection to its last.
#[derive(Debug)]
pub(crate) struct Fan {
    taps: Taps,
    next: Option<Tap>,
    /// Fell due, not yet sent.
    waiting: VecDeque<Tap>,
    standings: Vec<Standing>,
    bucket: Bucket,
    voice: Voice,
    /// The final marks are here and are the next BASE.
    left_by_plan: bool,
    cadence: Nanos,
    /// When it last cheered on this socket.
    cheered: Option<Nanos>,
    closed_loop: Option<ClosedLoop>,
}

/// A fan that waits for a beat after each CHEER before it taps on, so that a slow server slows the crowd.
#[derive(Clone, Copy, Debug)]
struct ClosedLoop {
    /// No tap falls due from here on.
    end: Nanos,
    /// How much later than drawn its taps now fall due.
    behind: Nanos,
    waits: bool,
}

impl Fan {
    pub(crate) fn new(mut taps: Taps) -> Self {
        Self {
            next: taps.next(),
            taps,
            waiting: VecDeque::new(),
            standings: Vec::new(),
            bucket: Bucket::new(0, 0),
            voice: Voice::Mute,
            left_by_plan: false,
            cadence: CADENCE_AT_FIRST,
            cheered: None,
            closed_loop: None,
        }
    }

    /// The same fan in a closed loop, until `end`.
    pub(crate) fn in_a_closed_loop(self, end: Nanos) -> Self {
        Self { closed_loop: Some(ClosedLoop { end, behind: 0, waits: false }), ..self }
    }

    /// Taps no more; what fell due is still sent.
    pub(crate) fn stop(&mut self, now: Nanos) {
        self.fall_due(now);
        self.next = None;
    }

    /// A stamp of the taps drawn so far.
    pub(crate) fn schedule(&self) -> Digest {
        self.taps.digest()
    }

    /// The server speaks first; the answer, if any, is the BASE to send.
    pub(crate) fn on_welcome(&mut self, now: Nanos, resumed: bool, taps_per_second: u32) -> Option<Records> {
        self.cheered = None;
        self.answered(now);
        if resumed && !self.standings.is_empty() {
            self.voice = Voice::AwaitsMarks { until: now + MARKS_WAIT };
            return None;
        }
        self.voice = Voice::Cheers;
        self.bucket = Bucket::new(now, taps_per_second);
        let left_by_plan = std::mem::take(&mut self.left_by_plan);
        let base: Vec<Record> = self
            .standings
            .iter_mut()
            .filter(|standing| standing.sent > 0)
            .map(|standing| {
                if !left_by_plan {
                    standing.stated = standing.sent;
                    standing.doubt += standing.sent - standing.confirmed;
                    standing.confirmed = standing.sent;
                }
                Record { team: standing.team, total: standing.stated }
            })
            .collect();
        Records::new(&base).ok()
    }

    /// Every KEY and DELTA carries the cadence.
    pub(crate) fn on_beat(&mut self, now: Nanos, cadence: Cadence) {
        self.answered(now);
        self.cadence = Nanos::from(cadence.as_ms()) * MILLISECOND;
    }

    /// What the server took in: exact, and on a planned close the last word.
    pub(crate) fn on_marks(&mut self, marks: &[Record]) {
        let awaited = matches!(self.voice, Voice::AwaitsMarks { .. });
        for standing in &mut self.standings {
            let mark = marks.iter().filter(|mark| mark.team == standing.team).map(|mark| mark.total).max().unwrap_or(0);
            let taken_in = mark.min(standing.sent);
            self.bucket.give_back(standing.stated.saturating_sub(taken_in));
            standing.stated = taken_in;
            standing.confirmed = standing.confirmed.max(taken_in);
        }
        self.voice = if awaited { Voice::Cheers } else { Voice::Mute };
        self.left_by_plan = !awaited;
    }

    /// The socket is gone, whatever the reason.
    pub(crate) fn on_disconnect(&mut self) {
        self.voice = Voice::Mute;
    }

    /// The server answered our close, so it has read everything before it.
    pub(crate) fn on_farewell(&mut self) {
        for standing in &mut self.standings {
            standing.confirmed = standing.stated;
        }
    }

    /// What to say `now`, if anything may be said; each tap sent for the first time is passed to `sent`.
    pub(crate) fn cheer(&mut self, now: Nanos, mut sent: impl FnMut(Tap)) -> Option<Records> {
        self.fall_due(now);
        match self.voice {
            Voice::AwaitsMarks { until } if now >= until => self.on_marks(&[]),
            _ => {}
        }
        if self.voice != Voice::Cheers || now < self.cheer_from() || !self.owes() {
            return None;
        }
        let allowed = self.bucket.holds(now);
        let mut left = allowed;
        let before: [u32; TEAMS_OF_A_FAN_MAX] = self.stated();
        for standing in &mut self.standings {
            let again = left.min(standing.sent - standing.stated);
            standing.stated += again;
            left -= again;
        }
        let fresh = self.waiting.len().min(left as usize);
        for tap in self.waiting.drain(..fresh) {
            let standing = self.standings.iter_mut().find(|standing| standing.team == tap.team);
            let standing = standing.expect("a tap that fell due has a standing");
            standing.sent += 1;
            standing.stated += 1;
            left -= 1;
            sent(tap);
        }
        self.bucket.take(allowed - left);
        let news: Vec<Record> = self
            .standings
            .iter()
            .zip(before)
            .filter(|(standing, before)| standing.stated > *before)
            .map(|(standing, _)| Record { team: standing.team, total: standing.stated })
            .collect();
        let records = Records::new(&news).ok()?;
        self.cheered = Some(now);
        if let Some(closed) = &mut self.closed_loop {
            closed.waits = true;
        }
        Some(records)
    }

    /// When [`Fan::cheer`] is to be asked next; never, if no tap is left or nothing may be said.
    pub(crate) fn next_action(&self) -> Option<Nanos> {
        match self.voice {
            Voice::Mute => None,
            Voice::AwaitsMarks { until } => Some(until),
            Voice::Cheers => {
                let first = if self.owes() { 0 } else { self.next_due()?.at };
                Some(first.max(self.cheer_from()).max(self.bucket.ready_at()))
            }
        }
    }

    /// Whether taps that fell due are still to be sent.
    fn owes(&self) -> bool {
        !self.waiting.is_empty() || self.standings.iter().any(|standing| standing.stated < standing.sent)
    }

    /// Taps that fell due and are with nobody yet.
    pub(crate) fn unsent(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Whether it may leave: everything due is sent, and no marks are to come that might take some of it back.
    pub(crate) fn may_leave(&self) -> bool {
        self.voice == Voice::Cheers && !self.owes()
    }

    /// Lets every tap up to `now` fall due.
    pub(crate) fn fall_due(&mut self, now: Nanos) {
        while let Some(tap) = self.next_due().filter(|tap| tap.at <= now) {
            match self.standings.iter_mut().find(|standing| standing.team == tap.team) {
                Some(standing) => standing.due += 1,
                None => self.standings.push(Standing { team: tap.team, due: 1, ..Standing::default() }),
            }
            self.waiting.push_back(tap);
            self.next = self.taps.next();
        }
    }

    /// The next tap and when it falls due; in a closed loop only once the server has answered the last.
    fn next_due(&self) -> Option<Tap> {
        let Some(ClosedLoop { end, behind, waits }) = self.closed_loop else { return self.next };
        let Tap { at, team } = self.next.filter(|_| !waits)?;
        Some(Tap { at: at + behind, team }).filter(|tap| tap.at < end)
    }

    /// The server has been heard: in a closed loop, taps whose time has passed meanwhile are put off, not made up for.
    fn answered(&mut self, now: Nanos) {
        if let Some(ClosedLoop { behind, waits, .. }) = self.closed_loop.as_mut().filter(|closed| closed.waits) {
            *waits = false;
            *behind = (*behind).max(self.next.map_or(0, |tap| now.saturating_sub(tap.at)));
        }
    }

    pub(crate) fn standings(&self) -> &[Standing] {
        &self.standings
    }

    /// The first tap of a pause at once, then one CHEER per cadence.
    fn cheer_from(&self) -> Nanos {
        self.cheered.map_or(0, |at| at + self.cadence)
    }

    fn stated(&self) -> [u32; TEAMS_OF_A_FAN_MAX] {
        let mut stated = [0; TEAMS_OF_A_FAN_MAX];
        for (slot, standing) in stated.iter_mut().zip(&self.standings) {
            *slot = standing.stated;
        }
        stated
    }
}

#[cfg(test)]
#[path = "fan_tests.rs"]
mod tests;
