//! What the store has written down: the last hop that can be seen, read from Redis by hand.
//!
//! Every gateway keeps its running totals in a sorted set of its own, and they only rise; the event's totals are their sum.
//! Reads with native commands and writes nothing, so a user of the ACL who may only read will do.

use std::collections::HashMap;
use std::str::FromStr;

use beat_protocol::{EventId, TeamCode};
use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};
use redis::{Client, Connection, ConnectionInfo, ConnectionLike, RedisError};

/// Where the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StoreUrl {
    /// One Redis or Valkey that answers for all keys.
    Alone(String),
    /// Some nodes of a cluster.
    Cluster(Vec<String>),
    /// Sentinels, who know the primary of this service.
    Sentinels { sentinels: Vec<String>, service: String },
}

impl FromStr for StoreUrl {
    type Err = String;

    /// The same addresses as the server's `--store`.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_address = |url: &str| url.parse::<ConnectionInfo>().map(drop).map_err(|error| error.to_string());
        if let Some(nodes) = text.strip_prefix("redis+cluster://") {
            let nodes = nodes_of(nodes.trim_end_matches('/'));
            nodes.iter().try_for_each(|node| is_address(node))?;
            return Ok(Self::Cluster(nodes));
        }
        if let Some(rest) = text.strip_prefix("redis+sentinel://") {
            let (hosts, service) =
                rest.split_once('/').filter(|(_, service)| !service.is_empty()).ok_or_else(|| {
                    "the service that the sentinels watch is missing: redis+sentinel://h1:p,h2:p/service".to_owned()
                })?;
            let sentinels = nodes_of(hosts);
            sentinels.iter().try_for_each(|node| is_address(node))?;
            return Ok(Self::Sentinels { sentinels, service: service.to_owned() });
        }
        is_address(text)?;
        Ok(Self::Alone(text.to_owned()))
    }
}

/// `h1:p,h2:p` as addresses of their own; a user and password before the first are everybody's.
fn nodes_of(hosts: &str) -> Vec<String> {
    let (credentials, hosts) = match hosts.rsplit_once('@') {
        Some((credentials, hosts)) => (format!("{credentials}@"), hosts),
        None => (String::new(), hosts),
    };
    hosts.split(',').map(|host| format!("redis://{credentials}{host}")).collect()
}

/// Why the store could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoredError {
    #[error("the store: {0}")]
    Redis(#[from] RedisError),
    #[error("the store says {member} stands at {score}, which is no total")]
    NotATotal { member: String, score: f64 },
}

/// Taps by team, as the store has them.
pub(crate) type StoredByTeam = HashMap<TeamCode, u64>;

/// Reads the totals of `event`'s latest run.
pub(crate) fn fetch(url: &StoreUrl, event: &EventId) -> Result<StoredByTeam, StoredError> {
    match url {
        StoreUrl::Sentinels { sentinels, service } => read(&mut primary(sentinels, service)?, event),
        StoreUrl::Alone(address) => read(&mut Client::open(address.as_str())?.get_connection()?, event),
        StoreUrl::Cluster(nodes) => {
            read(&mut ClusterClient::new(nodes.iter().map(String::as_str))?.get_connection()?, event)
        }
    }
}

/// A connection to the primary that the sentinels name. They need not have its users: refused with them, one asks without.
fn primary(sentinels: &[String], service: &str) -> Result<Connection, RedisError> {
    let with_users = sentinels.iter().map(|url| url.parse()).collect::<Result<Vec<ConnectionInfo>, _>>()?;
    let users = with_users.first().map(|first| first.redis_settings().clone()).unwrap_or_default();
    let without = |info: &ConnectionInfo| info.clone().set_redis_settings(Default::default());
    let ask = |asked: Vec<ConnectionInfo>| {
        let of_primary = SentinelNodeConnectionInfo::default().set_redis_connection_info(users.clone());
        SentinelClient::build(asked, service, Some(of_primary), SentinelServerType::Master)?.get_connection()
    };
    let without_users = with_users.iter().map(without).collect();
    ask(with_users).or_else(|refused| ask(without_users).map_err(|_| refused))
}

