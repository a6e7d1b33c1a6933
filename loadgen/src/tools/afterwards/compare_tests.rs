use super::*;
use crate::clock::MILLISECOND;
use crate::record::tests::steady;

fn worse(change: impl FnOnce(&mut Record), allowed: f64) -> Vec<String> {
    let mut after = steady();
    change(&mut after);
    rows(&steady(), &after, allowed).into_iter().filter(|row| row.is_worse).map(|row| row.name).collect()
}

fn slower_by(ms: u64) -> impl FnOnce(&mut Record) {
    move |run| {
        let book = &mut run.phases[1].book;
        book.tap_to_beat = crate::measure::spans::Spans::default();
        (0..2_000).for_each(|tap| book.tap_to_beat.note((100 + ms + tap % 200) * MILLISECOND));
    }
}

#[test]
fn a_run_is_no_worse_than_itself() {
    assert_eq!(worse(|_| {}, 0.0), [""; 0]);
}

#[test]
fn a_latency_that_rose_by_more_than_is_allowed_is_named() {
    assert_eq!(worse(slower_by(40), 5.0), ["tap_to_beat.p50", "tap_to_beat.p90"]);
    assert_eq!(worse(slower_by(40), 30.0), [""; 0]);
    assert_eq!(worse(slower_by(1), 0.0), [""; 0], "the timers tell no less");
}

#[test]
fn fewer_taps_more_errors_and_books_that_no_longer_agree_are_worse() {
    assert_eq!(worse(|run| run.phases[1].book.taps = 1_500, 5.0), ["taps a second"]);
    assert_eq!(worse(|run| run.phases[1].book.frames = 300, 5.0), [""; 0]);
    assert_eq!(worse(|run| run.teams[0].differences.push("1 lost".into()), 5.0), ["teams that do not reconcile"]);
    assert_eq!(worse(|run| run.phases[1].book.missed_beats = 30, 5.0), ["beats missed"]);
}

#[test]
fn runs_that_were_not_asked_for_the_same_are_told_apart() {
    let mut after = steady();
    after.set_up.fans = 99;
    let told = text(&steady(), &after, &[], Some(5.0));
    assert!(told.starts_with("not the same run: fans 10 before, 99 after\n"), "{told}");
}

#[test]
fn the_allowance_is_a_percentage() {
    assert_eq!((percent("5%"), percent(" 2.5 %"), percent("7")), (Ok(5.0), Ok(2.5), Ok(7.0)));
    assert!(percent("-1%").is_err() && percent("much").is_err());
}
