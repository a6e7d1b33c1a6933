//! The oracle: watches what one gateway shows for as long as it lives, and holds it against what was sent.
//!
//! It judges nothing by itself: what it saw is for the claim, since a mutant must fail it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio::task::{JoinHandle, spawn_local};

use super::{Display, Server, Shown};

/// What was seen at one gateway.
#[derive(Default)]
struct Seen {
    last: Option<Shown>,
    messages: u64,
    /// The most that was shown beyond what was sent by then.
    excess: u64,
    /// Where a beat's number or a total fell.
    falls: Vec<String>,
    /// The lowest and the highest rate of all teams together.
    rates: Option<(f64, f64)>,
}

/// Someone who looks at one gateway.
pub(crate) struct Watcher {
    seen: Rc<RefCell<Seen>>,
    at_work: JoinHandle<()>,
}

impl Watcher {
    /// Looks at `gateway` while fans count what they hand out in `sent`.
    pub(crate) async fn of(gateway: &Server, sent: &Rc<Cell<u64>>) -> Self {
        let mut display = Display::watch(gateway).await;
        let (seen, sent) = (Rc::<RefCell<Seen>>::default(), Rc::clone(sent));
        let to_see = Rc::clone(&seen);
        let at_work = spawn_local(async move {
            while let Some(shown) = display.next().await {
                to_see.borrow_mut().take_in(shown, sent.get());
            }
        });
        Self { seen, at_work }
    }

    /// The total shown last.
    pub(crate) fn total(&self) -> u64 {
        self.seen.borrow().last.as_ref().map_or(0, |shown| shown.total)
    }

    /// Messages so far.
    pub(crate) fn messages(&self) -> u64 {
        self.seen.borrow().messages
    }

    /// The most that was shown beyond what was sent by then.
    pub(crate) fn excess(&self) -> u64 {
        self.seen.borrow().excess
    }

    /// What fell.
    pub(crate) fn falls(&self) -> Vec<String> {
        self.seen.borrow().falls.clone()
    }

    /// The lowest and the highest rate of all teams together since this was asked last.
    pub(crate) fn take_rates(&self) -> Option<(f64, f64)> {
        self.seen.borrow_mut().rates.take()
    }

    /// Whether its last message was about now.
    pub(crate) fn is_fresh(&self) -> bool {
        self.seen.borrow().last.as_ref().is_some_and(|shown| shown.flags.is_empty())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.at_work.abort();
    }
}

impl Seen {
    fn take_in(&mut self, shown: Shown, sent: u64) {
        self.messages += 1;
        self.excess = self.excess.max(shown.total.saturating_sub(sent));
        if let Some(last) = &self.last {
            let fell = last.teams.iter().find(|team| shown.total_of(&team.code) < team.total);
            if let Some(team) = fell {
                let now = shown.total_of(&team.code);
                self.falls.push(format!("{} from {} to {now} at beat {}", team.code, team.total, shown.beat));
            }
            if shown.beat < last.beat {
                self.falls.push(format!("beat {} after {}", shown.beat, last.beat));
            }
        }
        let (low, high) = self.rates.unwrap_or((shown.rate, shown.rate));
        self.rates = Some((low.min(shown.rate), high.max(shown.rate)));
        self.last = Some(shown);
    }
}
