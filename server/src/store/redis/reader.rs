//! Follows the stream of one event over a connection of its own: a blocked read holds up whatever is sent behind it.
//!
//! `None` is only ever the store's own word for silence. An error, or a clock that ran out here, is an error: gateways
//! elect a conductor by that silence.

use std::time::Duration;

use beat_core::Beat;
use beat_protocol::EventId;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, Pipeline, ServerErrorKind, Value};
use tokio::time::{Instant, sleep_until};

use super::fault::Fault;
use super::fleet::{DEADLINE, Fleet, within};
use super::{keys, payload, route};
use crate::config::Node;
use crate::dice;

/// How long the store waits for a beat before it says that there was none: two and a half beats.
const BLOCK: Duration = Duration::from_millis(250);
/// Beats taken at a time. A reader that is further behind jumps to the newest.
const COUNT: usize = 16;
/// Wait before a lost connection is made anew; drawn, so that not all gateways come back at the same instant.
const RETRY: std::ops::RangeInclusive<Duration> = Duration::from_millis(50)..=Duration::from_millis(500);

/// The reader of one event's beats.
#[derive(Default)]
pub(super) struct Reader {
    line: Option<(Node, MultiplexedConnection)>,
    not_before: Option<Instant>,
}

impl Reader {
    /// The newest beat of `run` after number `after`; `None` if the store says that there was none for [`BLOCK`].
    pub(super) async fn next(
        &mut self,
        fleet: &Fleet,
        event: &EventId,
        run: u32,
        after: u32,
    ) -> Result<Option<Beat>, Fault> {
        let outcome = self.read(fleet, event, run, after).await;
        if let Err(fault) = &outcome
            && !matches!(fault, Fault::Nonsense { .. })
        {
            self.line = None;
            self.not_before = Some(Instant::now() + dice::random_range(RETRY));
            fleet.look_again();
        }
        outcome
    }

    async fn read(&mut self, fleet: &Fleet, event: &EventId, run: u32, after: u32) -> Result<Option<Beat>, Fault> {
        let owner = fleet.owner(keys::slot(event))?;
        let key = keys::beats(event, run);
        let is_known = self.line.as_ref().is_some_and(|(node, _)| *node == owner);
        if !is_known {
            if let Some(instant) = self.not_before.take() {
                sleep_until(instant).await;
            }
            let connection = fleet.own_line(&owner).await?;
            self.line = Some((owner.clone(), connection));
            // Whoever comes to a stream begins at its end.
            if let Some(beat) = self.newest(fleet, event, &key, run, after).await? {
                return Ok(Some(beat));
            }
        }
        let mut read = redis::cmd("XREAD");
        read.arg("BLOCK").arg(u64::try_from(BLOCK.as_millis()).unwrap_or(u64::MAX)).arg("COUNT").arg(COUNT);
        read.arg("STREAMS").arg(&key).arg(format!("{after}-0"));
        // Nil, or one stream with its entries.
        let entries = match self.ask(fleet, &read).await? {
            Value::Nil => return Ok(None),
            Value::Array(streams) => match streams.into_iter().next() {
                Some(Value::Array(stream)) => stream.into_iter().nth(1).unwrap_or(Value::Nil),
                _ => return Ok(None),
            },
            _ => return Err(Fault::Nonsense { node: owner, why: "no stream".into() }),
        };
        let (beat, count) = newest_of(&entries, &owner, event, run)?;
        if count < COUNT {
            return Ok(beat);
        }
        Ok(self.newest(fleet, event, &key, run, after).await?.or(beat))
    }

    async fn newest(
        &mut self,
        fleet: &Fleet,
        event: &EventId,
        key: &str,
        run: u32,
        after: u32,
    ) -> Result<Option<Beat>, Fault> {
        let answer = self.ask(fleet, &newest(key)).await?;
        let Some((node, _)) = &self.line else { return Ok(None) };
        let (beat, _) = newest_of(&answer, node, event, run)?;
        Ok(beat.filter(|beat| beat.number > after))
    }

