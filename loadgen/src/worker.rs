//! A thread with its share of the fans: connects them one by one, brings them back when they fall off, keeps the book.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use beat_protocol::CloseCode;
use tokio::runtime::{Builder, LocalOptions};
use tokio::task::spawn_local;
use tokio::time::{Instant, interval, sleep, sleep_until};

use crate::clock::{Clock, MILLISECOND, Nanos, nanos};
use crate::connection::{self, End, Opened};
use crate::fan::Fan;
use crate::ledger::{Handed, Ledger, Mailbox, record};
use crate::phases::Phases;
use crate::schedule::{Crowd, Tap, Taps};
use crate::target::Target;

/// How often a worker's news go to the coordinator.
const NEWS_INTERVAL: Duration = Duration::from_millis(100);
/// Full jitter: a fan comes back at a random instant within a span that doubles from the first to the second of these.
const BACKOFF_FIRST: Nanos = 500 * MILLISECOND;
const BACKOFF_MAX: Nanos = 8_000 * MILLISECOND;

/// When what happens, for all fans.
#[derive(Clone, Copy, Debug)]
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
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) clock: Clock,
    pub(crate) target: Target,
    pub(crate) address: SocketAddr,
    pub(crate) crowd: Crowd,
    pub(crate) fans: u32,
    pub(crate) workers: u32,
    pub(crate) teams: usize,
    pub(crate) times: Times,
    pub(crate) phases: Phases,
}

/// The state of one worker's thread, shared by its fans.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) target: Target,
    pub(crate) address: SocketAddr,
    pub(crate) times: Times,
    clock: Clock,
    phases: Phases,
    book: RefCell<Book>,
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
        clock: task.clock,
        phases: task.phases.clone(),
        book: RefCell::new(Book { ledger: Ledger::new(task.teams), handed: Vec::new() }),
    });
    let teller = (Rc::clone(&worker), Arc::clone(mailbox));
    runtime.block_on(async {
        spawn_local(async move {
            let (worker, mailbox) = teller;
            let mut ticks = interval(NEWS_INTERVAL);
            loop {
                ticks.tick().await;
                worker.tell(&mailbox, worker.now());
            }
        });
        let mut under_way = Vec::new();
        for index in (share..task.fans).step_by(task.workers as usize) {
            sleep_until(worker.instant(task.times.connect_at(index))).await;
            under_way.push(spawn_local(live(Rc::clone(&worker), task.crowd.fan(index), task.times.leave_at(index))));
        }
        for fan in under_way {
            fan.await.expect("a fan does not panic");
        }
    });
    worker.tell(mailbox, Nanos::MAX);
    let book = worker.book.replace(Book { ledger: Ledger::new(0), handed: Vec::new() });
    Ok(book.ledger)
}

/// One fan, over as many sockets as it takes.
async fn live(worker: Rc<Worker>, taps: Taps, leave_at: Nanos) {
    let mut fan = Fan::new(taps);
    let mut session: Option<String> = None;
    let mut span = BACKOFF_FIRST;
    loop {
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
        let Some(not_before) = comes_back(&end) else { break };
        let pause = not_before + rand::random_range(0..=span);
        if worker.now() + pause >= worker.times.give_up {
            break;
        }
        span = (span * 2).min(BACKOFF_MAX);
        sleep(Duration::from_nanos(pause)).await;
    }
    fan.fall_due(worker.now());
    worker.book.borrow_mut().ledger.close_account(fan.standings());
}

/// Whether a fan tries again after such an end, and how long it keeps away at least.
fn comes_back(end: &End) -> Option<Nanos> {
    match end {
        End::Farewell => None,
        End::Lost | End::Unreachable(_) => Some(0),
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
        self.clock.now()
    }

    pub(crate) fn instant(&self, at: Nanos) -> Instant {
        self.clock.instant(at).into()
    }

    pub(crate) fn opened(&self, again: bool) {
        let counts = &mut self.book.borrow_mut().ledger.counts;
        counts.opened += 1;
        counts.reconnects += u64::from(again);
    }

    pub(crate) fn ended(&self) {
        self.book.borrow_mut().ledger.counts.ended += 1;
    }

    pub(crate) fn handed(&self, at: Nanos, tap: Tap) {
        let mut book = self.book.borrow_mut();
        book.ledger.counts.taps += 1;
        book.handed.push(Handed { at, due: tap.at, team: tap.team });
    }

    pub(crate) fn cheered(&self, lag: Nanos) {
        let ledger = &mut self.book.borrow_mut().ledger;
        ledger.counts.cheers += 1;
        record(&mut ledger.schedule_lag, lag);
    }

    pub(crate) fn based(&self) {
        self.book.borrow_mut().ledger.counts.bases += 1;
    }

    pub(crate) fn received(&self, now: Nanos, bytes: usize) {
        if self.measures(now) {
            self.book.borrow_mut().ledger.counts.bytes += bytes as u64;
        }
    }

    pub(crate) fn beat(&self, now: Nanos) {
        if self.measures(now) {
            self.book.borrow_mut().ledger.counts.beats += 1;
        }
    }

    pub(crate) fn odd(&self) {
        self.book.borrow_mut().ledger.counts.oddities += 1;
    }

    fn measures(&self, now: Nanos) -> bool {
        self.phases.measures(now)
    }

    fn note(&self, end: &End) {
        let ledger = &mut self.book.borrow_mut().ledger;
        match end {
            End::Farewell => *ledger.closes.entry(CloseCode::Normal.as_u16()).or_default() += 1,
            End::Closed { code, .. } => *ledger.closes.entry(*code).or_default() += 1,
            End::Lost => *ledger.closes.entry(1006).or_default() += 1,
            End::Unreachable(cause) => *ledger.connect_errors.entry(cause.clone()).or_default() += 1,
        }
    }

    fn tell(&self, mailbox: &Mailbox, complete_to: Nanos) {
        let book = &mut *self.book.borrow_mut();
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
            (End::Unreachable("refused".to_owned()), Some(0)),
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
