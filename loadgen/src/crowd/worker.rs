//! A thread with its share of the fans: a loop that looks at their sockets and their times by its clock.
//!
//! It looks at most once a millisecond. A thread that slept until there is something would be woken by nearly each frame,
//! at the cost of whoever sends it, and would read beats one at a time; so timers have a resolution of 1 ms.

use std::io;
use std::time::Duration;

use mio::{Events, Poll, Token};
use serde::{Deserialize, Serialize};

use crate::books::ledger::{Ledger, Mailbox};
use crate::clock::{Clock, MILLISECOND, Nanos, SECOND};
use crate::crowd::book::Book;
use crate::crowd::seat::{Lent, Seat};
use crate::crowd::sources::Sources;
use crate::crowd::wheel::Wheel;
use crate::measure::watch::Quickest;
use crate::plan::phases::Phases;
use crate::plan::schedule::Crowd;
use crate::target::Gateway;
use crate::tickets::Tickets;

/// How often a worker looks at most.
const LOOK_INTERVAL: Nanos = MILLISECOND;
/// How often a worker's news go to the coordinator.
const NEWS_INTERVAL: Nanos = 100 * MILLISECOND;
/// Told by the kernel at a time.
const EVENTS: usize = 1_024;
/// One read: many beats of one fan, or a KEY of the largest roster.
const BUFFER_BYTES: usize = 64 << 10;
/// When somebody wants the end: fans leave within the first, and give up after both.
const STOP_LEAVING: Nanos = SECOND;
const STOP_GIVE_UP: Nanos = 3 * SECOND;

/// When what happens, for all fans.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Times {
    /// The first fan connects, and then one after the other.
    pub(crate) connect_from: Nanos,
    pub(crate) connect_step: Nanos,
    /// When the crowd begins to tap, and stops.
    pub(crate) start: Nanos,
    pub(crate) end: Nanos,
    /// Fans leave one after the other between these, once they owe nothing.
    pub(crate) leave_from: Nanos,
    pub(crate) leave_step: Nanos,
    /// What is not delivered by then stays undelivered.
    pub(crate) give_up: Nanos,
}

impl Times {
    pub(crate) fn connect_at(&self, index: u32) -> Nanos {
        self.connect_from + Nanos::from(index) * self.connect_step
    }

    pub(crate) fn leave_at(&self, index: u32) -> Nanos {
        self.leave_from + Nanos::from(index) * self.leave_step
    }
}

/// What every worker of a run is given.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) clock: Clock,
    /// Never empty; fans are dealt out to them.
    pub(crate) gateways: Vec<Gateway>,
    pub(crate) sources: Sources,
    pub(crate) tickets: Tickets,
    pub(crate) crowd: Crowd,
    pub(crate) closed_loop: bool,
    pub(crate) fans: u32,
    /// Shares the fans are dealt out to, one after the other: a thread each, in whatever process.
    pub(crate) workers: u32,
    pub(crate) teams: usize,
    pub(crate) times: Times,
    pub(crate) phases: Phases,
    /// The quickest beat any fan of this process ever had.
    #[serde(skip)]
    pub(crate) quickest: Quickest,
}

impl Task {
    /// The gateway fan `index` connects to, each time.
    pub(crate) fn gateway(&self, index: u32) -> &Gateway {
        &self.gateways[index as usize % self.gateways.len()]
    }

    /// Where fan `index` sits among those of its worker.
    pub(crate) fn seat_of(&self, index: u32) -> usize {
        (index / self.workers) as usize
    }
}

/// Runs every `task.workers`-th fan, from the `share`-th on, to its end; to an early one, if the mailbox says so.
pub(crate) fn run(task: &Task, share: u32, mailbox: &Mailbox) -> io::Result<Ledger> {
    let mut worker = Worker {
        poll: Poll::new()?,
        seats: (share..task.fans).step_by(task.workers as usize).map(|index| Seat::new(task, index)).collect(),
        book: Book::new(task),
        wheel: Wheel::new(task.clock.now()),
        due: Vec::new(),
        buffer: vec![0; BUFFER_BYTES],
        message: Vec::new(),
        frame: Vec::new(),
        give_up: task.times.give_up,
        gone: 0,
        task,
    };
    worker.run(mailbox)?;
    worker.book.tell(mailbox, Nanos::MAX);
    Ok(worker.book.into_ledger())
}

