//! What survives a restart, and what readers may see.

use std::path::PathBuf;

use beat_core::{Opening, Phase, Totals};

use super::*;

const RUN: u32 = 1;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("beat-embedded-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn demo() -> EventId {
    "demo".parse().unwrap()
}

fn vector(incarnation: u64, tick: u64, totals: &[(&str, u64)]) -> Vector {
    let totals = totals.iter().map(|(team, total)| (team.parse().unwrap(), *total)).collect();
    Vector { incarnation: Incarnation(incarnation), tick, totals, sum: 0, fans: None, confirmed: false }
}

fn beat(number: u32) -> Arc<Beat> {
    Arc::new(Beat { number, run: RUN, phase: Phase::Open, totals: Totals::new(1), rates: vec![0.0], fans: Vec::new() })
}

async fn total_of(store: &Embedded, team: &str) -> u64 {
    let team = team.parse().unwrap();
    let vectors = store.gateways(&demo(), RUN).await.unwrap();
    vectors.iter().flat_map(|vector| &vector.totals).filter(|(code, _)| *code == team).map(|(_, total)| total).sum()
}

#[tokio::test]
async fn totals_of_all_earlier_processes_add_up_after_a_restart() {
    let folder = Folder::new("restart");
    for (incarnation, total) in [(7, 100), (8, 20), (9, 3)] {
        let store = Embedded::open(&folder.0).unwrap();
        store.join(&demo(), RUN, vector(incarnation, 1, &[("JPN", total - 1)])).await.unwrap();
        store.join(&demo(), RUN, vector(incarnation, 2, &[("JPN", total)])).await.unwrap();
        stop(store);
    }
    let store = Embedded::open(&folder.0).unwrap();
    assert_eq!(total_of(&store, "JPN").await, 123);
    assert_eq!(store.gateways(&demo(), RUN + 1).await.unwrap(), [], "another run starts from nothing");
}

#[tokio::test]
async fn a_join_never_takes_back() {
    let store = Embedded::in_memory().unwrap();
    for total in [5, 9, 9, 2] {
        store.join(&demo(), RUN, vector(1, total, &[("JPN", total)])).await.unwrap();
    }
    assert_eq!(store.gateways(&demo(), RUN).await.unwrap(), [vector(1, 9, &[("JPN", 9)])]);
}

#[tokio::test]
async fn beat_numbers_rise_over_a_restart() {
    let folder = Folder::new("numbers");
    let store = Embedded::open(&folder.0).unwrap();
    for number in 1..=250 {
        assert_eq!(store.append(&demo(), beat(number)).await.unwrap(), Appended::Accepted);
    }
    assert_eq!(store.append(&demo(), beat(250)).await.unwrap(), Appended::Taken);
    stop(store);
    let store = Embedded::open(&folder.0).unwrap();
    let last = store.last_beat(&demo(), RUN).await.unwrap();
    assert!((250..=250 + RESERVE).contains(&last), "{last}");
    assert_eq!(store.append(&demo(), beat(last)).await.unwrap(), Appended::Taken);
    assert_eq!(store.append(&demo(), beat(last + 1)).await.unwrap(), Appended::Accepted);
    assert_eq!(store.next(&demo(), RUN, last).await.unwrap().unwrap().number, last + 1);
}

#[tokio::test(start_paused = true)]
async fn next_answers_none_when_no_beat_came() {
    let store = Embedded::in_memory().unwrap();
    store.append(&demo(), beat(1)).await.unwrap();
    assert!(store.next(&demo(), RUN, 0).await.unwrap().is_some());
    assert!(store.next(&demo(), RUN, 1).await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_only_moves_forward_and_keeps_its_first_t0() {
    let folder = Folder::new("record");
    let open = Opening { run: 1, phase: Phase::Open, since_ms: 5 };
    let closed = Opening { phase: Phase::Closed, since_ms: 9, ..open };
    let store = Embedded::open(&folder.0).unwrap();
    let first = store.advance(&demo(), EventRecord { t0_ms: 1_000, opening: closed }).await.unwrap();
    assert_eq!(first, EventRecord { t0_ms: 1_000, opening: closed });
    stop(store);
    let store = Embedded::open(&folder.0).unwrap();
    assert_eq!(store.advance(&demo(), EventRecord { t0_ms: 2_000, opening: open }).await.unwrap(), first);
}

#[tokio::test]
async fn a_file_in_use_is_refused() {
    let folder = Folder::new("in-use");
    let _store = Embedded::open(&folder.0).unwrap();
    assert!(matches!(Embedded::open(&folder.0), Err(StoreError::InUse { .. })));
}

/// Ends the store's thread, and with it the lock on the file.
fn stop(store: Embedded) {
    let Embedded { shelves, jobs } = store;
    drop(jobs);
    while Arc::strong_count(&shelves) > 1 {
        std::thread::yield_now();
    }
}
