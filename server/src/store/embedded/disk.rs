//! The file: changes in, changes out. One transaction a commit; knows nothing of who waits for it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use beat_core::{Incarnation, Opening, Phase};
use beat_protocol::{EventId, TeamCode};
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableDefinition};

use crate::exclusions::Decision;
use crate::store::{EventRecord, StoreError, Vector};

/// Event → t0, run, phase, milliseconds since 1970 of its last turn.
const RECORDS: TableDefinition<'_, &str, (u64, u32, u8, u64)> = TableDefinition::new("records");
/// Event, run, incarnation, team → total. Ticks die with their process and are not kept.
const TOTALS: TableDefinition<'_, (&str, u32, u64, &str), u64> = TableDefinition::new("totals");
/// Event → highest beat number that may have been used.
const NUMBERS: TableDefinition<'_, &str, u32> = TableDefinition::new("numbers");

/// Event, number, whether it excludes, subject → who took the decision, and why.
const DECISIONS: TableDefinition<'_, (&str, u64, bool, &str), (&str, &str)> = TableDefinition::new("decisions");

/// All gateways before this start, summed: there is only ever one alive on a file.
const PAST: Incarnation = Incarnation(0);
/// Far beyond a gateway's first second: what PAST holds is old, and no burst of taps.
const PAST_TICK: u64 = 1 << 32;

/// The folder holds just this.
const FILE: &str = "totals.redb";
/// Pages kept in memory: ours are a few kilobytes in all.
const CACHE_BYTES: usize = 4 << 20;

/// One thing to make durable.
#[derive(Debug)]
pub(super) enum Change {
    Record(EventRecord),
    Decide(Decision),
    Join { run: u32, vector: Vector },
    Reserve(u32),
}

/// An open file, or its likeness in memory.
pub(super) struct Disk {
    place: Place,
    /// `None` after an error: redb takes nothing more from a file that failed it, until it is opened again.
    database: Option<Database>,
}

enum Place {
    File(PathBuf),
    Memory,
}

impl Disk {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        std::fs::create_dir_all(folder)
            .map_err(|error| StoreError::Unusable { path: folder.display().to_string(), why: error.to_string() })?;
        Self::new(Place::File(folder.join(FILE)))
    }

    pub(super) fn in_memory() -> Result<Self, StoreError> {
        Self::new(Place::Memory)
    }

    fn new(place: Place) -> Result<Self, StoreError> {
        match place.open() {
            Ok(database) => Ok(Self { place, database: Some(database) }),
            Err(DatabaseError::DatabaseAlreadyOpen) => Err(StoreError::InUse { path: place.to_string() }),
            Err(other) => Err(StoreError::Unusable { path: place.to_string(), why: other.to_string() }),
        }
    }

    /// Everything in the file, after the vectors of all earlier gateways were summed into one.
    pub(super) fn load(&mut self) -> Result<Vec<(EventId, Change)>, StoreError> {
        self.with(|database| {
            sum_the_past(database)?;
            read_all(database)
        })
        .map_err(|error| StoreError::Unusable { path: self.place.to_string(), why: error.to_string() })
    }

    /// Makes all of `changes` durable, or none.
    pub(super) fn commit<'a>(
        &mut self,
        changes: impl Iterator<Item = (&'a EventId, &'a Change)>,
    ) -> Result<(), redb::Error> {
        self.with(|database| commit(database, changes))
    }

    fn with<T>(&mut self, act: impl FnOnce(&Database) -> Result<T, redb::Error>) -> Result<T, redb::Error> {
        let database = match self.database.take() {
            Some(database) => database,
            None => self.place.open()?,
        };
        let done = act(&database)?;
        self.database = Some(database);
        Ok(done)
    }
}

impl Place {
    fn open(&self) -> Result<Database, DatabaseError> {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        match self {
            Self::File(path) => builder.create(path),
            Self::Memory => builder.create_with_backend(redb::backends::InMemoryBackend::new()),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Memory => f.write_str("memory"),
        }
    }
}

