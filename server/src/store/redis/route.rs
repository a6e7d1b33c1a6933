//! Who owns which slots: asked of the address itself, of its sentinels, or of its cluster.
//!
//! Opens connections for the question only.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisError, Value};
use tokio::time::Instant;

use super::dial::Dial;
use super::fault::Fault;
use super::fleet::{DEADLINE, within};
use super::keys::SLOTS;
use crate::config::{Node, RedisAddress, Topology};

/// The primaries, by the slots they own, and who else may know of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owners {
    ranges: Vec<Range>,
    replicas: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
    node: Node,
}

impl Owners {
    fn of_all(node: Node) -> Self {
        Self { ranges: vec![Range { first: 0, last: SLOTS - 1, node }], replicas: Vec::new() }
    }

    /// Who owns `slot`.
    pub(super) fn of(&self, slot: u16) -> Option<&Node> {
        self.ranges.iter().find(|range| (range.first..=range.last).contains(&slot)).map(|range| &range.node)
    }

    /// Each owner once.
    pub(super) fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = self.ranges.iter().map(|range| range.node.clone()).collect();
        nodes.sort();
        nodes.dedup();
        nodes
    }
}

/// Asks who owns what. Those known so far are asked first: they know of moves that a seed may not have heard of yet.
pub(super) async fn owners(address: &RedisAddress, dial: &Dial, known: &Owners) -> Result<Owners, Fault> {
    let mut known = [known.nodes(), known.replicas.clone()].concat();
    known.dedup();
    let seeds = address.seeds.iter().filter(|seed| !known.contains(seed)).cloned();
    let asked: Vec<Node> = match &address.topology {
        Topology::Standalone { .. } => return Ok(Owners::of_all(address.seeds[0].clone())),
        Topology::Sentinel { .. } => address.seeds.clone(),
        Topology::Cluster => known.iter().cloned().chain(seeds).collect(),
    };
    let mut last = Fault::Unreachable { whom: "anybody".into(), why: "no address".into() };
    for node in &asked {
        let owners = match &address.topology {
            Topology::Sentinel { service } => primary(dial, node, service).await,
            Topology::Standalone { .. } | Topology::Cluster => slots(dial, node).await,
        };
        match owners {
            Ok(owners) => return Ok(owners),
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

/// Where `error` sends us, seen from `from`.
pub(super) fn redirection(error: &RedisError, from: &Node) -> Option<Node> {
    let (address, _slot) = error.redirect_node()?;
    // A server that does not know its own name leaves it out: the same host then.
    match address.strip_prefix(':') {
        Some(port) => Some(Node { host: from.host.clone(), port: port.parse().ok()? }),
        None => {
            let (host, port) = address.rsplit_once(':')?;
            let host = host.trim_start_matches('[').trim_end_matches(']');
            Some(Node { host: host.into(), port: port.parse().ok()? })
        }
    }
}

/// The primary of `service`.
async fn primary(dial: &Dial, sentinel: &Node, service: &str) -> Result<Owners, Fault> {
    let mut ask = redis::cmd("SENTINEL");
    ask.arg("get-master-addr-by-name").arg(service);
    let named = answer(sentinel, dial.sentinel(sentinel).await?, &ask).await?;
    let nonsense = |why: &str| Fault::Nonsense { node: sentinel.clone(), why: why.into() };
    let (host, port): (String, u16) = match named {
        Value::Nil => return Err(nonsense(&format!("it knows no service {service}"))),
        named => redis::from_redis_value(named).map_err(|_| nonsense("no address of a primary"))?,
    };
    // Whether it says so itself is seen when it is dialled: a sentinel may name one that has just lost its office.
    Ok(Owners::of_all(Node { host, port }))
}

async fn slots(dial: &Dial, node: &Node) -> Result<Owners, Fault> {
    let mut ask = redis::cmd("CLUSTER");
    ask.arg("SLOTS");
    let slots = answer(node, dial.any(node).await?, &ask).await?;
    let Value::Array(ranges) = slots else {
        return Err(Fault::Nonsense { node: node.clone(), why: "no list of slots".into() });
    };
    let mut owners = Owners::default();
    for (range, replicas) in ranges.iter().filter_map(|range| owned(range, node)) {
        owners.ranges.push(range);
        owners.replicas.extend(replicas);
    }
    owners.replicas.sort();
    owners.replicas.dedup();
    match owners.ranges.is_empty() {
        true => Err(Fault::Refused { node: node.clone(), why: "it knows of no slot that anybody owns".into() }),
        false => Ok(owners),
    }
}

/// One entry of `CLUSTER SLOTS`: first slot, last slot, the primary, its replicas.
fn owned(range: &Value, asked: &Node) -> Option<(Range, Vec<Node>)> {
    let Value::Array(range) = range else { return None };
    let [Value::Int(first), Value::Int(last), primary, replicas @ ..] = range.as_slice() else { return None };
    let range =
        Range { first: u16::try_from(*first).ok()?, last: u16::try_from(*last).ok()?, node: member(primary, asked)? };
    Some((range, replicas.iter().filter_map(|replica| member(replica, asked)).collect()))
}

/// One server in `CLUSTER SLOTS`: host, port, …
fn member(server: &Value, asked: &Node) -> Option<Node> {
    let Value::Array(server) = server else { return None };
    let [host, Value::Int(port), ..] = server.as_slice() else { return None };
    // Nil or nothing: the server does not know how it is reached, but we have just reached it.
    let host = match text(host) {
        Some("" | "?") | None => asked.host.clone(),
        Some(host) => host.into(),
    };
    Some(Node { host, port: u16::try_from(*port).ok()? })
}

async fn answer(node: &Node, mut connection: MultiplexedConnection, command: &Cmd) -> Result<Value, Fault> {
    match within(Instant::now() + DEADLINE, connection.send_packed_command(command)).await {
        Some(answer) => answer.and_then(Value::extract_error).map_err(|error| Fault::of(node, &error)),
        None => Err(Fault::Silent { node: node.clone() }),
    }
}

/// The text of a plain or bulk string.
pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}
