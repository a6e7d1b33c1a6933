//! One event, as every thread of this gateway sees it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use beat_core::{Attendance, Counting, Fates, GRACE_MS, Opening, Phase, Tally, Totals, Window};
use beat_protocol::{EventDetail, EventId, EventState, EventSummary, EventTeams};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::{EventConfig, Origins};
use crate::exclusions::Exclusions;
use crate::fanout::Frames;
use crate::roster::Roster;
use crate::store::EventRecord;
use crate::watch::Watched;

/// An event is kept going for so long after its last reader has gone: most come back, and `/beat` is polled.
const IN_USE_FOR_MS: u64 = 10_000;

/// What is fixed of an event, what the shards count into, and the newest beat.
pub(crate) struct Event {
    pub(crate) id: EventId,
    pub(crate) name: String,
    pub(crate) roster: Arc<Roster>,
    pub(crate) rehearsal: bool,
    pub(crate) origins: Origins,
    pub(crate) opens_at_ms: Option<u64>,
    pub(crate) closes_at_ms: Option<u64>,
    /// Nominal time of beat 0.
    pub(crate) t0_ms: u64,
    /// From one beat to the next.
    pub(crate) beat_ms: u64,
    /// Fans and displays on this gateway.
    readers: AtomicUsize,
    /// When somebody last asked for it, on the process's clock.
    asked_at_ms: AtomicU64,
    /// Replaced at each turn of the event; shards keep a cached copy.
    ledger: Arc<ArcSwap<Ledger>>,
    /// Looked at when a fan begins, and for all of them when it changes.
    excluded: ArcSwap<Exclusions>,
    /// Where its taps came from in the last window.
    pub(crate) watched: ArcSwap<Watched>,
    earlier: Mutex<Earlier>,
    /// This gateway adds nothing more to the run that is closed.
    confirmed: AtomicBool,
    /// Nor does any other, as the conductor, if that is here, has it from the store.
    all_confirmed: AtomicBool,
    /// When the newest beat came from the store, on the process's clock.
    pub(crate) beat_at_ms: AtomicU64,
    /// Newest wins: who is slow sees the latest only.
    pub(crate) newest: watch::Sender<Option<Arc<Frames>>>,
}

/// Runs of this process that are over, so that its metrics never fall.
struct Earlier {
    sums: Vec<Fates>,
    /// Of the run before this one: a shard may still be counting its last frame into it.
    last: Arc<[Tally]>,
}

/// Where taps go, from one turn of the event to the next.
pub(crate) struct Ledger {
    pub(crate) opening: Opening,
    /// When this gateway came to know the phase, on its own monotonic clock, and how old it was by then.
    known_from_ms: u64,
    known_before_ms: u64,
    /// One for each shard, which alone writes it.
    tallies: Arc<[Tally]>,
}

impl Event {
    /// The event `config` describes, as the store knows it.
    pub(crate) fn new(config: &EventConfig, record: EventRecord, beat_ms: u64, shards: usize, clock: Clock) -> Self {
        let roster = config.roster();
        let tallies = tallies(shards, roster.teams().len());
        let ledger = Ledger::new(record.opening, tallies, clock);
        Self {
            id: config.id.clone(),
            name: config.name.clone(),
            rehearsal: config.rehearsal,
            origins: config.origins.clone(),
            opens_at_ms: config.opens_at_ms(),
            closes_at_ms: config.closes_at_ms(),
            t0_ms: record.t0_ms,
            beat_ms,
            readers: AtomicUsize::new(0),
            asked_at_ms: AtomicU64::new(clock.now_ms()),
            ledger: Arc::new(ArcSwap::from_pointee(ledger)),
            excluded: ArcSwap::default(),
            watched: ArcSwap::default(),
            earlier: Mutex::new(Earlier { sums: vec![Fates::default(); roster.teams().len()], last: Arc::new([]) }),
            confirmed: AtomicBool::new(false),
            all_confirmed: AtomicBool::new(false),
            beat_at_ms: AtomicU64::new(clock.now_ms()),
            newest: watch::Sender::new(None),
            roster,
        }
    }

    /// A fan or a display comes.
    pub(crate) fn reader_comes(&self) {
        self.readers.fetch_add(1, Ordering::Relaxed);
    }

