//! Where an event stands: scheduled, open, closed, open again. It only ever moves forward.
//!
//! Knows no operator and no store; times are the wall clock's, in milliseconds since 1970, and only a timetable
//! compares them.

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
                Ok(Self { run: self.run.saturating_add(1), phase: Phase::Open, since_ms: now_ms })
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCHEDULED: Opening = Opening { run: 0, phase: Phase::Scheduled, since_ms: 0 };

    proptest! {
        #[test]
        fn join_is_commutative_associative_and_idempotent((a, b, c) in (any_opening(), any_opening(), any_opening())) {
            prop_assert_eq!(a.join(b), b.join(a));
            prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
            prop_assert_eq!(a.join(a), a);
        }

        #[test]
        fn every_step_is_forward_so_that_joining_it_takes_it(
            at in any_opening(), opens_at in option(), closes_at in option(), now_ms in 0..9u64
        ) {
            let steps = [at.opened(now_ms), at.closed(now_ms), at.finalized(now_ms)].into_iter().filter_map(Result::ok);
            for next in steps.chain(at.by_schedule(opens_at, closes_at, now_ms)) {
                prop_assert!((next.run, next.phase) > (at.run, at.phase), "{at:?} to {next:?}");
                prop_assert_eq!(at.join(next), next);
            }
        }

        #[test]
        fn the_further_run_then_phase_wins_a_join(a in any_opening(), b in any_opening()) {
            let joined = a.join(b);
            prop_assert_eq!((joined.run, joined.phase), (a.run, a.phase).max((b.run, b.phase)));
        }
    }

    #[test]
    fn an_event_goes_round_and_each_opening_is_a_run_of_its_own() {
        let open = SCHEDULED.opened(10).unwrap();
        assert_eq!(open, Opening { run: 1, phase: Phase::Open, since_ms: 10 });
        let closed = open.closed(20).unwrap();
        assert_eq!(closed, Opening { run: 1, phase: Phase::Closed, since_ms: 20 });
        let last = closed.finalized(30).unwrap();
        assert_eq!(last, Opening { run: 1, phase: Phase::Final, since_ms: 30 });
        for done in [closed, last] {
            assert_eq!(done.opened(40), Ok(Opening { run: 2, phase: Phase::Open, since_ms: 40 }));
        }
    }

    #[test]
    fn a_step_that_does_not_fit_says_why() {
        let open = SCHEDULED.opened(10).unwrap();
        let last = open.closed(20).unwrap().finalized(30).unwrap();
        assert_eq!(open.opened(40), Err(OpeningError::AlreadyOpen));
        assert_eq!(open.finalized(40), Err(OpeningError::NotClosed));
        assert_eq!(SCHEDULED.closed(40), Err(OpeningError::NotOpen));
        assert_eq!(last.closed(40), Err(OpeningError::NotOpen));
        assert_eq!(last.finalized(40), Err(OpeningError::NotClosed));
    }

    #[test]
    fn a_timetable_opens_and_closes_once() {
        let at = |opening: Opening, now_ms| opening.by_schedule(Some(100), Some(200), now_ms);
        assert_eq!(at(SCHEDULED, 99), None);
        let open = at(SCHEDULED, 100).unwrap();
        assert_eq!(open, Opening { run: 1, phase: Phase::Open, since_ms: 100 });
        assert_eq!(at(open, 199), None);
        let closed = at(open, 200).unwrap();
        assert_eq!(closed, Opening { run: 1, phase: Phase::Closed, since_ms: 200 });
        assert_eq!(at(closed, 201), None);
        assert_eq!(at(closed.finalized(205).unwrap(), 206), None);
    }

    #[test]
    fn a_timetable_leaves_alone_what_an_operator_did() {
        let at = |opening: Opening, now_ms| opening.by_schedule(Some(100), Some(200), now_ms);
        let early = SCHEDULED.opened(50).unwrap();
        assert_eq!(at(early, 150), None, "opened before its time");
        let closed = early.closed(120).unwrap();
        for done in [closed, closed.finalized(125).unwrap()] {
            assert_eq!(at(done, 150), None, "closed before its time");
        }
        assert_eq!(at(closed.opened(300).unwrap(), 301), None, "opened again afterwards");
        assert_eq!(at(SCHEDULED, 201), None, "missed altogether");
        let open = closed.opened(130).unwrap();
        assert_eq!(open.by_schedule(None, None, u64::MAX), None, "no timetable at all");
        assert_eq!(at(open, 200).unwrap().phase, Phase::Closed, "opened again before its closing time");
    }

    #[test]
    fn taps_count_while_open_and_five_seconds_longer() {
        for (phase, known_ms, counting, public) in [
            (Phase::Scheduled, 0, Counting::Late, EventState::Scheduled),
            (Phase::Open, u64::MAX, Counting::Open, EventState::Open),
            (Phase::Closed, 5_000, Counting::Open, EventState::Closed),
            (Phase::Closed, 5_001, Counting::Late, EventState::Closed),
            (Phase::Final, 0, Counting::Late, EventState::Closed),
        ] {
            assert_eq!((phase.counting(known_ms), phase.public()), (counting, public), "{phase:?} for {known_ms} ms");
        }
    }

    fn any_opening() -> impl Strategy<Value = Opening> {
        let phases = prop_oneof![Just(Phase::Open), Just(Phase::Closed), Just(Phase::Final)];
        prop_oneof![
            1 => Just(SCHEDULED),
            9 => (1..4u32, phases, 0..9u64).prop_map(|(run, phase, since_ms)| Opening { run, phase, since_ms }),
        ]
    }

    fn option() -> impl Strategy<Value = Option<u64>> {
        proptest::option::of(0..9u64)
    }
}
