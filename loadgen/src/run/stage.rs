//! A run under way: the workers carry the fans, and this thread empties their mailboxes, matches taps to beats, tells how
//! far it is, and at the end waits until the books agree.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use beat_protocol::{EventDetail, TeamCode};

use crate::books::ledger::{Counts, Ledger, News};
use crate::books::metrics_page::{self, FatesByTeam};
use crate::books::reconcile::{TeamLine, reconciles};
use crate::books::stored::{self, StoredByTeam};
use crate::clock::{Nanos, SECOND, nanos};
use crate::command::cli::RunArgs;
use crate::crowd::crew::Crew;
use crate::crowd::worker::Task;
use crate::ending::Ending;
use crate::judge::fault;
use crate::measure::display::Display;
use crate::measure::feed::Feed;
use crate::measure::latency::{Matcher, TapToBeat};
use crate::measure::vitals::{Fared, Vitals};
use crate::run::RunError;
use crate::target::Target;
use crate::tell::progress::{Glance, Progress};

/// How often mailboxes are emptied.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// How often the metrics are asked whether they agree.
const ASK_INTERVAL: Nanos = SECOND / 4;
/// Books that agree must still do so for so long: what is counted twice may be counted late.
const AGREE_FOR: Nanos = SECOND / 2;

/// Who interrupts a run does not wait longer than this for its books.
const CUT_SETTLE_MAX: Nanos = 3 * SECOND;

/// A run under way.
pub(crate) struct Stage {
    task: Arc<Task>,
    feed: Feed,
    crew: Crew,
    matcher: Matcher,
    progress: Progress,
    display: Display,
    vitals: Vitals,
    totals_before: Vec<u64>,
    totals: Vec<u64>,
    ending: Ending,
    /// When the end was asked for before its time.
    cut_at: Option<Nanos>,
}

/// What others' books say: before the run, and while it settles.
#[derive(Debug)]
pub(crate) struct OtherBooks {
    fates: FatesByTeam,
    stored: Option<StoredByTeam>,
}

impl OtherBooks {
    /// The books as they stand.
    pub(crate) fn look(args: &RunArgs, target: &Target) -> Result<Self, RunError> {
        let event = target.event_id();
        let fates = metrics_page::fetch(&args.admin, event, target.trust())?;
        let stored = args.redis_verify.as_ref().map(|url| stored::fetch(url, event)).transpose()?;
        Ok(Self { fates, stored })
    }

    fn stored(&self, team: TeamCode) -> Option<u64> {
        self.stored.as_ref().map(|totals| totals.get(&team).copied().unwrap_or(0))
    }
}

/// What was seen from here.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) tap_to_beat: TapToBeat,
    pub(crate) display: Display,
    pub(crate) fared: Fared,
}

impl Stage {
    /// Starts the workers; the first fans connect at once.
    pub(crate) fn open(
        task: Arc<Task>,
        procs: u32,
        feed: Feed,
        totals_before: Vec<u64>,
        vitals: Vitals,
        progress: Progress,
        ending: Ending,
    ) -> std::io::Result<Self> {
        let crew =
            if procs > 1 { Crew::of_processes(&task, procs)? } else { Crew::of_threads(&task, 0..task.workers)? };
        Ok(Self {
            progress,
            matcher: Matcher::new(&totals_before, task.phases.clone()),
            display: Display::new(&task.phases),
            vitals,
            ending,
            cut_at: None,
            totals: totals_before.clone(),
            task,
            feed,
            crew,
            totals_before,
        })
    }

    /// Until the crowd begins to tap: how many are in by then.
    pub(crate) fn connect(&mut self) -> Result<u64, RunError> {
        loop {
            let counts = self.look();
            if counts.gone == u64::from(self.task.fans) {
                return Err(RunError::NobodyIn(self.causes()?));
            }
            if self.cut_at.is_some() {
                return Ok(counts.open());
            }
            if self.task.clock.now() >= self.task.times.start {
                return if counts.opened > 0 {
                    Ok(counts.open())
                } else {
                    Err(RunError::NobodyIn("no answer in time".to_owned()))
                };
            }
        }
    }

    /// Until the last fan has left: everyone's book.
    pub(crate) fn cheer(&mut self) -> std::io::Result<Ledger> {
        while !self.crew.is_done() {
            self.look();
        }
        self.crew.books(&self.task)
    }

