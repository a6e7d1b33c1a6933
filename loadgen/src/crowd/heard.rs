//! A DELTA as far as a fan needs it: checked whole, nothing kept.
//!
//! Nearly all that a crowd hears are DELTAs, and it only wants to know which beat that was and how long to wait. Reading
//! each into a list of levels cost a fan more than everything else it did of its own. A test holds this to what
//! `beat-protocol` reads.

use beat_protocol::{Cadence, varint};

/// The first byte of a DELTA.
const DELTA: u8 = 0x82;

/// What a fan takes from a DELTA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) beat: u32,
    pub(crate) cadence: Cadence,
    /// The KEY it builds on.
    pub(crate) key: u32,
}

/// Reads a well-formed DELTA; whatever else it is, is none.
pub(crate) fn delta(bytes: &[u8]) -> Option<Heard> {
    let (&[DELTA, _flags, beat @ .., cadence, k0, k1, k2, k3], mut body) = bytes.split_first_chunk::<11>()? else {
        return None;
    };
    let units @ 1..=Cadence::UNITS_MAX = cadence else { return None };
    let mut next = 0u64;
    while !body.is_empty() {
        let team = next + varint::take(&mut body).ok()?;
        // Its level.
        (_, body) = body.split_first()?;
        next = u64::from(u16::try_from(team).ok()?) + 1;
    }
    Some(Heard {
        beat: u32::from_le_bytes(beat),
        cadence: Cadence::from_ms(u32::from(units) * Cadence::STEP_MS),
        key: u32::from_le_bytes([k0, k1, k2, k3]),
    })
}

#[cfg(test)]
mod tests {
    use beat_protocol::{BeatHead, Delta, Flags, ServerFrame};
    use proptest::prelude::*;

    use super::*;

    /// What the protocol's own reader makes of it.
    fn wanted(bytes: &[u8]) -> Option<Heard> {
        match ServerFrame::decode(bytes) {
            Ok(ServerFrame::Delta(Delta { head: BeatHead { beat, cadence, .. }, key, .. })) => {
                Some(Heard { beat, cadence, key })
            }
            _ => None,
        }
    }

    proptest! {
        #[test]
        fn a_delta_is_read_as_the_protocol_reads_it_whole_or_damaged(
            (beat, key, units) in (any::<u32>(), any::<u32>(), 1u32..=80),
            teams in proptest::collection::btree_map(any::<u16>(), any::<u8>(), 0..40),
            (place, byte, cut) in (any::<proptest::sample::Index>(), any::<u8>(), any::<proptest::sample::Index>()),
        ) {
            let head = BeatHead { flags: Flags::default(), beat, cadence: Cadence::from_ms(units * 50) };
            let mut bytes = Vec::new();
            Delta { head, key, levels: teams.into_iter().collect() }.encode(&mut bytes);
            prop_assert_eq!(delta(&bytes), Some(Heard { beat, cadence: head.cadence, key }));
            let short = &bytes[..cut.index(bytes.len())];
            prop_assert_eq!(delta(short), wanted(short));
            let place = place.index(bytes.len());
            bytes[place] = byte;
            prop_assert_eq!(delta(&bytes), wanted(&bytes));
        }
    }
}
