//! What the benches measure with: a crowd's frames and a beat, made the same way each time.

use beat_core::{Beat, Phase, Totals};
use beat_protocol::{ClientFrame, Record, Records};

/// Teams of the built-in roster.
pub const TEAMS: u16 = 208;
/// Teams that are cheered for at a time, in a busy match.
pub const ACTIVE_TEAMS: u16 = 40;

/// The `nth` CHEER of a fan who taps six times between two frames, as it travels.
pub fn cheer(team: u16, nth: u32) -> Vec<u8> {
    let records = Records::new(&[Record { team, total: 6 * nth }]).expect("one record");
    let mut bytes = Vec::new();
    ClientFrame::Cheer(records).encode(&mut bytes);
    bytes
}

/// A beat of a busy match: [`ACTIVE_TEAMS`] of [`TEAMS`] teams tap, the first most.
pub fn beat(number: u32) -> Beat {
    let rate = |team: u16| if team < ACTIVE_TEAMS { 10_000.0 / f64::from(team + 1) } else { 0.0 };
    let total = |team: u16| u64::from(number) * u64::from(ACTIVE_TEAMS.saturating_sub(team)) * 100;
    Beat {
        number,
        run: 1,
        phase: Phase::Open,
        totals: Totals::from((0..TEAMS).map(total).collect::<Vec<_>>()),
        rates: (0..TEAMS).map(rate).collect(),
    }
}
