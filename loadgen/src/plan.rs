//! What a run would send, told without sending it: phases, taps, frames, teams, and the schedule's stamp.

use std::io::{self, Write};

use beat_protocol::TeamCode;

use crate::clock::{MILLISECOND, Nanos, SECOND, as_seconds};
use crate::phases::{Phase, Phases};
use crate::schedule::{Crowd, Digest};

/// A server at rest asks for one frame in so long.
const CADENCE: Nanos = 250 * MILLISECOND;
const TEAMS_LISTED: usize = 5;

/// What the taps of one phase come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) taps: u64,
    /// CHEER frames of fans that nothing holds up.
    pub(crate) frames: u64,
    /// Taps in the busiest second.
    pub(crate) busiest: u64,
}

/// What all taps of a crowd come to.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) by_phase: Vec<Sum>,
    pub(crate) by_team: Vec<u64>,
    /// Fans that lose their connection, over all storms.
    pub(crate) cut: u64,
    pub(crate) schedule: Digest,
}

impl Plan {
    /// Draws every tap of `fans`.
    pub(crate) fn of(crowd: &Crowd, fans: u32, phases: &Phases, teams: usize) -> Self {
        let mut plan = Self {
            by_phase: vec![Sum::default(); phases.len()],
            by_team: vec![0; teams],
            cut: 0,
            schedule: Digest::default(),
        };
        let seconds = usize::try_from(crowd.pace.length() / SECOND).unwrap_or(usize::MAX).saturating_add(1);
        let mut by_second = vec![0u64; seconds];
        for index in 0..fans {
            plan.cut += crowd.storms(index).count() as u64;
            let mut taps = crowd.fan(index);
            let mut said: Option<Nanos> = None;
            for tap in taps.by_ref() {
                plan.by_team[usize::from(tap.team)] += 1;
                let since = usize::try_from((tap.at - crowd.start) / SECOND).unwrap_or(usize::MAX);
                by_second[since] += 1;
                // Fits a frame that was due after its cadence, or makes one at once.
                let new = said.is_none_or(|at| tap.at > at);
                if new {
                    said = Some(said.map_or(tap.at, |at| (at + CADENCE).max(tap.at)));
                }
                if let Some(sum) = phases.index_at(tap.at).map(|index| &mut plan.by_phase[index]) {
                    sum.taps += 1;
                    sum.frames += u64::from(new);
                }
            }
            plan.schedule.add(taps.digest());
        }
        for (second, &taps) in (0..).map(|second: Nanos| crowd.start + second * SECOND).zip(&by_second) {
            if let Some(sum) = phases.index_at(second).map(|index| &mut plan.by_phase[index]) {
                sum.busiest = sum.busiest.max(taps);
            }
        }
        plan
    }
}

/// Tells it.
pub(crate) fn write(
    out: &mut impl Write,
    plan: &Plan,
    crowd: &Crowd,
    phases: &Phases,
    fans: u32,
    roster: &[TeamCode],
) -> io::Result<()> {
    let profile = format!("{:?}", crowd.profile).to_lowercase();
    writeln!(out, "plan      {fans} fans, {profile}, seed {}; nothing is sent", crowd.seed)?;
    writeln!(out, "schedule  {}\n", plan.schedule)?;
    let head = ["phase", "from s", "lasts s", "taps", "taps/s", "busiest s", "frames/s", "taps a frame"];
    let [name, rest @ ..] = head;
    writeln!(out, "{name:<24}{}", rest.map(|word| format!("{word:>13}")).concat())?;
    for (phase, sum) in phases.iter().zip(&plan.by_phase) {
        line(out, phase, *sum, crowd.start)?;
    }
    writeln!(out, "\nframes are those of fans whom nothing holds up, at a cadence of 250 ms")?;
    for storm in &crowd.storms {
        writeln!(
            out,
            "{}: {:.0} % of the fans lose their connection at {:.1} s",
            storm.name,
            storm.fraction * 100.0,
            as_seconds(crowd.warm_up + storm.at)
        )?;
    }
    if plan.cut > 0 {
        writeln!(out, "{} connections are cut", plan.cut)?;
    }
    let all: u64 = plan.by_team.iter().sum();
    let mut teams: Vec<(&TeamCode, u64)> = roster.iter().zip(plan.by_team.iter().copied()).collect();
    teams.sort_by_key(|&(_, taps)| std::cmp::Reverse(taps));
    let told: Vec<String> = teams.iter().take(TEAMS_LISTED).map(|(team, taps)| format!("{team} {taps}")).collect();
    writeln!(out, "{all} taps in all: {}{}", told.join(", "), if teams.len() > TEAMS_LISTED { ", …" } else { "" })
}

#[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
fn line(out: &mut impl Write, phase: &Phase, sum: Sum, start: Nanos) -> io::Result<()> {
    let Sum { taps, frames, busiest } = sum;
    // Before the first tap: while the crowd comes in.
    let from = if phase.from < start { 0.0 - as_seconds(start - phase.from) } else { as_seconds(phase.from - start) };
    let lasts = as_seconds(phase.length());
    let (taps_a_second, frames_a_second) = (taps as f64 / lasts, frames as f64 / lasts);
    let taps_a_frame = if frames > 0 { format!("{:.2}", taps as f64 / frames as f64) } else { "-".to_owned() };
    writeln!(
        out,
        "{:<24}{from:>13.1}{lasts:>13.1}{taps:>13}{taps_a_second:>13.0}{busiest:>13}{frames_a_second:>13.0}{taps_a_frame:>13}",
        phase.name
    )
}
