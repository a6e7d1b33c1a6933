//! How long fans wait between two CHEER frames, from what a shard can take.
//!
//! Knows no fan and no shard; only frames per second.

use beat_protocol::Cadence;

/// The cadence a shard asks for next: the shortest at which its fans send no more than `frames_per_second_max`, and
/// never below `base`. It rises at once and falls by [`Cadence::STEP_MS`] a call, so that it does not swing.
///
/// A shard that takes F frames a second while its fans keep a cadence of c seconds has about F·c fans tapping, who send
/// F·c / c' frames at c'. Fans who tap more seldom than that are taken for fewer than they are; a longer cadence does
/// not hold them back until it is as long as their pauses, which the next calls find out.
///
/// `frames_per_second` is to be measured while `current` was in force. A new cadence reaches every fan within half a
/// second and shows in their frames after as long as itself.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from a float saturates")]
pub fn cadence_for(frames_per_second: f64, current: Cadence, base: Cadence, frames_per_second_max: f64) -> Cadence {
    let enough_ms = frames_per_second * f64::from(current.as_ms()) / frames_per_second_max;
    let enough = Cadence::from_ms(enough_ms.ceil() as u32).max(base);
    enough.max(Cadence::from_ms(current.as_ms() - Cadence::STEP_MS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_shortest_that_the_shard_can_take_but_falls_by_one_step(
            frames in 0..100_000u32, current in any_cadence(), base in any_cadence(), max in 100..50_000u32,
        ) {
            let next = cadence_for(frames.into(), current, base, max.into());
            let taken_at = |ms: u32| u64::from(frames) * u64::from(current.as_ms()) <= u64::from(max) * u64::from(ms);
            let a_step_less = next.as_ms() - 50;
            prop_assert!(next >= base);
            prop_assert!(taken_at(next.as_ms()) || next.as_ms() == 4_000);
            let is_one_step_down = next.as_ms() + 50 == current.as_ms();
            prop_assert!(next == base || a_step_less == 0 || !taken_at(a_step_less) || is_one_step_down);
        }

        #[test]
        fn a_crowd_that_stays_gets_a_cadence_that_stays(
            fans in 0..40_000u32, start in any_cadence(), taps_per_second in 1..10u32,
        ) {
            let sends = |cadence: Cadence| {
                f64::from(fans) * f64::from(taps_per_second).min(1_000.0 / f64::from(cadence.as_ms()))
            };
            let mut cadence = start;
            for _ in 0..200 {
                cadence = cadence_for(sends(cadence), cadence, Cadence::from_ms(250), 10_000.0);
            }
            prop_assert!(sends(cadence) <= 10_000.0 || cadence == Cadence::from_ms(4_000));
            prop_assert_eq!(cadence_for(sends(cadence), cadence, Cadence::from_ms(250), 10_000.0), cadence);
        }
    }

    #[test]
    fn it_rises_at_once_and_falls_slowly() {
        let [base, long] = [250, 1_000].map(Cadence::from_ms);
        assert_eq!(cadence_for(40_000.0, base, base, 10_000.0), long);
        assert_eq!(cadence_for(0.0, long, base, 10_000.0), Cadence::from_ms(950));
        assert_eq!(cadence_for(0.0, base, base, 10_000.0), base);
    }

    #[test]
    fn a_shard_that_can_take_nothing_asks_for_the_longest() {
        let base = Cadence::from_ms(250);
        assert_eq!(cadence_for(1.0, base, base, 0.0).as_ms(), 4_000);
        assert_eq!(cadence_for(0.0, base, base, 0.0), base, "and for no more than the base while nobody taps");
    }

    fn any_cadence() -> impl Strategy<Value = Cadence> {
        (0..=4_000u32).prop_map(Cadence::from_ms)
    }
}
