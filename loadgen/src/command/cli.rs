//! The command line, and what it comes to.

use std::time::Duration;

use beat_protocol::EventId;
use clap::{Args, Parser, Subcommand};

use crate::books::stored::StoreUrl;
use crate::cohorts::CohortArgs;
use crate::crowd::sources::Sources;
use crate::judge::threshold::Threshold;
use crate::plan::countries::Countries;
use crate::plan::schedule::Profile;
use crate::plan::shape::{Spike, Stage, Storm, how_many, per_second};
use crate::tell::output::OutputArgs;
use crate::tickets::TicketArgs;
use crate::tools::afterwards::{CompareArgs, MergeArgs, ModelArgs, ReportArgs};
use crate::tools::doctor::DoctorArgs;
use crate::tools::probe::ProbeArgs;
use crate::tools::sink::SinkArgs;
use crate::tools::verify::VerifyArgs;
use crate::trust::TrustArgs;

const RUN_EXAMPLES: &str = "\
Examples:
  A ramp to 5,000 taps a second, held for a minute, and a page with plots of it:
    beat-load run -c 5000 --stage 30s:0..5k --stage 1m:5k --html run.html
  A goal in the middle, judged by a limit of its own, and the record for `compare`:
    beat-load run -c 2000 -z 1m --spike at=30s,peak=3x,name=goal -t 'goal: tap_to_beat.p99 < 500ms' -o run.json
  Two gateways, each with its metrics, and people who read nothing beside the crowd:
    beat-load run --url ws://127.0.0.1:8080 --admin http://127.0.0.1:9600 \\
      --url ws://127.0.0.1:8081 --admin http://127.0.0.1:9601 -c 1000 --slow-readers 20";

const PLAN_EXAMPLES: &str = "\
Examples:
  What would a goal with ten thousand people be?
    beat-load plan --scenario goal -c 10000 --teams 206
  The stamp of a schedule, to compare it with another machine's:
    beat-load plan -c 2000 -z 30s --seed 42 --teams 206 | grep schedule
  With the roster of a server that is there:
    beat-load plan --url ws://127.0.0.1:8080 --event demo --stage 30s:0..20k --stage 1m:20k -c 5000";

const SCENARIOS_EXAMPLES: &str = "\
Examples:
  Which are there:
    beat-load scenarios
  Run one with a crowd of your own size:
    beat-load run --scenario penalty-shoot-out -c 5000
  Take one as the beginning of your own:
    beat-load scenarios goal > mine.toml && beat-load run --scenario mine.toml";

/// The parts of the help of `run`, in the order of its flags.
const AT_WHAT: &str = "At what";
const THE_CROWD: &str = "The crowd";
const HOW_MUCH: &str = "How much, and when";
const HELD_TO: &str = "What it must keep";
const CARRIED_BY: &str = "What carries it";

/// More are an accident.
const PROCS_MAX: u32 = 256;

const EXAMPLES: &str = "\
Examples:
  Two thousand people for half a minute, with the same taps each time:
    beat-load run --url ws://127.0.0.1:8080 --event demo -c 2000 -z 30s --seed 42
  Ten thousand who only watch, to see what a connection costs:
    beat-load run --url ws://127.0.0.1:8080 --event demo -c 10000 -q 0 -z 1m
  As many taps as a full house makes, the server's metrics elsewhere:
    beat-load run --url ws://127.0.0.1:8080 --event demo -c 5000 -q 20000 -z 1m --admin http://127.0.0.1:9601";

const EXIT_CODES: &str = "\
Exit codes: 0 every tap arrived once, 2 usage, 3 set-up, 97 INVALID (the generator was the bottleneck or stood still), 98 the
books do not agree (the teams are named), 99 a threshold is broken, a cohort did not come to what was declared or an honest
fan was hurt, 130 interrupted (with the report so far).";

