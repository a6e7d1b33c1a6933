//! Where gateways meet: a few verbs, all of them safe to repeat.
//!
//! Nothing here is an increment. A lost reply, a repeated command or an old one that arrives late changes nothing that
//! the next call does not put right. Knows no session and no socket.

mod embedded;
mod redis;

use std::sync::Arc;

use async_trait::async_trait;
use beat_core::{Beat, Incarnation, Opening};
use beat_protocol::{EventId, TeamCode};

use crate::exclusions::Decision;

pub(crate) use embedded::Embedded;
pub(crate) use redis::{Fault, Redis};

/// What the store keeps of an event beside its totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventRecord {
    /// Nominal time of beat 0, in milliseconds since 1970; the first one proposed holds for good.
    pub(crate) t0_ms: u64,
    /// Where the event stands; only ever moves forward.
    pub(crate) opening: Opening,
}

/// What one gateway has counted since it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vector {
    pub(crate) incarnation: Incarnation,
    /// Beat intervals since that gateway started, when it stated these totals.
    pub(crate) tick: u64,
    /// By team code; a roster may have moved since.
    pub(crate) totals: Vec<(TeamCode, u64)>,
    /// All its totals together, also those of teams that are not among them.
    pub(crate) sum: u64,
    /// How many fans cheer for each team there, of those that have any; `None`: as it said before. A number that comes and
    /// goes: the newest statement holds.
    pub(crate) fans: Option<Vec<(TeamCode, u32)>>,
    /// The run is closed, and nothing will be added to these totals.
    pub(crate) confirmed: bool,
}

impl Vector {
    /// Whether no team's total is missing. One may be between a store's loss of memory and the next whole statement:
    /// changed teams come with a new tick, the others are old or not there.
    pub(crate) fn is_whole(&self) -> bool {
        self.totals.iter().map(|(_, total)| total).sum::<u64>() >= self.sum
    }
}

/// What became of a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    /// It is the newest.
    Accepted,
    /// Its number, or a later one, is taken: another gateway conducts.
    Taken,
}

/// Why the store did not do it. The next call states larger totals, so that there is nothing to retry.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("cannot use {path}: {why}")]
    Unusable { path: String, why: String },
    #[error("{path} is in use: another beat-server runs on it")]
    InUse { path: String },
    #[error("the store's thread has ended")]
    Ended,
    #[error(transparent)]
    Redis(#[from] Fault),
    #[error("commit failed: {0}")]
    Commit(Arc<redb::Error>),
}

/// The verbs.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// Joins `proposal` into what is known of `event`, and answers with the outcome.
    async fn advance(&self, event: &EventId, proposal: EventRecord) -> Result<EventRecord, StoreError>;

    /// Joins `decisions` into what was decided on who is excluded from `event`, and answers with all of it.
    async fn decide(&self, event: &EventId, decisions: &[Decision]) -> Result<Vec<Decision>, StoreError>;

    /// Joins a gateway's totals into its vector. Once it answers, they survive this process.
    async fn join(&self, event: &EventId, run: u32, vector: Vector) -> Result<(), StoreError>;

    /// Every gateway's vector, as far as joined.
    async fn gateways(&self, event: &EventId, run: u32) -> Result<Vec<Vector>, StoreError>;

    /// The last number that may have been used for a beat of `event`, in this run or before; the next takes a higher one.
    async fn last_beat(&self, event: &EventId, run: u32) -> Result<u32, StoreError>;

    /// Makes `beat` the newest of its run, if its number is.
    async fn append(&self, event: &EventId, beat: Arc<Beat>) -> Result<Appended, StoreError>;

    /// The newest beat of `run` after number `after`; waits a while for one, and answers `None` if there was none.
    async fn next(&self, event: &EventId, run: u32, after: u32) -> Result<Option<Arc<Beat>>, StoreError>;

    /// Keeps what gateways of `run` counted that have stopped since, and states it again where the store has forgotten it.
    async fn remember(&self, event: &EventId, run: u32) -> Result<(), StoreError>;

    /// Whether other gateways may meet here; if not, there is nobody to wait for.
    fn is_shared(&self) -> bool;
}
