//! What a run must keep, by phase: `goal: tap_to_beat.p99 < 500ms`.
//!
//! Parsed before the run, so that a misspelt metric or phase is a usage error and never a threshold that passes. One that
//! has too few samples to be told is broken, too, unless even the longest sample keeps it.

mod figure;

use std::fmt;
use std::str::FromStr;

use self::figure::{Figure, Unit};
use crate::plan::phases::{PhaseKind, Phases};
use crate::record::{Record, ThresholdRecord};

/// One demand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Threshold {
    text: String,
    /// All measured phases together if none is named.
    phase: Option<String>,
    figure: Figure,
    relation: Relation,
    limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Equal,
}

/// Why it is no threshold.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum ThresholdError {
    #[error("{0:?} is no threshold; write it like 'goal: tap_to_beat.p99 < 500ms' or 'errors.server == 0'")]
    Shape(String),
    #[error("no metric {metric:?}; there are: {}", Figure::names())]
    Metric { metric: String },
    #[error("{statistic} of which? A metric and a dot stand before it, such as 'tap_to_beat.{statistic} < 500ms'")]
    OfWhich { statistic: String },
    #[error("{metric} has no {statistic:?}; it has {there}")]
    Statistic { metric: &'static str, statistic: String, there: &'static str },
    #[error("{metric} is told of the whole run, not of a phase")]
    NoPhases { metric: String },
    #[error("{value:?}: {metric} is compared with {unit}")]
    Value { value: String, metric: String, unit: Unit },
    #[error("no measured phase {phase:?}; there are: {there}")]
    Phase { phase: String, there: String },
}

impl Relation {
    /// As they are written, the longer first.
    const ALL: [(&str, Self); 5] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::MoreOrEqual),
        ("==", Self::Equal),
        ("<", Self::Less),
        (">", Self::More),
    ];

    #[expect(clippy::float_cmp, reason = "`errors.server == 0` is about a whole number")]
    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::LessOrEqual => value <= limit,
            Self::More => value > limit,
            Self::MoreOrEqual => value >= limit,
            Self::Equal => value == limit,
        }
    }

    fn is_ceiling(self) -> bool {
        matches!(self, Self::Less | Self::LessOrEqual)
    }
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let shape = || ThresholdError::Shape(text.to_owned());
        let (at, written, relation) = Relation::ALL
            .iter()
            .filter_map(|(written, relation)| Some((text.find(written)?, written, *relation)))
            // Of `<=` and `<` at one place the longer, which stands first.
            .min_by_key(|(at, ..)| *at)
            .ok_or_else(shape)?;
        let (subject, value) = (&text[..at], text[at + written.len()..].trim());
        let (phase, name) = match subject.split_once(':') {
            Some((phase, name)) => (Some(phase.trim().to_owned()), name.trim()),
            None => (None, subject.trim()),
        };
        if name.is_empty() || value.is_empty() || phase.as_ref().is_some_and(String::is_empty) {
            return Err(shape());
        }
        let figure: Figure = name.parse()?;
        if phase.is_some() && figure.is_of_the_whole_run() {
            return Err(ThresholdError::NoPhases { metric: name.to_owned() });
        }
        let unit = figure.unit();
        let limit = unit.read(value).ok_or_else(|| ThresholdError::Value {
            value: value.to_owned(),
            metric: name.to_owned(),
            unit,
        })?;
        Ok(Self { text: text.trim().to_owned(), phase, figure, relation, limit })
    }
}

impl Threshold {
    /// Whether the run will have the phase it asks for.
    pub(crate) fn check(&self, phases: &Phases) -> Result<(), ThresholdError> {
        let Some(phase) = &self.phase else { return Ok(()) };
        let measured = || phases.iter().filter(|phase| phase.kind == PhaseKind::Measured).map(|phase| &phase.name);
        if measured().any(|name| name == phase) {
            return Ok(());
        }
        let there = measured().map(String::as_str).collect::<Vec<_>>().join(", ");
        Err(ThresholdError::Phase { phase: phase.clone(), there })
    }

    /// Holds it against a run.
    pub(crate) fn judge(&self, run: &Record) -> ThresholdRecord {
        let of_phase = |name: &String| run.phases.iter().find(|phase| phase.phase.name == *name);
        let (book, seconds) = match &self.phase {
            None => (run.measured(), run.measured_seconds()),
            // A phase that an interrupted run never came to has nothing in it.
            Some(name) => of_phase(name).map(|phase| (phase.book.clone(), phase.seconds())).unwrap_or_default(),
        };
        let unit = self.figure.unit();
        let told = self.figure.of(run, &book, seconds);
        let (kept, outcome) = match told {
            Some(value) => (self.relation.holds(value, self.limit), unit.tell(value)),
            None => match self.figure.longest(&book) {
                Some(longest) if self.relation.is_ceiling() && self.relation.holds(longest, self.limit) => {
                    (true, format!("too few samples to tell, but even the longest is {}", unit.tell(longest)))
                }
                _ => (false, format!("too few samples to tell: {}", self.figure.wants(&book))),
            },
        };
        ThresholdRecord { text: self.text.clone(), value: told, kept, outcome }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
#[path = "threshold_tests.rs"]
mod tests;
