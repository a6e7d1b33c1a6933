//! What cohorts came to, and whether that is what was declared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::books::ledger::TeamTaps;

/// What a session may tap by the contract: so many at its start, and so many a second.
const AT_START: u64 = 24;
const PER_SECOND: u64 = 16;

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SlowReaders => "slow readers",
            Self::HalfOpen => "half-open",
            Self::Garbage => "garbage",
            Self::Flood => "flood",
            Self::Bots => "bots",
        }
    }

    /// What is to become of it.
    pub(crate) fn declared(self) -> &'static str {
        match self {
            Self::SlowReaders => "left behind, or closed with 4408",
            Self::HalfOpen => "let go within 15 s",
            Self::Garbage => "each closed with its code",
            Self::Flood => "closed with 4429 or 1008 within 3 s",
            Self::Bots => "connected, and counted as a human at most",
        }
    }
}

/// What one cohort came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cohort {
    pub(crate) kind: Kind,
    pub(crate) members: u32,
    /// Ends as they were declared, by what they were.
    pub(crate) expected: BTreeMap<String, u64>,
    /// All others.
    pub(crate) unexpected: BTreeMap<String, u64>,
    /// Taps it sent, all for the team that bots tap for.
    pub(crate) taps: u64,
    /// Taps of connections that ended without an answer.
    pub(crate) in_doubt: u64,
}

/// What a member did once, and what it came to.
#[derive(Debug, Default)]
pub(crate) struct Deed {
    pub(crate) end: String,
    pub(crate) expected: bool,
    pub(crate) taps: u64,
    pub(crate) in_doubt: u64,
}

impl Cohort {
    pub(super) fn new(kind: Kind, members: u32) -> Self {
        Self { kind, members, expected: BTreeMap::new(), unexpected: BTreeMap::new(), taps: 0, in_doubt: 0 }
    }

    pub(super) fn note(&mut self, deed: Deed) {
        let ends = if deed.expected { &mut self.expected } else { &mut self.unexpected };
        *ends.entry(deed.end).or_default() += 1;
        self.taps += deed.taps;
        self.in_doubt += deed.in_doubt;
    }

    /// Taps it added to the books of its team.
    pub(crate) fn books(&self) -> TeamTaps {
        TeamTaps { due: self.taps, sent: self.taps, in_doubt: self.in_doubt }
    }

    /// Bots: whether more of them was counted than a human can tap, given what was counted for their team in all and how
    /// much of that was the crowd's.
    pub(crate) fn judge_bots(&mut self, counted: u64, crowd: u64, time: Duration) {
        // A second more: they leave when they are answered.
        let allowed = u64::from(self.members) * (AT_START + PER_SECOND * (time.as_secs() + 2));
        let of_bots = counted.saturating_sub(crowd);
        if self.kind == Kind::Bots && of_bots > allowed {
            *self.unexpected.entry("taps counted beyond a human's".to_owned()).or_default() += of_bots - allowed;
        }
    }
}

/// Whether every cohort came to what was declared.
pub(crate) fn as_declared(cohorts: &[Cohort]) -> bool {
    cohorts.iter().all(|cohort| cohort.unexpected.is_empty())
}

/// What was done to the honest fans while cohorts misbehaved, if anything: `ends` of their sockets by code, connections
/// that failed, and taps shadowed for teams no bot taps for.
pub(crate) fn hurt(ends: &BTreeMap<u16, u64>, failed: u64, shadowed: u64) -> Vec<String> {
    // 1000 is their own goodbye; 1012 and 4510 are somebody's decision about all, and a ticket says itself when it expires.
    let cut: Vec<String> = ends
        .iter()
        .filter(|(code, _)| ![1000, 1012, 4401, 4510].contains(*code))
        .map(|(code, times)| format!("{times} closed with {code}"))
        .collect();
    let failed = (failed > 0).then(|| format!("{failed} connections failed"));
    let shadowed = (shadowed > 0).then(|| format!("{shadowed} taps shadowed"));
    cut.into_iter().chain(failed).chain(shadowed).collect()
}

/// The cohorts' part of the report; nothing without any.
pub(crate) fn text(cohorts: &[Cohort], hurt: &[String]) -> String {
    let mut text = String::new();
    if cohorts.is_empty() {
        return text;
    }
    let ends = |ends: &BTreeMap<String, u64>| {
        ends.iter().map(|(end, times)| format!("{end} x {times}")).collect::<Vec<_>>().join(", ")
    };
    text.push_str("cohorts that misbehave: what was declared, and what they came to\n");
    for cohort in cohorts {
        let Cohort { kind, members, expected, unexpected, .. } = cohort;
        let mark = if unexpected.is_empty() { "as declared" } else { "NOT AS DECLARED" };
        writeln!(text, "{:>13}  {members}, {}: {mark}", kind.name(), kind.declared()).expect("a string takes all");
        if !expected.is_empty() {
            writeln!(text, "{:>13}  {}", "", ends(expected)).expect("a string takes all");
        }
        if !unexpected.is_empty() {
            writeln!(text, "{:>13}  unexpected: {}", "", ends(unexpected)).expect("a string takes all");
        }
    }
    let honest = if hurt.is_empty() { "unhurt".to_owned() } else { format!("HURT: {}", hurt.join(", ")) };
    writeln!(text, "{:>13}  {honest}\n", "honest fans").expect("a string takes all");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bots(unexpected: &[(&str, u64)]) -> Cohort {
        let unexpected = unexpected.iter().map(|&(end, times)| (end.to_owned(), times)).collect();
        Cohort { unexpected, ..Cohort::new(Kind::Bots, 2) }
    }

    #[test]
    fn refusals_that_were_declared_are_no_error_and_others_are() {
        assert!(as_declared(&[bots(&[])]));
        assert!(!as_declared(&[bots(&[]), bots(&[("closed with 4429", 1)])]));
    }

    #[test]
    fn bots_are_counted_as_humans_at_most() {
        // Two of them for ten seconds: 2 * (24 + 16 * 12) is the most.
        for (counted, crowd, fine) in [(432, 0, true), (532, 100, true), (433, 0, false), (800, 100, false)] {
            let mut cohort = bots(&[]);
            cohort.judge_bots(counted, crowd, Duration::from_secs(10));
            assert_eq!(cohort.unexpected.is_empty(), fine, "{counted} of which {crowd} are the crowd's");
        }
    }

    #[test]
    fn honest_fans_are_unhurt_by_their_own_goodbye_and_hurt_by_all_else() {
        let ends = |codes: &[u16]| codes.iter().map(|&code| (code, 3)).collect();
        assert!(hurt(&ends(&[1000, 1012]), 0, 0).is_empty());
        assert_eq!(hurt(&ends(&[1000, 4408]), 2, 7), ["3 closed with 4408", "2 connections failed", "7 taps shadowed"]);
    }
}
