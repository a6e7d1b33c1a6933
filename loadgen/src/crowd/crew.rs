//! The workers of a run, as threads of this process or in processes of their own: started, listened to, and at the end
//! asked for their books.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::books::ledger::{Counts, Ledger, Mailbox, News};
use crate::clock::Nanos;
use crate::crowd::procs;
use crate::crowd::worker::{self, Task};

/// Whoever carries the fans.
#[derive(Debug)]
pub(crate) struct Crew {
    workers: Vec<JoinHandle<io::Result<Ledger>>>,
    mailboxes: Vec<Arc<Mailbox>>,
}

impl Crew {
    /// One thread a share.
    pub(crate) fn of_threads(task: &Arc<Task>, shares: Range<u32>) -> io::Result<Self> {
        Self::start(shares, |share, mailbox| {
            let task = Arc::clone(task);
            move || worker::run(&task, share, &mailbox)
        })
    }

    /// One process each for as many shares.
    pub(crate) fn of_processes(task: &Arc<Task>, procs: u32) -> io::Result<Self> {
        let shares_each = task.workers / procs;
        Self::start(0..procs, |process, mailbox| {
            let task = Arc::clone(task);
            move || procs::carry(&task, process * shares_each..(process + 1) * shares_each, &mailbox)
        })
    }

    fn start<W>(numbers: Range<u32>, work: impl Fn(u32, Arc<Mailbox>) -> W) -> io::Result<Self>
    where
        W: FnOnce() -> io::Result<Ledger> + Send + 'static,
    {
        let mut crew = Self { workers: Vec::new(), mailboxes: Vec::new() };
        for number in numbers {
            let mailbox = Arc::<Mailbox>::default();
            let work = work(number, Arc::clone(&mailbox));
            crew.workers.push(thread::Builder::new().name(format!("fans-{number}")).spawn(work)?);
            crew.mailboxes.push(mailbox);
        }
        Ok(crew)
    }

    /// What happened since last time, of all together; complete as far as the slowest is.
    pub(crate) fn news(&self) -> News {
        let mut all = News { counts: Counts::default(), handed: Vec::new(), complete_to: Nanos::MAX, hiccup: 0 };
        for mailbox in &self.mailboxes {
            let mut news = mailbox.empty();
            all.counts.add(&news.counts);
            all.handed.append(&mut news.handed);
            all.complete_to = all.complete_to.min(news.complete_to);
            all.hiccup = all.hiccup.max(news.hiccup);
        }
        all
    }

    /// Asks all of them to stop tapping and let their fans go.
    pub(crate) fn cut(&self) {
        self.mailboxes.iter().for_each(|mailbox| mailbox.cut());
    }

    /// Whether the last fan has left.
    pub(crate) fn is_done(&self) -> bool {
        self.workers.iter().all(JoinHandle::is_finished)
    }

    /// Waits for all of them: everyone's book.
    pub(crate) fn books(&mut self, task: &Task) -> io::Result<Ledger> {
        let mut all = Ledger::new(task.teams, task.phases.len());
        for worker in self.workers.drain(..) {
            all.add(&worker.join().expect("a worker does not panic")?);
        }
        Ok(all)
    }
}
