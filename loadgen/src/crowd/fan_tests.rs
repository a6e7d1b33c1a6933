use proptest::prelude::*;

use super::*;
use crate::plan::schedule::tests::crowd_of;
use crate::plan::schedule::{Crowd, Profile};

const PER_SECOND: u32 = 16;

/// The first fan of seed 1 with one team that taps without a pause, about six times a second, for a minute.
fn tapping() -> Fan {
    Fan::new(busy().fan(0))
}

fn busy() -> Crowd {
    crowd_of(1, (1, Profile::Human), Some(6.0), (0, 60 * SECOND), 1, &[])
}

fn welcomed() -> Fan {
    let mut fan = tapping();
    assert_eq!(fan.on_welcome(0, false, PER_SECOND), None, "who has sent nothing has no BASE");
    fan
}

fn ms(at: u64) -> Nanos {
    at * MILLISECOND
}

/// The total a CHEER states at `now`, if there is one.
fn cheer(fan: &mut Fan, now: Nanos) -> Option<u32> {
    fan.cheer(now, |_| {}).map(|records| records[0].total)
}

fn mark(total: u32) -> [Record; 1] {
    [Record { team: 0, total }]
}

fn sent(fan: &Fan) -> u32 {
    fan.standings().iter().map(|standing| standing.sent).sum()
}

fn in_doubt(fan: &Fan) -> u32 {
    fan.standings().iter().map(Standing::in_doubt).sum()
}

#[test]
fn the_first_tap_goes_at_once_and_then_one_frame_per_cadence() {
    let mut fan = welcomed();
    let first = fan.next_action().unwrap();
    assert!(first < ms(300), "a fan that taps six times a second");
    assert_eq!(cheer(&mut fan, first), Some(1));
    assert_eq!(fan.next_action(), Some(first + ms(250)));
    assert_eq!(cheer(&mut fan, first + ms(249)), None);
    assert!(cheer(&mut fan, first + ms(250)) > Some(1));
}

#[test]
fn the_server_s_cadence_is_obeyed_from_the_next_frame_on() {
    let mut fan = welcomed();
    cheer(&mut fan, ms(1_000));
    fan.on_beat(ms(1_000), Cadence::from_ms(2_000));
    assert_eq!(fan.next_action(), Some(ms(3_000)));
    fan.on_beat(ms(1_000), Cadence::from_ms(50));
    assert_eq!(fan.next_action().unwrap().max(ms(1_050)), fan.next_action().unwrap());
}

#[test]
fn nothing_is_said_before_the_welcome_and_nothing_is_forgotten_meanwhile() {
    let mut fan = tapping();
    assert_eq!((cheer(&mut fan, ms(2_000)), fan.next_action()), (None, None));
    fan.on_welcome(ms(2_000), false, PER_SECOND);
    let owed = fan.standings()[0].due;
    assert!(owed > 8);
    assert_eq!(cheer(&mut fan, ms(2_000)), Some(owed));
}

#[test]
fn what_is_owed_after_a_long_stall_is_caught_up_at_the_human_rate() {
    let mut fan = tapping();
    fan.on_welcome(ms(20_000), false, PER_SECOND);
    assert_eq!(cheer(&mut fan, ms(20_000)), Some(24));
    assert_eq!(cheer(&mut fan, ms(21_000)), Some(40));
    assert!(fan.owes());
}

#[test]
fn each_tap_is_told_once_with_the_time_it_was_meant() {
    let mut fan = welcomed();
    let (mut told, mut last) = (Vec::new(), None);
    for now in (0..10_000).map(ms) {
        last = fan.cheer(now, |tap| told.push(tap.at)).map(|records| records[0].total).or(last);
    }
    let meant: Vec<Nanos> = busy().fan(0).map(|tap| tap.at).take(told.len()).collect();
    assert_eq!(told, meant);
    assert_eq!(last, u32::try_from(told.len()).ok());
}

#[test]
fn a_resumed_session_waits_for_its_marks_and_says_again_what_they_lack() {
    let mut fan = welcomed();
    let stated = cheer(&mut fan, ms(2_000)).unwrap();
    fan.on_disconnect();
    assert_eq!(fan.on_welcome(ms(2_100), true, PER_SECOND), None, "BASE would be ignored");
    assert_eq!(cheer(&mut fan, ms(2_100)), None);
    assert!(!fan.may_leave(), "the marks may take something back");
    fan.on_marks(&mark(stated - 5));
    assert!(!fan.may_leave(), "they did");
    let due = {
        fan.fall_due(ms(2_100));
        fan.standings()[0].due
    };
    assert_eq!(cheer(&mut fan, ms(2_100)), Some(due));
    assert!(fan.may_leave());
}

#[test]
fn what_never_arrived_is_put_back_into_the_bucket() {
    let mut fan = tapping();
    fan.on_welcome(ms(20_000), false, PER_SECOND);
    assert_eq!(cheer(&mut fan, ms(20_000)), Some(24));
    fan.on_disconnect();
    fan.on_welcome(ms(20_001), true, PER_SECOND);
    fan.on_marks(&mark(4));
    assert_eq!(cheer(&mut fan, ms(20_001)), Some(24), "20 taps may be said again at once");
}