    /// Until the books agree or the time for it is over: the books, team by team.
    pub(crate) fn settle(
        &mut self,
        args: &RunArgs,
        event: &EventDetail,
        ledger: &Ledger,
        before: &OtherBooks,
    ) -> Result<Vec<TeamLine>, RunError> {
        let clock = self.task.clock;
        let patience = nanos(args.settle).min(self.cut_at.map_or(Nanos::MAX, |_| CUT_SETTLE_MAX));
        let deadline = clock.now() + patience;
        let mut asked_at = 0;
        let mut agreed_since = None;
        loop {
            self.look();
            let now = clock.now();
            if now < asked_at + ASK_INTERVAL {
                continue;
            }
            asked_at = now;
            let told = match OtherBooks::look(args, &self.task.gateways[0].target) {
                Ok(told) => told,
                Err(_) if now < deadline => continue,
                Err(error) => return Err(error),
            };
            let lines = self.lines(event, ledger, before, &told);
            agreed_since = if reconciles(&lines) { agreed_since.or(Some(now)) } else { None };
            if agreed_since.is_some_and(|since| now >= since + AGREE_FOR) || now >= deadline {
                return Ok(lines);
            }
        }
    }

    /// Leaves the taps for `team` out of the latencies.
    pub(crate) fn pass_over(&mut self, team: u16) {
        self.matcher.pass_over(team);
    }

    /// When the run was interrupted, if it was.
    pub(crate) fn cut_at(&self) -> Option<Nanos> {
        self.cut_at
    }

    /// What was seen of the beats.
    pub(crate) fn close(self) -> Closed {
        self.progress.done();
        Closed { tap_to_beat: self.matcher.finish(), display: self.display, fared: self.vitals.stop() }
    }

    /// Waits a moment, then takes in what happened meanwhile.
    fn look(&mut self) -> Counts {
        thread::sleep(LOOK_INTERVAL);
        if self.ending.is_asked() && self.cut_at.is_none() {
            self.cut_at = Some(self.task.clock.now());
            self.crew.cut();
        }
        // Before the beats: what a beat contains must have been handed over when it is looked at.
        let beats = self.feed.take();
        let News { counts, handed, complete_to, hiccup } = self.crew.news();
        self.matcher.handed(handed);
        for beat in beats {
            self.totals.clone_from(&beat.totals);
            self.display.see(&beat, &self.task.phases);
            self.matcher.beat(beat);
        }
        self.matcher.advance(complete_to);
        let now = self.task.clock.now();
        let own = self.vitals.look(now, self.task.phases.measures(now), now.saturating_sub(complete_to));
        self.matcher.timeline().look(now, &counts, own.max(hiccup));
        let tap_to_beat = self.matcher.so_far().histogram();
        self.progress.tell(&Glance { now, counts: &counts, tap_to_beat, totals: &self.totals });
        counts
    }

    fn lines(&self, event: &EventDetail, ledger: &Ledger, before: &OtherBooks, now: &OtherBooks) -> Vec<TeamLine> {
        let totals = self.totals.iter().zip(&self.totals_before);
        let fates = |fates: &FatesByTeam, team| fates.get(team).copied().unwrap_or_default();
        event
            .teams
            .iter()
            .zip(&ledger.teams)
            .zip(totals)
            .map(|((team, &taps), (total, total_before))| TeamLine {
                team: team.code,
                taps,
                fates: fates(&now.fates, &team.code).since(fates(&before.fates, &team.code)),
                published: total.saturating_sub(*total_before),
                stored: now.stored(team.code).map(|now| now - before.stored(team.code).unwrap_or(0).min(now)),
            })
            .collect()
    }

    /// Why nobody came in, most frequent first.
    fn causes(&mut self) -> std::io::Result<String> {
        let ledger = self.crew.books(&self.task)?;
        let closes = ledger.closes.iter().map(|(&code, &times)| {
            let meant = format!("{}{}", fault::meaning(code), fault::advice(code));
            (times, format!("closed with {code} ({times} times), {meant}").trim_end_matches(", ").to_owned())
        });
        let unmade = ledger.faults.values().flatten();
        let errors = unmade.map(|(cause, &times)| (times, format!("{cause} ({times} times)")));
        let mut causes: Vec<(u64, String)> = closes.chain(errors).collect();
        causes.sort_by(|a, b| b.cmp(a));
        Ok(causes.into_iter().map(|(_, cause)| cause).collect::<Vec<_>>().join(", "))
    }
}
