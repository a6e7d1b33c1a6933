//! Laws of a session that hold for any frames in any order, most of them against a plain reference.

use std::collections::HashMap;

use beat_core::{Counting, Rate, Session, TEAMS_MAX, Verdict};
use beat_protocol::Record;
use proptest::collection::vec;
use proptest::prelude::*;

/// What may befall a session.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Cheer(Counting, Vec<Record>),
    Base(Vec<Record>),
    Resume,
}

/// The rules as PROTOCOL.md has them, one by one: no packed marks, and a bucket that is filled each millisecond.
#[derive(Default)]
struct Reference {
    marks: HashMap<u16, u32>,
    teams: Vec<u16>,
    cheered: Vec<u16>,
    resumed: bool,
    millitokens: u32,
}

impl Reference {
    fn wait(&mut self, ms: u64) {
        for _ in 0..ms {
            self.millitokens = (self.millitokens + 16).min(80_000);
        }
    }

    fn base(&mut self, records: &[Record]) {
        if self.resumed {
            return;
        }
        for record in records {
            self.meet(record.team);
            if !self.cheered.contains(&record.team) {
                self.raise(record);
            }
        }
    }

    /// Counted, shadowed and late taps of each team that has any, decided tap by tap.
    fn cheer(&mut self, counting: Counting, records: &[Record]) -> HashMap<u16, [u32; 3]> {
        let mut fates = HashMap::<_, [u32; 3]>::new();
        for record in records {
            self.meet(record.team);
            self.cheered.push(record.team);
            let is_one_of_eight = self.teams.iter().take(8).any(|&team| team == record.team);
            for _ in self.marks[&record.team]..record.total {
                let fate = match counting {
                    Counting::Late => 2,
                    Counting::Open if is_one_of_eight && self.millitokens >= 1_000 => {
                        self.millitokens -= 1_000;
                        0
                    }
                    Counting::Open | Counting::Barred => 1,
                };
                fates.entry(record.team).or_default()[fate] += 1;
            }
            self.raise(record);
        }
        fates
    }

    fn meet(&mut self, team: u16) {
        if self.marks.insert(team, self.marks.get(&team).copied().unwrap_or(0)).is_none() {
            self.teams.push(team);
        }
    }

    fn raise(&mut self, record: &Record) {
        self.marks.entry(record.team).and_modify(|mark| *mark = record.total.max(*mark));
    }

