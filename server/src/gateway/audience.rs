//! All readers of one event on one shard, and the loop that writes each beat to them.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use beat_core::Turn;
use beat_protocol::{ByTeam, Flag, Record, TeamCode};
use slab::Slab;

use super::counters::Counters;
use super::sample::{Lengths, Sample};
use super::seat::{Role, Seat};
use crate::event::{Event, Ledger};
use crate::fanout::Frames;

/// Sockets written before the shard reads again: half a millisecond's work, at 2 µs a `send`.
const WRITES_AT_A_STRETCH: usize = 256;
/// Seats looked up before the first of them is written to: the memory of one is fetched while that of the next is.
const TOGETHER: usize = 16;

/// One event's readers here.
pub(super) struct Audience {
    pub(super) event: Arc<Event>,
    pub(super) sample: Sample,
    seats: RefCell<Slab<Place>>,
    seated: Cell<u32>,
    ledger: RefCell<LedgerCache>,
}

type LedgerCache = arc_swap::Cache<Arc<arc_swap::ArcSwap<Ledger>>, Arc<Ledger>>;

/// What decides whether a beat is due stands here, beside one another: most seats are passed over without a look.
struct Place {
    /// Of a fan. A display is due each beat.
    turn: Option<Turn>,
    /// When it has outlived its ticket.
    ends_at_ms: u64,
    seat: Rc<Seat>,
}

impl Audience {
    pub(super) fn new(event: Arc<Event>, lengths: Lengths) -> Rc<Self> {
        let ledger = RefCell::new(event.ledger_cache());
        Rc::new(Self { event, sample: Sample::new(lengths), seats: RefCell::default(), seated: Cell::new(0), ledger })
    }

    /// Seats a reader that has just been given the newest beat.
    pub(super) fn take_seat(&self, seat: &Rc<Seat>, ends_at_ms: u64) -> usize {
        let latest = self.newest().map_or(0, |frames| frames.number());
        self.event.reader_comes();
        let nth = self.seated.replace(self.seated.get().wrapping_add(1));
        let turn = matches!(seat.role, Role::Fan { .. }).then(|| Turn::of_nth(nth, latest));
        self.seats.borrow_mut().insert(Place { turn, ends_at_ms, seat: Rc::clone(seat) })
    }

    /// Takes the reader off.
    pub(super) fn leave_seat(&self, at: usize, now_ms: u64) {
        self.event.reader_goes(now_ms);
        self.seats.borrow_mut().remove(at);
    }

    /// Everyone who sits here now.
    pub(super) fn seats(&self) -> Vec<(usize, Rc<Seat>)> {
        self.seats.borrow().iter().map(|(at, place)| (at, Rc::clone(&place.seat))).collect()
    }

    /// Everyone here who has outlived its ticket.
    pub(super) fn expired(&self, now_ms: u64) -> Vec<Rc<Seat>> {
        let seats = self.seats.borrow();
        let expired = seats.iter().filter(|(_, place)| place.ends_at_ms <= now_ms && !place.seat.is_closed());
        expired.map(|(_, place)| Rc::clone(&place.seat)).collect()
    }

    /// The newest beat.
    pub(super) fn newest(&self) -> Option<Arc<Frames>> {
        self.event.newest.borrow().clone()
    }

    /// Where taps go now. An unchanged ledger costs a load and a comparison.
    pub(super) fn with_ledger<T>(&self, use_it: impl FnOnce(&Ledger) -> T) -> T {
        use_it(self.ledger.borrow_mut().load())
    }

    /// Records by team code, as JSON has them.
    pub(super) fn by_code(&self, records: &[Record]) -> ByTeam<u32> {
        let teams = self.event.roster.teams();
        ByTeam(records.iter().map(|record| (teams[usize::from(record.team)].code, record.total)).collect())
    }

    /// The index of `code` in this event's roster.
    pub(super) fn index_of(&self, code: TeamCode) -> Option<u16> {
        self.event.roster.index_of(code)
    }

    /// How many teams there are.
    pub(super) fn teams(&self) -> u16 {
        u16::try_from(self.event.roster.teams().len()).expect("a roster's indexes fit 16 bits")
    }

    /// Whether `records` name only teams of this event's roster.
    pub(super) fn knows(&self, records: impl IntoIterator<Item = Record>) -> bool {
        records.into_iter().all(|record| usize::from(record.team) < self.event.roster.teams().len())
    }

    /// Writes every beat to everyone it is due for, as long as the event lives.
    pub(super) async fn fan_out(self: Rc<Self>, counters: Arc<Counters>) {
        let mut beats = self.event.newest.subscribe();
        while beats.changed().await.is_ok() {
            let newest = beats.borrow_and_update().clone();
            if let Some(frames) = newest {
                self.write_to_all(&frames, &counters).await;
            }
        }
    }

    async fn write_to_all(&self, frames: &Frames, counters: &Counters) {
        // Seats taken meanwhile have just been given this beat, or a newer one.
        let places = self.seats.borrow().capacity();
        let (mut at, mut written) = (0, 0);
        while at < places {
            let wrote;
            (wrote, at) = self.write_to_next(at..places, frames, counters);
            written += wrote;
            if written >= WRITES_AT_A_STRETCH {
                written = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Writes to the next seats for which the beat is due; answers with how many they were and where to go on.
    fn write_to_next(&self, places: Range<usize>, frames: &Frames, counters: &Counters) -> (usize, usize) {
        let mut seats = self.seats.borrow_mut();
        let mut due = [0; TOGETHER];
        let (found, next) = look_for_due(&mut seats, places, frames, &mut due);
        for &due in &due[..found] {
            write_to(&seats[due].seat, frames, counters);
        }
        (found, next)
    }
}

/// Finds the next seats for which the beat is due, as many as `due` has room for; answers with how many they are and
/// where to go on.
fn look_for_due(seats: &mut Slab<Place>, places: Range<usize>, frames: &Frames, due: &mut [usize]) -> (usize, usize) {
    let to_everyone = frames.flags().has(Flag::Stale) || frames.flags().has(Flag::Closed);
    let mut found = 0;
    for at in places.clone() {
        if found == due.len() {
            return (found, at);
        }
        let Some(place) = seats.get_mut(at) else { continue };
        let is_due = place.turn.as_mut().is_none_or(|turn| turn.take(frames.number()) || to_everyone);
        if is_due && !place.seat.is_closed() {
            due[found] = at;
            found += 1;
        }
    }
    (found, places.end)
}

fn write_to(seat: &Rc<Seat>, frames: &Frames, counters: &Counters) {
    if frames.flags().has(Flag::Closed) && matches!(seat.role, Role::Fan { .. }) {
        return seat.close_event(frames);
    }
    match seat.offer(frames) {
        Some(len) => {
            counters.beats_out.add(1);
            counters.bytes_out.add(len as u64);
        }
        None => counters.beats_skipped.add(1),
    }
}
