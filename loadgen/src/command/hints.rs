//! What somebody means who knows another load generator: its words, and the flags that do the same here.
//!
//! clap proposes what is spelt alike (`--bots` for `--host`); this proposes what means the same. Only hints: each flag has
//! one name, and where ours means something else (taps, not requests; fans, not iterations) the hint says so.

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Their words, as typed behind `run` and `plan`, and what to say here.
const FLAGS: [(&[&str], &str); 23] = [
    (
        &["vus", "u", "users", "clients", "connections", "conns", "concurrency", "max-vus", "virtual-users", "vu", "n"],
        "a virtual user is a fan here: -c 500, or --fans 500; all connect before the first tap",
    ),
    (&["d", "time", "run-time", "runtime", "test-duration"], "how long they tap: -z 30s, or --duration 30s"),
    (
        &["rps", "rate", "r", "qps", "throughput", "arrival-rate", "target-rps", "taps"],
        "taps a second of all fans together: -q 5k, or --taps-per-second 5k",
    ),
    (
        &["iterations", "i", "requests", "count", "shared-iterations"],
        "a crowd taps for a time and not so many times: -q 500 -z 30s; `beat-load plan` tells how many taps that makes",
    ),
    (
        &["stages", "s", "ramp-vus", "ramp", "ramp-up", "rampup", "ramp-down", "step", "steps"],
        "a ramp is a stage: --stage 30s:0..5k --stage 1m:5k, in taps a second or times -q (2x); the fans are -c from the start",
    ),
    (
        &["executor", "scenarios", "constant-arrival-rate", "open-loop", "open"],
        "the loop is open unless --closed-loop is said (k6's constant-vus); ramping executors are --stage",
    ),
    (&["closed", "constant-vus"], "each fan waits for the answer: --closed-loop"),
    (&["spawn-rate", "hatch-rate", "ramp-connections"], "how fast the fans connect, a second: --connect-rate 1000"),
    (
        &["host", "H", "target", "base-url", "server", "addr", "address", "gateway", "gateways", "endpoint"],
        "where the fans connect: --url ws://127.0.0.1:8080, once for each gateway",
    ),
    (
        &["metrics", "metrics-url", "prometheus", "admin-url"],
        "where the server tells its metrics: --admin http://127.0.0.1:9600, once for each gateway",
    ),
    (
        &["out", "O", "summary-export", "report", "export", "json", "csv", "hdr", "save", "record"],
        "-o run.json, -o run.csv, -o run.hdr or --html run.html, as many as you like",
    ),
    (&["thresholds", "threshold-file", "slo", "assert", "check"], "-t 'tap_to_beat.p99 < 500ms', as often as you like"),
    (&["threads"], "threads that carry the fans: --workers 2"),
    (&["processes", "forks", "fork", "proc"], "processes that carry the fans: --procs 4, or --procs auto"),
    (
        &["config", "file", "f", "script", "options", "test"],
        "a file with any of these flags: --scenario mine.toml; `beat-load scenarios goal > mine.toml` makes one",
    ),
    (
        &["quiet", "no-progress", "no-ui"],
        "progress goes to standard error and the report to standard output: 2>/dev/null",
    ),
    (&["no-color", "no-colour", "color"], "reports are plain text; the screen is drawn on a terminal only"),
    (
        &["think-time", "sleep", "pause", "wait"],
        "people pause by themselves: --profile human, and -q makes the pauses longer or shorter",
    ),
    (&["graceful-stop", "timeout", "gracefulstop"], "how long what is owed may take at the end: --settle 10s"),
    (&["redis", "store", "verify", "redis-url"], "read the store's books, too: --redis-verify redis://127.0.0.1:6379"),
    (
        &["insecure-skip-tls-verify", "tls", "ssl", "k", "cacert", "cert", "cafile"],
        "TLS is in the address: --url wss://arena.example, with --ca FILE for an authority of your own, or --insecure",
    ),
    (
        &["ticket", "token", "bearer", "auth", "jwt", "header", "secret", "key"],
        "fans show tickets: --ticket-key 1:ticket.key makes them, --tickets tickets.txt has those of the site",
    ),
    (&["goal", "burst", "surge", "peak"], "a goal is a spike: --spike at=30s,peak=4x"),
];

/// The same behind other tools.
const OF_TOOLS: [(&str, &[&str], &str); 4] = [
    ("compare", &["threshold", "t", "tolerance", "fail", "fail-on"], "--fail-on-regression 5%"),
    ("report", &["format", "f", "out", "O", "output-file"], "-o run.csv, --html run.html, or --output-format csv"),
    ("model", &["record", "run", "with", "file", "f"], "--from run.json"),
    ("probe", &["host", "H", "target", "server", "address"], "--url ws://127.0.0.1:8080"),
];

/// Words that are no subcommand.
const COMMANDS: [(&[&str], &str); 5] = [
    (&["bench", "stress", "load", "test", "start", "attack", "fire"], "a crowd is let loose by `beat-load run`"),
    (
        &["html", "summary", "export", "convert", "json", "csv"],
        "another form of a record: `beat-load report run.json --html run.html`",
    ),
    (&["diff", "regression"], "two runs beside each other: `beat-load compare before.json after.json`"),
    (
        &["limit", "limits", "capacity", "ceiling", "check"],
        "what this machine holds: `beat-load doctor`; what this program can send at most: `beat-load sink`",
    ),
    (&["dry-run", "inspect", "show", "preview"], "what a run would send: `beat-load plan`"),
];

