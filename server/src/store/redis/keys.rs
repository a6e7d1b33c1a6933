//! The names of what is kept of an event, all of them in one slot of a cluster by the braces around its id.
//!
//! `deploy/redis.acl` allows these and no others.

use beat_core::{Incarnation, Phase};
use beat_protocol::EventId;

/// Field of the state that holds the nominal time of beat 0.
pub(super) const T0_MS: &str = "t0_ms";
/// Member of a vector: the tick at which its totals were stated.
pub(super) const TICK: &str = "~tick";
/// Member of a vector: all its totals together.
pub(super) const SUM: &str = "~sum";
/// Member of a vector, 1 once nothing will be added to it.
pub(super) const CONFIRMED: &str = "~confirmed";
/// Field of a beat in the stream.
pub(super) const BEAT: &str = "b";

/// Slots of a cluster.
pub(super) const SLOTS: u16 = 16_384;

/// The steps of one opening that are written down, by the words they are written with.
pub(super) const STEPS: [(&str, Phase); 3] =
    [("open", Phase::Open), ("closed", Phase::Closed), ("final", Phase::Final)];

pub(super) fn state(event: &EventId) -> String {
    format!("beat:{{{event}}}:state")
}

/// A hash of decisions, which only grows.
pub(super) fn decisions(event: &EventId) -> String {
    format!("beat:{{{event}}}:excluded")
}

pub(super) fn vector(event: &EventId, run: u32, incarnation: Incarnation) -> String {
    format!("beat:{{{event}}}:{run}:g:{incarnation}")
}

pub(super) fn gateways(event: &EventId, run: u32) -> String {
    format!("beat:{{{event}}}:{run}:gateways")
}

/// A hash: incarnation → what it says of its fans.
pub(super) fn fans(event: &EventId, run: u32) -> String {
    format!("beat:{{{event}}}:{run}:fans")
}

pub(super) fn totals(event: &EventId, run: u32) -> String {
    format!("beat:{{{event}}}:{run}:totals")
}

pub(super) fn beats(event: &EventId, run: u32) -> String {
    format!("beat:{{{event}}}:{run}:beats")
}

/// The slot of an event's keys: CRC16 (XMODEM) of what stands between the braces.
///
/// Redis cluster specification, "Hash tags".
pub(super) fn slot(event: &EventId) -> u16 {
    slot_of(event.as_str())
}

/// The slot of keys with `tag` between their braces.
pub(super) fn slot_of(tag: &str) -> u16 {
    let crc = tag.bytes().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_as_operators_are_told() {
        let event: EventId = "final-2026".parse().unwrap();
        assert_eq!(state(&event), "beat:{final-2026}:state");
        assert_eq!(decisions(&event), "beat:{final-2026}:excluded");
        assert_eq!(vector(&event, 3, Incarnation(0xab)), "beat:{final-2026}:3:g:00000000000000ab");
        assert_eq!(gateways(&event, 3), "beat:{final-2026}:3:gateways");
        assert_eq!(fans(&event, 3), "beat:{final-2026}:3:fans");
        assert_eq!(totals(&event, 3), "beat:{final-2026}:3:totals");
        assert_eq!(beats(&event, 3), "beat:{final-2026}:3:beats");
    }

    #[test]
    fn slots_are_those_of_the_specification() {
        // `CLUSTER KEYSLOT` of a real server.
        for (event, slot_of_it) in [("123456789", 0x31c3 % SLOTS), ("demo", 903)] {
            assert_eq!(slot(&event.parse().unwrap()), slot_of_it, "{event}");
        }
    }
}
