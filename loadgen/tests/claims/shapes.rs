//! What is sent when: the shape that was asked for is the shape of the run, and nothing is lost by it.

use std::io::Write;

use crate::fake::{Fake, Faults};
use crate::load::{Ran, beat_load, beat_load_with, crowd_at};

/// Another of its tools with these words.
fn program(tool: &str, words: &[&str]) -> Ran {
    beat_load_with(&[&[tool], words].concat())
}

/// The stamp of the schedule a report or a plan tells.
fn stamp(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("schedule  "));
    line.unwrap_or_else(|| panic!("no stamp in:\n{text}")).trim()
}

fn phases(ran: &Ran) -> &str {
    let line = ran.report.lines().find_map(|line| line.trim_start().strip_prefix("phases  "));
    line.unwrap_or_else(|| panic!("{}{}", ran.report, ran.errors))
}

#[test]
fn the_same_seed_gives_the_same_schedule_at_any_number_of_processes_and_in_the_plan() {
    let shape = ["-c", "60", "-q", "160", "-z", "2s", "--warmup", "500ms", "--seed", "7", "--spike"];
    let shape = [&shape[..], &["at=500ms,peak=1.5x,rise=100ms,hold=500ms,decay=300ms,name=goal"]].concat();
    let planned = program("plan", &[&shape[..], &["--teams", "5"]].concat());
    assert_eq!(planned.code, 0, "{}", planned.errors);
    for split in [["--procs", "1", "--workers", "1"], ["--procs", "3", "--workers", "2"]] {
        let ran = crowd_at(&Fake::start(Faults::default()), &[&shape[..], &split].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
        assert_eq!(stamp(&ran.report), stamp(&planned.report), "{split:?}");
        let due = ran.books("all")[0];
        assert!((due / 2..due).contains(&ran.samples()), "{} of {due} taps are measured", ran.samples());
        assert!(
            phases(&ran).contains("warm-up 0.5 s (not measured), steady 0.5 s, goal 0.6 s, goal-decay 0.3 s, steady-2")
        );
    }
    let other = program("plan", &[&shape[..], &["--teams", "5", "--seed", "8"]].concat());
    assert_ne!(stamp(&other.report), stamp(&planned.report));
}

#[test]
fn a_storm_takes_every_connection_and_loses_no_tap() {
    let ran =
        crowd_at(&Fake::start(Faults::default()), &["-z", "2s", "--storm", "at=700ms,lasts=1s", "--settle", "8s"]);
    ran.assert_exact();
    assert!(ran.says("120 made, 60 of them again"), "{}", ran.report);
    assert!(!ran.says("errors, by whose fault"), "a storm of the plan is no error\n{}", ran.report);
    assert_eq!(ran.books("all")[6], 0, "resuming leaves nothing in doubt");
}

#[test]
fn a_closed_loop_says_so_first_and_sends_less() {
    let open = crowd_at(&Fake::start(Faults::default()), &["-q", "300"]);
    let closed = crowd_at(&Fake::start(Faults::default()), &["-q", "300", "--closed-loop"]);
    assert_eq!(closed.code, 0, "{}{}", closed.report, closed.errors);
    assert!(closed.report.lines().next().unwrap_or_default().contains("CLOSED LOOP"), "{}", closed.report);
    let (open, closed) = (open.books("all")[0], closed.books("all")[0]);
    assert!(closed > 50 && closed * 10 < open * 9, "{closed} taps closed, {open} open");
}

#[test]
fn fans_come_from_the_addresses_they_are_told_to() {
    let fake = Fake::start(Faults::default());
    crowd_at(&fake, &["--source-ip", "127.0.0.2-4", "-z", "1s", "-q", "300"]).assert_exact();
    let sources = fake.sources();
    for source in ["127.0.0.2", "127.0.0.3", "127.0.0.4"] {
        assert_eq!(sources.get(source).copied(), Some(20), "{sources:?}");
    }
}

#[test]
fn a_scenario_file_means_what_its_words_mean_on_the_command_line() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(
        file,
        "fans = 60\ntaps-per-second = 200\nseed = 3\n[[stage]]\nname = \"play\"\nlength = \"2s\"\nrate = \"1x\""
    )
    .unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let written = program("plan", &["--scenario", &path, "--teams", "5"]);
    let typed = program("plan", &["-c", "60", "-q", "200", "--seed", "3", "--stage", "play=2s:1x", "--teams", "5"]);
    assert_eq!((written.code, &written.report), (0, &typed.report), "{}", written.errors);
    writeln!(file, "[[spike]]\nat = \"1s\"\npek = \"2x\"").unwrap();
    let refused = beat_load(&["--scenario", &path]);
    assert_eq!(refused.code, 2);
    assert!(refused.errors.contains("line 10: \"pek\""), "{}", refused.errors);
}

#[test]
fn the_scenarios_that_come_along_are_listed_printed_and_can_be_planned() {
    let listed = program("scenarios", &[]);
    for name in ["kick-off", "goal", "half-time", "penalty-shoot-out", "final-whistle", "soak"] {
        assert!(listed.report.contains(name), "{}", listed.report);
        assert!(program("scenarios", &[name]).report.starts_with("# "), "{name}");
    }
    let planned = program("plan", &["--scenario", "goal", "--teams", "206", "-c", "500", "-q", "300"]);
    assert!(planned.report.contains("goal-decay"), "{}{}", planned.report, planned.errors);
    assert_eq!(program("scenarios", &["offside"]).code, 2);
}
