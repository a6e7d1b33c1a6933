//! Before the first fan comes in: is this a place for a live event? Each answer that is no says what to do.
//!
//! Asks with commands that change nothing, and none that managed services forbid.

use redis::Cmd;

use super::fault::Fault;
use super::fleet::Fleet;
use super::route::text;
use super::{BEATS_KEPT, keys, whole};
use crate::config::Node;

/// `ZADD … GT` is of 6.2.
const VERSION_MIN: (u32, u32) = (6, 2);
/// No event is called so: ids are lower-case.
const PROBE: &str = "{PROBE}";

/// Checks every server that owns anything.
pub(super) async fn check(fleet: &Fleet) -> Result<(), Fault> {
    for node in fleet.nodes() {
        // Two questions: several sections in one are of 7.0.
        let sections = ["server", "memory"].map(|section| redis::cmd("INFO").arg(section).take());
        let answers = fleet.ask_node(&node, &sections).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let info: String = answers.iter().filter_map(text).collect();
        if let Some(advice) = advice(&info) {
            return Err(Fault::Unsuitable { node, advice });
        }
    }
    rights(fleet).await
}

/// What to do about a server that says `info` of itself, if anything.
fn advice(info: &str) -> Option<String> {
    let value_of = |key: &str| info.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let version = value_of("redis_version").unwrap_or("of an unknown version");
    let mut numbers = version.split('.').map_while(|number| number.parse().ok());
    let is_new_enough = value_of("valkey_version").is_some()
        || (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= VERSION_MIN;
    let policy = value_of("maxmemory_policy").unwrap_or("unknown");
    if !is_new_enough {
        return Some(format!("it is Redis {version}; use 6.2 or later, or Valkey"));
    }
    if policy != "noeviction" {
        return Some(format!(
            "its maxmemory-policy is {policy}, so that it would drop totals when memory runs short; set it to noeviction"
        ));
    }
    None
}

/// Tries each command that an event needs, so that nothing changes: on keys that are not there, and told not to make
/// them. `HSETNX` knows no such way; it is the first command of every event.
async fn rights(fleet: &Fleet) -> Result<(), Fault> {
    let key = |kind: &str| format!("beat:{PROBE}:0:{kind}");
    let command = |name: &str, args: &[&str]| redis::cmd(name).arg(args).take();
    let (state, set, stream) = (key("state"), key("gateways"), key("beats"));
    let kept = BEATS_KEPT.to_string();
    let harmless: Vec<Cmd> = vec![
        command("HGETALL", &[&state]),
        command("EXPIRE", &[&state, "1"]),
        command("ZADD", &[&set, "XX", "GT", "CH", "0", "nobody"]),
        whole(&set),
        command("XADD", &[&stream, "NOMKSTREAM", "MAXLEN", "~", &kept, "1-0", keys::BEAT, ""]),
        command("XREVRANGE", &[&stream, "+", "-", "COUNT", "1"]),
        command("XREAD", &["COUNT", "1", "STREAMS", &stream, "0-0"]),
    ];
    let probe = keys::slot_of(PROBE.trim_matches(['{', '}']));
    let node: Node = fleet.owner(probe)?;
    fleet.ask_node(&node, &harmless).await?.into_iter().collect::<Result<Vec<_>, _>>().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_serve_is_told_what_to_change() {
        let info = |version, policy| format!("# Server\r\nredis_version:{version}\r\nmaxmemory_policy:{policy}\r\n");
        for version in ["6.2.0", "7.0.15", "8.0", "7.2.4\r\nvalkey_version:9.1.2", "255.255.255"] {
            assert_eq!(advice(&info(version, "noeviction")), None, "{version}");
        }
        for (said, word) in [
            (info("6.0.16", "noeviction"), "use 6.2 or later"),
            (info("5", "noeviction"), "use 6.2 or later"),
            (info("7.0.15", "allkeys-lru"), "set it to noeviction"),
            (String::new(), "use 6.2 or later"),
        ] {
            assert!(advice(&said).is_some_and(|advice| advice.contains(word)), "{said}");
        }
    }
}
