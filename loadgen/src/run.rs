//! One run from the first look at the event to the books that must agree.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::{Procs, RunArgs};
use crate::clock::{Clock, Nanos, SECOND, nanos};
use crate::ending::Ending;
use crate::feed::Feed;
use crate::metrics_page;
use crate::outcome::Outcome;
use crate::phases::{PhaseKind, Phases};
use crate::progress::Progress;
use crate::record::Record;
use crate::schedule::{Activity, Crowd};
use crate::stage::{Closed, Stage};
use crate::target::{Target, TargetError, UNASKED_FANS_MAX};
use crate::vitals::Vitals;
use crate::watch::Quickest;
use crate::worker::{Task, Times};

/// Between the last connection and the first tap, and between the last tap and the first fan to leave.
const CALM: Nanos = SECOND;
/// Fans leave as fast as they came, but within this.
const LEAVING_MAX: Nanos = 2 * SECOND;
/// How long the first beat may take.
const FIRST_BEAT_MAX: Nanos = 5 * SECOND;
/// Until processes of their own have started.
const PROCESS_START: Nanos = SECOND / 4;
/// Open files that are no fan's: the feed, the pages, standard streams, runtimes.
pub(crate) const OTHER_FILES: u64 = 64;

/// Why there was no run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// What was asked for makes no sense or is not allowed.
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Target(#[from] TargetError),
    #[error(
        "{fans} fans a process need {needed} open files and it may have {limit}; say --procs auto, or: ulimit -n {needed}"
    )]
    Files { fans: u32, needed: u64, limit: u64 },
    #[error("no beat on the display feed within 5 s")]
    NoBeat,
    #[error("no fan was let in: {0}")]
    NobodyIn(String),
    #[error("no thread could be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Sets up, lets the crowd cheer, reconciles.
pub(crate) fn run(args: &RunArgs) -> Result<Record, RunError> {
    let activity =
        Activity::of(args.taps_per_second, args.fans).map_err(|too_fast| RunError::Usage(too_fast.to_string()))?;
    let target = Target::parse(&args.url, args.event.clone()).map_err(|error| RunError::Usage(error.to_string()))?;
    let address = target.resolve()?;
    if args.fans > UNASKED_FANS_MAX && !address.ip().is_loopback() && !args.i_own_this_target {
        return Err(RunError::Usage(format!(
            "{} connections to {address}, which is not this machine: say --i-own-this-target if it is yours to load",
            args.fans
        )));
    }
    let procs = processes(args)?;
    let ending = Ending::on_ctrl_c()?;
    let event = target.event()?;
    let clock = Clock::start();
    let feed = Feed::listen(&target, address, &event, clock)?;
    let totals_before = first_totals(&feed, clock)?;
    let fates_before = metrics_page::fetch(&args.admin, target.event_id())?;
    let setting_out = if procs > 1 { PROCESS_START } else { 0 };
    let times = times(args, clock.now() + setting_out);
    let phases = phases(args, &times);
    let teams = event.teams.len();
    let crowd_teams = u16::try_from(teams).map_err(|_| RunError::Usage("a roster of over 65,535".to_owned()))?;
    let task = Arc::new(Task {
        clock,
        target: target.clone(),
        address,
        crowd: Crowd::new(args.seed, activity, crowd_teams, times.start, times.end),
        fans: args.fans,
        workers: procs * args.workers.min(args.fans.div_ceil(procs)),
        teams,
        times,
        phases: phases.clone(),
        quickest: Quickest::default(),
    });
    let title = format!("beat-load  {}  event {}  {} fans", args.url, args.event, args.fans);
    let codes = event.teams.iter().map(|team| team.code).collect();
    let progress = Progress::new(title, phases.clone(), codes, ending);
    let mut stage = Stage::open(task, procs, feed, totals_before, Vitals::start(clock)?, progress)?;
    let open_at_start = stage.connect()?;
    let mut ledger = stage.cheer()?;
    let lines = stage.settle(args, &event, &ledger, &fates_before)?;
    let Closed { tap_to_beat, display, fared } = stage.close();
    fared.note(&mut ledger);
    let args = args.clone();
    Ok(Outcome { args, event, phases, open_at_start, ledger, tap_to_beat, display, lines, fared }.into_record())
}

/// In how many processes the fans live; raises the limit on open files as far as this process and its children may.
fn processes(args: &RunArgs) -> Result<u32, RunError> {
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    let room = u32::try_from(limit.saturating_sub(OTHER_FILES)).unwrap_or(u32::MAX).max(1);
    let procs = match args.procs {
        Procs::Auto => args.fans.div_ceil(room),
        Procs::Exactly(procs) => procs.min(args.fans),
    };
    let fans = args.fans.div_ceil(procs);
    let needed = u64::from(fans) + OTHER_FILES;
    if limit < needed { Err(RunError::Files { fans, needed, limit }) } else { Ok(procs) }
}

/// The totals before the run.
fn first_totals(feed: &Feed, clock: Clock) -> Result<Vec<u64>, RunError> {
    while clock.now() < FIRST_BEAT_MAX {
        if let Some(beat) = feed.take().pop() {
            return Ok(beat.totals);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(RunError::NoBeat)
}

fn times(args: &RunArgs, connect_from: Nanos) -> Times {
    let fans = Nanos::from(args.fans);
    let connect_step = SECOND / Nanos::from(args.connect_rate);
    let start = connect_from + fans * connect_step + CALM;
    let end = start + nanos(args.duration);
    let leave_from = end + CALM;
    let leave_step = connect_step.min(LEAVING_MAX / fans);
    let give_up = leave_from + fans * leave_step + nanos(args.settle);
    Times { connect_from, connect_step, start, end, leave_from, leave_step, give_up }
}

/// What the parts of the run are called, and when they are.
fn phases(args: &RunArgs, times: &Times) -> Phases {
    let connect = times.start - times.connect_from;
    let settle = times.give_up - times.end;
    let parts = [
        ("connect", PhaseKind::Connect, connect),
        ("steady", PhaseKind::Measured, nanos(args.duration)),
        ("settle", PhaseKind::Settle, settle),
    ];
    Phases::in_a_row(times.connect_from, parts)
}
