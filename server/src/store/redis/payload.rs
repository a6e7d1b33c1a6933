//! A beat as it stands in the stream: everything but its number, which is the entry's id.
//!
//! Version, run, phase, number of teams, a total for each, a rate in tenths of taps per second for each, and how many fans
//! cheer for each; all but the first byte as unsigned LEB128. The fans may be missing: an earlier gateway did not say. 206
//! teams are about 1.4 kB. Knows no Redis.

use beat_core::{Beat, Phase, Totals};
use beat_protocol::{FrameError, VALUE_MAX, varint};

/// Raised when the rest changes its meaning; a gateway refuses what it does not know.
const VERSION: u8 = 1;
/// More teams than any roster has: 65,535 is the most that a frame can name.
const TEAMS_MAX: u64 = 1 << 16;
const PHASES: [Phase; 4] = [Phase::Scheduled, Phase::Open, Phase::Closed, Phase::Final];

/// Bytes that are no beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidBeat {
    #[error("a beat of version {0}, which this gateway does not know")]
    Version(u8),
    #[error("a beat that ends too early")]
    Torn,
    #[error("a beat with something behind its end")]
    TooLong,
    #[error("a beat with a number that is out of its range")]
    Range,
}

/// Writes `beat`.
pub(super) fn encode(beat: &Beat) -> Vec<u8> {
    let teams = beat.totals.as_slice().len();
    let mut out = Vec::with_capacity(16 + teams * 8);
    out.push(VERSION);
    varint::put(&mut out, beat.run.into());
    varint::put(&mut out, PHASES.iter().position(|phase| *phase == beat.phase).map_or(0, as_u64));
    varint::put(&mut out, as_u64(teams));
    for total in beat.totals.as_slice() {
        varint::put(&mut out, *total);
    }
    for team in 0..teams {
        varint::put(&mut out, tenths(beat.rates.get(team).copied().unwrap_or(0.0)));
    }
    for team in 0..teams {
        varint::put(&mut out, beat.fans_of(team).into());
    }
    out
}

/// Reads the beat of this `number`.
pub(super) fn decode(number: u32, bytes: &[u8]) -> Result<Beat, InvalidBeat> {
    let (&version, mut rest) = bytes.split_first().ok_or(InvalidBeat::Torn)?;
    if version != VERSION {
        return Err(InvalidBeat::Version(version));
    }
    let run = u32::try_from(take(&mut rest)?).map_err(|_| InvalidBeat::Range)?;
    let phase = usize::try_from(take(&mut rest)?).ok().and_then(|phase| PHASES.get(phase));
    let phase = *phase.ok_or(InvalidBeat::Range)?;
    let teams = take(&mut rest)?;
    if teams > TEAMS_MAX {
        return Err(InvalidBeat::Range);
    }
    let totals = (0..teams).map(|_| take(&mut rest)).collect::<Result<Totals, _>>()?;
    let rates = (0..teams).map(|_| take(&mut rest).map(rate)).collect::<Result<Vec<f64>, _>>()?;
    let fans = match rest {
        [] => Vec::new(),
        _ => (0..teams).map(|_| fans(&mut rest)).collect::<Result<Vec<u32>, _>>()?,
    };
    if !rest.is_empty() {
        return Err(InvalidBeat::TooLong);
    }
    Ok(Beat { number, run, phase, totals, rates, fans })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from f64 saturates; NaN is 0")]
fn tenths(rate: f64) -> u64 {
    ((rate * 10.0).round() as u64).min(VALUE_MAX)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to VALUE_MAX, and taken in no further")]
fn rate(tenths: u64) -> f64 {
    tenths as f64 / 10.0
}

fn fans(rest: &mut &[u8]) -> Result<u32, InvalidBeat> {
    u32::try_from(take(rest)?).map_err(|_| InvalidBeat::Range)
}

fn as_u64(n: usize) -> u64 {
    u64::try_from(n).expect("no machine counts further")
}

fn take(bytes: &mut &[u8]) -> Result<u64, InvalidBeat> {
    varint::take(bytes).map_err(|error| match error {
        FrameError::Torn => InvalidBeat::Torn,
        _ => InvalidBeat::Range,
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(beat in any_beat()) {
            prop_assert_eq!(decode(beat.number, &encode(&beat)), Ok(beat));
        }

        #[test]
        fn a_beat_cut_short_or_drawn_out_is_refused(beat in any_beat(), at: prop::sample::Index) {
            let mut bytes = encode(&beat);
            let before_fans = bytes.len() - beat.fans.iter().map(|fans| varint_len(*fans)).sum::<usize>();
            let at = at.index(bytes.len());
            match decode(beat.number, &bytes[..at]) {
                Ok(of_earlier) if at == before_fans => prop_assert_eq!(of_earlier, Beat { fans: Vec::new(), ..beat }),
                cut => prop_assert_eq!(cut, Err(InvalidBeat::Torn)),
            }
            bytes.push(0);
            prop_assert_eq!(decode(1, &bytes), Err(InvalidBeat::TooLong));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..64)) {
            drop(decode(1, &bytes));
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (bytes, why) in [
            (&[2, 0, 0, 0][..], InvalidBeat::Version(2)),
            (&[1, 0, 4, 0], InvalidBeat::Range),
            (&[1, 0xff, 0xff, 0xff, 0xff, 0x10, 0, 0], InvalidBeat::Range),
            (&[1, 0, 1, 0xff, 0xff, 0x7f], InvalidBeat::Range),
            (&[1, 0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10, 0], InvalidBeat::Range),
            (&[1, 0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0], InvalidBeat::Range),
        ] {
            assert_eq!(decode(1, bytes), Err(why), "{bytes:x?}");
        }
    }

    fn any_beat() -> impl Strategy<Value = Beat> {
        let team = (0..=VALUE_MAX, prop_oneof![0..100u64, 0..1_000_000_000u64].prop_map(rate), any::<u32>());
        (any::<u32>(), any::<u32>(), 0..PHASES.len(), vec(team, 0..220)).prop_map(|(number, run, phase, teams)| {
            let (totals, rates, fans) = teams.into_iter().collect::<(Vec<u64>, Vec<f64>, Vec<u32>)>();
            Beat { number, run, phase: PHASES[phase], totals: totals.into(), rates, fans }
        })
    }

    fn varint_len(value: u32) -> usize {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, value.into());
        bytes.len()
    }
}
