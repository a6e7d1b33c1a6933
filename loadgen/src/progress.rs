//! How far a run is: a bar on a terminal, a line every few seconds elsewhere. Goes to standard error; the report has
//! standard output to itself.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::clock::{Nanos, SECOND, as_seconds};
use crate::ledger::Counts;

/// Between two plain lines.
const LINE_INTERVAL: Nanos = 5 * SECOND;

/// What the crowd is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Connecting,
    Cheering,
    Settling,
}

impl Phase {
    fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Cheering => "cheering",
            Self::Settling => "settling",
        }
    }
}

/// Tells it to whoever watches.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    length: Nanos,
    told: Option<(Phase, Nanos)>,
    /// Taps at an instant a second or more ago, and per second in the span before it.
    taps_then: (Nanos, u64),
    rate: f64,
}

impl Progress {
    /// Of a run that takes `length` if nothing is in the way.
    pub(crate) fn new(length: Nanos) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{prefix:>10} {bar:30} {msg}").expect("a constant template");
            let bar = ProgressBar::new(length).with_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { bar, length, told: None, taps_then: (0, 0), rate: 0.0 }
    }

    /// `now`, in this phase, with these counts.
    pub(crate) fn tell(&mut self, now: Nanos, phase: Phase, counts: &Counts) {
        let line_due = self.told.is_none_or(|(told, at)| told != phase || now >= at + LINE_INTERVAL);
        if self.bar.is_none() && !line_due {
            return;
        }
        let (then, taps_then) = self.taps_then;
        if now >= then + SECOND {
            #[expect(clippy::cast_precision_loss, reason = "shown to the whole tap")]
            let taps = (counts.taps - taps_then) as f64;
            self.rate = taps / as_seconds(now - then);
            self.taps_then = (now, counts.taps);
        }
        let message = format!("{} fans, {} taps, {:.0}/s", counts.open(), counts.taps, self.rate);
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(phase.name());
                bar.set_position(now.min(self.length));
                bar.set_message(message);
            }
            None => {
                eprintln!("{:>6.1} s  {:<10}  {message}", as_seconds(now), phase.name());
                self.told = Some((phase, now));
            }
        }
    }

    pub(crate) fn done(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
