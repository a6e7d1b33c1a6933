//! A bot gains no more than a person, and sees no difference.

use std::time::Instant;

use crate::harness::{Fan, Server, Setup, Speech, Wish, fan, signed, ticket_keys, until};

/// Teams, tickets, and taps that come back slowly: one a second.
fn asking() -> Setup {
    let teams = (0..4).map(|n| format!("{{ code = 'T{n}', name = 'Team {n}' }}")).collect::<Vec<_>>().join(", ");
    Setup::plain()
        .shards(2)
        .file(&format!("{}[[events]]\nid = 'demo'\nname = 'Demo'\nteams = [{teams}]\n", ticket_keys()))
        .set("limits.taps_per_second", 1)
}

/// What a fan of that name asks for.
fn wish(name: &str) -> Wish {
    Wish::new(Speech::Binary).ticket(&signed(&fan(name)))
}

/// How many taps count of what `fans` state, each `taps` in a session of its own, once all of it is received.
async fn counted(server: &Server, fans: &mut [Fan], taps: u32) -> f64 {
    let received = async || server.taps("counted").await + server.taps("shadowed").await;
    let (counted, before) = (server.taps("counted").await, received().await);
    for fan in &mut *fans {
        fan.cheer(&[(0, taps)]).await;
    }
    let all = before + f64::from(taps) * fans.len() as f64;
    until("all taps are received", async || (received().await >= all).then_some(())).await;
    assert_eq!(received().await, all, "each has one fate");
    server.taps("counted").await - counted
}

/// Whether what was counted since `began` is what one bucket gives: 24 taps, and one a second.
fn is_one_bucket(counted: f64, began: Instant) -> bool {
    (24.0..=24.0 + began.elapsed().as_secs_f64()).contains(&counted)
}

#[tokio::test]
async fn all_connections_of_one_fan_together_have_what_one_has() {
    let server = asking().start().await;
    let began = Instant::now();
    let mut connections = Vec::new();
    for _ in 0..6 {
        connections.push(wish("a").join(&server).await);
    }
    let all = counted(&server, &mut connections, 24).await;
    assert!(is_one_bucket(all, began), "{all}");

    // Nor do new sessions bring anything, after the first have gone.
    drop(connections);
    until("they are gone", async || (server.metric("beat_connections", &[]).await? < 2.0).then_some(())).await;
    let mut connections = [wish("a").join(&server).await, wish("a").join(&server).await];
    let more = counted(&server, &mut connections, 24).await;
    assert!(is_one_bucket(all + more, began), "{all} and {more}");
    assert!(connections.iter().all(|fan| !fan.welcome.resumed));

    let began = Instant::now();
    let others = counted(&server, &mut [wish("b").join(&server).await], 50).await;
    assert!(is_one_bucket(others, began), "another fan has its own: {others}");
    assert_eq!(
        counted(&server, &mut [Wish::new(Speech::Binary).ticket(&signed(&fan("c"))).join(&server).await], 24).await,
        24.0
    );
}

#[tokio::test]
async fn a_fan_who_comes_back_to_its_session_loses_nothing_and_gains_nothing() {
    let server = asking().start().await;
    let began = Instant::now();
    let mut first = wish("a").join(&server).await;
    first.cheer(&[(0, 10)]).await;
    until("its taps count", async || (server.taps("counted").await == 10.0).then_some(())).await;
    let session = first.welcome.session.clone();
    drop(first);
    let mut second = wish("a").session(&session).join(&server).await;
    assert!(second.welcome.resumed);
    assert_eq!(second.marks().await, [(0, 10)]);
    second.cheer(&[(0, 100)]).await;
    until("all is received", async || {
        (server.taps("counted").await + server.taps("shadowed").await == 100.0).then_some(())
    })
    .await;
    let counted = server.taps("counted").await;
    assert!(is_one_bucket(counted, began), "{counted}");
}

#[tokio::test]
async fn who_has_no_ticket_has_a_bucket_for_each_session() {
    let server = asking().set("tickets.anonymous", true).start().await;
    let mut connections = Vec::new();
    for _ in 0..3 {
        connections.push(Fan::join(&server).await);
    }
    assert_eq!(counted(&server, &mut connections, 24).await, 72.0);
}
