//! The store of a single gateway: in memory, made durable in one local file.
//!
//! Readers see only what is committed, so that no beat ever shows a tap that a crash could take back. A beat itself is not
//! kept: its totals follow from the vectors, and of its number only a reserve is written, every few seconds.

mod disk;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use beat_core::{Beat, Incarnation};
use beat_protocol::{EventId, TeamCode};
use tokio::sync::{oneshot, watch};

use super::{Appended, EventRecord, Store, StoreError, Vector};
use crate::exclusions::Decision;
use disk::{Change, Disk};

/// How long [`Store::next`] waits before it says that there was nothing.
const SILENCE: Duration = Duration::from_millis(250);
/// Beat numbers reserved at a time, renewed at half: an idle event commits once a second, and a restart skips two at most.
const RESERVE: u32 = 20;

/// Callers wait for their commit, so the queue holds at most one job for each event and verb.
type Jobs = mpsc::SyncSender<Job>;
const JOBS_MAX: usize = 1_024;

/// One change to make durable, and who waits for it.
struct Job {
    event: EventId,
    change: Change,
    done: oneshot::Sender<Result<(), StoreError>>,
}

/// The embedded store; cheap to share.
pub(crate) struct Embedded {
    shelves: Arc<Shelves>,
    jobs: Jobs,
}

/// What is committed, by event.
#[derive(Default)]
pub(super) struct Shelves(Mutex<HashMap<EventId, Shelf>>);

#[derive(Default)]
struct Shelf {
    record: Option<EventRecord>,
    decisions: Vec<Decision>,
    vectors: HashMap<(u32, Incarnation), Kept>,
    /// Numbers up to here may have been used.
    reserved: u32,
    /// Newest beat of this process.
    newest: watch::Sender<Option<Arc<Beat>>>,
    last: u32,
}

#[derive(Default)]
struct Kept {
    tick: u64,
    confirmed: bool,
    totals: HashMap<TeamCode, u64>,
    fans: Option<Vec<(TeamCode, u32)>>,
}

impl Embedded {
    /// Opens, or creates, the file in `folder`.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::start(Disk::open(folder)?)
    }

    /// The same without a file: nothing outlives the process.
    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        Self::start(Disk::in_memory()?)
    }

    fn start(mut disk: Disk) -> Result<Self, StoreError> {
        let shelves = Arc::new(Shelves::default());
        for (event, change) in disk.load()? {
            shelves.apply(&event, &change);
        }
        shelves.resume_numbers();
        // A caller that cannot queue has 1,023 others before it, and waits in its turn.
        let (jobs, queue) = mpsc::sync_channel(JOBS_MAX);
        let committed = Arc::clone(&shelves);
        std::thread::Builder::new()
            .name("store".into())
            .spawn(move || commit_all(&mut disk, &queue, &committed))
            .map_err(|error| StoreError::Unusable { path: "the store's thread".into(), why: error.to_string() })?;
        Ok(Self { shelves, jobs })
    }

    /// Queues a change; the answer comes when it is committed.
    fn queue(&self, event: &EventId, change: Change) -> Result<oneshot::Receiver<Result<(), StoreError>>, StoreError> {
        let (done, committed) = oneshot::channel();
        self.jobs.try_send(Job { event: event.clone(), change, done }).map_err(|_| StoreError::Ended)?;
        Ok(committed)
    }

    async fn commit(&self, event: &EventId, change: Change) -> Result<(), StoreError> {
        self.queue(event, change)?.await.map_err(|_| StoreError::Ended)?
    }
}

/// One commit for all that waits, the next begun when the last has ended.
fn commit_all(disk: &mut Disk, queue: &mpsc::Receiver<Job>, shelves: &Shelves) {
    while let Ok(first) = queue.recv() {
        let batch: Vec<Job> = std::iter::once(first).chain(queue.try_iter()).collect();
        let outcome = disk.commit(batch.iter().map(|job| (&job.event, &job.change))).map_err(Arc::new);
        for Job { event, change, done } in batch {
            let answer = match &outcome {
                Ok(()) => {
                    shelves.apply(&event, &change);
                    Ok(())
                }
                Err(error) => Err(StoreError::Commit(Arc::clone(error))),
            };
            // A caller that stopped waiting states larger totals at its next flush.
            drop(done.send(answer));
        }
    }
}

