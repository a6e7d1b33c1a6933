//! The operators' ledger balances at any time: received = counted + shadowed + late, and no frame is in it by half.

use std::cell::Cell;

use beat_protocol::{ClientFrame, Record, Records};
use futures_util::future::join_all;
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{Fan, Raw, Server, Setup, get, masked, request, until};

async fn ledger(server: &Server) -> Value {
    let page = get(server.admin, "/v1/events/demo/ledger").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    page.json()
}

fn number(of: &Value, name: &str) -> u64 {
    of[name].as_u64().unwrap_or_else(|| panic!("{name} in {of}"))
}

/// Everything that has to hold in each answer; returns what was received of each team.
fn balanced(ledger: &Value) -> Vec<u64> {
    let fates = ["counted", "shadowed", "late"];
    let teams = ledger["teams"].as_array().unwrap();
    for row in teams.iter().chain([ledger]) {
        assert_eq!(number(row, "received"), fates.map(|fate| number(row, fate)).iter().sum::<u64>(), "{row}");
    }
    for name in fates.iter().chain(&["received"]) {
        let sum = teams.iter().map(|team| number(team, name)).sum::<u64>();
        assert_eq!(number(ledger, name), sum, "{name} of all is that of the teams together");
    }
    teams.iter().map(|team| number(team, "received")).collect()
}

/// Frames in one piece: long enough that a shard is in the middle of them when somebody asks.
const FRAMES_AT_ONCE: u32 = 500;

/// Frames `first` to the last of a piece, each one tap more for each of the teams T0 to T7.
fn piece(first: u32) -> Vec<u8> {
    let frame = |total: u32| {
        let records: Vec<Record> = (0..8).map(|team| Record { team, total }).collect();
        let mut payload = Vec::new();
        ClientFrame::Cheer(Records::new(&records).unwrap()).encode(&mut payload);
        masked(0x2, &payload)
    };
    (first..first + FRAMES_AT_ONCE).flat_map(frame).collect()
}

#[tokio::test]
async fn the_ledger_balances_in_each_answer_while_taps_come_in() {
    const FANS: usize = 4;
    const ANSWERS: u32 = 100;
    // More than a thumb has: nearly all of it is shadowed.
    let server = ["frames_per_second", "frames_burst", "bytes_per_second", "bytes_burst"]
        .iter()
        .fold(Setup::ten_teams().shards(2), |setup, limit| setup.set(&format!("limits.{limit}"), 1_000_000_000))
        .start()
        .await;
    let binary = "Sec-WebSocket-Protocol: cheer.v1\r\n";
    let connect = async |_| Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", binary, &[]).await;
    let mut fans = join_all((0..FANS).map(connect)).await;
    let (asked, pieces) = (Cell::new(0), Cell::new(0));
    let crowd = async {
        while asked.get() < ANSWERS {
            let piece = piece(1 + pieces.get() * FRAMES_AT_ONCE);
            join_all(fans.iter_mut().map(|fan| fan.send(&piece))).await;
            pieces.set(pieces.get() + 1);
            tokio::task::yield_now().await;
        }
    };
    let operator = async {
        let mut before = vec![0; 10];
        while asked.get() < ANSWERS {
            let received = balanced(&ledger(&server).await);
            assert!(received[..8].iter().all(|taps| *taps == received[0]), "a frame is in it by half: {received:?}");
            assert!(received.iter().zip(&before).all(|(now, before)| now >= before), "{before:?} fell to {received:?}");
            before = received;
            asked.set(asked.get() + 1);
        }
    };
    tokio::join!(crowd, operator);
    let sent = FANS as u64 * u64::from(pieces.get() * FRAMES_AT_ONCE);
    let last = until("all that was sent is in it", async || {
        let last = ledger(&server).await;
        (balanced(&last)[..8] == [sent; 8]).then_some(last)
    })
    .await;
    assert!(number(&last, "shadowed") > 0 && number(&last, "counted") > 0, "{last}");
    assert!(pieces.get() > 10, "taps came in all the while: {} pieces", pieces.get());
    let metrics = [server.taps("counted").await, server.taps("shadowed").await];
    assert_eq!(metrics, ["counted", "shadowed"].map(|fate| number(&last, fate) as f64), "/metrics says the same");
}

#[tokio::test]
async fn a_ledger_says_whose_it_is_by_what_limits_and_of_which_run() {
    let file =
        "[[events]]\nid = 'demo'\nname = 'Demo'\nopens_at = 'operator'\nteams = [{ code = 'T0', name = 'Ants' }]";
    let server = Setup::plain().set("limits.taps_per_second", 9).file(file).start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 5)]).await;
    let early = until("late taps", async || {
        let ledger = ledger(&server).await;
        (number(&ledger, "late") == 5).then_some(ledger)
    })
    .await;
    assert_eq!((number(&early, "run"), early["state"].as_str()), (0, Some("scheduled")));
    assert_eq!(early["incarnation"].as_str().unwrap().len(), 16);
    let limits = ["taps_per_second", "taps_at_start", "taps_burst", "teams_max", "grace_ms"];
    assert_eq!(limits.map(|name| number(&early["limits"], name)), [9, 24, 80, 8, 5_000]);

    request(server.admin, Method::POST, "/v1/events/demo/open", &[]).await;
    fan.cheer(&[(0, 7)]).await;
    let open = until("taps that count", async || {
        let ledger = ledger(&server).await;
        (number(&ledger, "counted") == 2).then_some(ledger)
    })
    .await;
    assert_eq!((number(&open, "run"), number(&open, "late")), (1, 0), "each run begins at nothing");
    assert_eq!(open["incarnation"], early["incarnation"]);

    assert_eq!(get(server.admin, "/v1/events/nope/ledger").await.status, StatusCode::NOT_FOUND);
    let posted = request(server.admin, Method::POST, "/v1/events/demo/ledger", &[]).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(get(server.fans, "/v1/events/demo/ledger").await.status, StatusCode::NOT_FOUND, "not the public's");
}