/// A crowd of fans for Make the Beat that knows whether every tap arrived.
#[derive(Debug, Parser)]
#[command(name = "beat-load", version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lets a crowd cheer, then reconciles what it sent with what was counted and published.
    Run(RunArgs),
    /// A bare server, to find this program's own ceiling; or one that counts wrong, to see that it is found out.
    Sink(SinkArgs),
    /// What this machine can hold, and the command that mends what is in the way.
    Doctor(DoctorArgs),
    /// One tap's way, step by step and timed; for monitoring.
    Probe(ProbeArgs),
    /// The books of an event right now: counted, published, stored.
    Verify(VerifyArgs),
    /// Another report of a run that is over, from its record.
    Report(ReportArgs),
    /// Several machines' records, or their HdrHistogram logs, as one.
    Merge(MergeArgs),
    /// Two runs beside each other: what became slower, less, or wrong.
    Compare(CompareArgs),
    /// What a larger crowd would cost, reckoned from the costs of one frame, one beat and one fan.
    Model(ModelArgs),
    /// Tells what `run` would send with the same words, and sends nothing.
    Plan(PlanArgs),
    /// Lists the scenarios that come along, or prints one, to be used or changed.
    Scenarios(ScenariosArgs),
    /// Carries a share of the fans for the run that started this process.
    #[command(name = crate::crowd::procs::CHILD, hide = true)]
    CarryFans,
}

/// What `plan` is told.
#[derive(Clone, Debug, Parser)]
#[command(after_help = PLAN_EXAMPLES, args_override_self = true)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// How many teams the roster has; without it the server is asked, and only that.
    #[arg(long, value_name = "N")]
    pub(crate) teams: Option<u16>,
}

/// What `scenarios` is told.
#[derive(Clone, Debug, Args)]
#[command(after_help = SCENARIOS_EXAMPLES)]
pub(crate) struct ScenariosArgs {
    /// The one to print.
    pub(crate) name: Option<String>,
}

/// How many processes carry the fans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Procs {
    /// As few as their open files allow.
    Auto,
    Exactly(u32),
}

/// What `run` is told.
#[derive(Clone, Debug, Parser)]
#[command(after_help = format!("{RUN_EXAMPLES}\n\n{EXIT_CODES}"), args_override_self = true)]
pub(crate) struct RunArgs {
    /// Where fans connect: ws://host[:port], or wss:// for TLS. Several gateways share the fans; the first one's display feed is watched.
    #[arg(help_heading = AT_WHAT, long, default_value = "ws://127.0.0.1:8080", value_name = "URL")]
    pub(crate) url: Vec<String>,

    /// The event they cheer at.
    #[arg(help_heading = AT_WHAT, long, default_value = "demo", value_name = "ID")]
    pub(crate) event: EventId,

    /// Where the server tells its metrics; once for each gateway, if there are several.
    #[arg(help_heading = AT_WHAT, long, default_value = "http://127.0.0.1:9600", value_name = "URL")]
    pub(crate) admin: Vec<String>,

    /// More than 100 connections to a machine that is not this one: yes, it is mine to load.
    #[arg(help_heading = AT_WHAT, long)]
    pub(crate) i_own_this_target: bool,

    /// How many fans, one connection each: 800 or 20k.
    #[arg(help_heading = THE_CROWD, short = 'c', long, default_value_t = 100, value_name = "N", value_parser = how_many)]
    pub(crate) fans: u32,

    /// How a thumb moves: human 6 ± 0.8 taps per second in a burst, frenzy 8 to 12, bot 12 without a pause.
    #[arg(help_heading = THE_CROWD, long, default_value = "human", value_name = "WHO")]
    pub(crate) profile: Profile,

    /// Whom they cheer for: zipf:EXPONENT, even, or JPN=3,BRA=1.
    #[arg(help_heading = THE_CROWD, long, default_value = "zipf:1.1", value_name = "HOW")]
    pub(crate) countries: Countries,

    /// Same seed, same taps.
    #[arg(help_heading = THE_CROWD, long, default_value_t = 42, value_name = "N")]
    pub(crate) seed: u64,

    /// New connections per second before the tapping begins.
    #[arg(help_heading = THE_CROWD, long, default_value_t = 1_000, value_name = "N", value_parser = how_many)]
    pub(crate) connect_rate: u32,

    /// Addresses of this machine to connect from, in turn: each has some 28,000 ports for one gateway, half of them
    /// quickly. 127.0.0.2-9, for example. Without it, and with many fans on loopback, as many as it takes.
    #[arg(help_heading = THE_CROWD, long, value_name = "IP[-N]")]
    pub(crate) source_ip: Option<Sources>,

    /// Taps per second of all fans together, such as 800 or 50k: longer or shorter pauses between bursts. Without it
    /// people tap as they please, about twice a second each; 0: nobody taps.
    #[arg(help_heading = HOW_MUCH, short = 'q', long, value_name = "RATE", value_parser = per_second)]
    pub(crate) taps_per_second: Option<f64>,

