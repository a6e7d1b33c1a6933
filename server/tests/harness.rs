//! A server process and the clients that talk to it.

mod display;
mod wish;
mod fan;
mod http;
mod raw;
mod ticket;
mod redis;
mod resp;
mod secured;
mod increments;
mod proxy;
mod server;
mod meeting;
mod crowd;
mod watcher;

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

pub(crate) use crowd::{Crowd, TAPS_A_FRAME};
pub(crate) use display::{Display, Shown, ShownTeam};
pub(crate) use fan::{Fan, FanBeat, Heard};
pub(crate) use http::{Page, Stream, get, request};
pub(crate) use meeting::{GATEWAYS, Meeting};
pub(crate) use proxy::{Proxy, Weather};
pub(crate) use raw::{End, Raw, mask, masked};
pub(crate) use redis::Redis;
pub(crate) use secured::{Pair, shake_hands, tunnel};
pub(crate) use server::{Server, Setup, run_to_end};
pub(crate) use ticket::{SECRET, fan, holder, now_s, signed, ticket_keys};
pub(crate) use watcher::Watcher;
pub(crate) use wish::{Speech, Wish};

/// Far beyond what anything here takes on a busy machine: who waits longer, waits for nothing.
const DEADLINE: Duration = Duration::from_secs(20);

/// The outcome of `future`, or a failure that says what was waited for.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("waited {DEADLINE:?} in vain: {what}"),
    }
}

/// Asks again and again until the answer is what the claim says.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}
