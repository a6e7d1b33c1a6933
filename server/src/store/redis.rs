//! The store where gateways of many machines meet: a Redis or Valkey, alone, under Sentinel, or a cluster of them.
//!
//! Native commands only, none of them an increment, so that each may be lost, repeated or come late. What the store
//! forgets it is told again by whoever remembers. Knows nothing of which gateway conducts.

mod checks;
mod decisions;
mod dial;
mod fans;
mod fault;
mod fleet;
mod keys;
mod payload;
mod reader;
mod route;
mod shelf;
mod told;
mod vectors;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use beat_core::{Beat, Incarnation, Opening};
use beat_protocol::{EventId, TeamCode};
use redis::{Cmd, Value};

use super::{Appended, EventRecord, Store, StoreError, Vector};
use crate::config::{Node, RedisAddress};
use crate::exclusions::Decision;
pub(crate) use fault::Fault;
use fleet::{DEADLINE, Fleet, Keeper};
use reader::Reader;
use shelf::{Shelf, Shelves};
use vectors::Scores;

/// Keys are kept this long after their last use: a week, so that yesterday's match can still be looked up.
const KEPT: Duration = Duration::from_hours(7 * 24);
/// Beats kept in a stream: a minute of them at ten a second. Redis cuts off whole nodes of its own, hence `~`.
const BEATS_KEPT: u32 = 600;

/// The Redis store.
pub(crate) struct Redis {
    fleet: Arc<Fleet>,
    _keeper: Keeper,
    /// The codes of each event's roster, by which its leaderboard is written.
    rosters: HashMap<EventId, Vec<TeamCode>>,
    shelves: Shelves,
    readers: Mutex<HashMap<EventId, Arc<tokio::sync::Mutex<Reader>>>>,
}

impl Redis {
    /// Connects, and checks that this is a place for a live event.
    pub(crate) async fn open(
        address: &RedisAddress,
        rosters: impl IntoIterator<Item = (EventId, Vec<TeamCode>)>,
    ) -> Result<Self, StoreError> {
        let (fleet, keeper) = Fleet::open(address).await?;
        checks::check(&fleet).await?;
        Ok(Self {
            fleet,
            _keeper: keeper,
            rosters: rosters.into_iter().collect(),
            shelves: Shelves::default(),
            readers: Mutex::default(),
        })
    }

    /// Sends `commands` in one round trip; an error of any of them is one of all.
    async fn ask(&self, event: &EventId, commands: &[Cmd]) -> Result<Vec<Value>, Fault> {
        self.fleet.ask(keys::slot(event), commands).await?.into_iter().collect()
    }

    /// Reads sorted sets whole.
    async fn scores(&self, event: &EventId, keys: impl IntoIterator<Item = String>) -> Result<Vec<Scores>, Fault> {
        let commands: Vec<Cmd> = keys.into_iter().map(|key| whole(&key)).collect();
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let nonsense = || Fault::Nonsense { node: self.owner_of(event), why: "no sorted set".into() };
        let answers = self.ask(event, &commands).await?;
        answers.iter().map(|answer| Scores::read(answer).ok_or_else(nonsense)).collect()
    }

    fn owner_of(&self, event: &EventId) -> Node {
        let unknown = Node { host: "unknown".into(), port: 0 };
        self.fleet.owner(keys::slot(event)).unwrap_or(unknown)
    }

    /// What goes along with a beat: the leaderboard as of the last one that was accepted, and now and then a longer life.
    fn beside(&self, event: &EventId, beat: &Beat, shelf: &mut Shelf) -> Vec<Cmd> {
        let mut commands = Vec::new();
        let codes = self.rosters.get(event).map_or(&[][..], Vec::as_slice);
        let changed = shelf.accepted.changed_since(&shelf.written);
        let changed: Vec<_> = changed.filter_map(|(team, total)| Some((codes.get(team)?.as_str(), total))).collect();
        if !changed.is_empty() {
            commands.push(raise(&keys::totals(event, beat.run), changed));
        }
        if shelf.beats_refreshed.is_due() {
            commands.extend([keep(&keys::totals(event, beat.run)), keep(&keys::beats(event, beat.run))]);
        }
        commands
    }
}