struct Worker<'a> {
    task: &'a Task,
    poll: Poll,
    seats: Vec<Seat>,
    book: Book<'a>,
    /// When which seat is to be looked at. One that was rescheduled stands here twice; the later entry finds it changed.
    wheel: Wheel,
    due: Vec<(Nanos, u32)>,
    buffer: Vec<u8>,
    message: Vec<u8>,
    frame: Vec<u8>,
    give_up: Nanos,
    gone: usize,
}

impl Worker<'_> {
    fn run(&mut self, mailbox: &Mailbox) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS);
        let (mut look_at, mut tell_at): (Nanos, Nanos) = (0, 0);
        let mut stopped = false;
        (0..self.seats.len()).for_each(|seat| self.schedule(seat));
        while self.gone < self.seats.len() {
            let now = self.task.clock.now();
            std::thread::sleep(Duration::from_nanos(look_at.saturating_sub(now)));
            look_at = self.task.clock.now() + LOOK_INTERVAL;
            let next = self.wheel.next(tell_at);
            self.look(&mut events, next)?;
            self.act();
            let now = self.task.clock.now();
            if now >= tell_at {
                self.book.tell(mailbox, now);
                tell_at = now + NEWS_INTERVAL;
                if !stopped && mailbox.is_cut() {
                    stopped = true;
                    self.stop(now);
                }
            }
        }
        Ok(())
    }

    /// Takes in what the sockets have; waits for it until `next` at most.
    fn look(&mut self, events: &mut Events, next: Nanos) -> io::Result<()> {
        let wait = next.saturating_sub(self.task.clock.now());
        // The kernel waits in whole milliseconds, and may not wait too long.
        let mut wait = Duration::from_millis(wait / MILLISECOND);
        loop {
            match self.poll.poll(events, Some(wait)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            for event in events.iter() {
                let Token(seat) = event.token();
                let now = self.task.clock.now();
                let closed = event.is_read_closed() || event.is_error();
                let (readable, writable) = (event.is_readable(), event.is_writable());
                self.with(seat, |seat, lent| seat.on_ready(now, readable, writable, closed, lent));
            }
            if events.iter().count() < EVENTS {
                return Ok(());
            }
            // The sockets come before the clock: a stall of our own is not to be taken for the server's.
            wait = Duration::ZERO;
        }
    }

    /// Does what it is time for.
    fn act(&mut self) {
        let mut due = std::mem::take(&mut self.due);
        self.wheel.take(self.task.clock.now(), &mut due);
        for (at, seat) in due.drain(..) {
            let seat = seat as usize;
            if self.seats[seat].scheduled == at {
                self.seats[seat].scheduled = Nanos::MAX;
                let now = self.task.clock.now();
                self.with(seat, |seat, lent| seat.on_time(now, lent));
            }
        }
        self.due = due;
    }

    fn with(&mut self, index: usize, act: impl FnOnce(&mut Seat, &mut Lent<'_, '_>)) {
        let seat = &mut self.seats[index];
        if seat.is_gone() {
            return;
        }
        let mut lent = Lent {
            task: self.task,
            book: &mut self.book,
            registry: self.poll.registry(),
            buffer: &mut self.buffer,
            message: &mut self.message,
            frame: &mut self.frame,
            give_up: self.give_up,
        };
        act(seat, &mut lent);
        self.gone += usize::from(seat.is_gone());
        self.schedule(index);
    }

    /// Sees to it that a seat is looked at when it asked for that.
    fn schedule(&mut self, index: usize) {
        let seat = &mut self.seats[index];
        let next = seat.next_action(self.give_up);
        // What was asked for later is found out then; only what comes earlier needs a word.
        if next < seat.scheduled {
            seat.scheduled = next;
            self.wheel.push(next, u32::try_from(index).expect("fans are counted in 32 bits"));
        }
    }

    /// Nobody taps any more; everybody leaves.
    fn stop(&mut self, now: Nanos) {
        self.give_up = self.give_up.min(now + STOP_LEAVING + STOP_GIVE_UP);
        let step = STOP_LEAVING / (self.seats.len() as Nanos).max(1);
        for (seat, leave_at) in (0..self.seats.len()).zip((now..).step_by(usize::try_from(step).unwrap_or(0).max(1))) {
            self.seats[seat].stop(now, leave_at);
            self.schedule(seat);
        }
    }
}
