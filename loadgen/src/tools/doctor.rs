//! `doctor`: what this machine can hold, what stands in the way, and the command that mends it.

mod machine;

use std::fmt::Write;
use std::time::Duration;

use clap::Parser;
use serde::Serialize;

use self::machine::Machine;
use crate::plan::shape;
use crate::run::OTHER_FILES;

const EXAMPLES: &str = "\
Examples:
  What can this machine hold, and what is in the way of more?
    beat-load doctor
  Can it hold sixty thousand fans from nine addresses? Exit code 3 if not:
    beat-load doctor -c 60k --source-ips 9
  For a script:
    beat-load doctor --json

Exit codes: 0 nothing is in the way, 2 usage, 3 the fans that were asked for do not fit.";

/// Memory one fan takes: 6 KB here at most, and about 5 KB of the kernel for an idle TCP socket (a socket, an inode, an
/// entry in epoll); on loopback the server's socket is on the same machine.
const FAN_BYTES: u64 = 16 << 10;
/// A timer that is late by more, once in a while, shows in latencies.
const HICCUP_MAX: Duration = Duration::from_millis(20);
/// Beyond so many waiting tasks per core somebody else is using the machine.
const LOAD_MAX: f64 = 0.5;

/// What `doctor` is told.
#[derive(Clone, Debug, Parser)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// How many fans are to fit.
    #[arg(short = 'c', long, value_name = "N", value_parser = how_many)]
    fans: Option<u64>,

    /// Addresses they come from (`run --source-ip`): each has as many ports again.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=254))]
    source_ips: u64,

    /// Processes they are spread over (`run --procs`): each has as many files again.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    procs: u64,

    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
}

