//! How hard a team's fans cheer, whether they are thirty or thirty thousand.
//!
//! Knows nothing of how fans are counted.

/// Fans that tap nothing, added to each team's own.
///
/// A rate over the fans alone would let one person with two thumbs (16 taps a second) beat a stadium. With ten silent
/// ones beside it that person reaches 16 / 11 = 1.5, less than a crowd does without effort (2 to 3), while fifty fans keep
/// five sixths of what they tap and a thousand keep 99 %. The silence is the same for every team at every time; shrinking
/// towards the mean of all teams instead would show a team without a single fan as an average one.
pub const SILENT_FANS: u32 = 10;

/// Taps per second and fan, shrunk towards silence where few fans are: `rate / (fans + 10)`, to a hundredth.
pub fn intensity(taps_per_second: f64, fans: u32) -> f64 {
    (taps_per_second / (f64::from(fans) + f64::from(SILENT_FANS)) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_nation_can_win_and_one_fan_alone_cannot() {
        let stadium = intensity(75_000.0, 30_000);
        assert_eq!(stadium, 2.5);
        assert_eq!(intensity(300.0, 60), 4.29, "sixty fans who tap five times a second each");
        assert!(intensity(16.0, 1) < stadium, "{}", intensity(16.0, 1));
    }

    #[test]
    fn silence_has_no_intensity_however_many_are_silent() {
        assert_eq!((intensity(0.0, 0), intensity(0.0, 9_999)), (0.0, 0.0));
    }

    #[test]
    fn no_team_is_shown_above_what_a_human_taps() {
        for fans in [1u32, 2, 10, 1_000, 4_000_000] {
            assert!(intensity(16.0 * f64::from(fans), fans) <= 16.0, "{fans}");
        }
    }
}
