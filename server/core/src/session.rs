//! What one gateway knows of one client, and what of its taps counts.
//!
//! A client states running totals, so a frame may be lost, repeated or late without harm. Knows no socket and no event:
//! whether taps count at all is told with each frame, and an index outside the roster was refused before.

use std::sync::Arc;

use beat_protocol::{Record, Records};

use crate::attendance::Window;
use crate::bucket::{Bucket, Rate, SharedBucket};
use crate::marks::Marks;

/// Whether an event's taps count at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// They do, within the session's rate.
    Open,
    /// They would, but not for this team: the fan's ticket names another. They are received, and that is all.
    Barred,
    /// The event is not open, or no more: they are received, and that is all.
    Late,
}

impl Counting {
    /// The same for a team that the fan may not cheer for.
    pub fn barred(self) -> Self {
        match self {
            Self::Open | Self::Barred => Self::Barred,
            Self::Late => Self::Late,
        }
    }
}

/// What became of the new taps for one team; never of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Index in the event's roster.
    pub team: u16,
    /// They count.
    pub counted: u32,
    /// Beyond a human's rate, for a ninth team, or for one that the fan may not cheer for: never counted.
    pub shadowed: u32,
    /// Received outside the event's opening: never counted.
    pub late: u32,
    /// The window in which these are the fan's first taps for the team that count; `None` if they are not.
    pub attends: Option<Window>,
}

/// One client as its gateway knows it: its marks and the taps it has left.
///
/// Times are milliseconds on one monotonic clock; fans who share a bucket across threads share the clock, too.
#[derive(Debug)]
pub struct Session {
    marks: Marks,
    taps: Taps,
}

/// Where the taps come from that a session has left.
#[derive(Debug)]
enum Taps {
    /// A bucket of its own.
    Own(Bucket),
    /// That of its fan, who may have other sessions.
    OfFan(Arc<SharedBucket>),
}

impl Session {
    /// A client nobody here has heard of.
    pub fn new(taps: &Rate, now_ms: u64) -> Self {
        Self { marks: Marks::default(), taps: Taps::Own(Bucket::new(taps, now_ms)) }
    }

    /// From now on it takes its taps from the bucket that all sessions of its fan have together.
    pub fn share(&mut self, taps: Arc<SharedBucket>) {
        self.taps = Taps::OfFan(taps);
    }

    /// The client is back on another socket of this gateway: its marks are exact, BASE has nothing to add from now on.
    pub fn resume(&mut self) {
        self.marks.be_exact();
    }

    /// Takes in a BASE: what was stated elsewhere is not counted here.
    ///
    /// Ignored on a resumed session, and for a team after its first CHEER. Never lowers a mark. A team named here takes
    /// one of the session's places.
    pub fn base(&mut self, records: impl IntoIterator<Item = Record>) {
        self.marks.base(records);
    }

    /// Takes in a CHEER, and tells `out` for each of its records what became of the taps it adds.
    ///
    /// A total no higher than the mark adds none. `taps` is the rate the session was made with.
    #[inline]
    pub fn cheer(
        &mut self,
        taps: &Rate,
        now_ms: u64,
        counting: Counting,
        records: impl IntoIterator<Item = Record>,
        mut out: impl FnMut(Verdict),
    ) {
        let window = Window::at(now_ms);
        for Record { team, total } in records {
            let (new, has_place, mark) = self.marks.cheer(team, total, window);
            if new == 0 {
                continue;
            }
            out(match counting {
                Counting::Barred => Verdict { team, counted: 0, shadowed: new, late: 0, attends: None },
                Counting::Late => Verdict { team, counted: 0, shadowed: 0, late: new, attends: None },
                Counting::Open => {
                    let counted = if has_place { self.taps.take_up_to(taps, now_ms, new) } else { 0 };
                    let attends = (counted > 0 && mark.heard.count(window)).then_some(window);
                    Verdict { team, counted, shadowed: new - counted, late: 0, attends }
                }
            });
        }
    }

    /// The body of MARKS: the highest total taken in for each of the session's teams, by CHEER or by BASE, counted or
    /// not. `None` while there is none.
    pub fn marks(&self) -> Option<Records> {
        self.marks.records()
    }
}

