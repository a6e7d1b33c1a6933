//! Several gateways on one Redis count as one, whatever happens to it or to them.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::join_all;
use hyper::{Method, StatusCode};
use rustix::process::Signal;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

use crate::harness::{Display, Fan, GATEWAYS, Meeting, Server, request, until, within};

/// Someone who taps without end, one tap a frame, and what was handed to the socket.
struct Thumb {
    tapped: Rc<Cell<u32>>,
    at_work: JoinHandle<()>,
}

impl Thumb {
    async fn on(gateway: &Server, team: u16) -> Self {
        let mut fan = Fan::join(gateway).await;
        let tapped = Rc::new(Cell::new(0));
        let count = Rc::clone(&tapped);
        let at_work = spawn_local(async move {
            // Sixteen frames a second: what the gateway takes from anyone.
            let mut pace = tokio::time::interval(std::time::Duration::from_millis(62));
            loop {
                pace.tick().await;
                let next = count.get() + 1;
                if fan.try_cheer(&[(team, next)]).await.is_err() {
                    return;
                }
                count.set(next);
            }
        });
        Self { tapped, at_work }
    }

    /// Lifts the thumb; what it has tapped.
    fn lift(self) -> u64 {
        self.at_work.abort();
        self.tapped.get().into()
    }
}

fn sent(thumbs: &[Thumb]) -> u64 {
    thumbs.iter().map(|thumb| u64::from(thumb.tapped.get())).sum()
}

#[tokio::test]
async fn what_is_tapped_at_any_gateway_is_in_the_beat_at_every_gateway() {
    let meeting = Meeting::new().await;
    let mut fans = join_all(meeting.gateways.iter().map(Fan::join)).await;
    for (fan, team) in fans.iter_mut().zip(0..) {
        fan.cheer(&[(team, 5), (9, 1)]).await;
    }
    for gateway in &meeting.gateways {
        let shown = Display::watch(gateway).await.until_total(18).await;
        assert_eq!([0, 1, 2, 9].map(|team| shown.total_of(&format!("T{team}"))), [5, 5, 5, 3]);
    }
}

#[tokio::test]
async fn a_conductor_that_is_killed_is_followed_and_nothing_falls() {
    let mut meeting = Meeting::new().await;
    let conductor = meeting.gateways.remove(meeting.conductor().await);
    let mut fan = Fan::join(&meeting.gateways[0]).await;
    let mut display = Display::watch(&meeting.gateways[1]).await;
    fan.cheer(&[(3, 7)]).await;
    let before = display.until_total(7).await;
    conductor.kill().await;
    fan.cheer(&[(3, 9)]).await;
    let after = display.until_total(9).await;
    assert!(after.beat > before.beat, "{after:?} after {before:?}");
    meeting.conductor().await;
}

#[tokio::test]
async fn gateways_killed_one_after_the_other_lose_a_flush_each_and_nothing_counts_twice() {
    LocalSet::new()
        .run_until(async {
            let mut meeting = Meeting::new().await;
            let watcher = meeting.setup.start().await;
            let mut display = Display::watch(&watcher).await;
            let mut lifted = 0;
            let mut before = 0;
            for _ in 0..10 {
                let gateway = meeting.gateways.remove(0);
                let thumbs = join_all((0..4).map(|team| Thumb::on(&gateway, team))).await;
                // Until some of it has been seen, so that the kill falls amid the taps.
                display.until("taps are shown", |shown| shown.total > before + 20).await;
                gateway.kill().await;
                lifted += thumbs.into_iter().map(Thumb::lift).sum::<u64>();
                meeting.gateways.push(meeting.setup.start().await);
                let shown = display.next().await.unwrap();
                assert!(shown.total <= lifted, "{} shown of {lifted}", shown.total);
                assert!(shown.total >= before, "{} shown after {before}", shown.total);
                before = shown.total;
            }
            // Four thumbs at sixteen a second, killed ten times: what was not flushed yet, and what was on its way.
            println!("killed 10 times: {before} of {lifted} counted, {} lost", lifted - before);
            assert!(lifted - before <= 10 * 4 * 16, "{before} of {lifted}");
        })
        .await;
}

#[tokio::test]
async fn a_store_that_forgets_everything_is_told_again() {
    let meeting = Meeting::new().await;
    let mut fans = join_all(meeting.gateways.iter().map(Fan::join)).await;
    let mut displays = join_all(meeting.gateways.iter().map(Display::watch)).await;
    for round in 1..=5 {
        for fan in &mut fans {
            fan.cheer(&[(0, round)]).await;
        }
        for display in &mut displays {
            display.until_total(u64::from(round) * GATEWAYS as u64).await;
        }
        assert_eq!(meeting.redis.say("FLUSHALL").await, "+OK");
    }
    // One that knew nothing reads it all from the store.
    let newcomer = meeting.setup.start().await;
    Display::watch(&newcomer).await.until_total(5 * GATEWAYS as u64).await;
}