    fn marks(&self) -> Vec<Record> {
        self.teams.iter().take(8).map(|&team| Record { team, total: self.marks[&team] }).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_session_does_what_the_rules_say_one_by_one(steps in vec(any_step(), 1..40)) {
        let mut reference = Reference { millitokens: 24_000, ..Reference::default() };
        let mut now_ms = 5_000;
        let mut session = Session::new(&Rate::TAPS, now_ms);
        for step in steps {
            match step {
                Step::Wait(ms) => {
                    now_ms += ms;
                    reference.wait(ms);
                }
                Step::Resume => {
                    session.resume();
                    reference.resumed = true;
                }
                Step::Base(records) => {
                    session.base(records.iter().copied());
                    reference.base(&records);
                }
                Step::Cheer(counting, records) => {
                    let mut fates = HashMap::<_, [u32; 3]>::new();
                    session.cheer(&Rate::TAPS, now_ms, counting, records.iter().copied(), |Verdict { team, counted, shadowed, late, .. }| {
                        let sums = fates.entry(team).or_default();
                        *sums = [sums[0] + counted, sums[1] + shadowed, sums[2] + late];
                    });
                    prop_assert_eq!(fates, reference.cheer(counting, &records));
                }
            }
            let marks = session.marks();
            prop_assert_eq!(marks.as_deref().unwrap_or_default(), reference.marks());
        }
    }

    #[test]
    fn every_tap_received_has_one_fate_and_no_mark_falls(
        frames in vec((0..500u64, any_counting(), any_records(u32::MAX)), 1..60)
    ) {
        let mut now_ms = 0;
        let mut session = Session::new(&Rate::TAPS, now_ms);
        let (mut received, mut highest) = (HashMap::<u16, u64>::new(), HashMap::<u16, u32>::new());
        for (passed_ms, counting, records) in frames {
            now_ms += passed_ms;
            session.cheer(&Rate::TAPS, now_ms, counting, records.iter().copied(), |verdict| {
                let taps = [verdict.counted, verdict.shadowed, verdict.late].map(u64::from);
                *received.entry(verdict.team).or_default() += taps.iter().sum::<u64>();
            });
            for record in records {
                let total = highest.entry(record.team).or_default();
                *total = record.total.max(*total);
            }
            for (&team, &total) in &highest {
                prop_assert_eq!(received.get(&team).copied().unwrap_or(0), u64::from(total), "of team {}", team);
            }
            for mark in session.marks().unwrap().iter() {
                prop_assert_eq!(Some(&mark.total), highest.get(&mark.team));
            }
        }
    }

    #[test]
    fn no_frames_count_beyond_a_humans_rate(frames in vec((0..3_000u64, any_records(10_000)), 1..60)) {
        let mut now_ms = 0;
        let mut session = Session::new(&Rate::TAPS, now_ms);
        let mut counted = 0;
        for (passed_ms, records) in frames {
            now_ms += passed_ms;
            session.cheer(&Rate::TAPS, now_ms, Counting::Open, records.iter().copied(), |verdict| {
                counted += u64::from(verdict.counted);
            });
            prop_assert!(counted <= 24 + 16 * now_ms / 1_000);
        }
    }

    /// 24 taps in all, so that each of them may count however few frames get through.
    #[test]
    fn within_the_rate_losing_repeating_and_reordering_frames_changes_nothing_in_the_end(
        taps in vec(0..TEAMS_MAX, 1..24),
        heard in vec(any::<prop::sample::Index>(), 0..60),
        last_heard_at in any::<prop::sample::Index>(),
    ) {
        let said: Vec<_> = (1..=taps.len()).map(|so_far| totals_after(&taps[..so_far])).collect();
        let mut frames: Vec<_> = heard.iter().map(|which| which.get(&said)).collect();
        frames.insert(last_heard_at.index(frames.len() + 1), said.last().unwrap());

        let mut session = Session::new(&Rate::TAPS, 0);
        let mut counted = HashMap::<_, u32>::new();
        for frame in frames {
            session.cheer(&Rate::TAPS, 0, Counting::Open, frame.iter().copied(), |verdict| {
                *counted.entry(verdict.team).or_default() += verdict.counted;
            });
        }
        for Record { team, total } in said.last().unwrap().iter() {
            prop_assert_eq!(counted.get(team), Some(total));
        }
    }
}

/// The CHEER of a client that has tapped for these teams, one tap each.
fn totals_after(taps: &[usize]) -> Vec<Record> {
    let mut totals = [0; TEAMS_MAX];
    for &team in taps {
        totals[team] += 1;
    }
    (0..).zip(totals).filter(|&(_, total)| total > 0).map(|(team, total)| Record { team, total }).collect()
}

/// Twelve teams, so that a ninth is common; totals up to a hundred, so that repeated and lower ones are, too.
fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any_counting(), any_records(100)).prop_map(|(counting, records)| Step::Cheer(counting, records)),
        3 => any_records(100).prop_map(Step::Base),
        3 => (0..8_000u64).prop_map(Step::Wait),
        1 => Just(Step::Resume),
    ]
}

fn any_records(total_max: u32) -> impl Strategy<Value = Vec<Record>> {
    vec((0..12u16, 0..=total_max).prop_map(|(team, total)| Record { team, total }), 1..=TEAMS_MAX)
}

fn any_counting() -> impl Strategy<Value = Counting> {
    prop_oneof![4 => Just(Counting::Open), 1 => Just(Counting::Late), 1 => Just(Counting::Barred)]
}
