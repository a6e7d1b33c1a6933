//! The verbs, against real servers.

mod server;

use beat_core::Phase;

use super::*;
use server::{Server, binaries};

const GATEWAY: Incarnation = Incarnation(0xa1);
const OTHER: Incarnation = Incarnation(0xb2);

/// A store on a server of its own, for each kind of server there is.
async fn on_each(claim: impl AsyncFn(Server, Redis)) {
    for binary in binaries() {
        let server = Server::start(&binary, &[]);
        let store = open(&server).await;
        claim(server, store).await;
    }
}

async fn open(server: &Server) -> Redis {
    Redis::open(&server.url().parse().unwrap(), [(event(), codes(&["JPN", "NED"]))]).await.unwrap()
}

#[tokio::test]
async fn what_is_joined_is_read() {
    on_each(async |_server, store| {
        store.join(&event(), 1, vector(GATEWAY, 5, &[("JPN", 9)])).await.unwrap();
        assert_eq!(store.gateways(&event(), 1).await.unwrap(), [vector(GATEWAY, 5, &[("JPN", 9)])]);
    })
    .await;
}

#[tokio::test]
async fn a_number_is_given_once() {
    on_each(async |server, store| {
        let other = open(&server).await;
        assert_eq!(store.append(&event(), beat(7, 1)).await.unwrap(), Appended::Accepted);
        for number in [7, 6] {
            assert_eq!(other.append(&event(), beat(number, 1)).await.unwrap(), Appended::Taken);
        }
        assert_eq!(other.last_beat(&event(), 1).await.unwrap(), 7);
        assert_eq!(other.last_beat(&event(), 2).await.unwrap(), 7, "of the run before");
        assert_eq!(other.last_beat(&event(), 3).await.unwrap(), 0);
        assert_eq!(other.next(&event(), 1, 0).await.unwrap(), Some(beat(7, 1)));
        assert_eq!(other.next(&event(), 1, 7).await.unwrap(), None);
    })
    .await;
}

fn event() -> EventId {
    "demo".parse().unwrap()
}

fn codes(codes: &[&str]) -> Vec<TeamCode> {
    codes.iter().map(|code| code.parse().unwrap()).collect()
}

fn vector(incarnation: Incarnation, tick: u64, totals: &[(&str, u64)]) -> Vector {
    let totals = totals.iter().map(|(code, total)| (code.parse().unwrap(), *total)).collect();
    Vector { incarnation, tick, totals, confirmed: false }
}

fn beat(number: u32, run: u32) -> Arc<Beat> {
    let totals = vec![u64::from(number), 3].into();
    Arc::new(Beat { number, run, phase: Phase::Open, totals, rates: vec![1.5, 0.0] })
}
