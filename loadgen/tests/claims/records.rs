//! One record of a run, and all that is made of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::fake::{Fake, Faults};
use crate::load::{Ran, beat_load, beat_load_with, crowd_at};
use crate::sink::Sink;

/// Loses one tap of such a run.
const LOSSY: [&str; 2] = ["--drop-one-in", "900"];

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A run of some 1,200 taps against such a sink, with its record in a file of that name.
    fn record(&self, name: &str, sink: &[&str]) -> (String, Ran) {
        let path = self.path(name).to_str().unwrap().to_owned();
        let ran = Sink::start(sink).load(&["-c", "150", "-q", "600", "--settle", "1s", "-o", &path]);
        (path, ran)
    }
}

/// The records of a run at which every tap arrived, and of the same run with one lost; made once.
struct Pair {
    _files: Files,
    right: String,
    taps: u64,
    lossy: String,
}

fn pair() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| {
        let files = Files::new();
        let (right, ran) = files.record("right.json", &[]);
        let (lossy, _) = files.record("lossy.json", &LOSSY);
        Pair { right, taps: ran.books("all")[0], lossy, _files: files }
    })
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn every_report_is_made_of_the_record_and_says_the_same() {
    let files = Files::new();
    let (record, ran) = files.record("run.json", &[]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    let names = ["again.json", "run.csv", "run.hdr", "run.html"].map(|name| files.path(name));
    let outputs: Vec<&str> = names.iter().flat_map(|path| ["-o", path.to_str().unwrap()]).collect();
    let again = beat_load_with(&[&["report", &record], &outputs[..]].concat());
    assert_eq!((again.code, &again.report), (0, &ran.report));
    let [json, csv, hdr, page] = names.map(|path| text(&path));
    assert_eq!(json, text(Path::new(&record)));
    let due = ran.books("all")[0];
    assert!(csv.contains(&format!("steady,taps,count,{due},")), "{csv}");
    assert!(hdr.contains("Tag=steady.tap_to_beat,"), "{hdr}");
    assert!(page.contains("arrived once") && page.contains("<svg"));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let standing = value["verdict"]["standing"].as_str().unwrap();
    assert!(ran.says(&format!("\n{standing}  ")), "the verdict of the text: {}", ran.report);
    assert_eq!(value["phases"][1]["tap_to_beat"]["samples"], due);
}

#[test]
fn a_broken_threshold_exits_99_and_a_misspelt_one_is_refused_before_anybody_connects() {
    let fake = Fake::start(Faults::default());
    let ran = crowd_at(&fake, &["-t", "steady: tap_to_beat.max < 1ms", "-t", "lost == 0", "-z", "1s"]);
    assert_eq!(ran.code, 99, "{}", ran.report);
    assert!(ran.says("BROKEN  steady: tap_to_beat.max < 1ms") && ran.says("kept  lost == 0"), "{}", ran.report);
    for (words, named) in [
        (["-t", "tap_to_beet.p99 < 1s"], "no metric \"tap_to_beet\""),
        (["-t", "goal: tap_to_beat.p99 < 1s"], "no measured phase \"goal\"; there are: steady"),
        (["-o", "report"], "end it in .json"),
    ] {
        let ran = beat_load(&words);
        assert_eq!(ran.code, 2, "{words:?}");
        assert!(ran.errors.contains(named), "{}", ran.errors);
    }
}

#[test]
fn records_and_logs_of_two_machines_merge_and_a_loss_stays_a_loss() {
    let Pair { right, taps, lossy, .. } = pair();
    let merged = beat_load_with(&["merge", right, lossy]);
    assert_eq!(merged.code, 98, "{}{}", merged.report, merged.errors);
    assert!(merged.says("machine 2: 1 lost") && merged.says("2 machines"), "{}", merged.report);
    assert_eq!(merged.books("all")[0], 2 * taps, "the same seed, twice");
    let logs = [right, lossy].map(|record| {
        let log = record.replace(".json", ".hdr");
        assert_ne!(beat_load_with(&["report", record, "-o", &log]).code, 3);
        log
    });
    let both = beat_load_with(&["merge", &logs[0], &logs[1]]);
    assert_eq!(both.code, 0, "{}", both.errors);
    assert!(both.says("steady.tap_to_beat"), "{}", both.report);
    assert_eq!(beat_load_with(&["merge", right, &logs[0]]).code, 2, "records and logs do not merge");
}

#[test]
fn a_run_that_became_worse_is_told_from_one_that_did_not() {
    let Pair { right: before, lossy, .. } = pair();
    let same = beat_load_with(&["compare", before, before, "--fail-on-regression", "5%"]);
    assert_eq!(same.code, 0, "{}{}", same.report, same.errors);
    assert!(same.says("tap_to_beat.p50") && same.says("NO WORSE"), "{}", same.report);
    let worse = beat_load_with(&["compare", before, lossy, "--fail-on-regression", "900%"]);
    assert_eq!(worse.code, 99, "{}", worse.report);
    assert!(worse.says("teams that do not reconcile"), "what was right and is wrong has no allowance");
    assert_eq!(beat_load_with(&["compare", before, "/nowhere.json"]).code, 3);
}

#[test]
fn a_model_says_that_it_is_one() {
    let ran = beat_load_with(&["model", "--fans", "100000", "--taps-per-second", "2000000"]);
    assert_eq!(ran.code, 0, "{}", ran.errors);
    assert!(ran.report.starts_with("MODELLED, not measured"), "{}", ran.report);
}