impl Taps {
    #[inline]
    fn take_up_to(&mut self, rate: &Rate, now_ms: u64, wanted: u32) -> u32 {
        match self {
            Self::Own(bucket) => bucket.take_up_to(rate, now_ms, wanted),
            Self::OfFan(bucket) => bucket.take_up_to(rate, now_ms, wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TEAMS_MAX;

    #[test]
    fn a_session_is_small() {
        assert_eq!(size_of::<Session>(), 104);
    }

    #[test]
    fn taps_are_what_goes_beyond_the_highest_total_seen() {
        let mut session = fresh();
        assert_eq!(session.hears(&[(7, 5)]), [counted(7, 5)]);
        assert_eq!(session.hears(&[(7, 5)]), []);
        assert_eq!(session.hears(&[(7, 3)]), []);
        assert_eq!(session.hears(&[(7, 6), (2, 1)]), [counted(7, 1), counted(2, 1)]);
        assert_eq!(session.stated(), [(7, 6), (2, 1)]);
    }

    #[test]
    fn where_a_team_stands_twice_the_higher_total_holds() {
        for records in [[(7, 5), (7, 2)], [(7, 2), (7, 5)]] {
            let mut session = fresh();
            assert_eq!(session.hears(&records).iter().map(|verdict| verdict.counted).sum::<u32>(), 5);
        }
    }

    #[test]
    fn taps_beyond_the_rate_are_shadowed_for_good() {
        let mut session = fresh();
        assert_eq!(session.hears(&[(7, 100)]), [Verdict { shadowed: 76, ..counted(7, 24) }]);
        let mut verdicts = Vec::new();
        session.cheer(&Rate::TAPS, 60_000, Counting::Open, &records(&[(7, 101)]), |verdict| verdicts.push(verdict));
        assert_eq!(verdicts, [Verdict { attends: Some(Window::at(60_000)), ..counted(7, 1) }]);
    }

    #[test]
    fn sessions_of_one_fan_have_one_bucket_together() {
        let taps = Arc::new(SharedBucket::new(&Rate::TAPS, 0));
        let [mut one, mut other] = [fresh(), fresh()];
        one.share(Arc::clone(&taps));
        assert_eq!(one.hears(&[(7, 20)]), [counted(7, 20)]);
        other.share(taps);
        assert_eq!(other.hears(&[(7, 20)]), [Verdict { shadowed: 16, ..counted(7, 4) }]);
        assert_eq!(one.hears(&[(7, 21)]), [Verdict { shadowed: 1, ..counted(7, 0) }]);
        assert_eq!(fresh().hears(&[(7, 24)]), [counted(7, 24)], "another fan's is its own");
    }

    #[test]
    fn late_taps_spend_no_token_and_never_count_afterwards() {
        let mut session = fresh();
        session.cheer(&Rate::TAPS, 0, Counting::Late, &records(&[(7, 30)]), |verdict| {
            assert_eq!(verdict, Verdict { late: 30, ..counted(7, 0) });
        });
        assert_eq!(session.hears(&[(7, 54)]), [counted(7, 24)]);
    }

    #[test]
    fn barred_taps_are_shadowed_spend_no_token_and_never_count_afterwards() {
        let mut session = fresh();
        session.cheer(&Rate::TAPS, 0, Counting::Open.barred(), &records(&[(7, 30)]), |verdict| {
            assert_eq!(verdict, Verdict { shadowed: 30, ..counted(7, 0) });
        });
        assert_eq!(session.hears(&[(7, 54)]), [counted(7, 24)]);
        assert_eq!(Counting::Late.barred(), Counting::Late);
    }

    #[test]
    fn a_ninth_team_is_shadowed_once_however_often_it_is_stated() {
        let mut session = eight_teams();
        assert_eq!(session.hears(&[(8, 3)]), [Verdict { shadowed: 3, ..counted(8, 0) }]);
        assert_eq!(session.hears(&[(8, 3)]), []);
        session.cheer(&Rate::TAPS, 0, Counting::Late, &records(&[(8, 4)]), |verdict| {
            assert_eq!(verdict, Verdict { late: 1, ..counted(8, 0) });
        });
        assert_eq!(session.hears(&[(0, 2)]), [counted(0, 1)], "its taps cost the others nothing");
        assert_eq!(session.stated().len(), TEAMS_MAX, "and MARKS does not name it");
    }

    #[test]
    fn what_base_states_is_not_counted_again() {
        let mut session = fresh();
        session.base(&records(&[(7, 100)]));
        session.base(&records(&[(7, 90)]));
        assert_eq!(session.stated(), [(7, 100)]);
        assert_eq!(session.hears(&[(7, 103)]), [counted(7, 3)]);
    }

    #[test]
    fn base_is_ignored_after_a_teams_first_cheer_even_if_that_added_nothing() {
        let mut session = fresh();
        session.hears(&[(7, 0)]);
        session.base(&records(&[(7, 100), (2, 100)]));
        assert_eq!(session.stated(), [(7, 0), (2, 100)]);
    }

    #[test]
    fn base_is_ignored_on_a_resumed_session() {
        let mut session = fresh();
        session.resume();
        session.base(&records(&[(7, 100)]));
        assert_eq!(session.hears(&[(7, 3)]), [counted(7, 3)]);
    }

    #[test]
    fn a_team_that_base_named_takes_a_place_and_a_ninth_has_none() {
        let mut session = eight_teams();
        session.base(&records(&[(8, 100)]));
        assert_eq!(session.hears(&[(8, 101)]), [Verdict { shadowed: 1, ..counted(8, 0) }]);

        let mut session = fresh();
        session.base(&records(&[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)]));
        assert_eq!(session.hears(&[(8, 1)]), [Verdict { shadowed: 1, ..counted(8, 0) }]);
    }

    #[test]
    fn a_fan_attends_once_in_ten_seconds_for_each_team_by_taps_that_count() {
        let mut session = fresh();
        let mut attends = |now_ms, counting, totals: &[(u16, u32)]| {
            let mut attends = Vec::new();
            session.cheer(&Rate::TAPS, now_ms, counting, &records(totals), |verdict| {
                attends.extend(verdict.attends.map(|window| (verdict.team, window)));
            });
            attends
        };
        let window = Window::at(0);
        assert_eq!(attends(0, Counting::Late, &[(7, 1)]), [], "before the opening");
        assert_eq!(attends(1, Counting::Open, &[(7, 1)]), [], "nothing new");
        assert_eq!(attends(1, Counting::Open, &[(7, 2), (2, 1)]), [(7, window), (2, window)]);
        assert_eq!(attends(9_999, Counting::Open, &[(7, 3), (2, 9)]), []);
        assert_eq!(attends(10_000, Counting::Open, &[(7, 4)]), [(7, Window::at(10_000))]);
        assert_eq!(
            attends(10_000, Counting::Open, &[(7, 900), (2, 190)]),
            [],
            "taps that are all shadowed attend nothing"
        );
    }

    #[test]
    fn marks_name_nobody_before_the_first_record() {
        assert_eq!(fresh().marks(), None);
    }

    impl Session {
        /// The verdicts on a CHEER at time zero of an open event.
        fn hears(&mut self, totals: &[(u16, u32)]) -> Vec<Verdict> {
            let mut verdicts = Vec::new();
            self.cheer(&Rate::TAPS, 0, Counting::Open, &records(totals), |verdict| {
                // Who attends is claimed apart.
                verdicts.push(Verdict { attends: None, ..verdict });
            });
            verdicts
        }

        fn stated(&self) -> Vec<(u16, u32)> {
            self.marks().unwrap().iter().map(|record| (record.team, record.total)).collect()
        }
    }

    fn fresh() -> Session {
        Session::new(&Rate::TAPS, 0)
    }

    /// One tap for each of the teams 0 to 7.
    fn eight_teams() -> Session {
        let mut session = fresh();
        session.hears(&[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 1)]);
        session
    }

    fn records(totals: &[(u16, u32)]) -> Records {
        let records: Vec<_> = totals.iter().map(|&(team, total)| Record { team, total }).collect();
        Records::new(&records).unwrap()
    }

    fn counted(team: u16, counted: u32) -> Verdict {
        Verdict { team, counted, shadowed: 0, late: 0, attends: None }
    }
}