#[async_trait]
impl Store for Redis {
    async fn advance(&self, event: &EventId, proposal: EventRecord) -> Result<EventRecord, StoreError> {
        let key = keys::state(event);
        let propose = |field: &str, value: u64| redis::cmd("HSETNX").arg(&key).arg(field).arg(value).take();
        let Opening { run, phase, since_ms } = proposal.opening;
        // Steps are only ever added, so the union of all proposals is their join, whatever their order.
        let mut commands = vec![propose(keys::T0_MS, proposal.t0_ms)];
        if let Some((word, _)) = keys::STEPS.iter().find(|(_, step)| *step == phase) {
            commands.push(propose(&format!("{run}:{word}"), since_ms));
        }
        commands.push(keep(&key));
        commands.push(redis::cmd("HGETALL").arg(&key).take());
        let mut answers = self.ask(event, &commands).await?;
        let (record, refused) = shelf::record(&answers.pop().unwrap_or(Value::Nil));
        count_refused(event, refused);
        // What made no sense of it is ours to say. When a step was taken is the store's: of two gateways that took it at
        // once both say the first's, to whoever asks.
        let ours = stated(proposal.opening);
        let is_further = (ours.run, ours.phase) > (record.1.run, record.1.phase);
        let opening = if is_further { ours } else { record.1 };
        Ok(EventRecord { t0_ms: record.0.unwrap_or(proposal.t0_ms), opening })
    }

    async fn decide(&self, event: &EventId, decisions: &[Decision]) -> Result<Vec<Decision>, StoreError> {
        let key = keys::decisions(event);
        // Each is a field of its own that is written once, so the union of all is their join, whatever their order.
        let say = |decision: &Decision| {
            let (field, value) = decisions::encode(decision);
            redis::cmd("HSETNX").arg(&key).arg(field).arg(value).take()
        };
        let mut commands: Vec<Cmd> = decisions.iter().map(say).collect();
        commands.extend([keep(&key), redis::cmd("HGETALL").arg(&key).take()]);
        let mut answers = self.ask(event, &commands).await?;
        let (decisions, refused) = decisions::read(&answers.pop().unwrap_or(Value::Nil));
        count_refused(event, refused);
        Ok(decisions)
    }

    async fn join(&self, event: &EventId, run: u32, vector: Vector) -> Result<(), StoreError> {
        let Vector { incarnation, tick, totals, sum, fans, confirmed } = vector;
        let is_tick_alone = totals.is_empty() && !confirmed;
        let Some(is_to_refresh) = self.shelves.with(event, run, |shelf| shelf.stating(incarnation, is_tick_alone))
        else {
            // It has counted nothing in this run so far: there is nothing to meet.
            return Ok(());
        };
        let (key, registry) = (keys::vector(event, run, incarnation), keys::gateways(event, run));
        let codes = totals.iter().map(|(code, total)| (code.as_str(), *total));
        let codes = codes.filter(|(code, _)| ![keys::TICK, keys::SUM, keys::CONFIRMED].contains(code));
        let members =
            codes.chain([(keys::TICK, tick), (keys::SUM, sum)]).chain(confirmed.then_some((keys::CONFIRMED, 1)));
        // The vector before the registry: who sees the new tick there finds its totals.
        let mut commands = vec![raise(&key, members), raise(&registry, [(incarnation.to_string().as_str(), tick)])];
        if is_to_refresh {
            commands.extend([keep(&key), keep(&registry)]);
        }
        let of_totals = commands.len();
        if let Some(fans) = fans {
            let key = keys::fans(event, run);
            commands
                .push(redis::cmd("HSET").arg(&key).arg(incarnation.to_string()).arg(fans::encode(tick, &fans)).take());
            if is_to_refresh {
                commands.push(keep(&key));
            }
        }
        // Taps are not kept from the store by a number that it may not take, as under an older list of rights.
        let answers = self.fleet.ask(keys::slot(event), &commands).await;
        let joined = answers.and_then(|mut answers| {
            answers.truncate(of_totals);
            answers.into_iter().collect::<Result<Vec<Value>, Fault>>()
        });
        if joined.is_err() {
            self.shelves.with(event, run, |shelf| shelf.refresh_again(incarnation));
        }
        joined?;
        Ok(())
    }

    async fn gateways(&self, event: &EventId, run: u32) -> Result<Vec<Vector>, StoreError> {
        let (registry, ()) = tokio::join!(self.registry(event, run), self.hear_of_fans(event, run));
        let registry = registry?;
        let due = self.shelves.with(event, run, |shelf| shelf.vectors.due(&registry));
        let mut forgotten = self.read(event, run, &due, &registry).await?;
        // A registry that is ahead of its vector has reached us by another way than it: once more.
        let is_behind = |shelf: &mut Shelf, who: &Incarnation| Some(&shelf.vectors.tick(*who)) < registry.get(who);
        let behind: Vec<_> = self.shelves.with(event, run, |shelf| {
            due.iter().copied().filter(|incarnation| is_behind(shelf, incarnation)).collect()
        });
        if !behind.is_empty() {
            forgotten.retain(|lost| !behind.contains(&lost.incarnation));
            forgotten.extend(self.read(event, run, &behind, &registry).await?);
        }
        self.heal(event, run, forgotten).await;
        Ok(self.shelves.with(event, run, |shelf| shelf.vectors.all()))
    }

