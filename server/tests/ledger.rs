//! The operators' ledger balances at any time: received = counted + shadowed + late, and no frame is in it by half.

use std::cell::Cell;

use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{Fan, Server, Setup, get, request, until};

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

#[tokio::test]
async fn the_ledger_balances_in_each_answer_while_taps_come_in() {
    const FANS: u32 = 12;
    const FRAMES: u32 = 200;
    // More than a thumb has: some of every frame is shadowed.
    let server = Setup::ten_teams()
        .shards(2)
        .set("limits.frames_per_second", 100_000)
        .set("limits.frames_burst", 100_000)
        .set("limits.bytes_per_second", 100_000_000)
        .set("limits.bytes_burst", 100_000_000)
        .start()
        .await;
    let (done, asked) = (Cell::new(0), Cell::new(0));
    // Each frame taps T0 and T1 alike, however they then share the taps that are left to the fan.
    let crowd = async {
        for fan in 0..FANS {
            let mut fan_of_both = Fan::join(&server).await;
            for frame in 1..=FRAMES {
                let total = frame * (1 + fan % 3);
                fan_of_both.cheer(&[(0, total), (1, total)]).await;
                tokio::task::yield_now().await;
            }
        }
        done.set(1);
    };
    let operator = async {
        let mut before = vec![0; 10];
        while done.get() == 0 {
            let received = balanced(&ledger(&server).await);
            assert_eq!(received[0], received[1], "a frame is in it whole or not at all");
            assert!(received.iter().zip(&before).all(|(now, before)| now >= before), "{before:?} fell to {received:?}");
            before = received;
            asked.set(asked.get() + 1);
        }
    };
    tokio::join!(crowd, operator);
    let sent = u64::from((0..FANS).map(|fan| FRAMES * (1 + fan % 3)).sum::<u32>());
    let last = until("all that was sent is in it", async || {
        let last = ledger(&server).await;
        (balanced(&last)[..2] == [sent, sent]).then_some(last)
    })
    .await;
    assert!(number(&last, "shadowed") > 0 && number(&last, "counted") > 0, "{last}");
    assert!(asked.get() > 20, "{} answers looked at", asked.get());
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