    async fn ask(&mut self, fleet: &Fleet, command: &Cmd) -> Result<Value, Fault> {
        let (node, connection) = self.line.as_mut().expect("a line was made before");
        let deadline = Instant::now() + BLOCK + DEADLINE;
        match within(deadline, connection.send_packed_command(command)).await {
            Some(answer) => match answer.and_then(Value::extract_error) {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) => {
                    let to = route::redirection(&error, node).ok_or_else(|| fleet.fault(node, &error))?;
                    ask_there(fleet, &to, command, deadline).await
                }
                answer => answer.map_err(|error| fleet.fault(node, &error)),
            },
            None => Err(Fault::Silent { node: node.clone() }),
        }
    }
}

/// A stream that is under way to another server is asked for there, until the slot has followed it: each time over a
/// connection of its own, since that is a matter of seconds.
async fn ask_there(fleet: &Fleet, to: &Node, command: &Cmd, deadline: Instant) -> Result<Value, Fault> {
    let mut both = Pipeline::with_capacity(2);
    both.add_command(redis::cmd("ASKING")).add_command(command.clone());
    let mut connection = fleet.own_line(to).await?;
    match within(deadline, connection.send_packed_commands(&both, 0, 2)).await {
        Some(Ok(mut answers)) => {
            let answer = answers.pop().unwrap_or(Value::Nil);
            answer.extract_error().map_err(|error| fleet.fault(to, &error))
        }
        Some(Err(error)) => Err(fleet.fault(to, &error)),
        None => Err(Fault::Silent { node: to.clone() }),
    }
}

/// Asks for the newest entry of a stream.
pub(super) fn newest(key: &str) -> Cmd {
    let mut command = redis::cmd("XREVRANGE");
    command.arg(key).arg("+").arg("-").arg("COUNT").arg(1);
    command
}

/// The number of an entry of a stream: its id is `<number>-0`.
pub(super) fn number_of(entry: &Value) -> Option<u32> {
    let Value::Array(entry) = entry else { return None };
    route::text(entry.first()?)?.strip_suffix("-0")?.parse().ok()
}

/// The newest beat among `entries`, and how many entries there were. What is no beat is refused and counted; if nothing
/// else came that is an error, since it is not silence either.
fn newest_of(entries: &Value, node: &Node, event: &EventId, run: u32) -> Result<(Option<Beat>, usize), Fault> {
    let Value::Array(entries) = entries else { return Ok((None, 0)) };
    let mut why = None;
    let mut newest = None;
    for entry in entries {
        match beat_of(entry, run) {
            // A stream is in order.
            Ok(beat) => newest = Some(beat),
            Err(refusal) => {
                metrics::counter!("beat_joins_refused_total", "event" => event.to_string()).increment(1);
                why = Some(refusal);
            }
        }
    }
    match (newest, why) {
        (None, Some(why)) => Err(Fault::Nonsense { node: node.clone(), why }),
        (newest, _) => Ok((newest, entries.len())),
    }
}

fn beat_of(entry: &Value, run: u32) -> Result<Beat, String> {
    let number = number_of(entry).ok_or("an entry whose id is no beat's number")?;
    let fields = match entry {
        Value::Array(entry) => entry.get(1),
        _ => None,
    };
    let bytes = match fields {
        Some(Value::Array(fields)) => match fields.as_slice() {
            [field, Value::BulkString(bytes)] if route::text(field) == Some(keys::BEAT) => bytes,
            _ => return Err(format!("entry {number} is no beat")),
        },
        _ => return Err(format!("entry {number} is no beat")),
    };
    let beat = payload::decode(number, bytes).map_err(|error| format!("entry {number} is {error}"))?;
    if beat.run == run { Ok(beat) } else { Err(format!("entry {number} is a beat of run {}", beat.run)) }
}
