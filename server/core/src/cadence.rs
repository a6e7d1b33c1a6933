//! How long fans wait between two CHEER frames, from what a shard can take.
//!
//! Knows no fan and no shard; only frames per second.

use beat_protocol::Cadence;

/// The cadence a shard asks for next: the shortest at which its fans send `frames_per_second_max`, and never below `base`.
///
/// A shard that takes F frames a second while its fans keep a cadence of c seconds has about F·c fans tapping, and they
/// send F·c / c' frames at c'. Fans who tap more seldom than c are taken for fewer than they are; raising c does not help
/// against them until it is as long as their pauses, which the next calls find out. It rises at once and falls by
/// [`Cadence::STEP_MS`] a call, so that it does not swing.
///
/// `frames_per_second` is to be measured while `current` was in force. A new cadence reaches every fan within half a second
/// and shows in their frames after as long as itself.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from a float saturates")]
pub fn cadence_for(frames_per_second: f64, current: Cadence, base: Cadence, frames_per_second_max: f64) -> Cadence {
    let enough_ms = frames_per_second * f64::from(current.as_ms()) / frames_per_second_max;
    let enough = Cadence::from_ms(enough_ms.ceil() as u32).max(base);
    enough.max(Cadence::from_ms(current.as_ms() - Cadence::STEP_MS))
}
