//! A rate on one byte, and back.

/// The level of a team whose fans tap `taps_per_second` times a second: `round(32 · log10(1 + rate))`, at most 255.
///
/// 0 is silence, +32 is ten times as many, 192 is a million a second. A level is the same number for everyone, so how
/// tall a bar to draw is the client's choice.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte first")]
pub fn level_of(taps_per_second: f64) -> u8 {
    (32.0 * taps_per_second.max(0.0).ln_1p() / std::f64::consts::LN_10).round().clamp(0.0, 255.0) as u8
}

/// The taps per second in the middle of `level`'s range.
pub fn rate_of(level: u8) -> f64 {
    10f64.powf(f64::from(level) / 32.0) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_survives_the_way_back() {
        for level in 0..=255 {
            assert_eq!(level_of(rate_of(level)), level);
        }
    }

    #[test]
    fn nonsense_is_silence() {
        assert_eq!((level_of(-3.0), level_of(f64::NAN), level_of(f64::INFINITY)), (0, 0, 255));
    }
}
