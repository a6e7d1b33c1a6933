//! Watches where each team's taps come from: a prefix with an unusual share of them may be a machine's.
//!
//! Each gateway watches its own fans. It counts nothing differently by what it sees: what to do is for an operator to say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use beat_protocol::TeamCode;
use ipnet::IpNet;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::config::WatchConfig;
use crate::event::Event;
use crate::gateway::{Drawn, Gateway, ONE_IN, ToShard};

/// Prefixes that are shown of a team.
const SHOWN: usize = 10;

/// What was seen of one event in the last whole window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Watched {
    window_ms: u64,
    teams: Vec<WatchedTeam>,
}

/// A team with taps, those with the most first.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct WatchedTeam {
    code: TeamCode,
    taps_per_second: u64,
    prefixes: Vec<WatchedPrefix>,
}

/// Where some of them came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct WatchedPrefix {
    prefix: IpNet,
    taps_per_second: u64,
    /// Of the team's taps.
    share: f64,
    /// A venue's own, a trusted proxy's or this machine's: many people there are the normal case.
    expected: bool,
    alarm: bool,
}

/// A prefix with too much of a team.
type Alarm = (TeamCode, IpNet);

/// Watches for as long as the process lives.
pub(crate) async fn watch(gateway: Arc<Gateway>) {
    let mut before = vec![BTreeSet::<Alarm>::new(); gateway.events.len()];
    let mut began_ms = gateway.clock.now_ms();
    loop {
        sleep(gateway.config.watch.window).await;
        let window_ms = gateway.clock.now_ms() - began_ms;
        began_ms += window_ms;
        for (at, (event, before)) in gateway.events.iter().zip(&mut before).enumerate() {
            let watched = Watched::of(&gather(&gateway, at).await, window_ms, &gateway, event);
            *before = tell(event, &watched, before);
            event.watched.store(Arc::new(watched));
        }
    }
}

/// What all shards drew of an event.
async fn gather(gateway: &Gateway, event: usize) -> Vec<Drawn> {
    let mut all = Vec::new();
    for shard in &gateway.shards {
        let (to, drawn) = oneshot::channel();
        if shard.mailbox.send(ToShard::Sample { event, to }).await.is_ok() {
            // A shard that ends instead has no fans any more.
            all.extend(drawn.await);
        }
    }
    all
}

/// Says what has begun since the window before, and what is over; answers with what there is now.
fn tell(event: &Event, watched: &Watched, before: &BTreeSet<Alarm>) -> BTreeSet<Alarm> {
    let mut now = BTreeSet::new();
    for team in &watched.teams {
        for seen in team.prefixes.iter().filter(|seen| seen.alarm) {
            let alarm = (team.code, seen.prefix);
            if !before.contains(&alarm) {
                let WatchedPrefix { prefix, taps_per_second, share, .. } = seen;
                tracing::warn!(event = %event.id, team = %team.code, %prefix, share, taps_per_second, "one prefix has much of a team's taps");
            }
            now.insert(alarm);
        }
    }
    for (team, prefix) in before.difference(&now) {
        tracing::info!(event = %event.id, %team, %prefix, "it has no more");
    }
    let count = u32::try_from(now.len()).unwrap_or(u32::MAX);
    metrics::gauge!("beat_watch_alarms", "event" => event.id.to_string()).set(count);
    metrics::counter!("beat_watch_alarms_total", "event" => event.id.to_string()).increment(count.into());
    now
}

impl Watched {
    fn of(drawn: &[Drawn], window_ms: u64, gateway: &Gateway, event: &Event) -> Self {
        let expects = |prefix: &IpNet| gateway.config.addresses.expects_many(prefix);
        let codes: Vec<_> = event.roster.teams().iter().map(|team| team.code).collect();
        Self::judged(drawn, window_ms, &gateway.config.watch, &codes, expects)
    }

