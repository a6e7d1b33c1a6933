//! The ledger of one event: what became of every tap this gateway received in the run, and the limits it was judged by.
//!
//! Each shard copies its own tally between two reads, so that no frame is in the answer by half: received = counted +
//! shadowed + late holds in it for each team and in all, and so does whatever else is true of whole frames.

use std::sync::Arc;
use std::time::Duration;

use beat_core::{Fates, Incarnation, TEAMS_MAX};
use beat_protocol::{EventId, EventState, TeamCode};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::config::Limits;
use crate::event::Event;
use crate::gateway::{Gateway, ToShard};

/// A shard answers between two reads. One that does not is stuck.
const PATIENCE: Duration = Duration::from_secs(2);

/// A shard did not answer: what there is would not be the whole.
#[derive(Debug, thiserror::Error)]
#[error("a shard does not answer")]
pub(super) struct Stuck;

/// As it is written.
#[derive(Serialize)]
pub(super) struct Statement {
    event: EventId,
    run: u32,
    state: EventState,
    /// Whose ledger it is: add up those of all incarnations.
    incarnation: String,
    at_ms: u64,
    limits: LimitsInForce,
    #[serde(flatten)]
    all: Sums,
    teams: Vec<TeamSums>,
}

/// What decides over a tap: the human rate, and the frames it can come in.
#[derive(Serialize)]
struct LimitsInForce {
    taps_per_second: u32,
    taps_at_start: u32,
    taps_burst: u32,
    teams_max: usize,
    frames_per_second: u32,
    frames_burst: u32,
    bytes_per_second: u32,
    bytes_burst: u32,
    grace_ms: u64,
}

#[derive(Serialize)]
struct TeamSums {
    code: TeamCode,
    #[serde(flatten)]
    sums: Sums,
}

#[derive(Clone, Copy, Serialize)]
struct Sums {
    received: u64,
    counted: u64,
    shadowed: u64,
    late: u64,
}

/// The ledger of `event` on this gateway, as of now.
pub(super) async fn state(gateway: &Gateway, event: &Event, incarnation: Incarnation) -> Result<Statement, Stuck> {
    let ledger = event.ledger();
    let mut of_teams = vec![Fates::default(); event.roster.teams().len()];
    for shard in &gateway.shards {
        let (to, copied) = oneshot::channel();
        let asked = shard.mailbox.send(ToShard::Copy { ledger: Arc::clone(&ledger), to });
        let copy = async { asked.await.ok().and(copied.await.ok()) };
        let copy = timeout(PATIENCE, copy).await.ok().flatten().ok_or(Stuck)?;
        for (sum, fates) in of_teams.iter_mut().zip(copy) {
            *sum = sum.plus(fates);
        }
    }
    let all = of_teams.iter().copied().fold(Fates::default(), Fates::plus);
    Ok(Statement {
        event: event.id.clone(),
        run: ledger.opening.run,
        state: ledger.opening.phase.public(),
        incarnation: incarnation.to_string(),
        at_ms: gateway.clock.wall_ms(),
        limits: LimitsInForce::of(&gateway.config.limits),
        all: all.into(),
        teams: (event.roster.teams().iter().zip(of_teams))
            .map(|(team, fates)| TeamSums { code: team.code, sums: fates.into() })
            .collect(),
    })
}

impl LimitsInForce {
    fn of(limits: &Limits) -> Self {
        Self {
            taps_per_second: limits.taps_per_second,
            taps_at_start: limits.taps_at_start,
            taps_burst: limits.taps_burst,
            teams_max: TEAMS_MAX,
            frames_per_second: limits.frames_per_second,
            frames_burst: limits.frames_burst,
            bytes_per_second: limits.bytes_per_second,
            bytes_burst: limits.bytes_burst,
            grace_ms: beat_core::GRACE_MS,
        }
    }
}

impl From<Fates> for Sums {
    fn from(fates: Fates) -> Self {
        let Fates { counted, shadowed, late } = fates;
        Self { received: fates.received(), counted, shadowed, late }
    }
}
