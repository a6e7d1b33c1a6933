//! A thread with its share of the fans: connects them one by one, brings them back when they fall off, keeps the book.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use beat_protocol::CloseCode;
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;
use tokio::time::{Instant, interval, sleep, sleep_until};

use crate::clock::{Clock, MILLISECOND, Nanos, nanos};
use crate::connection::{self, End, Opened};
use crate::fan::Fan;
use crate::ledger::{Handed, Ledger, Mailbox};
use crate::phases::Phases;
use crate::record::{Fault, PhaseBook};
use crate::schedule::{Crowd, Tap, Taps};
use crate::target::Target;
use crate::vitals::ThreadLoad;
use crate::watch::{FAN_STEP, Quickest, Watch};

/// How often a worker's news go to the coordinator.
const NEWS_INTERVAL: Duration = Duration::from_millis(100);
/// Full jitter: a fan comes back at a random instant within a span that doubles from the first to the second of these.
const BACKOFF_FIRST: Nanos = 500 * MILLISECOND;
const BACKOFF_MAX: Nanos = 8_000 * MILLISECOND;

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
    fn connect_at(&self, index: u32) -> Nanos {
        self.connect_from + Nanos::from(index) * self.connect_step
    }

    fn leave_at(&self, index: u32) -> Nanos {
        self.leave_from + Nanos::from(index) * self.leave_step
    }
}

/// What every worker of a run is given.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) clock: Clock,
    pub(crate) target: Target,
    pub(crate) address: SocketAddr,
    pub(crate) crowd: Crowd,
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

/// The state of one worker's thread, shared by its fans.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) target: Target,
    pub(crate) address: SocketAddr,
    pub(crate) times: Times,
    task: Arc<Task>,
    /// By the last welcome.
    beat_ms: Cell<u32>,
    load: Cell<ThreadLoad>,
    book: RefCell<Book>,
    /// Whether the run is to end before its time.
    cut: Cell<bool>,
}

#[derive(Debug)]
struct Book {
    ledger: Ledger,
    /// Since the last news.
    handed: Vec<Handed>,
}

/// Runs every `task.workers`-th fan, from the `share`-th on, to its end.
pub(crate) fn run(task: &Arc<Task>, share: u32, mailbox: &Arc<Mailbox>) -> std::io::Result<Ledger> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let worker = Rc::new(Worker {
        target: task.target.clone(),
        address: task.address,
        times: task.times,
        task: Arc::clone(task),
        beat_ms: Cell::new(0),
        load: Cell::default(),
        book: RefCell::new(Book { ledger: Ledger::new(task.teams, task.phases.len()), handed: Vec::new() }),
        cut: Cell::new(false),
    });
    let teller = (Rc::clone(&worker), Arc::clone(mailbox));
    runtime.block_on(async {
        spawn_local(async move {
            let (worker, mailbox) = teller;
            let mut ticks = interval(NEWS_INTERVAL);
            loop {
                ticks.tick().await;
                worker.tell(&mailbox, worker.now());
                worker.cut.set(mailbox.is_cut());
            }
        });
        let mut under_way = Vec::new();
        for index in (share..task.fans).step_by(task.workers as usize) {
            sleep_until(worker.instant(task.times.connect_at(index))).await;
            if worker.is_cut() {
                break;
            }
            under_way.push(spawn_local(live(Rc::clone(&worker), task.crowd.fan(index), task.times.leave_at(index))));
        }
        for fan in under_way {
            fan.await.expect("a fan does not panic");
        }
    });
    worker.tell(mailbox, Nanos::MAX);
    let book = worker.book.replace(Book { ledger: Ledger::new(0, 0), handed: Vec::new() });
    Ok(book.ledger)
}

/// One fan, over as many sockets as it takes.
async fn live(worker: Rc<Worker>, taps: Taps, leave_at: Nanos) {
    let mut fan = Fan::new(taps);
    let mut session: Option<String> = None;
    let mut span = BACKOFF_FIRST;
    let unmade_by_us = loop {
        let end = match connection::open(&worker, session.as_deref()).await {
            Ok(Opened { mut socket, session: id, resumed, taps_per_second }) => {
                span = BACKOFF_FIRST;
                worker.opened(session.is_some());
                session = Some(id);
                let base = fan.on_welcome(worker.now(), resumed, taps_per_second);
                let end = connection::stay(&worker, &mut fan, &mut socket, base, leave_at).await;
                worker.ended();
                end
            }
            Err(end) => end,
        };
        worker.note(&end);
        let by_us = matches!(end, End::Unreachable(Fault::Generator, _));
        let Some(not_before) = comes_back(&end).filter(|_| !worker.is_cut()) else { break by_us };
        let pause = not_before + rand::random_range(0..=span);
        if worker.now() + pause >= worker.times.give_up {
            break by_us;
        }
        span = (span * 2).min(BACKOFF_MAX);
        sleep(Duration::from_nanos(pause)).await;
    };
    fan.fall_due(worker.now());
    let ledger = &mut worker.book.borrow_mut().ledger;
    ledger.dropped_fans += u64::from(session.is_none() && unmade_by_us);
    ledger.close_account(fan.standings());
}

/// Whether a fan tries again after such an end, and how long it keeps away at least.
fn comes_back(end: &End) -> Option<Nanos> {
    match end {
        End::Farewell => None,
        End::Lost | End::Unreachable(..) => Some(0),
        End::Closed { code, .. } if !CloseCode::invites_reconnect(*code) => None,
        End::Closed { reason, .. } => Some(retry_after(reason)),
    }
}

