//! A run written down as TOML: every flag of `run` by its long name, whatever flags there are.
//!
//! A key becomes the words one would have typed, so that a file means exactly what the command line means; what stands
//! on the command line itself counts. Keys that are no flags are refused with their line.

use std::ffi::OsString;
use std::io::Write;
use std::ops::Range;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::command::cli::{Cli, RunArgs};
use crate::command::hints;
use crate::plan::shape::{Spike, Stage, Storm};
use crate::run::RunError;

/// Those that come along: name, and the file whole. Its first line says what it is.
pub(crate) const SHIPPED: [(&str, &str); 6] = [
    ("kick-off", include_str!("../../scenarios/kick-off.toml")),
    ("goal", include_str!("../../scenarios/goal.toml")),
    ("half-time", include_str!("../../scenarios/half-time.toml")),
    ("penalty-shoot-out", include_str!("../../scenarios/penalty-shoot-out.toml")),
    ("final-whistle", include_str!("../../scenarios/final-whistle.toml")),
    ("soak", include_str!("../../scenarios/soak.toml")),
];

/// Not from a file: whoever runs it must say these.
const ONLY_BY_HAND: [&str; 4] = ["scenario", "i-own-this-target", "help", "version"];

/// Why a scenario is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScenarioError {
    #[error("{name}: {source}; there are also {}", names())]
    NoFile { name: String, source: std::io::Error },
    #[error("{name}: {source}")]
    NotToml { name: String, source: toml::de::Error },
    #[error("{name}, line {line}: {said}")]
    Key { name: String, line: usize, said: String },
}

/// One of those that come along.
pub(crate) fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(other, _)| *other == name).map(|(_, text)| *text)
}

/// Lists those that come along, or prints the one called `name`.
pub(crate) fn write(out: &mut impl Write, name: Option<&str>) -> Result<(), RunError> {
    if let Some(name) = name {
        let text =
            shipped(name).ok_or_else(|| RunError::Usage(format!("no scenario {name:?}: there are {}", names())))?;
        return Ok(out.write_all(text.as_bytes())?);
    }
    for (name, text) in SHIPPED {
        let about = text.lines().next().unwrap_or_default().trim_start_matches("# ");
        writeln!(out, "{name:<18}  {about}")?;
    }
    Ok(())
}

/// Their names, for people.
pub(crate) fn names() -> String {
    SHIPPED.map(|(name, _)| name).join(", ")
}

/// What was typed, and behind it all what the scenario says that was not typed. Ends the program on a usage error.
pub(crate) fn command_line(words: Vec<OsString>) -> Result<Cli, ScenarioError> {
    let matches = parse(&words);
    let chosen = matches.subcommand().and_then(|(command, typed)| {
        // Only `run` and what takes the same words has a scenario.
        let name = typed.try_get_one::<String>("scenario").ok().flatten()?;
        Some((command, typed, name))
    });
    let Some((command, typed, name)) = chosen else {
        return Ok(Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()));
    };
    let file = match shipped(name) {
        Some(text) => text.to_owned(),
        None => std::fs::read_to_string(name).map_err(|source| ScenarioError::NoFile { name: name.clone(), source })?,
    };
    let written = words_of(name, &file)?;
    let untyped = written.into_iter().filter(|(key, _)| !is_typed(typed, key)).flat_map(|(_, words)| words);
    let place = words.iter().position(|word| word.as_os_str() == command).map_or(words.len(), |at| at + 1);
    let mut all = words;
    all.splice(place..place, untyped.map(OsString::from));
    Ok(Cli::from_arg_matches(&parse(&all)).unwrap_or_else(|error| error.exit()))
}

/// What was typed, or the end of the program with what is wrong about it.
fn parse(words: &[OsString]) -> ArgMatches {
    let tool = words.iter().skip(1).filter_map(|word| word.to_str()).find(|word| !word.starts_with('-'));
    let known = |tool: &&str| Cli::command().find_subcommand(tool).is_some();
    let helped = |error| hints::helped(error, tool.filter(known)).exit();
    Cli::command().try_get_matches_from(words).unwrap_or_else(helped)
}