    /// It is gone.
    pub(crate) fn reader_goes(&self, now_ms: u64) {
        self.asked(now_ms);
        self.readers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Somebody asks for the latest beat.
    pub(crate) fn asked(&self, now_ms: u64) {
        self.asked_at_ms.store(now_ms, Ordering::Relaxed);
    }

    /// Whether anybody here watches or cheers, or did a moment ago, or a tally is to be made final; an event without costs
    /// the store nothing.
    pub(crate) fn is_in_use(&self, now_ms: u64) -> bool {
        self.readers.load(Ordering::Relaxed) > 0
            || self.ledger.load().opening.phase == Phase::Closed
            || now_ms.saturating_sub(self.asked_at_ms.load(Ordering::Relaxed)) < IN_USE_FOR_MS
    }

    /// The ledger now.
    pub(crate) fn ledger(&self) -> Arc<Ledger> {
        self.ledger.load_full()
    }

    /// The ledger for who asks often: an unchanged one costs a load and a comparison.
    pub(crate) fn ledger_cache(&self) -> arc_swap::Cache<Arc<ArcSwap<Ledger>>, Arc<Ledger>> {
        arc_swap::Cache::new(Arc::clone(&self.ledger))
    }

    /// Who is excluded.
    pub(crate) fn excluded(&self) -> Arc<Exclusions> {
        self.excluded.load_full()
    }

    /// From now on these are; shards are still to judge the fans they have.
    pub(crate) fn exclude(&self, exclusions: Exclusions) {
        self.excluded.store(Arc::new(exclusions));
    }

    /// Moves to `opening`; a new run starts from nothing.
    pub(crate) fn turn(&self, opening: Opening, clock: Clock) {
        let before = self.ledger();
        let next_run = opening.run > before.opening.run;
        let tallies = if next_run {
            let mut earlier = self.earlier.lock().expect("no holder of this lock panics");
            let last = std::mem::replace(&mut earlier.last, Arc::clone(&before.tallies));
            for (team, sum) in earlier.sums.iter_mut().enumerate() {
                *sum = sum.plus(fates_of(&last, team));
            }
            tallies(before.tallies.len(), self.roster.teams().len())
        } else {
            Arc::clone(&before.tallies)
        };
        self.confirmed.store(false, Ordering::Relaxed);
        self.all_confirmed.store(false, Ordering::Relaxed);
        self.ledger.store(Arc::new(Ledger::new(opening, tallies, clock)));
    }

    /// Whether this gateway adds nothing more to the run that is closed.
    pub(crate) fn is_confirmed(&self) -> bool {
        self.confirmed.load(Ordering::Acquire)
    }

    /// Every shard has stopped counting for the run that is closed.
    pub(crate) fn confirm(&self) {
        self.confirmed.store(true, Ordering::Release);
    }

    /// Whether the tally can be final.
    pub(crate) fn are_all_confirmed(&self) -> bool {
        self.all_confirmed.load(Ordering::Relaxed)
    }

    /// Every gateway has confirmed, or is silent.
    pub(crate) fn confirm_all(&self) {
        self.all_confirmed.store(true, Ordering::Relaxed);
    }

    /// What became of all taps for `team` since this process began.
    pub(crate) fn fates(&self, team: usize) -> Fates {
        let earlier = self.earlier.lock().expect("no holder of this lock panics");
        let ledger = self.ledger();
        [fates_of(&earlier.last, team), fates_of(&ledger.tallies, team)]
            .into_iter()
            .fold(earlier.sums[team], Fates::plus)
    }

    /// The fans on this gateway who cheer for each team.
    pub(crate) fn fans(&self, now_ms: u64) -> Vec<u32> {
        let window = Window::at(now_ms);
        // A fan who was there in the run before, in the same ten seconds, sits in that one's seats.
        let earlier = Arc::clone(&self.earlier.lock().expect("no holder of this lock panics").last);
        let ledger = self.ledger();
        let attendance = |team: usize| {
            let tallies = earlier.iter().chain(ledger.tallies.iter());
            tallies.map(|tally| tally.attendance(team, window)).fold(Attendance::default(), Attendance::plus)
        };
        (0..self.roster.teams().len()).map(|team| attendance(team).fans()).collect()
    }

    /// Where the event stands, for everyone.
    pub(crate) fn state(&self) -> EventState {
        self.ledger.load().opening.phase.public()
    }

    /// When `beat` is due by its number alone, in milliseconds since 1970.
    pub(crate) fn nominal_ms(&self, beat: u32) -> u64 {
        self.t0_ms + u64::from(beat) * self.beat_ms
    }

    /// As it stands in the list of events.
    pub(crate) fn summary(&self) -> EventSummary {
        EventSummary {
            id: self.id.clone(),
            name: self.name.clone(),
            state: self.state(),
            roster: self.roster.tag().to_owned(),
        }
    }

    /// What of it never changes under the same tag.
    pub(crate) fn teams(&self) -> EventTeams {
        EventTeams {
            id: self.id.clone(),
            name: self.name.clone(),
            roster: self.roster.tag().to_owned(),
            teams: self.roster.teams().to_vec(),
        }
    }

    /// As it stands at its own address.
    pub(crate) fn detail(&self) -> EventDetail {
        EventDetail {
            summary: self.summary(),
            // One that opens with the service has no time to tell.
            opens_at_ms: self.opens_at_ms.filter(|opens| *opens > 0),
            closes_at_ms: self.closes_at_ms,
            teams: self.roster.teams().to_vec(),
        }
    }
}

impl Ledger {
    fn new(opening: Opening, tallies: Arc<[Tally]>, clock: Clock) -> Self {
        // After a restart part of a closing's grace is over.
        let known_before_ms = clock.wall_ms().saturating_sub(opening.since_ms);
        Self { opening, known_from_ms: clock.now_ms(), known_before_ms, tallies }
    }

    /// Whether a tap that arrives now counts.
    pub(crate) fn counting(&self, now_ms: u64) -> Counting {
        self.opening.phase.counting(self.known_ms(now_ms))
    }

    /// Whether a closed event has waited long enough for the last taps.
    pub(crate) fn grace_is_over(&self, now_ms: u64) -> bool {
        self.opening.phase == Phase::Closed && self.known_ms(now_ms) > GRACE_MS
    }

    fn known_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_sub(self.known_from_ms) + self.known_before_ms
    }

    /// The tally of one shard.
    pub(crate) fn tally(&self, shard: usize) -> &Tally {
        &self.tallies[shard]
    }

    /// What this gateway has counted in this run.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for tally in self.tallies.iter() {
            tally.add_counted_into(&mut totals);
        }
        totals
    }
}

fn fates_of(tallies: &[Tally], team: usize) -> Fates {
    tallies.iter().map(|tally| tally.fates(team)).fold(Fates::default(), Fates::plus)
}

fn tallies(shards: usize, teams: usize) -> Arc<[Tally]> {
    std::iter::repeat_with(|| Tally::new(teams)).take(shards).collect()
}
