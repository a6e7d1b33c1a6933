use super::*;
use crate::clock::{MILLISECOND, SECOND};
use crate::plan::phases::{Phase, PhaseKind};

/// A calm run of a minute: 2,000 taps that took 100 to 299 ms, for two teams.
pub(crate) fn steady() -> Record {
    let phase = |name: &str, kind, from: u64, to: u64| PhaseRecord {
        phase: Phase { name: name.to_owned(), kind, from: from * SECOND, to: to * SECOND },
        book: PhaseBook::default(),
    };
    let mut steady = phase("steady", PhaseKind::Measured, 2, 62);
    let book = &mut steady.book;
    (book.taps, book.frames, book.beats, book.bytes) = (2_000, 500, 1_200, 24_000);
    for tap in 0..2_000 {
        book.schedule_lag.note(MILLISECOND);
        book.tap_to_beat.note((100 + tap % 200) * MILLISECOND);
        book.send_to_beat.note((50 + tap % 100) * MILLISECOND);
        book.beat_age.note(2 * MILLISECOND);
    }
    let team = |code: &str, taps| TeamRecord {
        code: code.to_owned(),
        name: format!("Team {code}"),
        due: taps,
        sent: taps,
        counted: taps,
        published: taps,
        ..TeamRecord::default()
    };
    let second = |at: u32| Second { at, taps: 33, frames: 8, open: 10, max_ms: Some(299.0), ..Second::default() };
    let stretch = |from: u32| {
        let mut took = Spans::default();
        (0..66).for_each(|tap| took.note((100 + u64::from(from * 66 + tap) % 200) * MILLISECOND));
        Stretch { from, to: from + 2, took }
    };
    Record {
        version: VERSION,
        program: "beat-load test".to_owned(),
        started_ms: 1_790_000_000_000,
        interrupted_at: None,
        set_up: SetUp { event: "demo".to_owned(), fans: 10, open_loop: true, machines: 1, ..SetUp::default() },
        verdict: Verdict::default(),
        instrument: Instrument { cores: 2, ..Instrument::default() },
        phases: vec![phase("connect", PhaseKind::Connect, 0, 2), steady, phase("settle", PhaseKind::Settle, 62, 70)],
        timeline: (2..62).map(second).collect(),
        stretches: (2..62).step_by(2).map(stretch).collect(),
        teams: vec![team("JPN", 1_500), team("BRA", 500)],
        feed: FeedRecord { beats: 600, longest_gap: 110 * MILLISECOND, ..FeedRecord::default() },
        connections: Connections {
            open_at_start: 10,
            opened: 10,
            closes: [(1000, 10)].into(),
            ..Connections::default()
        },
        faults: Vec::new(),
        thresholds: Vec::new(),
        cohorts: Vec::new(),
        hurt: Vec::new(),
    }
}

#[test]
fn a_record_comes_back_from_its_file_as_it_was() {
    let (before, mut file) = (steady(), tempfile::NamedTempFile::new().unwrap());
    write(&mut file, &before).unwrap();
    let after = read(file.path()).unwrap();
    assert_eq!(serde_json::to_value(&after).unwrap(), serde_json::to_value(&before).unwrap());
    assert_eq!(after.measured().tap_to_beat, before.measured().tap_to_beat);
}

#[test]
fn another_version_or_another_file_is_refused_by_name() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut record = steady();
    record.version = VERSION + 1;
    write(&mut file, &record).unwrap();
    assert!(matches!(read(file.path()), Err(RecordError::Version { found: 2, .. })));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "{\"version\":1}").unwrap();
    assert!(read(file.path()).unwrap_err().to_string().contains("not a record"));
    assert!(read(std::path::Path::new("/nowhere/run.json")).unwrap_err().to_string().contains("/nowhere/run.json"));
}

#[test]
fn only_measured_phases_enter_the_whole() {
    let mut record = steady();
    record.phases[0].book.taps = 99;
    assert_eq!((record.measured().taps, record.measured_seconds()), (2_000, 60.0));
}