/// Whether the flag `key` was typed, or one that it cannot stand beside: stages replace a duration and the reverse.
fn is_typed(typed: &ArgMatches, key: &str) -> bool {
    let flags = <RunArgs as CommandFactory>::command();
    let id =
        |long: &str| flags.get_arguments().find(|flag| flag.get_long() == Some(long)).map(|flag| flag.get_id().clone());
    let by_hand =
        |long: &str| id(long).is_some_and(|id| typed.value_source(id.as_str()) == Some(ValueSource::CommandLine));
    by_hand(key) || (key == "stage" && by_hand("duration")) || (key == "duration" && by_hand("stage"))
}

/// The words for each key of the file `name` with this `text`.
fn words_of(name: &str, text: &str) -> Result<Vec<(String, Vec<String>)>, ScenarioError> {
    let table = DeTable::parse(text).map_err(|source| ScenarioError::NotToml { name: name.to_owned(), source })?;
    let refuse = |(span, said): (Range<usize>, String)| {
        let line = text.get(..span.start).unwrap_or_default().lines().count().max(1);
        // A span that begins a line counts that line too.
        let line = line + usize::from(text.get(..span.start).is_some_and(|before| before.ends_with('\n')));
        ScenarioError::Key { name: name.to_owned(), line, said }
    };
    let flags = <RunArgs as CommandFactory>::command();
    table
        .get_ref()
        .iter()
        .map(|(key, value)| Ok((key.get_ref().to_string(), flag(&flags, key, value).map_err(refuse)?)))
        .collect()
}

type Refusal = (Range<usize>, String);

