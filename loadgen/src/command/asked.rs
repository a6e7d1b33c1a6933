//! From the words of the command line to what a run is made of: when, how fast, for whom, where to.

use std::sync::Arc;

use beat_protocol::TeamCode;

use crate::clock::{Nanos, SECOND, nanos};
use crate::cohorts;
use crate::command::cli::{PlanArgs, RunArgs};
use crate::crowd::worker::Times;
use crate::plan::countries::Shares;
use crate::plan::pace::{Pace, Part, Wanted};
use crate::plan::phases::{PhaseKind, Phases};
use crate::plan::schedule::Crowd;
use crate::plan::{self, Plan};
use crate::run::RunError;
use crate::target::{Gateway, Target};
use crate::trust::Trust;

/// Between the last connection and the first tap, and between the last tap and the first fan to leave.
const CALM: Nanos = SECOND / 2;
/// Fans leave as fast as they came, but within this.
const LEAVING_MAX: Nanos = 2 * SECOND;

/// When what happens, if the first fan connects at `connect_from` and all tap for so long.
pub(crate) fn times(args: &RunArgs, connect_from: Nanos, tapping: Nanos) -> Times {
    let fans = Nanos::from(args.fans);
    let connect_step = SECOND / Nanos::from(args.connect_rate);
    let start = connect_from + fans * connect_step + CALM;
    let end = start + tapping;
    let leave_from = end + CALM;
    let leave_step = connect_step.min(LEAVING_MAX / fans);
    let give_up = leave_from + fans * leave_step + nanos(args.settle);
    Times { connect_from, connect_step, start, end, leave_from, leave_step, give_up }
}

/// What the parts of the run are called, and when they are.
pub(crate) fn phases(times: &Times, parts: &[Part]) -> Phases {
    let connect = ("connect", PhaseKind::Connect, times.start - times.connect_from);
    let settle = ("settle", PhaseKind::Settle, times.give_up - times.end);
    let tapping = parts.iter().map(|(name, kind, length)| (name.as_str(), *kind, *length));
    Phases::in_a_row(times.connect_from, std::iter::once(connect).chain(tapping).chain([settle]))
}

/// How fast the crowd is to tap, and the parts that comes in.
pub(crate) fn pace(args: &RunArgs) -> Result<(Pace, Vec<Part>), RunError> {
    Pace::new(&Wanted {
        fans: args.fans,
        tempo: args.profile.tempo_mean(),
        share_at_ease: args.profile.share_at_ease(),
        taps_per_second: args.taps_per_second,
        warm_up: nanos(args.warmup),
        duration: nanos(args.duration),
        stages: &args.stage,
        spikes: &args.spike,
        storms: &args.storm,
    })
    .map_err(|error| RunError::Usage(error.to_string()))
}

/// Everyone, for this roster, tapping from `start` on.
pub(crate) fn crowd(args: &RunArgs, pace: Pace, roster: &[TeamCode], start: Nanos) -> Result<Crowd, RunError> {
    let shares = Shares::new(&args.countries, roster, args.seed)
        .map_err(|team| RunError::Usage(format!("--countries: {team} is not in the roster")))?;
    Ok(Crowd {
        seed: args.seed,
        profile: args.profile,
        pace: Arc::new(pace),
        shares,
        storms: args.storm.clone(),
        start,
        warm_up: nanos(args.warmup),
    })
}

/// Where the fans connect, and whether they may.
pub(crate) fn gateways(args: &RunArgs, trust: &Trust) -> Result<Vec<Gateway>, RunError> {
    let resolve = |url: &String| {
        let target =
            Target::parse(url, args.event.clone(), trust).map_err(|error| RunError::Usage(error.to_string()))?;
        let address = target.resolve()?;
        if cohorts::needs_leave(args.fans, args.cohorts, address) && !args.i_own_this_target {
            return Err(RunError::Usage(format!(
                "{} connections to {address}, which is not this machine: say --i-own-this-target if it is yours to load",
                args.fans + args.cohorts.connections()
            )));
        }
        Ok(Gateway { target, address })
    };
    args.url.iter().map(resolve).collect()
}

/// Tells what a run with the same words would send.
pub(crate) fn plan(args: &PlanArgs) -> Result<(), RunError> {
    let (pace, parts) = pace(&args.run)?;
    let roster: Vec<TeamCode> = match args.teams {
        Some(teams) => (1..=teams).map(|team| format!("team-{team}").parse().expect("at most ten letters")).collect(),
        None => {
            let first = args.run.url.first().map(String::as_str).unwrap_or_default();
            let target = Target::parse(first, args.run.event.clone(), &Trust::of(&args.run.trust)?)
                .map_err(|error| RunError::Usage(error.to_string()))?;
            target.event()?.teams.iter().map(|team| team.code).collect()
        }
    };
    let times = times(&args.run, 0, pace.length());
    let phases = phases(&times, &parts);
    let crowd = crowd(&args.run, pace, &roster, times.start)?;
    let plan = Plan::of(&crowd, args.run.fans, &phases, roster.len());
    let tickets = args.run.tickets.told();
    plan::write(&mut std::io::stdout().lock(), &plan, &crowd, &phases, args.run.fans, &roster, tickets.as_deref())?;
    Ok(())
}