impl Shelves {
    fn lock(&self) -> MutexGuard<'_, HashMap<EventId, Shelf>> {
        self.0.lock().expect("no holder of this lock panics")
    }

    fn with<T>(&self, event: &EventId, act: impl FnOnce(&mut Shelf) -> T) -> T {
        let mut shelves = self.lock();
        match shelves.get_mut(event) {
            Some(shelf) => act(shelf),
            None => act(shelves.entry(event.clone()).or_default()),
        }
    }

    fn apply(&self, event: &EventId, change: &Change) {
        self.with(event, |shelf| match change {
            Change::Record(record) => shelf.record = Some(record.joined(shelf.record)),
            Change::Decide(decision) => shelf.decisions.push(decision.clone()),
            Change::Reserve(number) => shelf.reserved = shelf.reserved.max(*number),
            Change::Join { run, vector } => {
                let kept = shelf.vectors.entry((*run, vector.incarnation)).or_default();
                if vector.fans.is_some() && vector.tick >= kept.tick {
                    kept.fans.clone_from(&vector.fans);
                }
                kept.tick = kept.tick.max(vector.tick);
                kept.confirmed |= vector.confirmed;
                for &(team, total) in &vector.totals {
                    let known = kept.totals.entry(team).or_default();
                    *known = total.max(*known);
                }
            }
        });
    }

    /// Whatever an earlier process reserved, it may have used.
    fn resume_numbers(&self) {
        for shelf in self.lock().values_mut() {
            shelf.last = shelf.reserved;
        }
    }
}

impl EventRecord {
    /// The first `t0_ms` holds, the later opening holds.
    fn joined(self, known: Option<Self>) -> Self {
        known.map_or(self, |known| Self { t0_ms: known.t0_ms, opening: known.opening.join(self.opening) })
    }
}

#[async_trait]
impl Store for Embedded {
    async fn advance(&self, event: &EventId, proposal: EventRecord) -> Result<EventRecord, StoreError> {
        let known = self.shelves.with(event, |shelf| shelf.record);
        let joined = proposal.joined(known);
        if known != Some(joined) {
            self.commit(event, Change::Record(joined)).await?;
        }
        Ok(joined)
    }

    async fn decide(&self, event: &EventId, decisions: &[Decision]) -> Result<Vec<Decision>, StoreError> {
        let known = self.shelves.with(event, |shelf| shelf.decisions.clone());
        for decision in decisions.iter().filter(|decision| !known.contains(decision)) {
            self.commit(event, Change::Decide(decision.clone())).await?;
        }
        Ok(self.shelves.with(event, |shelf| shelf.decisions.clone()))
    }

    async fn join(&self, event: &EventId, run: u32, vector: Vector) -> Result<(), StoreError> {
        let is_tick_alone = vector.totals.is_empty();
        let change = Change::Join { run, vector };
        if is_tick_alone {
            // It is worth nothing after this process, and is not written.
            self.shelves.apply(event, &change);
            return Ok(());
        }
        self.commit(event, change).await
    }

    async fn gateways(&self, event: &EventId, run: u32) -> Result<Vec<Vector>, StoreError> {
        let vector_of = |((_, incarnation), kept): (&(u32, Incarnation), &Kept)| Vector {
            incarnation: *incarnation,
            tick: kept.tick,
            sum: 0,
            fans: kept.fans.clone(),
            confirmed: kept.confirmed,
            totals: kept.totals.iter().map(|(team, total)| (*team, *total)).collect(),
        };
        Ok(self.shelves.with(event, |shelf| {
            shelf.vectors.iter().filter(|((of_run, _), _)| *of_run == run).map(vector_of).collect()
        }))
    }

    async fn last_beat(&self, event: &EventId, _run: u32) -> Result<u32, StoreError> {
        Ok(self.shelves.with(event, |shelf| shelf.last))
    }

    async fn append(&self, event: &EventId, beat: Arc<Beat>) -> Result<Appended, StoreError> {
        let (last, reserved) = self.shelves.with(event, |shelf| (shelf.last, shelf.reserved));
        if beat.number <= last {
            return Ok(Appended::Taken);
        }
        let reserve = Change::Reserve(beat.number.saturating_add(RESERVE));
        if beat.number > reserved {
            self.commit(event, reserve).await?;
        } else if beat.number.saturating_add(RESERVE / 2) > reserved {
            // Renewed in good time: no beat waits for it. If it fails, the beat at the end of the reserve says so.
            drop(self.queue(event, reserve)?);
        }
        Ok(self.shelves.with(event, |shelf| {
            if beat.number <= shelf.last {
                return Appended::Taken;
            }
            shelf.last = beat.number;
            shelf.newest.send_replace(Some(beat));
            Appended::Accepted
        }))
    }

    async fn next(&self, event: &EventId, run: u32, after: u32) -> Result<Option<Arc<Beat>>, StoreError> {
        let mut newest = self.shelves.with(event, |shelf| shelf.newest.subscribe());
        let is_later = |beat: &Arc<Beat>| beat.run == run && beat.number > after;
        let later = newest.wait_for(|beat| beat.as_ref().is_some_and(is_later));
        Ok(match tokio::time::timeout(SILENCE, later).await {
            Ok(Ok(beat)) => beat.clone(),
            Ok(Err(_)) => return Err(StoreError::Ended),
            Err(_) => None,
        })
    }

    /// It forgets nothing while the process lives.
    async fn remember(&self, _: &EventId, _: u32) -> Result<(), StoreError> {
        Ok(())
    }

    fn is_shared(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