fn commit<'a>(
    database: &Database,
    changes: impl Iterator<Item = (&'a EventId, &'a Change)>,
) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut records = transaction.open_table(RECORDS)?;
        let mut totals = transaction.open_table(TOTALS)?;
        let mut numbers = transaction.open_table(NUMBERS)?;
        let mut decisions = transaction.open_table(DECISIONS)?;
        for (event, change) in changes {
            let event = event.as_str();
            match change {
                Change::Record(EventRecord { t0_ms, opening }) => {
                    let phase = phase_to_byte(opening.phase);
                    records.insert(event, (*t0_ms, opening.run, phase, opening.since_ms))?;
                }
                Change::Decide(Decision { number, excludes, subject, who, why }) => {
                    let subject = subject.to_string();
                    decisions.insert((event, *number, *excludes, &*subject), (&**who, &**why))?;
                }
                Change::Reserve(number) => _ = numbers.insert(event, *number)?,
                Change::Join { run, vector } => {
                    // A vector has one author, one write under way and totals that only rise: to insert is to join.
                    for (team, total) in &vector.totals {
                        totals.insert((event, *run, vector.incarnation.0, team.as_str()), *total)?;
                    }
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

fn read_all(database: &Database) -> Result<Vec<(EventId, Change)>, redb::Error> {
    let transaction = database.begin_read()?;
    let mut changes = Vec::new();
    for entry in transaction.open_table(RECORDS)?.iter()? {
        let (event, record) = entry?;
        let (t0_ms, run, phase, since_ms) = record.value();
        let opening = Opening { run, phase: phase_from_byte(phase), since_ms };
        changes.extend(event_of(event.value()).map(|event| (event, Change::Record(EventRecord { t0_ms, opening }))));
    }
    for entry in transaction.open_table(NUMBERS)?.iter()? {
        let (event, number) = entry?;
        changes.extend(event_of(event.value()).map(|event| (event, Change::Reserve(number.value()))));
    }
    for entry in transaction.open_table(DECISIONS)?.iter()? {
        let (key, said) = entry?;
        let (event, number, excludes, subject) = key.value();
        let Some((event, subject)) = event_of(event).zip(subject.parse().ok()) else { continue };
        let (who, why) = said.value();
        let decision = Decision { number, excludes, subject, who: who.to_owned(), why: why.to_owned() };
        changes.push((event, Change::Decide(decision)));
    }
    for entry in transaction.open_table(TOTALS)?.iter()? {
        let (key, total) = entry?;
        let (event, run, _, team) = key.value();
        let Some((event, team)) = event_of(event).zip(team.parse::<TeamCode>().ok()) else { continue };
        let totals = vec![(team, total.value())];
        let vector = Vector { incarnation: PAST, tick: PAST_TICK, totals, sum: 0, fans: None, confirmed: true };
        changes.push((event, Change::Join { run, vector }));
    }
    Ok(changes)
}

/// Each start adds an incarnation; summing the old ones keeps the file small however often that happens.
fn sum_the_past(database: &Database) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        transaction.open_table(RECORDS)?;
        transaction.open_table(NUMBERS)?;
        transaction.open_table(DECISIONS)?;
        let mut totals = transaction.open_table(TOTALS)?;
        let mut past: HashMap<(String, u32, String), u64> = HashMap::new();
        for entry in totals.iter()? {
            let (key, total) = entry?;
            let (event, run, _, team) = key.value();
            *past.entry((event.to_owned(), run, team.to_owned())).or_default() += total.value();
        }
        totals.retain(|_, _| false)?;
        for ((event, run, team), total) in past {
            totals.insert((event.as_str(), run, PAST.0, team.as_str()), total)?;
        }
    }
    transaction.commit()?;
    Ok(())
}

fn event_of(key: &str) -> Option<EventId> {
    key.parse().ok()
}

fn phase_to_byte(phase: Phase) -> u8 {
    match phase {
        Phase::Scheduled => 0,
        Phase::Open => 1,
        Phase::Closed => 2,
        Phase::Final => 3,
    }
}

fn phase_from_byte(byte: u8) -> Phase {
    match byte {
        0 => Phase::Scheduled,
        1 => Phase::Open,
        2 => Phase::Closed,
        _ => Phase::Final,
    }
}
