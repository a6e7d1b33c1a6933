//! What the benches measure with: a crowd's frames and a beat, made the same way each time.

use beat_core::{Beat, Phase, Totals};

/// Teams of the built-in roster.
pub const TEAMS: u16 = 208;
/// Teams of a small match, of the built-in roster, of a city's race, and of whatever comes one day.
pub const ROSTERS: [u16; 4] = [10, TEAMS, 1_000, 10_000];

/// Appends a CHEER of one team to `out` as a fan sends it: framed, and masked with `mask`.
pub fn one_tap_more(team: u16, total: u32, mask: [u8; 4], out: &mut Vec<u8>) {
    let [t0, t1] = team.to_le_bytes();
    let [n0, n1, n2, n3] = total.to_le_bytes();
    out.extend_from_slice(&[0x82, 0x80 | 7]);
    out.extend_from_slice(&mask);
    let payload = [0x01, t0, t1, n0, n1, n2, n3];
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// A beat of a busy match: the first of `teams` teams tap, the very first most.
pub fn beat(teams: u16, number: u32) -> Beat {
    let active = active(teams);
    let rate = |team: u16| if team < active { 10_000.0 / f64::from(team + 1) } else { 0.0 };
    let total = |team: u16| u64::from(number) * u64::from(active.saturating_sub(team)) * 100;
    Beat {
        number,
        run: 1,
        phase: Phase::Open,
        totals: Totals::from((0..teams).map(total).collect::<Vec<_>>()),
        rates: (0..teams).map(rate).collect(),
        fans: vec![100; usize::from(teams)],
    }
}

/// How many of `teams` teams are cheered for at a time, in a busy match: about a fifth.
pub fn active(teams: u16) -> u16 {
    teams.div_ceil(5)
}
