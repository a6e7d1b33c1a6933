//! What a run would send, told without sending it: phases, taps, frames, teams, and the schedule's stamp.

pub(crate) mod shape;
pub(crate) mod phases;
pub(crate) mod pace;
pub(crate) mod countries;
pub(crate) mod schedule;

use std::io::{self, Write};

use beat_protocol::TeamCode;

use crate::clock::{MILLISECOND, Nanos, SECOND, as_seconds};
use crate::plan::phases::{Phase, Phases};
use crate::plan::schedule::{Crowd, Digest};

/// A server at rest asks for one frame in so long.
const CADENCE: Nanos = 100 * MILLISECOND;
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
        // Of each phase, its own first second, its second, and so on.
        let mut by_second: Vec<Vec<u64>> = phases.iter().map(|_| Vec::new()).collect();
        for index in 0..fans {
            plan.cut += crowd.storms(index).count() as u64;
            let mut taps = crowd.fan(index);
            let mut said: Option<Nanos> = None;
            for tap in taps.by_ref() {
                plan.by_team[usize::from(tap.team)] += 1;
                // Fits a frame that was due after its cadence, or makes one at once.
                let new = said.is_none_or(|at| tap.at > at);
                if new {
                    said = Some(said.map_or(tap.at, |at| (at + CADENCE).max(tap.at)));
                }
                let Some(phase) = phases.index_at(tap.at) else { continue };
                plan.by_phase[phase].taps += 1;
                plan.by_phase[phase].frames += u64::from(new);
                let since = tap.at - phases.iter().nth(phase).map_or(0, |phase| phase.from);
                let (seconds, second) = (&mut by_second[phase], usize::try_from(since / SECOND).unwrap_or(usize::MAX));
                if seconds.len() <= second {
                    seconds.resize(second + 1, 0);
                }
                seconds[second] += 1;
            }
            plan.schedule.add(taps.digest());
        }
        for (sum, seconds) in plan.by_phase.iter_mut().zip(by_second) {
            sum.busiest = seconds.into_iter().max().unwrap_or(0);
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
    tickets: Option<&str>,
) -> io::Result<()> {
    let profile = format!("{:?}", crowd.profile).to_lowercase();
    writeln!(out, "plan      {fans} fans, {profile}, seed {}; nothing is sent", crowd.seed)?;
    if let Some(tickets) = tickets {
        writeln!(out, "tickets   {tickets}")?;
    }
    writeln!(out, "schedule  {}\n", plan.schedule)?;
    let head = ["phase", "from s", "lasts s", "taps", "taps/s", "busiest s", "frames/s", "taps a frame"];
    let [name, rest @ ..] = head;
    writeln!(out, "{name:<24}{}", rest.map(|word| format!("{word:>13}")).concat())?;
    for (phase, sum) in phases.iter().zip(&plan.by_phase) {
        line(out, phase, *sum, crowd.start)?;
    }
    writeln!(out, "\nframes are those of fans whom nothing holds up, at a cadence of 100 ms")?;
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
