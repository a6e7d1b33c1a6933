//! An operator sees where a team's taps come from, and is told where one neighbourhood has much of them.

use std::time::Duration;

use hyper::Method;
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use crate::harness::{Fan, Server, Setup, Speech, Wish, request, until, within};

/// Somebody who says more taps for T0 in each frame.
struct Thumb {
    fan: Fan,
    total: u32,
    taps_a_frame: u32,
}

impl Thumb {
    async fn on(server: &Server, address: &str, taps_a_frame: u32) -> Self {
        Self { fan: Wish::new(Speech::Binary).on_behalf_of(address).join(server).await, total: 0, taps_a_frame }
    }
}

/// All of them say a frame, thirteen times a second, until what an operator sees is as it should be.
async fn tap_until(server: &Server, thumbs: &mut [Thumb], what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut rounds = interval(Duration::from_millis(75));
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    within(what, async {
        loop {
            rounds.tick().await;
            for thumb in &mut *thumbs {
                thumb.total += thumb.taps_a_frame;
                thumb.fan.cheer(&[(0, thumb.total)]).await;
            }
            let seen = request(server.admin, Method::GET, "/v1/events/demo/watch", &[]).await.json();
            if is_so(&seen) {
                return seen;
            }
        }
    })
    .await
}

/// What is seen of T0: the prefixes, those with an alarm first.
fn prefixes(seen: &Value) -> &[Value] {
    seen["teams"]
        .as_array()
        .unwrap()
        .iter()
        .find(|team| team["code"] == "T0")
        .map_or(&[], |team| team["prefixes"].as_array().unwrap())
}

fn alarms(seen: &Value) -> Vec<&str> {
    let alarms = prefixes(seen).iter().filter(|prefix| prefix["alarm"] == true);
    alarms.map(|prefix| prefix["prefix"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_prefix_with_much_of_a_team_s_taps_is_seen_and_an_even_crowd_is_not() {
    let teams = "teams = [{ code = 'T0', name = 'A' }, { code = 'T1', name = 'B' }]";
    let server = Setup::plain()
        .shards(2)
        .tireless()
        .file(&format!(
            "[addresses]\ntrusted_proxies = ['127.0.0.1']\n[watch]\nwindow_ms = 2000\nshare = 0.4\n\
             [[events]]\nid = 'demo'\nname = 'Demo'\n{teams}\n"
        ))
        .start()
        .await;
    let mut thumbs = Vec::new();
    for n in 0..40 {
        thumbs.push(Thumb::on(&server, &format!("10.0.{n}.7"), 10).await);
    }
    let first = tap_until(&server, &mut thumbs, "a window with a crowd", |seen| prefixes(seen).len() == 10).await;
    let second = tap_until(&server, &mut thumbs, "the next window", |seen| *seen != first).await;
    assert_eq!([alarms(&first), alarms(&second)], [[""; 0]; 2], "{first} {second}");
    // 40 people say 10 taps 13 times a second, and one read in sixteen is drawn.
    let rate = second["teams"][0]["taps_per_second"].as_u64().unwrap();
    assert!((1_000..12_000).contains(&rate), "{rate}");

    for n in 0..20 {
        thumbs.push(Thumb::on(&server, &format!("192.0.2.{n}"), 100).await);
    }
    let seen = tap_until(&server, &mut thumbs, "an alarm", |seen| !alarms(seen).is_empty()).await;
    assert_eq!(alarms(&seen), ["192.0.2.0/24"]);
    let share = prefixes(&seen)[0]["share"].as_f64().unwrap();
    assert!((0.4..=1.0).contains(&share), "{share}");
    let words = ["WARN", "team=T0", "prefix=192.0.2.0/24", "share=0."];
    until("a line of the log", async || {
        let log = server.log();
        log.lines().any(|line| words.iter().all(|word| line.contains(word))).then_some(())
    })
    .await;
    assert_eq!(server.metric("beat_watch_alarms", &["event=\"demo\""]).await, Some(1.0));

    // Who is excluded has no share any more.
    let query = "/v1/events/demo/exclude?prefix=192.0.2.0/24&why=a+script";
    assert_eq!(request(server.admin, Method::POST, query, &[]).await.status, 200);
    let is_over =
        |seen: &Value| !prefixes(seen).is_empty() && prefixes(seen).iter().all(|seen| seen["prefix"] != "192.0.2.0/24");
    let seen = tap_until(&server, &mut thumbs, "the end of the alarm", is_over).await;
    assert_eq!(alarms(&seen), [""; 0]);
    assert_eq!(server.metric("beat_watch_alarms", &["event=\"demo\""]).await, Some(0.0));
    assert!(server.metric("beat_watch_alarms_total", &["event=\"demo\""]).await.unwrap() >= 1.0);
}
