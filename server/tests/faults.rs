//! The fault suite: whatever happens to gateways, to Redis and to the network between them, nothing counts twice, and
//! nothing is lost but what the promises name. Each claim prints its figure.
//!
//! The same oracle runs in each: what is shown is never more than what was sent, and never less than before.

mod network;
mod processes;
mod stores;
mod topologies;

use std::future::Future;

use futures_util::future::join_all;
use tokio::task::LocalSet;

use crate::harness::{Crowd, Meeting, Server, Watcher, until};

/// Messages without a change after which nothing more is expected: four seconds of beats.
const QUIET: u64 = 40;

/// Fans in most claims.
const FANS: u16 = 12;
/// Taps a second of all of them.
const RATE: u64 = FANS as u64 * 16;

/// Gateways that meet, fans who tap there, and someone who watches each gateway.
struct Scene {
    meeting: Meeting,
    crowd: Crowd,
    watchers: Vec<Watcher>,
    /// Watchers of gateways that are gone.
    retired: Vec<Watcher>,
}

/// What a claim is about in the end.
#[derive(Debug, Default)]
struct Outcome {
    sent: u64,
    /// Shown at every gateway; where they differ, at the first.
    counted: u64,
    /// What stands in the store's leaderboard.
    stored: u64,
    /// The most that was ever shown beyond what was sent by then.
    excess: u64,
    falls: Vec<String>,
    /// The lowest and the highest rate of all teams together that was shown while all of them tapped.
    rates: (f64, f64),
}

impl Scene {
    /// Once something of it is shown.
    async fn new(meeting: Meeting, crowd: Crowd) -> Self {
        let watchers = join_all(meeting.gateways.iter().map(|gateway| Watcher::of(gateway, &crowd.sent))).await;
        let scene = Self { meeting, crowd, watchers, retired: Vec::new() };
        scene.goes_on(10).await;
        scene
    }

    /// Waits until there is a steady rate, by which those to come are judged.
    async fn is_steady(&self) {
        self.goes_on(2 * RATE).await;
        self.rates();
    }

    /// The lowest and the highest rate shown anywhere since this was asked last.
    fn rates(&self) -> (f64, f64) {
        let rates = self.watchers.iter().chain(&self.retired).filter_map(Watcher::take_rates);
        rates.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))).unwrap_or_default()
    }

    /// Puts a new gateway in the place of the `nth`, to which fans go from now on; gives the old one.
    async fn succeed(&mut self, nth: usize) -> Server {
        let successor = self.meeting.newcomer(nth).await;
        let watcher = Watcher::of(&successor, &self.crowd.sent).await;
        self.retired.push(std::mem::replace(&mut self.watchers[nth], watcher));
        self.crowd.replace(nth, &successor);
        std::mem::replace(&mut self.meeting.gateways[nth], successor)
    }

    /// Waits until every gateway shows `more` taps than now.
    async fn goes_on(&self, more: u64) {
        let goal = self.crowd.sent() + more;
        until("what is tapped is shown", async || {
            self.watchers.iter().all(|watcher| watcher.total() >= goal && watcher.is_fresh()).then_some(())
        })
        .await;
    }

    /// Waits until fans have sent `more` taps, whether they are shown or not.
    async fn taps(&self, more: u64) {
        let goal = self.crowd.sent() + more;
        until("fans tap", async || (self.crowd.sent() >= goal).then_some(())).await;
    }

    /// Lifts all thumbs and waits until all that was sent is shown, or nothing changes any more.
    async fn settle(self) -> Outcome {
        self.crowd.lift();
        let rates = self.rates();
        let mut last = (0, 0);
        until("it is quiet", async || {
            let shown: u64 = self.watchers.iter().map(Watcher::total).sum();
            let messages = self.watchers.iter().map(Watcher::messages).min().unwrap_or(0);
            if shown != last.0 {
                last = (shown, messages);
            }
            let is_all = self.watchers.iter().all(|watcher| watcher.total() == self.crowd.sent());
            // A few more beats show whether it stays at that.
            (messages - last.1 >= if is_all { QUIET / 8 } else { QUIET }).then_some(())
        })
        .await;
        let counted = self.watchers[0].total();
        let mut stored = 0;
        if self.watchers.iter().all(|watcher| watcher.total() == counted) {
            until("the leaderboard follows", async || {
                stored = self.meeting.redis.sum_of("beat:{demo}:1:totals").await;
                (stored >= counted).then_some(())
            })
            .await;
        }
        assert!(self.crowd.is_well(), "a fan gave up");
        let everyone = || self.watchers.iter().chain(&self.retired);
        let excess = everyone().map(Watcher::excess).max().unwrap_or(0);
        let falls = everyone().flat_map(Watcher::falls).collect();
        Outcome { rates, sent: self.crowd.sent(), counted, stored, excess, falls }
    }
}

impl Outcome {
    /// Nothing lost beyond `bound`, nothing twice, and everyone agrees.
    fn assert_lost_at_most(&self, bound: u64) {
        assert!(self.falls.is_empty() && self.excess == 0, "{self:?}");
        assert!(self.counted <= self.sent && self.counted + bound >= self.sent, "{self:?}");
        assert_eq!(self.stored, self.counted, "{self:?}");
    }

    /// No roar: what was held up is spread over the time it was tapped in. A window of a second may hold a frame more.
    fn assert_no_roar(&self) {
        let (_, high) = self.rates;
        assert!(high <= 1.35 * RATE as f64, "a roar of {high}: {self:?}");
    }

    /// No dip either.
    fn assert_steady(&self) {
        self.assert_no_roar();
        let (low, _) = self.rates;
        assert!(low >= 0.65 * RATE as f64, "a dip to {low}: {self:?}");
    }
}

/// Runs a claim where fans and watchers share its thread.
async fn on_one_thread<T>(claim: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(claim).await
}