    fn judged(
        drawn: &[Drawn],
        window_ms: u64,
        config: &WatchConfig,
        codes: &[TeamCode],
        expects_many: impl Fn(&IpNet) -> bool,
    ) -> Self {
        let mut teams: BTreeMap<u16, (u64, BTreeMap<IpNet, u64>)> = BTreeMap::new();
        for drawn in drawn {
            for ((prefix, team), taps) in &drawn.taps {
                let (all, prefixes) = teams.entry(*team).or_default();
                *all += taps;
                *prefixes.entry(*prefix).or_default() += taps;
            }
            for (team, taps) in &drawn.beyond {
                teams.entry(*team).or_default().0 += taps;
            }
        }
        let per_second = |taps: u64| taps * u64::from(ONE_IN) * 1_000 / window_ms.max(1);
        let mut teams: Vec<_> = (teams.into_iter())
            .filter_map(|(team, (all, prefixes))| {
                let seen = |(prefix, taps)| {
                    let (share, expected) = (share(taps, all), expects_many(&prefix));
                    let taps_per_second = per_second(taps);
                    let is_much = share >= config.share && taps_per_second >= config.at_least_taps_per_second;
                    WatchedPrefix { prefix, taps_per_second, share, expected, alarm: is_much && !expected }
                };
                let mut prefixes: Vec<_> = prefixes.into_iter().map(seen).collect();
                prefixes.sort_by_key(|seen| std::cmp::Reverse((seen.alarm, seen.taps_per_second)));
                prefixes.truncate(SHOWN);
                Some(WatchedTeam { code: *codes.get(usize::from(team))?, taps_per_second: per_second(all), prefixes })
            })
            .collect();
        teams.sort_by_key(|team| std::cmp::Reverse(team.taps_per_second));
        Self { window_ms, teams }
    }
}

/// To a thousandth.
#[expect(clippy::cast_precision_loss, reason = "taps of a window are far below 2^53")]
fn share(taps: u64, of: u64) -> f64 {
    (taps as f64 / of.max(1) as f64 * 1_000.0).round() / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Taps of a window of ten seconds by prefix, for team 0, as they are when all of them are drawn.
    fn judged(taps: &[(&str, u64)], beyond: u64) -> Watched {
        let drawn = Drawn {
            taps: taps.iter().map(|(prefix, taps)| ((prefix.parse().unwrap(), 0), taps / u64::from(ONE_IN))).collect(),
            beyond: [(0, beyond / u64::from(ONE_IN))].into(),
        };
        let expects = |prefix: &IpNet| prefix.to_string() == "203.0.113.0/24";
        let codes = ["T0".parse().unwrap()];
        Watched::judged(&[drawn], 10_000, &WatchConfig::default(), &codes, expects)
    }

    fn alarms(watched: &Watched) -> Vec<String> {
        let seen = watched.teams.iter().flat_map(|team| &team.prefixes);
        seen.filter(|seen| seen.alarm).map(|seen| seen.prefix.to_string()).collect()
    }

    #[test]
    fn a_prefix_with_much_of_a_team_is_an_alarm_and_an_even_crowd_is_none() {
        let crowd: Vec<String> = (0..50).map(|n| format!("10.0.{n}.0/24")).collect();
        let mut taps: Vec<_> = crowd.iter().map(|prefix| (prefix.as_str(), 1_600)).collect();
        assert_eq!(alarms(&judged(&taps, 0)), [""; 0]);
        taps.push(("192.0.2.0/24", 32_000));
        let watched = judged(&taps, 0);
        assert_eq!(alarms(&watched), ["192.0.2.0/24"]);
        let first = &watched.teams[0].prefixes[0];
        assert_eq!((first.share, first.taps_per_second, watched.teams[0].taps_per_second), (0.286, 3_200, 11_200));
        assert_eq!(watched.teams[0].prefixes.len(), SHOWN);
        assert_eq!(alarms(&judged(&taps, 60_000)), [""; 0], "a share of all there is");
    }

    #[test]
    fn a_few_people_and_a_venue_are_no_alarm() {
        assert_eq!(alarms(&judged(&[("192.0.2.0/24", 1_584)], 0)), [""; 0], "158 taps a second are ten people's");
        assert_eq!(alarms(&judged(&[("192.0.2.0/24", 1_600)], 0)), ["192.0.2.0/24"]);
        assert_eq!(alarms(&judged(&[("203.0.113.0/24", 320_000)], 0)), [""; 0]);
    }
}