#[tokio::test]
async fn the_dead_are_remembered_by_the_living_when_the_store_forgets() {
    let mut meeting = Meeting::new().await;
    let conductor = meeting.conductor().await;
    let mortal = meeting.gateways.remove((conductor + 1) % GATEWAYS);
    Fan::join(&mortal).await.cheer(&[(4, 12)]).await;
    let mut display = Display::watch(&meeting.gateways[0]).await;
    display.until_total(12).await;
    mortal.kill().await;
    let Meeting { redis, setup, gateways, .. } = meeting;
    let _redis = redis.restart_empty().await;
    // A later tap shows that beats come from the store again.
    Fan::join(&gateways[1]).await.cheer(&[(5, 1)]).await;
    display.until_total(13).await;
    let newcomer = setup.start().await;
    Display::watch(&newcomer).await.until_total(13).await;
}

#[tokio::test]
async fn counting_goes_on_while_the_store_is_away_and_no_roar_follows() {
    LocalSet::new()
        .run_until(async {
            let meeting = Meeting::new().await;
            let mut display = Display::watch(&meeting.gateways[0]).await;
            let thumbs =
                join_all(meeting.gateways.iter().zip(0..).map(|(gateway, team)| Thumb::on(gateway, team))).await;
            let steady = display.until("a second of steady taps", |shown| shown.total > 60).await;
            meeting.redis.signal(Signal::STOP);
            display.until("the beat is stale", |shown| shown.flags.contains(&"stale".to_owned())).await;
            until("readiness ends", async || {
                let ready = request(meeting.gateways[0].admin, Method::GET, "/readyz", &[]).await;
                (ready.status == StatusCode::SERVICE_UNAVAILABLE).then_some(())
            })
            .await;
            let counted = sent(&thumbs);
            meeting.redis.signal(Signal::CONT);
            let mut peak: f64 = 0.0;
            display
                .until("what was tapped meanwhile", |shown| {
                    peak = peak.max(shown.rate);
                    shown.total >= counted && shown.flags.is_empty()
                })
                .await;
            let tapped = thumbs.into_iter().map(Thumb::lift).sum();
            display.until_total(tapped).await;
            println!("outage: peak rate {peak} where {} is steady", steady.rate);
            assert!(peak <= 1.35 * 16.0 * GATEWAYS as f64, "a roar of {peak}");
        })
        .await;
}

#[tokio::test]
async fn a_conductor_that_slept_publishes_nothing_old() {
    let meeting = Meeting::new().await;
    let at = meeting.conductor().await;
    let other = &meeting.gateways[(at + 1) % GATEWAYS];
    let mut display = Display::watch(other).await;
    let mut fan = Fan::join(other).await;
    fan.cheer(&[(0, 3)]).await;
    display.until_total(3).await;
    meeting.gateways[at].signal(Signal::STOP);
    fan.cheer(&[(0, 8)]).await;
    let followed = display.until_total(8).await;
    meeting.gateways[at].signal(Signal::CONT);
    // It is back when it shows what happened meanwhile; nobody ever sees less.
    let mut its_own = Display::watch(&meeting.gateways[at]).await;
    its_own.until("it has caught up", |shown| shown.total == 8).await;
    for _ in 0..20 {
        let shown = display.next().await.unwrap();
        assert!(shown.total == 8 && shown.beat >= followed.beat, "{shown:?}");
    }
    meeting.conductor().await;
}

#[tokio::test]
async fn what_one_gateway_closes_is_closed_at_all_and_its_tally_is_complete() {
    let meeting = Meeting::new().await;
    let mut fans = join_all(meeting.gateways.iter().map(Fan::join)).await;
    let closed = request(meeting.gateways[0].admin, Method::POST, "/v1/events/demo/close", &[]).await;
    assert_eq!(closed.status, StatusCode::OK);
    // Within the grace all of these count.
    for fan in &mut fans {
        fan.cheer(&[(1, 4)]).await;
    }
    for gateway in &meeting.gateways {
        let mut display = Display::watch(gateway).await;
        let last = display.until("the final tally", |shown| shown.flags.contains(&"closed".to_owned())).await;
        assert_eq!(last.total, 4 * GATEWAYS as u64);
    }
    for fan in &mut fans {
        assert_eq!(within("the event's end", fan.close()).await.0, 4510);
    }
    let opened = request(meeting.gateways[1].admin, Method::POST, "/v1/events/demo/open", &[]).await;
    assert_eq!(opened.status, StatusCode::OK);
    let mut display = Display::watch(&meeting.gateways[2]).await;
    display.until("a new run that begins with nothing", |shown| shown.state == "open" && shown.total == 0).await;
}

#[tokio::test]
async fn an_event_that_nobody_uses_makes_no_beats_and_wakes_for_the_first_who_comes() {
    let meeting = Meeting::new().await;
    Fan::join(&meeting.gateways[0]).await.cheer(&[(2, 6)]).await;
    Display::watch(&meeting.gateways[0]).await.until_total(6).await;
    // Everyone has left: after a while no gateway appends.
    let beats = async || meeting.redis.say("XLEN beat:{demo}:1:beats").await;
    let mut before = beats().await;
    until("no beat in half a second", async || {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let now = beats().await;
        (std::mem::replace(&mut before, now.clone()) == now).then_some(())
    })
    .await;
    let mut display = Display::watch(&meeting.gateways[1]).await;
    let first = display.next().await.unwrap();
    assert!(first.flags.contains(&"stale".to_owned()), "{first:?}");
    let fresh = display.until("a beat made for it", |shown| shown.flags.is_empty()).await;
    assert!(fresh.beat > first.beat && fresh.total == 6, "{fresh:?} after {first:?}");
}