/// What somebody may mean who typed the flag or word `typed` behind `tool`.
pub(crate) fn meant(tool: &str, typed: &str) -> Option<&'static str> {
    let word = typed.trim_start_matches('-').split('=').next().unwrap_or_default();
    let of_tool = OF_TOOLS.iter().filter(|(of, ..)| *of == tool).map(|(_, words, hint)| (*words, *hint));
    let of_run = FLAGS.iter().copied().filter(|_| matches!(tool, "run" | "plan"));
    if let Some((_, hint)) = of_tool.chain(of_run).find(|(words, _)| typed.starts_with('-') && words.contains(&word)) {
        return Some(hint);
    }
    match typed {
        _ if tool == "model" && typed.ends_with(".json") => {
            Some("the record it reckons with has a flag: --from run.json")
        }
        _ if typed.starts_with('-') || !matches!(tool, "run" | "plan" | "probe") => None,
        _ if typed.contains("://") => Some("the address has a flag: --url ws://127.0.0.1:8080"),
        _ if typed.ends_with(".js") || typed.ends_with(".ts") => {
            Some("there is no script to write: a run is its flags, or the same in a file, --scenario mine.toml")
        }
        _ if tool != "probe" => Some("a file or a name of `beat-load scenarios` has a flag: --scenario goal"),
        _ => None,
    }
}

/// The same error, with a tip that says what to type instead of what is spelt alike.
pub(crate) fn helped(mut error: Error, tool: Option<&str>) -> Error {
    let context = |error: &Error, kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let hint = match error.kind() {
        ErrorKind::UnknownArgument => context(&error, ContextKind::InvalidArg).and_then(|typed| match tool {
            Some(tool) => meant(tool, &typed),
            None => Some("flags stand behind what they belong to: `beat-load run --help` tells those of a run"),
        }),
        ErrorKind::InvalidSubcommand => context(&error, ContextKind::InvalidSubcommand)
            .and_then(|typed| COMMANDS.iter().find(|(words, _)| words.contains(&typed.as_str())))
            .map(|(_, hint)| *hint),
        _ => None,
    };
    if let Some(hint) = hint {
        error.remove(ContextKind::SuggestedArg);
        error.remove(ContextKind::SuggestedSubcommand);
        error.remove(ContextKind::Usage);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    error
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::command::cli::Cli;

    /// What the user sees.
    fn told(words: &[&str]) -> String {
        let error = Cli::command().try_get_matches_from([&["beat-load"], words].concat()).unwrap_err();
        helped(error, words.first().copied().filter(|word| !word.starts_with('-'))).to_string()
    }

    #[test]
    fn words_of_other_load_generators_are_answered_with_ours() {
        for (words, flag) in [
            (&["run", "--vus", "10"][..], "-c 500"),
            (&["run", "-u", "10"], "--fans"),
            (&["run", "-d", "10s"], "--duration 30s"),
            (&["run", "--rps=100"], "--taps-per-second 5k"),
            (&["run", "--iterations", "100"], "-q 500 -z 30s"),
            (&["plan", "--stages", "30s:10"], "--stage 30s:0..5k"),
            (&["run", "--host", "localhost"], "--url ws://"),
            (&["run", "--out", "json=x.json"], "-o run.json"),
            (&["run", "ws://127.0.0.1:8080"], "--url ws://"),
            (&["run", "script.js"], "--scenario mine.toml"),
            (&["run", "goal"], "--scenario goal"),
            (&["compare", "--threshold", "5%", "a", "b"], "--fail-on-regression 5%"),
            (&["model", "-c", "100k", "run.json"], "--from run.json"),
            (&["stress"], "beat-load run"),
            (&["--url", "x"], "beat-load run --help"),
        ] {
            let told = told(words);
            assert!(told.contains("tip: ") && told.contains(flag), "{words:?}: {told}");
            assert!(!told.contains("similar"), "{words:?}: {told}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_answered_with_what_is_spelt_alike() {
        assert!(told(&["run", "--slow-reader", "3"]).contains("'--slow-readers'"));
        assert!(told(&["run", "--sede", "3"]).contains("'--seed'"));
    }

    #[test]
    fn every_flag_in_a_hint_exists_and_no_hint_hides_a_flag() {
        let command = Cli::command();
        let of = |tool: &str| command.find_subcommand(tool).unwrap().get_arguments().cloned().collect::<Vec<_>>();
        let run = FLAGS.iter().map(|(words, hint)| ("run", *words, *hint));
        for (tool, words, hint) in run.chain(OF_TOOLS) {
            let flags = of(tool);
            let known = |word: &str| {
                let short = |flag: &clap::Arg| flag.get_short().is_some_and(|short| short.to_string() == word);
                flags.iter().any(|flag| flag.get_long() == Some(word) || short(flag))
            };
            for word in words {
                assert!(!known(word), "{tool}: {word} is a flag of ours");
            }
            let named = hint.split(|letter: char| letter.is_whitespace() || "(),;:'".contains(letter));
            for flag in named.filter_map(|word| word.strip_prefix('-')) {
                assert!(known(flag.trim_start_matches('-')), "{tool} has no -{flag}, said for {words:?}");
            }
        }
        for (words, hint) in COMMANDS {
            assert!(words.iter().all(|word| command.find_subcommand(word).is_none()), "{words:?}");
            let tool = hint.split("`beat-load ").nth(1).and_then(|rest| rest.split([' ', '`']).next()).unwrap();
            assert!(command.find_subcommand(tool).is_some(), "{hint}");
        }
    }
}
