//! Several gateways that meet in one Redis, each by a network of its own if need be.

use futures_util::future::join_all;

use super::{Proxy, Redis, Server, Setup, Weather, until};

/// Gateways in each claim.
pub(crate) const GATEWAYS: usize = 3;

/// Gateways that meet, and the Redis they meet in.
pub(crate) struct Meeting {
    pub(crate) setup: Setup,
    pub(crate) gateways: Vec<Server>,
    pub(crate) redis: Redis,
    /// The network of each gateway, where it has one of its own.
    pub(crate) proxies: Vec<Proxy>,
}

impl Meeting {
    /// With nothing in between.
    pub(crate) async fn new() -> Self {
        let redis = Redis::start().await;
        let setup = Setup::ten_teams().tireless().meeting_in(&redis);
        let gateways = join_all((0..GATEWAYS).map(|_| setup.start())).await;
        Self { setup, gateways, redis, proxies: Vec::new() }
    }

    /// With nothing in between, where `store` is more than `redis`, which holds the event now or in the end.
    pub(crate) async fn at(store: &str, redis: Redis) -> Self {
        let setup = Setup::ten_teams().tireless().meeting_at(store);
        let gateways = join_all((0..GATEWAYS).map(|_| setup.start())).await;
        Self { setup, gateways, redis, proxies: Vec::new() }
    }

    /// Each behind a proxy.
    pub(crate) async fn behind_proxies() -> Self {
        Self::behind(false).await
    }

    /// The mutant: each behind a proxy that makes the store one that increments.
    pub(crate) async fn where_totals_are_increments() -> Self {
        Self::behind(true).await
    }

    async fn behind(increments: bool) -> Self {
        let redis = Redis::start().await;
        let proxies = join_all((0..).take(GATEWAYS).map(|seed| Proxy::before(&redis, seed, increments))).await;
        let setup = Setup::ten_teams().tireless();
        let gateways = join_all(proxies.iter().map(async |proxy| setup.clone().meeting_behind(proxy).start().await));
        Self { gateways: gateways.await, setup, redis, proxies }
    }

    /// A new gateway, on the network of the `nth`.
    pub(crate) async fn newcomer(&self, nth: usize) -> Server {
        match self.proxies.get(nth) {
            Some(proxy) => self.setup.clone().meeting_behind(proxy).start().await,
            None => self.setup.start().await,
        }
    }

    /// Everywhere from now on.
    pub(crate) fn turns(&self, weather: Weather) {
        for proxy in &self.proxies {
            proxy.turns(weather);
        }
    }

    /// What happened on all its networks.
    pub(crate) fn faults(&self) -> u64 {
        self.proxies.iter().map(Proxy::faults).sum()
    }

    /// Which of them makes the beats.
    pub(crate) async fn conductor(&self) -> usize {
        until("one gateway conducts", async || {
            let conducting = self.conducting().await;
            let mut those = (0..).zip(conducting).filter(|(_, is_conducting)| *is_conducting);
            match (those.next(), those.next()) {
                (Some((at, _)), None) => Some(at),
                _ => None,
            }
        })
        .await
    }

    /// Whether each of them believes that it makes the beats.
    pub(crate) async fn conducting(&self) -> Vec<bool> {
        let conducting = self.gateways.iter().map(|gateway| gateway.metric("beat_conducting", &[]));
        join_all(conducting).await.into_iter().map(|conducting| conducting == Some(1.0)).collect()
    }
}