    async fn remember(&self, event: &EventId, run: u32) -> Result<(), StoreError> {
        let registry = self.registry(event, run).await?;
        let due = self.shelves.with(event, run, |shelf| shelf.vectors.stopped(&registry));
        let forgotten = self.read(event, run, &due, &registry).await?;
        self.heal(event, run, forgotten).await;
        Ok(())
    }

    async fn last_beat(&self, event: &EventId, run: u32) -> Result<u32, StoreError> {
        let runs = [Some(run), run.checked_sub(1)].into_iter().flatten();
        let commands: Vec<Cmd> = runs.map(|run| reader::newest(&keys::beats(event, run))).collect();
        let answers = self.ask(event, &commands).await?;
        let numbers = answers.iter().filter_map(|answer| match answer {
            Value::Array(entries) => entries.first().and_then(reader::number_of),
            _ => None,
        });
        Ok(numbers.max().unwrap_or(0))
    }

    async fn append(&self, event: &EventId, beat: Arc<Beat>) -> Result<Appended, StoreError> {
        let mut add = redis::cmd("XADD");
        add.arg(keys::beats(event, beat.run)).arg("MAXLEN").arg("~").arg(BEATS_KEPT);
        add.arg(format!("{}-0", beat.number)).arg(keys::BEAT).arg(payload::encode(&beat));
        let mut commands = vec![add];
        commands.extend(self.shelves.with(event, beat.run, |shelf| self.beside(event, &beat, shelf)));
        let mut answers = self.fleet.ask(keys::slot(event), &commands).await?.into_iter();
        let added = answers.next();
        let beside_is_done = answers.all(|answer| answer.is_ok());
        self.shelves.with(event, beat.run, |shelf| match beside_is_done {
            true => shelf.written = shelf.accepted.clone(),
            false => shelf.beats_refreshed = shelf::Refreshed::default(),
        });
        match added {
            Some(Ok(_)) => {
                self.shelves.with(event, beat.run, |shelf| shelf.accepted = beat.totals.clone());
                Ok(Appended::Accepted)
            }
            Some(Err(Fault::Refused { why, .. })) if why.contains("equal or smaller") => Ok(Appended::Taken),
            Some(Err(fault)) => Err(fault.into()),
            None => Err(Fault::Nonsense { node: self.owner_of(event), why: "no answer".into() }.into()),
        }
    }

    async fn next(&self, event: &EventId, run: u32, after: u32) -> Result<Option<Arc<Beat>>, StoreError> {
        let reader = {
            let mut readers = self.readers.lock().expect("no holder of this lock panics");
            Arc::clone(readers.entry(event.clone()).or_default())
        };
        let beat = reader.lock().await.next(&self.fleet, event, run, after).await?;
        Ok(beat.map(Arc::new))
    }

    fn is_shared(&self) -> bool {
        true
    }
}

/// A step that is written down; an event that was never opened has none.
fn stated(opening: Opening) -> Opening {
    if keys::STEPS.iter().any(|(_, phase)| *phase == opening.phase) { opening } else { Opening::default() }
}

/// Reads a sorted set whole.
fn whole(key: &str) -> Cmd {
    redis::cmd("ZRANGE").arg(key).arg(0).arg(-1).arg("WITHSCORES").take()
}

/// Joins `members` into a sorted set: Redis' own maximum.
fn raise<'a>(key: &str, members: impl IntoIterator<Item = (&'a str, u64)>) -> Cmd {
    let mut command = redis::cmd("ZADD");
    command.arg(key).arg("GT").arg("CH");
    for (member, score) in members {
        command.arg(score).arg(member);
    }
    command
}

fn keep(key: &str) -> Cmd {
    redis::cmd("EXPIRE").arg(key).arg(KEPT.as_secs()).take()
}

fn count_refused(event: &EventId, count: usize) {
    if count > 0 {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        metrics::counter!("beat_joins_refused_total", "event" => event.to_string()).increment(count);
    }
}

#[cfg(test)]
mod tests;
