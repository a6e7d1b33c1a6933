//! What one gateway remembers of each event between two calls: vectors, what it has stated, what it has written.
//!
//! Bounded: the runs of an event up to the one before the newest. Reads and writes nothing itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use beat_core::{Incarnation, Opening, Totals};
use beat_protocol::EventId;
use redis::Value;
use tokio::time::Instant;

use super::keys;
use super::route::text;
use super::vectors::Vectors;

/// Keys live for days; that they get their time anew this often costs next to nothing.
const REFRESH_EVERY: Duration = Duration::from_mins(10);

/// Everything remembered.
#[derive(Default)]
pub(super) struct Shelves(Mutex<HashMap<EventId, BTreeMap<u32, Shelf>>>);

/// What is remembered of one run.
#[derive(Default)]
pub(super) struct Shelf {
    pub(super) vectors: Vectors,
    /// Who has stated a total here, and when its keys got their time.
    stated: HashMap<Incarnation, Refreshed>,
    /// Totals of the last beat of ours that was accepted, and those on the leaderboard.
    pub(super) accepted: Totals,
    pub(super) written: Totals,
    pub(super) beats_refreshed: Refreshed,
}

/// When keys got their time last.
#[derive(Clone, Copy, Default)]
pub(super) struct Refreshed(Option<Instant>);

impl Refreshed {
    /// Whether it is time again; then it counts as done.
    pub(super) fn is_due(&mut self) -> bool {
        let is_due = self.0.is_none_or(|at| at.elapsed() >= REFRESH_EVERY);
        if is_due {
            self.0 = Some(Instant::now());
        }
        is_due
    }
}

impl Shelves {
    /// Acts on what is remembered of `run`.
    pub(super) fn with<T>(&self, event: &EventId, run: u32, act: impl FnOnce(&mut Shelf) -> T) -> T {
        let mut shelves = self.0.lock().expect("no holder of this lock panics");
        let runs = match shelves.get_mut(event) {
            Some(runs) => runs,
            None => shelves.entry(event.clone()).or_default(),
        };
        let outcome = act(runs.entry(run).or_default());
        while runs.len() > 2 {
            runs.pop_first();
        }
        outcome
    }
}

impl Shelf {
    /// Whether the keys of `incarnation` get their time with what it states now; `None` if that is a tick alone and it
    /// has never stated more.
    pub(super) fn stating(&mut self, incarnation: Incarnation, is_tick_alone: bool) -> Option<bool> {
        match self.stated.get_mut(&incarnation) {
            Some(refreshed) => Some(refreshed.is_due()),
            None if is_tick_alone => None,
            None => Some(self.stated.entry(incarnation).or_default().is_due()),
        }
    }

    /// Nobody knows whether they got it.
    pub(super) fn refresh_again(&mut self, incarnation: Incarnation) {
        self.stated.insert(incarnation, Refreshed::default());
    }
}

/// Reads the answer to `HGETALL` of a state: the nominal time of beat 0, how far the event has come, and how many
/// fields made no sense.
pub(super) fn record(answer: &Value) -> ((Option<u64>, Opening), usize) {
    let fields = match answer {
        Value::Array(flat) => flat.as_slice(),
        _ => &[],
    };
    let mut t0_ms = None;
    let mut opening = Opening::default();
    let mut refused = 0;
    for pair in fields.chunks_exact(2) {
        let (Some(field), Some(value)) = (text(&pair[0]), text(&pair[1]).and_then(|value| value.parse().ok())) else {
            refused += 1;
            continue;
        };
        if field == keys::T0_MS {
            t0_ms = Some(value);
        } else if let Some(step) = step(field, value) {
            opening = opening.join(step);
        } else {
            refused += 1;
        }
    }
    ((t0_ms, opening), refused)
}

/// `<run>:<word>`, since when.
fn step(field: &str, since_ms: u64) -> Option<Opening> {
    let (run, word) = field.split_once(':')?;
    let run = run.parse().ok().filter(|run| *run > 0)?;
    let (_, phase) = keys::STEPS.iter().find(|(name, _)| *name == word)?;
    Some(Opening { run, phase: *phase, since_ms })
}

#[cfg(test)]
mod tests {
    use beat_core::Phase;

    use super::*;

    #[test]
    fn the_furthest_step_stands_and_nonsense_is_counted() {
        let fields = [
            ("t0_ms", "17"),
            ("1:open", "20"),
            ("2:open", "40"),
            ("1:final", "30"),
            ("2:shut", "50"),
            ("4294967296:open", "50"),
            ("0:open", "50"),
            ("3:open", "soon"),
            ("3:open:", "60"),
        ];
        let flat =
            fields.iter().flat_map(|(field, value)| [field, value]).map(|text| Value::BulkString((*text).into()));
        let opening = Opening { run: 2, phase: Phase::Open, since_ms: 40 };
        assert_eq!(record(&Value::Array(flat.collect())), ((Some(17), opening), 5));
        assert_eq!(record(&Value::Nil), ((None, Opening::default()), 0));
    }
}
