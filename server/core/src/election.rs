//! Who makes the beats: one gateway's part in the election of a conductor.
//!
//! The store refuses a number that is taken, so whoever gets a beat in conducts, and a later one's word holds. Knows no
//! store and no clock: it is told what the store said, and answers what to do next.

/// Empty answers of the store, one after the other, before a gateway claims: 250 ms each, so that no beat is missing for
/// more than a second. Some wait for one more, so that not all claim at once.
pub const SILENCES: u32 = 2;

/// What a gateway is to do at its next beat interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Nothing: another gateway conducts, or nobody knows.
    Follow,
    /// Append the last known beat again, under the next number; read nothing before that is accepted.
    Claim,
    /// Read every gateway's totals, cut a beat, append it.
    Conduct,
}

/// One gateway's part, for one event.
#[derive(Clone, Copy, Debug)]
pub struct Election {
    is_shared: bool,
    duty: Duty,
    patience: u32,
    silences: u32,
    /// The highest number this gateway has tried to append.
    tried: u32,
}

impl Election {
    /// A gateway that shares its store follows first; one that is alone has nobody to wait for.
    pub fn new(is_shared: bool) -> Self {
        let duty = if is_shared { Duty::Follow } else { Duty::Claim };
        Self { is_shared, duty, patience: SILENCES, silences: 0, tried: 0 }
    }

    /// What to do now.
    pub fn duty(&self) -> Duty {
        self.duty
    }

    /// A beat came from the store. One that is newer than all we tried is another conductor's.
    pub fn heard(&mut self, number: u32) {
        self.silences = 0;
        if number > self.tried {
            self.step_back();
        }
    }

    /// The store itself said that there was no newer beat. `waits_longer`, drawn anew each time, keeps a hundred
    /// gateways from claiming at once.
    pub fn silence(&mut self, waits_longer: bool) {
        if self.silences == 0 {
            self.patience = SILENCES + u32::from(waits_longer);
        }
        self.silences += 1;
        if self.duty == Duty::Follow && self.silences >= self.patience {
            self.duty = Duty::Claim;
        }
    }

    /// The store did not answer: that proves no silence.
    pub fn unknown(&mut self) {
        self.silences = 0;
        if self.duty == Duty::Claim {
            self.step_back();
        }
    }

    /// This gateway was held up for some intervals: what it knows is old, and another may conduct.
    pub fn overslept(&mut self) {
        self.silences = 0;
        self.step_back();
    }

    /// A beat with this number is about to be appended.
    pub fn tries(&mut self, number: u32) {
        self.tried = self.tried.max(number);
    }

    /// The number was accepted: this gateway conducts.
    pub fn accepted(&mut self) {
        self.silences = 0;
        self.duty = Duty::Conduct;
    }

    /// The number was taken: another gateway conducts.
    pub fn taken(&mut self) {
        self.silences = 0;
        self.step_back();
    }

    fn step_back(&mut self) {
        self.duty = if self.is_shared { Duty::Follow } else { Duty::Claim };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The store as the election sees it, and the gateways that meet there.
    struct Meeting {
        newest: u32,
        gateways: Vec<(Election, u32)>,
    }

    impl Meeting {
        fn of(gateways: usize) -> Self {
            Self { newest: 0, gateways: vec![(Election::new(true), 0); gateways] }
        }

        /// What the store says when `at` reads it: a newer beat, or that there is none.
        fn reads(&mut self, at: usize, waits_longer: bool) {
            let (election, seen) = &mut self.gateways[at];
            if self.newest > *seen {
                *seen = self.newest;
                election.heard(self.newest);
            } else {
                election.silence(waits_longer);
            }
        }

        /// One beat interval of `at`: how many beats it got in.
        fn acts(&mut self, at: usize) -> u32 {
            let (election, seen) = &mut self.gateways[at];
            if election.duty() == Duty::Follow {
                return 0;
            }
            let number = *seen.max(&mut election.tried.clone()) + 1;
            election.tries(number);
            if number <= self.newest {
                election.taken();
                return 0;
            }
            election.accepted();
            self.newest = number;
            1
        }

        fn conductors(&self) -> usize {
            self.gateways.iter().filter(|(election, _)| election.duty() == Duty::Conduct).count()
        }
    }

    proptest! {
        #[test]
        fn however_they_begin_one_gateway_conducts_in_the_end(
            begun in proptest::collection::vec((0..5usize, any::<bool>(), any::<bool>()), 0..60)
        ) {
            let mut meeting = Meeting::of(5);
            for (at, acts, waits_longer) in begun {
                if acts { meeting.acts(at); } else { meeting.reads(at, waits_longer); }
            }
            // From here on everyone reads and acts in turn.
            for round in 0..20 {
                for at in 0..5 {
                    meeting.reads(at, round % 2 == 0);
                    meeting.acts(at);
                }
            }
            prop_assert_eq!(meeting.conductors(), 1);
            let before = meeting.newest;
            for at in 0..5 {
                meeting.reads(at, false);
                meeting.acts(at);
            }
            prop_assert_eq!(meeting.newest, before + 1, "one beat an interval, from one gateway");
        }
    }

    #[test]
    fn a_conductor_that_dies_is_followed_within_three_silences() {
        let mut meeting = Meeting::of(2);
        while meeting.conductors() == 0 {
            meeting.reads(0, false);
            meeting.acts(0);
        }
        meeting.reads(1, true);
        assert_eq!(meeting.gateways[1].0.duty(), Duty::Follow);
        // Gateway 0 says nothing any more.
        for _ in 0..=SILENCES {
            assert_eq!(meeting.acts(1), 0);
            meeting.reads(1, true);
        }
        assert_eq!((meeting.gateways[1].0.duty(), meeting.acts(1)), (Duty::Claim, 1));
    }

    #[test]
    fn an_unanswered_question_proves_no_silence() {
        let mut election = Election::new(true);
        for _ in 0..100 {
            election.silence(false);
            election.unknown();
        }
        assert_eq!(election.duty(), Duty::Follow);
    }

    #[test]
    fn its_own_beat_coming_back_does_not_unseat_a_conductor_and_anothers_does() {
        let mut election = Election::new(true);
        election.tries(7);
        // The stream may be faster than the answer to the append.
        election.heard(7);
        election.accepted();
        assert_eq!(election.duty(), Duty::Conduct);
        election.heard(8);
        assert_eq!(election.duty(), Duty::Follow);
    }

    #[test]
    fn one_that_was_held_up_asks_before_it_goes_on() {
        let mut election = Election::new(true);
        election.tries(1);
        election.accepted();
        election.overslept();
        assert_eq!(election.duty(), Duty::Follow);
    }
}
