//! What a threshold may be about: a metric and one of its statistics.

use std::fmt;
use std::str::FromStr;

use super::ThresholdError;
use crate::judge::metric::{Spanned, Tally};
use crate::measure::spans::needed_for;
use crate::record::{Fault, PhaseBook, Record};

/// One number of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Figure {
    Percentile(Spanned, f64),
    Max(Spanned),
    Samples(Spanned),
    Count(Tally),
    /// Per second.
    Rate(Tally),
    TapsPerFrame,
    Errors(Option<Fault>),
    Books(Book),
}

/// What the reconciliation finds, summed over the teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Book {
    Lost,
    TooMany,
    Shadowed,
    InDoubt,
}

impl Book {
    const ALL: [(&'static str, Self); 4] =
        [("lost", Self::Lost), ("too_many", Self::TooMany), ("shadowed", Self::Shadowed), ("in_doubt", Self::InDoubt)];
}

/// What a limit is told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Plain,
}

impl Unit {
    /// A limit; milliseconds for spans.
    pub(super) fn read(self, text: &str) -> Option<f64> {
        match self {
            Self::Milliseconds => {
                let span = humantime::parse_duration(text).ok()?;
                Some(span.as_secs_f64() * 1e3)
            }
            Self::Plain => text.replace('_', "").parse().ok().filter(|number: &f64| number.is_finite()),
        }
    }

    pub(super) fn tell(self, value: f64) -> String {
        match self {
            Self::Milliseconds => format!("{value:.1} ms"),
            Self::Plain if value.fract() == 0.0 => format!("{value:.0}"),
            Self::Plain => format!("{value:.2}"),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Milliseconds => "a time and its unit, such as 500ms or 1.5s",
            Self::Plain => "a number",
        })
    }
}

impl Figure {
    /// All metrics there are, for whoever misspelt one.
    pub(super) fn names() -> String {
        let spans = Spanned::ALL.map(Spanned::name).map(|name| format!("{name}.p99"));
        let tallies = Tally::ALL.map(Tally::name).map(|name| format!("{name}.rate"));
        let books = Book::ALL.map(|(name, _)| name.to_owned());
        let others = ["taps_per_frame", "errors", "errors.generator", "errors.server", "errors.policy"];
        let others = others.map(str::to_owned);
        spans.into_iter().chain(tallies).chain(others).chain(books).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn is_of_the_whole_run(self) -> bool {
        matches!(self, Self::Errors(_) | Self::Books(_))
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::Percentile(..) | Self::Max(_) => Unit::Milliseconds,
            _ => Unit::Plain,
        }
    }

    /// The number, if there are samples enough to tell it.
    pub(super) fn of(self, run: &Record, book: &PhaseBook, seconds: f64) -> Option<f64> {
        match self {
            Self::Percentile(metric, percentile) => metric.of(book).percentile_ms(percentile),
            Self::Max(metric) => metric.of(book).max_ms(),
            Self::Samples(metric) => Some(float(metric.of(book).len())),
            Self::Count(tally) => Some(float(tally.of(book))),
            Self::Rate(tally) => (seconds > 0.0).then(|| float(tally.of(book)) / seconds),
            Self::TapsPerFrame => (book.frames > 0).then(|| float(book.taps) / float(book.frames)),
            Self::Errors(fault) => {
                let of_fault = |is: Fault| fault.map_or(is != Fault::Expected, |wanted| is == wanted);
                Some(float(run.faults.iter().filter(|record| of_fault(record.fault)).map(|record| record.times).sum()))
            }
            Self::Books(book) => Some(float(
                run.teams
                    .iter()
                    .map(|team| {
                        let received = team.counted + team.shadowed + team.late;
                        match book {
                            Book::Lost => team.due.saturating_sub(received),
                            Book::TooMany => received.saturating_sub(team.sent),
                            Book::Shadowed => team.shadowed,
                            Book::InDoubt => team.in_doubt,
                        }
                    })
                    .sum(),
            )),
        }
    }

    /// Of a percentile the longest sample, which bounds it.
    pub(super) fn longest(self, book: &PhaseBook) -> Option<f64> {
        let Self::Percentile(metric, _) = self else { return None };
        metric.of(book).max_ms()
    }

    /// What is there, and what would be needed.
    pub(super) fn wants(self, book: &PhaseBook) -> String {
        match self {
            Self::Percentile(metric, percentile) => {
                format!("{} of {}", metric.of(book).len(), needed_for(percentile))
            }
            _ => "none".to_owned(),
        }
    }
}

impl FromStr for Figure {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        if percentile(text).is_some() || text == "max" {
            return Err(ThresholdError::OfWhich { statistic: text.to_owned() });
        }
        let (metric, statistic) = text.split_once('.').unwrap_or((text, ""));
        let no = |metric, there| ThresholdError::Statistic { metric, statistic: statistic.to_owned(), there };
        if let Some(spanned) = Spanned::ALL.into_iter().find(|spanned| spanned.name() == metric) {
            return match statistic {
                "max" => Ok(Self::Max(spanned)),
                "count" => Ok(Self::Samples(spanned)),
                _ => percentile(statistic)
                    .map(|percentile| Self::Percentile(spanned, percentile))
                    .ok_or_else(|| no(spanned.name(), statistics(statistic))),
            };
        }
        if let Some(tally) = Tally::ALL.into_iter().find(|tally| tally.name() == metric) {
            return match statistic {
                "" | "count" => Ok(Self::Count(tally)),
                "rate" => Ok(Self::Rate(tally)),
                _ => Err(no(tally.name(), "count, rate (per second)")),
            };
        }
        match (metric, statistic) {
            ("taps_per_frame", "") => Ok(Self::TapsPerFrame),
            ("errors", "") => Ok(Self::Errors(None)),
            ("errors", "generator") => Ok(Self::Errors(Some(Fault::Generator))),
            ("errors", "server") => Ok(Self::Errors(Some(Fault::Server))),
            ("errors", "policy") => Ok(Self::Errors(Some(Fault::Policy))),
            ("errors", _) => Err(no("errors", "generator, server, policy, or nothing for all of them")),
            (_, "" | "count") => Book::ALL
                .into_iter()
                .find(|(name, _)| *name == metric)
                .map(|(_, book)| Self::Books(book))
                .ok_or_else(|| ThresholdError::Metric { metric: metric.to_owned() }),
            _ => Err(ThresholdError::Metric { metric: metric.to_owned() }),
        }
    }
}

/// What there is instead of `statistic`.
fn statistics(statistic: &str) -> &'static str {
    match statistic {
        "avg" | "mean" => "no average, which hides every stall, but p50, p99, p99.9 and the like, max, count",
        _ => "p50, p99, p99.9 and the like, max, count",
    }
}

/// `p99.9`, `p(99.9)` as others write it, or `med`: more than none and less than all.
fn percentile(text: &str) -> Option<f64> {
    let digits = if text == "med" { "50" } else { text.strip_prefix('p')? };
    let bare = digits.strip_prefix('(').and_then(|digits| digits.strip_suffix(')')).unwrap_or(digits);
    let percentile: f64 = bare.parse().ok()?;
    (0.0 < percentile && percentile < 100.0).then_some(percentile)
}

#[expect(clippy::cast_precision_loss, reason = "compared with a limit typed by hand")]
fn float(number: u64) -> f64 {
    number as f64
}
