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

/// Appends a CHEER of one team to `out` as a fan sends it: framed, and masked with `mask`.
pub fn one_tap_more(team: u16, total: u32, mask: [u8; 4], out: &mut Vec<u8>) {
    let [t0, t1] = team.to_le_bytes();
    let [n0, n1, n2, n3] = total.to_le_bytes();
    out.extend_from_slice(&[0x82, 0x80 | 7]);
    out.extend_from_slice(&mask);
    let payload = [0x01, t0, t1, n0, n1, n2, n3];
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
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