fn read(store: &mut impl ConnectionLike, event: &EventId) -> Result<StoredByTeam, StoredError> {
    let fields: Vec<String> = redis::cmd("HKEYS").arg(format!("beat:{{{event}}}:state")).query(store)?;
    let Some(run) = latest_run(&fields) else { return Ok(StoredByTeam::new()) };
    let registry = format!("beat:{{{event}}}:{run}:gateways");
    let gateways: Vec<String> = redis::cmd("ZRANGE").arg(registry).arg(0).arg(-1).query(store)?;
    let mut totals = StoredByTeam::new();
    for incarnation in gateways {
        let vector = format!("beat:{{{event}}}:{run}:g:{incarnation}");
        let scores: Vec<(String, f64)> =
            redis::cmd("ZRANGE").arg(vector).arg(0).arg(-1).arg("WITHSCORES").query(store)?;
        add(&mut totals, scores)?;
    }
    Ok(totals)
}

/// The state's fields are the steps an event has taken, `<run>:open` and so on: the run that began last.
fn latest_run(fields: &[String]) -> Option<u32> {
    fields.iter().filter_map(|field| field.split_once(':')?.0.parse().ok()).max()
}

/// Adds one gateway's vector; what begins with `~` is about the vector and no team's.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole number below 2^53")]
fn add(totals: &mut StoredByTeam, scores: Vec<(String, f64)>) -> Result<(), StoredError> {
    for (member, score) in scores.into_iter().filter(|(member, _)| !member.starts_with('~')) {
        match member.parse() {
            Ok(team) if score.fract() == 0.0 && (0.0..9e15).contains(&score) => {
                *totals.entry(team).or_default() += score as u64;
            }
            _ => return Err(StoredError::NotATotal { member, score }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(members: &[(&str, f64)]) -> Vec<(String, f64)> {
        members.iter().map(|&(member, score)| (member.to_owned(), score)).collect()
    }

    #[test]
    fn addresses_are_those_of_the_server_s_store() {
        assert_eq!("redis://h:1/2".parse(), Ok(StoreUrl::Alone("redis://h:1/2".to_owned())));
        let nodes = ["redis://h:1", "redis://i:2"].map(str::to_owned).to_vec();
        assert_eq!("redis+cluster://h:1,i:2".parse(), Ok(StoreUrl::Cluster(nodes)));
        let nodes = ["redis://u:p@h:1", "redis://u:p@i:2"].map(str::to_owned).to_vec();
        let sentinels = StoreUrl::Sentinels { sentinels: nodes, service: "stadium".to_owned() };
        assert_eq!("redis+sentinel://u:p@h:1,i:2/stadium".parse(), Ok(sentinels));
        for wrong in ["h:1", "http://h", "redis+cluster://", "redis+sentinel://h:1", "redis+sentinel://h:1/"] {
            assert!(wrong.parse::<StoreUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn totals_are_the_sum_over_gateways_of_what_is_a_team_s() {
        let mut totals = StoredByTeam::new();
        add(&mut totals, scores(&[("JPN", 7.0), ("BRA", 2.0), ("~tick", 900.0), ("~sum", 9.0)])).unwrap();
        add(&mut totals, scores(&[("JPN", 5.0), ("~tick", 1.0)])).unwrap();
        assert_eq!(totals, StoredByTeam::from([("JPN".parse().unwrap(), 12), ("BRA".parse().unwrap(), 2)]));
    }

    #[test]
    fn what_is_no_total_is_not_passed_over() {
        for wrong in [f64::INFINITY, f64::NAN, -1.0, 1.5] {
            assert!(add(&mut StoredByTeam::new(), scores(&[("JPN", wrong)])).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_match_is_read_and_not_the_rehearsal_before_it() {
        let fields = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(latest_run(&fields(&["t0_ms", "1:open", "1:final", "10:open", "2:open"])), Some(10));
        assert_eq!(latest_run(&fields(&["t0_ms"])), None);
    }
}
