//! One run from the first look at the event to the books that must agree.

mod stage;
mod outcome;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use beat_protocol::{EventDetail, TeamCode};

use crate::books::ledger::Ledger;
use crate::books::reconcile::TeamLine;
use crate::books::stored::StoredError;
use crate::clock::{Clock, Nanos, SECOND};
use crate::cohorts::{self, Cohorts, Setting};
use crate::command::asked;
use crate::command::cli::{Procs, RunArgs};
use crate::crowd::sources::Sources;
use crate::crowd::worker::Task;
use crate::ending::Ending;
use crate::judge::fault;
use crate::measure::feed::Feed;
use crate::measure::vitals::Vitals;
use crate::measure::watch::Quickest;
use crate::record::{Fault, Record};
use crate::run::outcome::Outcome;
use crate::run::stage::{Closed, OtherBooks, Stage};
use crate::target::{Gateway, TargetError};
use crate::tell::progress::Progress;
use crate::tickets::{Tickets, TicketsError};
use crate::trust::{Trust, TrustError};

/// How long the first beat may take.
const FIRST_BEAT_MAX: Nanos = 5 * SECOND;
/// Until processes of their own have started.
const PROCESS_START: Nanos = SECOND / 4;
/// A thread that taps twice a second for each of these has half its core left.
const FANS_A_WORKER: u32 = 10_000;
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
    #[error("{0}")]
    Stored(#[from] StoredError),
    #[error(
        "{fans} fans a process need {needed} open files and it may have {limit}; say --procs auto, or: ulimit -n {needed}"
    )]
    Files { fans: u32, needed: u64, limit: u64 },
    #[error("no beat on the display feed within 5 s")]
    NoBeat,
    #[error("the display feed was closed with {0}, {name}{advice}", name = fault::meaning(*.0), advice = fault::advice(*.0))]
    NoFeed(u16),
    #[error("{0}")]
    Tickets(#[from] TicketsError),
    #[error("{0}")]
    Trust(#[from] TrustError),
    #[error("{0} has other teams for this event than the first --url: they do not belong together")]
    Rosters(SocketAddr),
    #[error("no fan was let in: {0}")]
    NobodyIn(String),
    #[error("{0}")]
    System(#[from] std::io::Error),
}

/// Sets up, lets the crowd cheer, reconciles.
pub(crate) fn run(args: &RunArgs) -> Result<Record, RunError> {
    let (pace, parts) = asked::pace(args)?;
    let measured = Duration::from_nanos(pace.length()).saturating_sub(args.warmup);
    args.output.files().map_err(|error| RunError::Usage(error.to_string()))?;
    let as_if_now = asked::phases(&asked::times(args, 0, pace.length()), &parts);
    for threshold in &args.thresholds {
        threshold.check(&as_if_now).map_err(|error| RunError::Usage(error.to_string()))?;
    }
    let gateways = asked::gateways(args, &Trust::of(&args.trust)?)?;
    let Gateway { target, address } = gateways.first().cloned().expect("clap has at least the default");
    let procs = processes(args)?;
    let ending = Ending::on_ctrl_c()?;
    let event = event_of_all(&gateways)?;
    if args.admin.len() < gateways.len() {
        eprintln!(
            "beat-load: {} gateways and {} --admin: taps at a gateway whose metrics nobody reads will look lost",
            gateways.len(),
            args.admin.len()
        );
    }
    let roster: Vec<TeamCode> = event.teams.iter().map(|team| team.code).collect();
    let holders = (args.fans, args.cohorts.ticket_holders());
    let tickets = Tickets::of(&args.tickets, target.event_id(), &roster, holders)?;
    let clock = Clock::start();
    let feed = Feed::listen(&target, address, &event, &tickets, clock)?;
    let totals_before = first_totals(&feed, clock)?;
    let before = OtherBooks::look(args, &target)?;
    let of_its_own = || Sources::on_loopback(address.ip(), gateways.len(), args.fans);
    let sources = args.source_ip.clone().unwrap_or_else(of_its_own);
    let workers = workers(args, args.fans.div_ceil(procs));
    let setting_out = if procs > 1 { PROCESS_START } else { 0 };
    let times = asked::times(args, clock.now() + setting_out, pace.length());
    let phases = asked::phases(&times, &parts);
    let crowd = asked::crowd(args, pace, &roster, times.start)?;
    let task = Arc::new(Task {
        clock,
        gateways,
        sources,
        tickets: tickets.clone(),
        crowd,
        closed_loop: args.closed_loop,
        fans: args.fans,
        workers: procs * workers,
        teams: roster.len(),
        times,
        phases: phases.clone(),
        quickest: Quickest::default(),
    });
    let url = args.url.join(" ");
    let title = format!("beat-load  {url}  event {}  {} fans", args.event, args.fans);
    let progress = Progress::new(title, phases.clone(), roster, ending.clone());
    let bots_team = task.crowd.least_cheered();
    let setting = Setting {
        clock,
        target: target.clone(),
        address,
        tickets,
        fans: args.fans,
        start: times.start,
        end: times.end,
        bots_team,
        ending: ending.clone(),
    };
    let mut stage = Stage::open(task, procs, feed, totals_before, Vitals::start(clock)?, progress, ending)?;
    let cohorts = Cohorts::start(args.cohorts, setting)?;
    if args.cohorts.bots > 0 {
        stage.pass_over(bots_team);
    }
    let open_at_start = stage.connect()?;
    let mut ledger = stage.cheer()?;
    let mut cohorts = cohorts.finish()?;
    let crowd = ledger.teams[usize::from(bots_team)].sent;
    cohorts.iter().for_each(|cohort| ledger.teams[usize::from(bots_team)].add(cohort.books()));
    let lines = stage.settle(args, &event, &ledger, &before)?;
    let counted = lines[usize::from(bots_team)].fates.counted;
    cohorts.iter_mut().for_each(|cohort| cohort.judge_bots(counted, crowd, measured + args.warmup));
    let hurt = if cohorts.is_empty() { Vec::new() } else { hurt(&ledger, &lines, bots_team) };
    let interrupted_at = stage.cut_at();
    let Closed { tap_to_beat, display, fared } = stage.close();
    fared.note(&mut ledger);
    let outcome = Outcome {
        args: args.clone(),
        event,
        phases,
        interrupted_at,
        open_at_start,
        processes: procs,
        workers,
        ledger,
        tap_to_beat,
        display,
        lines,
        cohorts,
        hurt,
        fared,
    };
    Ok(outcome.into_record())
}

/// What befell the honest fans: how their sockets ended, and what was shadowed of teams no bot taps for.
fn hurt(ledger: &Ledger, lines: &[TeamLine], bots_team: u16) -> Vec<String> {
    let others = lines.iter().enumerate().filter(|(team, _)| *team != usize::from(bots_team));
    let shadowed = others.map(|(_, line)| line.fates.shadowed).sum();
    // What we lacked ourselves is no server's doing; the verdict on the instrument tells of it.
    let of_server = ledger.faults.iter().filter(|(fault, _)| **fault != Fault::Generator);
    let failed = of_server.flat_map(|(_, causes)| causes.values()).sum();
    cohorts::hurt(&ledger.closes, failed, shadowed)
}

/// In how many processes the fans live; raises the limit on open files as far as this process and its children may.
fn processes(args: &RunArgs) -> Result<u32, RunError> {
    let limit = rlimit::increase_nofile_limit(u64::MAX)?;
    let room = u32::try_from(limit.saturating_sub(OTHER_FILES + u64::from(args.cohorts.connections())))
        .unwrap_or(u32::MAX)
        .max(1);
    let procs = match args.procs {
        Procs::Auto => args.fans.div_ceil(room),
        Procs::Exactly(procs) => procs.min(args.fans),
    };
    let fans = args.fans.div_ceil(procs);
    let needed = u64::from(fans) + u64::from(args.cohorts.connections()) + OTHER_FILES;
    if limit < needed { Err(RunError::Files { fans, needed, limit }) } else { Ok(procs) }
}

/// How many threads carry the `fans` of one process.
fn workers(args: &RunArgs, fans: u32) -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
    args.workers.unwrap_or_else(|| fans.div_ceil(FANS_A_WORKER).clamp(1, cores)).min(fans)
}

/// The event, which every gateway must have: half a crowd that is let in nowhere is no load test.
fn event_of_all(gateways: &[Gateway]) -> Result<EventDetail, RunError> {
    let mut events = gateways.iter().map(|gateway| gateway.target.event());
    let event = events.next().expect("clap has at least the default")?;
    let codes = |event: &EventDetail| event.teams.iter().map(|team| team.code).collect::<Vec<_>>();
    for (other, gateway) in events.zip(&gateways[1..]) {
        if codes(&other?) != codes(&event) {
            return Err(RunError::Rosters(gateway.address));
        }
    }
    Ok(event)
}

/// The totals before the run.
fn first_totals(feed: &Feed, clock: Clock) -> Result<Vec<u64>, RunError> {
    while clock.now() < FIRST_BEAT_MAX {
        if let Some(beat) = feed.take().pop() {
            return Ok(beat.totals);
        }
        if let Some(code) = feed.refused() {
            return Err(RunError::NoFeed(code));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(RunError::NoBeat)
}