fn how_many(text: &str) -> Result<u64, String> {
    shape::however_many(text).map(u64::from)
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Finding {
    name: &'static str,
    /// What it is like.
    is: String,
    /// How many fans it allows, where it is about that.
    #[serde(skip_serializing_if = "Option::is_none")]
    holds: Option<u64>,
    /// What is the matter with it, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// The command that gives more, or takes the trouble away.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

/// Looks, tells, and answers whether the fans that were asked for fit.
#[expect(clippy::print_stdout, reason = "the findings are what is asked for")]
pub(crate) fn run(args: &DoctorArgs) -> bool {
    let findings = examine(&Machine::look(), args);
    let holds = capacity(&findings);
    let fits = args.fans.is_none_or(|fans| fans <= holds);
    if args.json {
        println!("{}", serde_json::json!({ "holds": holds, "fits": fits, "findings": findings }));
    } else {
        print!("{}", text(&findings, args.fans));
    }
    fits
}

/// The narrowest of what is about a number of fans.
fn capacity(findings: &[Finding]) -> u64 {
    findings.iter().filter_map(|finding| finding.holds).min().unwrap_or(0)
}

fn examine(machine: &Machine, args: &DoctorArgs) -> Vec<Finding> {
    let wanted = args.fans.unwrap_or(0);
    [
        files(machine, args),
        ports(machine, args),
        memory(machine, wanted),
        machine.tracked_max.map(|max| tracked(max, wanted)).unwrap_or(None),
        Some(cores(machine)),
        Some(clock(machine)),
        Some(hiccups(machine)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn files(machine: &Machine, args: &DoctorArgs) -> Option<Finding> {
    let (soft, hard) = machine.files?;
    // The soft limit is raised to the hard one at the start of a run.
    let holds = hard.saturating_sub(OTHER_FILES).saturating_mul(args.procs);
    let wanted = args.fans.unwrap_or(0).div_ceil(args.procs) + OTHER_FILES;
    let mend = if wanted > hard {
        let ceiling = machine.files_max.filter(|&ceiling| wanted > ceiling);
        let first = ceiling.map(|_| format!("sudo sysctl -w fs.nr_open={wanted}; ")).unwrap_or_default();
        Some(format!("{first}sudo prlimit --pid $$ --nofile={wanted}, or spread them: run --procs auto"))
    } else if args.fans.is_none() {
        Some(format!(
            "more: sudo prlimit --pid $$ --nofile={}, or run --procs auto",
            machine.files_max.unwrap_or(1 << 20)
        ))
    } else {
        None
    };
    let is = format!("{soft} open files now, up to {hard} a process, {OTHER_FILES} for others");
    Some(Finding { name: "files", is, holds: Some(holds), trouble: None, mend })
}

fn ports(machine: &Machine, args: &DoctorArgs) -> Option<Finding> {
    let (first, last) = machine.ports?;
    let ports = u64::from(last.saturating_sub(first)) + 1;
    let holds = ports.saturating_mul(args.source_ips);
    let fans = args.fans.unwrap_or(0);
    let mend = (fans > holds || args.fans.is_none()).then(|| {
        let (lead, addresses) = if args.fans.is_none() { ("more: ", 9) } else { ("", fans.div_ceil(64_511).max(2)) };
        format!(
            "{lead}sudo sysctl -w net.ipv4.ip_local_port_range=\"1025 65535\", or several addresses: \
             run --source-ip 127.0.0.2-{}",
            addresses + 1
        )
    });
    let times =
        if args.source_ips > 1 { format!(" from each of {} addresses", args.source_ips) } else { String::new() };
    let is = format!("{ports} local ports ({first} to {last}) to one address of a server{times}");
    Some(Finding { name: "ports", is, holds: Some(holds), trouble: None, mend })
}

fn memory(machine: &Machine, wanted: u64) -> Option<Finding> {
    let free = machine.memory_free?;
    let holds = free / FAN_BYTES;
    let mend =
        (wanted > holds).then(|| "fewer fans here, the others from a second machine; then: beat-load merge".to_owned());
    let is = format!("{} MB free, {} KB for a fan with both ends on this machine", free >> 20, FAN_BYTES >> 10);
    Some(Finding { name: "memory", is, holds: Some(holds), trouble: None, mend })
}

fn tracked(max: u64, wanted: u64) -> Option<Finding> {
    let holds = max / 2;
    let mend = (wanted > holds).then(|| format!("sudo sysctl -w net.netfilter.nf_conntrack_max={}", wanted * 4));
    let is = format!("the firewall follows {max} connections, both directions are followed");
    Some(Finding { name: "firewall", is, holds: Some(holds), trouble: None, mend })
}

fn cores(machine: &Machine) -> Finding {
    let Machine { cores, quota, load, .. } = *machine;
    #[expect(clippy::cast_precision_loss, reason = "cores are few")]
    let all = cores as f64;
    let usable = quota.map_or(all, |quota| quota.min(all));
    let trouble = if usable < 2.0 {
        Some("less than two: a server on this machine and its load will wait for each other".to_owned())
    } else {
        load.filter(|&load| load > usable * LOAD_MAX).map(|load| format!("others use the machine: load {load:.1}"))
    };
    let limited =
        quota.filter(|&quota| quota < all).map(|quota| format!(", {quota:.1} of them allowed")).unwrap_or_default();
    let mend = trouble.as_ref().map(|_| "see who: top -o %CPU; or load from a machine of its own".to_owned());
    Finding { name: "cores", is: format!("{cores}{limited}"), holds: None, trouble, mend }
}

fn clock(machine: &Machine) -> Finding {
    let source = machine.clock_source.as_deref().unwrap_or("unknown");
    let is = format!("{source}, {} ns a look", machine.look_cost.as_nanos());
    // Sources other than the processor's own are read through the kernel or a device.
    let is_slow = machine.look_cost > Duration::from_nanos(500);
    let trouble = is_slow.then(|| "a look at the clock costs as much as a tap".to_owned());
    let mend = is_slow
        .then(|| "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource".to_owned());
    Finding { name: "clock", is, holds: None, trouble, mend }
}

fn hiccups(machine: &Machine) -> Finding {
    let (usual, worst) = machine.late;
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let is = format!("a timer of 1 ms is {:.2} ms late as a rule, {:.1} ms at worst", ms(usual), ms(worst));
    let trouble = (worst > HICCUP_MAX).then(|| "latencies will show this machine's own pauses".to_owned());
    let mend = trouble.as_ref().map(|_| "close what else runs here, or take a machine that is not shared".to_owned());
    Finding { name: "timers", is, holds: None, trouble, mend }
}

fn text(findings: &[Finding], wanted: Option<u64>) -> String {
    let mut text = String::new();
    for Finding { name, is, holds, trouble, mend } in findings {
        let short = holds.is_some_and(|holds| wanted.is_some_and(|fans| fans > holds));
        let mark = if short {
            "NO"
        } else if trouble.is_some() {
            "!"
        } else {
            "ok"
        };
        let holds = holds.map(|holds| format!("holds {holds}: ")).unwrap_or_default();
        writeln!(text, "{mark:>4}  {name:<8}  {holds}{is}").expect("a string takes all");
        for line in [trouble, mend].into_iter().flatten() {
            writeln!(text, "{:>16}{line}", "").expect("a string takes all");
        }
    }
    let holds = capacity(findings);
    let verdict = match wanted {
        Some(fans) if fans > holds => format!("{fans} fans do NOT fit: {holds} do"),
        Some(fans) => format!("{fans} fans fit; {holds} would"),
        None => format!("This machine holds {holds} fans as it is"),
    };
    writeln!(text, "\n{verdict}").expect("a string takes all");
    text
}

#[cfg(test)]
#[path = "doctor_tests.rs"]
mod tests;
