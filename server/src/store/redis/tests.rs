//! The verbs, against real servers.

mod access;
mod cluster;
mod contract;
mod sentinel;
mod server;
mod tls;
mod trouble;

use std::time::Instant;

use beat_core::Phase;

use super::*;
use server::{Server, binaries};

const GATEWAY: Incarnation = Incarnation(0xa1);
const OTHER: Incarnation = Incarnation(0xb2);
/// What is to happen soon has happened by then, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store on a server of its own, for each kind of server there is.
async fn on_each(claim: impl AsyncFn(Server, Redis)) {
    for binary in binaries() {
        let server = Server::start(&binary, &[]);
        let store = open(&server.url()).await;
        claim(server, store).await;
    }
}

async fn open(url: &str) -> Redis {
    refusable(url).await.unwrap()
}

async fn refusable(url: &str) -> Result<Redis, StoreError> {
    Redis::open(&url.parse().unwrap(), [(event(), ["JPN", "NED"].map(|code| code.parse().unwrap()).into())]).await
}

/// Asks until it is so.
async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn event() -> EventId {
    "demo".parse().unwrap()
}

fn vector(incarnation: Incarnation, tick: u64, totals: &[(&str, u64)]) -> Vector {
    let totals = totals.iter().map(|(code, total)| (code.parse().unwrap(), *total)).collect();
    Vector { incarnation, tick, totals, sum: 0, fans: None, confirmed: false }
}

fn beat(number: u32, run: u32) -> Arc<Beat> {
    let totals = vec![u64::from(number), 3].into();
    Arc::new(Beat { number, run, phase: Phase::Open, totals, rates: vec![1.5, 0.0], fans: vec![4, 0] })
}