/// `{"retry_ms":N}`, or nothing.
fn retry_after(reason: &str) -> Nanos {
    let reason: Option<serde_json::Value> = serde_json::from_str(reason).ok();
    let retry_ms = reason.as_ref().and_then(|reason| reason.get("retry_ms")?.as_u64());
    retry_ms.map_or(0, |ms| nanos(Duration::from_millis(ms)))
}

impl Worker {
    pub(crate) fn now(&self) -> Nanos {
        self.task.clock.now()
    }

    pub(crate) fn instant(&self, at: Nanos) -> Instant {
        self.task.clock.instant(at).into()
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.get()
    }

    pub(crate) fn opened(&self, again: bool) {
        let ledger = &mut self.book.borrow_mut().ledger;
        ledger.counts.opened += 1;
        ledger.counts.reconnects += u64::from(again);
        if let Some(phase) = self.phase_at(ledger, self.now()) {
            phase.connects += 1;
            phase.reconnects += u64::from(again);
        }
    }

    pub(crate) fn welcomed(&self, beat_ms: u32) {
        self.beat_ms.set(beat_ms);
    }

    pub(crate) fn ended(&self) {
        self.book.borrow_mut().ledger.counts.ended += 1;
    }

    pub(crate) fn handed(&self, at: Nanos, tap: Tap) {
        let mut book = self.book.borrow_mut();
        book.ledger.counts.taps += 1;
        if let Some(phase) = self.phase_at(&mut book.ledger, tap.at) {
            phase.taps += 1;
        }
        book.handed.push(Handed { at, due: tap.at, team: tap.team });
    }

    /// Said at `now` what could have been said `lag` ago.
    pub(crate) fn cheered(&self, now: Nanos, lag: Nanos) {
        let ledger = &mut self.book.borrow_mut().ledger;
        ledger.counts.cheers += 1;
        if let Some(phase) = self.phase_at(ledger, now) {
            phase.frames += 1;
        }
        if let Some(phase) = self.phase_at(ledger, now - lag) {
            phase.schedule_lag.note(lag);
        }
    }

    pub(crate) fn based(&self) {
        self.book.borrow_mut().ledger.counts.bases += 1;
    }

    pub(crate) fn received(&self, now: Nanos, bytes: usize) {
        if let Some(phase) = self.phase_at(&mut self.book.borrow_mut().ledger, now) {
            phase.bytes += bytes as u64;
        }
    }

    /// Beat `number` has reached a fan whose beats `watch` follows.
    pub(crate) fn beat(&self, now: Nanos, number: u32, watch: &mut Watch) {
        let nominal_ms = u64::from(number) * u64::from(self.beat_ms.get());
        let arrival = watch.hear(now, number, nominal_ms, FAN_STEP, &self.task.quickest);
        let ledger = &mut self.book.borrow_mut().ledger;
        ledger.counts.beats += 1;
        if let Some(phase) = self.phase_at(ledger, now) {
            phase.beats += 1;
            if let Some(arrival) = arrival {
                phase.missed_beats += u64::from(arrival.missed);
                phase.beat_age.note(arrival.age);
            }
        }
    }

    /// These fell due and could have been sent, and the time is over.
    pub(crate) fn dropped(&self, taps: u64) {
        self.book.borrow_mut().ledger.dropped_taps += taps;
    }

    pub(crate) fn odd(&self) {
        self.book.borrow_mut().ledger.counts.oddities += 1;
    }

    fn phase_at<'a>(&self, ledger: &'a mut Ledger, at: Nanos) -> Option<&'a mut PhaseBook> {
        ledger.phases.get_mut(self.task.phases.index_at(at)?)
    }

    fn note(&self, end: &End) {
        let ledger = &mut self.book.borrow_mut().ledger;
        match end {
            End::Farewell => *ledger.closes.entry(CloseCode::Normal.as_u16()).or_default() += 1,
            End::Closed { code, .. } => *ledger.closes.entry(*code).or_default() += 1,
            End::Lost => *ledger.closes.entry(1006).or_default() += 1,
            End::Unreachable(fault, cause) => ledger.blame(*fault, cause, 1),
        }
    }

    fn tell(&self, mailbox: &Mailbox, complete_to: Nanos) {
        let book = &mut *self.book.borrow_mut();
        let (now, mut load) = (self.now(), self.load.get());
        if let Some(share) = load.look(now).filter(|_| self.task.phases.measures(now)) {
            book.ledger.busiest_worker = book.ledger.busiest_worker.max(share);
        }
        self.load.set(load);
        mailbox.leave(book.ledger.counts, &mut book.handed, complete_to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: u16, reason: &str) -> End {
        End::Closed { code, reason: reason.to_owned() }
    }

    #[test]
    fn a_fan_comes_back_where_the_contract_says_so_and_not_before_it_may() {
        for (end, not_before) in [
            (End::Farewell, None),
            (End::Lost, Some(0)),
            (End::Unreachable(Fault::Server, "refused".to_owned()), Some(0)),
            (closed(4510, ""), None),
            (closed(4500, ""), None),
            (closed(4408, ""), Some(0)),
            (closed(1012, "{\"retry_ms\":1500}"), Some(1_500 * MILLISECOND)),
            (closed(1013, "{\"retry_ms\":20}"), Some(20 * MILLISECOND)),
            (closed(1012, "soon"), Some(0)),
        ] {
            assert_eq!(comes_back(&end), not_before, "{end:?}");
        }
    }
}