    /// How long they tap, once all are connected and warm.
    #[arg(help_heading = HOW_MUCH, short = 'z', long, default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) duration: Duration,

    /// They tap for so long before anything is measured.
    #[arg(help_heading = HOW_MUCH, long, default_value = "0s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) warmup: Duration,

    /// Instead of one duration: so long at such a rate, one stage after the other. `30s:50k` holds, `30s:0..50k` goes
    /// steadily, `2x` is twice the rate of -q, `kick-off=30s:2x` has a name.
    #[arg(help_heading = HOW_MUCH, long, value_name = "TIME:RATE", conflicts_with = "duration")]
    pub(crate) stage: Vec<Stage>,

    /// A goal, at a time since measuring began: at=30s,peak=8x[,rise=500ms,hold=10s,decay=15s,name=goal].
    #[arg(help_heading = HOW_MUCH, long, value_name = "WHAT")]
    pub(crate) spike: Vec<Spike>,

    /// Fans lose their connections in one instant and come back: at=60s[,fraction=100%,lasts=10s,name=storm].
    #[arg(help_heading = HOW_MUCH, long, value_name = "WHAT")]
    pub(crate) storm: Vec<Storm>,

    /// Each fan waits for a beat after every CHEER before it taps on: a slow server slows the crowd, and the latencies
    /// leave out what it prevented. The report says so.
    #[arg(help_heading = HOW_MUCH, long)]
    pub(crate) closed_loop: bool,

    /// All of this from a TOML file, or one of those that `scenarios` lists. What stands on the command line counts.
    #[arg(help_heading = HOW_MUCH, long, value_name = "FILE|NAME")]
    pub(crate) scenario: Option<String>,

    /// What the run must keep, as often as you like: 'goal: tap_to_beat.p99 < 500ms'; without a phase, all measured
    /// ones together. A broken one exits 99.
    #[arg(help_heading = HELD_TO, short = 't', long = "threshold", value_name = "[PHASE:] METRIC.STATISTIC < LIMIT")]
    pub(crate) thresholds: Vec<Threshold>,

    /// Read what the store has, too, and compare: redis://host[:port], redis+cluster://h1:p,h2:p, or
    /// redis+sentinel://h1:p,h2:p/service.
    #[arg(help_heading = HELD_TO, long, value_name = "URL")]
    pub(crate) redis_verify: Option<StoreUrl>,

    /// How long what is owed may take to be sent after the last tap, and the totals to agree after that.
    #[arg(help_heading = HELD_TO, long, default_value = "10s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) settle: Duration,

    /// Processes that carry the fans: auto takes as few as the limit on open files allows.
    #[arg(help_heading = CARRIED_BY, long, default_value = "auto", value_name = "N|auto", value_parser = procs)]
    pub(crate) procs: Procs,

    /// Threads that carry the fans, in each process. Without it one for 10,000 fans, no more than there are cores.
    #[arg(help_heading = CARRIED_BY, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) workers: Option<u32>,

    #[command(flatten)]
    pub(crate) tickets: TicketArgs,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    #[command(flatten)]
    pub(crate) cohorts: CohortArgs,

    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

fn procs(text: &str) -> Result<Procs, String> {
    match text.parse() {
        Ok(number @ 1..=PROCS_MAX) => Ok(Procs::Exactly(number)),
        _ if text == "auto" => Ok(Procs::Auto),
        _ => Err(format!("auto, or 1 to {PROCS_MAX}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn every_tool_shows_three_examples() {
        for tool in <Cli as clap::CommandFactory>::command().get_subcommands().filter(|tool| !tool.is_hide_set()) {
            let help = tool.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{}: none", tool.get_name()));
            let told = examples.lines().filter(|line| line.starts_with("  ") && !line.starts_with("    "));
            assert_eq!(told.count(), 3, "{}", tool.get_name());
        }
    }

    #[test]
    fn a_run_without_a_word_is_a_small_one_against_this_machine() {
        let Command::Run(args) = Cli::parse_from(["beat-load", "run"]).command else { panic!("a run") };
        assert_eq!((args.fans, args.taps_per_second, args.duration), (100, None, Duration::from_secs(30)));
        assert_eq!(args.admin, ["http://127.0.0.1:9600"]);
    }
}