/// The words one would type for `key = value`.
fn flag(
    flags: &Command,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<String>, Refusal> {
    let name = key.get_ref().as_ref();
    let known = flags.get_arguments().any(|flag| flag.get_long() == Some(name));
    if !known || ONLY_BY_HAND.contains(&name) {
        let why = if known { "is for the command line only" } else { "is not a flag of `beat-load run`" };
        let hint = hints::meant("run", &format!("--{name}")).map(|hint| format!("; {hint}")).unwrap_or_default();
        return Err((key.span(), format!("{name:?} {why}{hint}")));
    }
    let values = match value.get_ref() {
        DeValue::Array(values) => values.iter().collect(),
        _ => vec![value],
    };
    let mut words = Vec::new();
    for value in values {
        let word = match value.get_ref() {
            DeValue::Boolean(true) => format!("--{name}"),
            DeValue::Boolean(false) => continue,
            other => format!(
                "--{name}={}",
                written(name, other).map_err(|(span, said)| (span.unwrap_or(value.span()), said))?
            ),
        };
        if let Err(error) = flags.clone().try_get_matches_from(["run", &word]) {
            let said = error.to_string();
            let said = said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            return Err((value.span(), said));
        }
        words.push(word);
    }
    Ok(words)
}

/// A value as it is typed: tables as `key=value,key=value`.
fn written(flag: &str, value: &DeValue<'_>) -> Result<String, (Option<Range<usize>>, String)> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        DeValue::Table(table) => {
            let keys = match flag {
                "stage" => Stage::KEYS,
                "spike" => Spike::KEYS,
                "storm" => Storm::KEYS,
                _ => return Err((None, format!("{flag:?} is no table"))),
            };
            let pairs = table.iter().map(|(key, value)| {
                let key_name = key.get_ref().as_ref();
                if !keys.contains(&key_name) {
                    let said = format!("{key_name:?} is no key of a {flag}: there are {}", keys.join(", "));
                    return Err((Some(key.span()), said));
                }
                Ok(format!("{key_name}={}", written("", value.get_ref())?))
            });
            Ok(pairs.collect::<Result<Vec<_>, _>>()?.join(","))
        }
        other => Err((None, format!("{} where a word or a number is meant", other.type_str()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::cli::Command as Asked;

    fn asked(text: &str, typed: &[&str]) -> RunArgs {
        let file = tempfile(text);
        let words = ["beat-load", "run", "--scenario", file.to_str().unwrap()];
        let words = words.iter().chain(typed).map(OsString::from).collect();
        let Asked::Run(args) = command_line(words).unwrap().command else { panic!("a run") };
        std::fs::remove_file(file).unwrap();
        args
    }

    fn tempfile(text: &str) -> std::path::PathBuf {
        let path =
            std::env::temp_dir().join(format!("beat-load-{}-{:016x}", std::process::id(), rand::random::<u64>()));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn refused(text: &str) -> String {
        words_of("mine.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn every_flag_may_stand_in_a_file() {
        let text = "fans = 1_200\ntaps-per-second = \"3k\"\nclosed-loop = true\nsource-ip = \"127.0.0.2-3\"\n\
            admin = [\"http://a\", \"http://b\"]\nthreshold = \"lost == 0\"\n\n[[stage]]\nlength = \"10s\"\nrate = \"0..2x\"\nname = \"arrive\"\n\
            [[stage]]\nlength = \"20s\"\nrate = 800\n[[spike]]\nat = \"15s\"\npeak = \"2x\"\n";
        let args = asked(text, &[]);
        assert_eq!((args.fans, args.taps_per_second, args.closed_loop), (1_200, Some(3e3), true));
        assert_eq!((args.admin, args.thresholds.len()), (vec!["http://a".to_owned(), "http://b".to_owned()], 1));
        let stages: Vec<Stage> = ["arrive=10s:0..2x", "20s:800"].map(|stage| stage.parse().unwrap()).into();
        assert_eq!((args.stage, args.spike.len()), (stages, 1));
    }

    #[test]
    fn no_flag_is_forgotten_wherever_it_stands() {
        let known = |flag: &clap::Arg| flag.get_long().filter(|long| !ONLY_BY_HAND.contains(long)).map(str::to_owned);
        let flags: Vec<String> = <RunArgs as CommandFactory>::command().get_arguments().filter_map(known).collect();
        let typed = Cli::command().get_matches_from(["beat-load", "run", "-t", "lost == 0", "-o", "a.json"]);
        let (_, typed) = typed.subcommand().unwrap();
        let by_hand: Vec<_> = flags.iter().filter(|flag| is_typed(typed, flag)).collect();
        assert_eq!(by_hand, ["threshold", "output"]);
    }

    #[test]
    fn what_is_typed_counts_and_replaces_all_the_file_says_of_it() {
        let text =
            "fans = 10\nseed = 7\n[[stage]]\nlength = \"10s\"\nrate = \"1x\"\n[[spike]]\nat = \"1s\"\npeak = \"2x\"\n";
        let args = asked(text, &["-c", "20", "--stage", "5s:9"]);
        assert_eq!((args.fans, args.seed, args.spike.len()), (20, 7, 1));
        assert_eq!(args.stage, ["5s:9".parse().unwrap()]);
        let args = asked(text, &["-z", "5s"]);
        assert!(args.stage.is_empty() && args.duration.as_secs() == 5, "a duration replaces the stages");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name_and_line() {
        assert_eq!(refused("fans = 10\nfnas = 20\n"), "mine.toml, line 2: \"fnas\" is not a flag of `beat-load run`");
        let words = refused("seed = 1\n\n[[spike]]\nat = \"1s\"\npek = \"8x\"\n");
        assert!(words.starts_with("mine.toml, line 5: \"pek\" is no key of a spike"), "{words}");
        let words = refused("vus = 10");
        assert!(words.contains("not a flag") && words.contains("--fans"), "{words}");
        assert_eq!(
            refused("i-own-this-target = true"),
            "mine.toml, line 1: \"i-own-this-target\" is for the command line only"
        );
    }

    #[test]
    fn a_value_that_makes_no_sense_is_refused_with_its_line() {
        let words = refused("seed = 1\nduration = \"soon\"\n");
        assert!(words.starts_with("mine.toml, line 2: ") && words.contains("soon"), "{words}");
        let words = refused("[[storm]]\nat = \"1s\"\nfraction = \"120%\"\n");
        assert!(words.starts_with("mine.toml, line 1: ") && words.contains("120%"), "{words}");
        assert!(refused("seed = ").contains("mine.toml: "));
    }

    #[test]
    fn each_scenario_that_comes_along_is_one_and_says_what_it_is() {
        for (name, text) in SHIPPED {
            assert!(text.starts_with("# "), "{name}");
            let words = ["beat-load", "run", "--scenario", name].map(OsString::from).into();
            let Asked::Run(args) = command_line(words).unwrap().command else { panic!("a run") };
            crate::command::asked::pace(&args).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