#[test]
fn a_resumed_session_without_marks_has_heard_nothing() {
    let mut fan = welcomed();
    let stated = cheer(&mut fan, ms(2_000)).unwrap();
    fan.on_disconnect();
    fan.on_welcome(ms(2_001), true, PER_SECOND);
    assert_eq!(fan.next_action(), Some(ms(3_001)));
    assert!(cheer(&mut fan, ms(3_001)).unwrap() >= stated);
    assert_eq!(in_doubt(&fan), sent(&fan));
}

#[test]
fn elsewhere_the_base_is_the_highest_total_ever_sent_and_its_taps_are_in_doubt() {
    let mut fan = welcomed();
    let stated = cheer(&mut fan, ms(2_000)).unwrap();
    fan.on_disconnect();
    let base = fan.on_welcome(ms(2_500), false, PER_SECOND).unwrap();
    assert_eq!(base[..], mark(stated));
    assert!(cheer(&mut fan, ms(2_500)).unwrap() > stated);
    fan.on_farewell();
    assert_eq!(in_doubt(&fan), stated);
}

#[test]
fn the_final_marks_of_a_planned_close_silence_the_fan_and_are_its_next_base() {
    let mut fan = welcomed();
    let stated = cheer(&mut fan, ms(2_000)).unwrap();
    fan.on_marks(&mark(stated - 2));
    assert_eq!((cheer(&mut fan, ms(5_000)), fan.next_action()), (None, None));
    fan.on_disconnect();
    let base = fan.on_welcome(ms(5_000), false, PER_SECOND).unwrap();
    assert_eq!(base[..], mark(stated - 2));
    assert!(cheer(&mut fan, ms(5_000)).unwrap() > stated);
    fan.on_farewell();
    assert_eq!(in_doubt(&fan), 0);
}

#[test]
fn an_answered_close_leaves_no_doubt_and_an_unanswered_one_leaves_all() {
    let mut fan = welcomed();
    let stated = cheer(&mut fan, ms(2_000)).unwrap();
    assert_eq!(in_doubt(&fan), stated);
    fan.on_farewell();
    assert_eq!(in_doubt(&fan), 0);
}

#[test]
fn in_a_closed_loop_a_tap_waits_for_the_beat_and_none_is_made_up_for() {
    let mut fan = tapping().in_a_closed_loop(ms(60_000));
    fan.on_welcome(0, false, PER_SECOND);
    let first = fan.next_action().unwrap();
    assert_eq!(cheer(&mut fan, first), Some(1));
    assert_eq!((fan.next_action(), cheer(&mut fan, ms(9_000))), (None, None), "whatever the time");
    fan.on_beat(ms(10_000), Cadence::from_ms(250));
    assert_eq!(cheer(&mut fan, ms(10_000)), Some(2), "one tap, not ten seconds' worth");
    fan.on_beat(ms(10_100), Cadence::from_ms(250));
    let next = fan.next_action().unwrap();
    assert!((ms(10_250)..ms(10_400)).contains(&next), "the tempo goes on from there: {next}");
    assert_eq!(cheer(&mut fan, next), Some(3));
    fan.on_beat(ms(60_001), Cadence::from_ms(250));
    assert_eq!(fan.next_action(), None, "it is over");
}

#[test]
fn a_fan_that_is_stopped_sends_what_fell_due_and_taps_no_more() {
    let mut fan = welcomed();
    fan.stop(ms(3_000));
    let owed = cheer(&mut fan, ms(3_000)).unwrap();
    assert!((10..=24).contains(&owed), "{owed}");
    assert_eq!((fan.next_action(), fan.may_leave()), (None, true));
}

/// A gateway by the letter of the contract: marks, and the bucket of a session.
#[derive(Default)]
struct Gateway {
    mark: u32,
    counted: u32,
    shadowed: u32,
    bucket: Option<Bucket>,
}

impl Gateway {
    fn take_in(&mut self, now: Nanos, total: u32) {
        let taps = total.saturating_sub(self.mark);
        self.mark = self.mark.max(total);
        let bucket = self.bucket.as_mut().expect("a session");
        let counts = taps.min(bucket.holds(now));
        bucket.take(counts);
        self.counted += counts;
        self.shadowed += taps - counts;
    }
}

proptest! {
    /// However often the socket dies, with or without the last frame: all of it counts, once, and none is shadowed.
    #[test]
    fn no_way_of_losing_a_socket_loses_doubles_or_shadows_a_tap(
        deaths in proptest::collection::vec((200u64..6_000, any::<bool>(), 1u64..4_000), 0..8)
    ) {
        let mut fan = welcomed();
        let mut gateway = Gateway { bucket: Some(Bucket::new(0, PER_SECOND)), ..Gateway::default() };
        let mut now = 0;
        for (alive, arrives, away) in deaths.into_iter().chain([(80_000, true, 0)]) {
            let end = now + ms(alive);
            while let Some(next) = fan.next_action().filter(|&next| next < end) {
                now = now.max(next);
                if let Some(total) = cheer(&mut fan, now) {
                    // The last frame of a socket may be lost with it.
                    if arrives || fan.next_action().is_some_and(|next| next < end) {
                        gateway.take_in(now, total);
                    }
                }
            }
            now = end;
            fan.on_disconnect();
            if now < 70 * SECOND {
                now += ms(away);
                fan.on_welcome(now, true, PER_SECOND);
                if gateway.mark > 0 {
                    fan.on_marks(&mark(gateway.mark));
                }
            }
        }
        fan.fall_due(60 * SECOND);
        prop_assert_eq!(gateway.shadowed, 0);
        prop_assert_eq!(gateway.counted, fan.standings()[0].due);
    }
}
