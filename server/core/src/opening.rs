//! Where an event stands: scheduled, open, closed, open again. It only ever moves forward.
//!
//! Knows no operator and no store; times are the wall clock's, in milliseconds since 1970, and only a timetable compares
//! them.

use beat_protocol::EventState;

use crate::session::Counting;

/// Taps still count this long after a closing, in milliseconds: those under way when the whistle blew.
pub const GRACE_MS: u64 = 5_000;

/// The stages of one opening, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Never opened so far.
    #[default]
    Scheduled,
    /// Taps count.
    Open,
    /// Closed; what was under way still counts, for [`GRACE_MS`].
    Closed,
    /// The last flushes are in: the tally stands.
    Final,
}

impl Phase {
    /// What everyone may know of it.
    pub fn public(self) -> EventState {
        match self {
            Self::Scheduled => EventState::Scheduled,
            Self::Open => EventState::Open,
            Self::Closed | Self::Final => EventState::Closed,
        }
    }

    /// Whether taps count on a gateway that has known this phase for `known_ms` on its own monotonic clock.
    pub fn counting(self, known_ms: u64) -> Counting {
        match self {
            Self::Open => Counting::Open,
            Self::Closed if known_ms <= GRACE_MS => Counting::Open,
            Self::Scheduled | Self::Closed | Self::Final => Counting::Late,
        }
    }
}

/// An operator's wish that does not fit where the event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// To open it.
    #[error("the event is already open")]
    AlreadyOpen,
    /// To close it.
    #[error("the event is not open")]
    NotOpen,
    /// To make its tally final.
    #[error("the event is not closed, or its tally is already final")]
    NotClosed,
}

/// Where an event stands, and which of its openings this is. The default was never opened.
///
/// Ordered by progress: run, then phase. Two gateways that took the same step at once differ in `since_ms` only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opening {
    /// How often the event was opened; each time it counts from nothing.
    pub run: u32,
    /// Where that opening stands.
    pub phase: Phase,
    /// When it came to stand there, on the wall clock of the gateway that took the step.
    pub since_ms: u64,
}

impl Opening {
    /// The one that is further on: a maximum, hence commutative, associative and idempotent.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        self.max(other)
    }

    /// Opens the event, or opens it anew.
    pub fn opened(self, now_ms: u64) -> Result<Self, OpeningError> {
        match self.phase {
            Phase::Open => Err(OpeningError::AlreadyOpen),
            Phase::Scheduled | Phase::Closed | Phase::Final => {
                Ok(Self { run: self.run + 1, phase: Phase::Open, since_ms: now_ms })
            }
        }
    }

    /// Closes the event.
    pub fn closed(self, now_ms: u64) -> Result<Self, OpeningError> {
        self.step(Phase::Open, Phase::Closed, now_ms).ok_or(OpeningError::NotOpen)
    }

    /// Makes the tally final: [`GRACE_MS`] have passed and the last flushes are in.
    pub fn finalized(self, now_ms: u64) -> Result<Self, OpeningError> {
        self.step(Phase::Closed, Phase::Final, now_ms).ok_or(OpeningError::NotClosed)
    }

    /// The step that a timetable asks for at `now_ms`, if any.
    ///
    /// It opens only what was never opened, and not after its closing time; it closes only what was opened before that.
    /// So an operator may open early, close early, or open again later, and the timetable leaves it at that.
    pub fn by_schedule(self, opens_at_ms: Option<u64>, closes_at_ms: Option<u64>, now_ms: u64) -> Option<Self> {
        let is_past = |at: Option<u64>| at.is_some_and(|at| at <= now_ms);
        match self.phase {
            Phase::Scheduled if is_past(opens_at_ms) && !is_past(closes_at_ms) => self.opened(now_ms).ok(),
            Phase::Open if is_past(closes_at_ms) && Some(self.since_ms) < closes_at_ms => self.closed(now_ms).ok(),
            _ => None,
        }
    }

    fn step(self, from: Phase, to: Phase, now_ms: u64) -> Option<Self> {
        (self.phase == from).then_some(Self { phase: to, since_ms: now_ms, ..self })
    }
}
