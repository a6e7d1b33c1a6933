//! Cohorts that misbehave beside the honest crowd, each on purpose, with an outcome that is declared beforehand.
//!
//! What a good server does to them (refuse, cut off, shadow) is no error. That it does not, or that an honest fan is hurt
//! meanwhile, is one. They run on a thread of their own and share nothing with the crowd but the server.

mod deeds;
mod members;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::members::Member;
use crate::clock::{Clock, Nanos, SECOND};
use crate::ending::Ending;
use crate::ledger::TeamTaps;
use crate::target::{Target, UNASKED_FANS_MAX};

/// How many of each.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
#[command(next_help_heading = "Cohorts that misbehave, beside the fans")]
pub(crate) struct CohortArgs {
    /// Fans that never read. To be left behind or closed with 4408; nobody else may wait for them.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) slow_readers: u32,

    /// Connections that stop in the middle of their handshake. To be let go within 15 s.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) half_open: u32,

    /// Fans that send what is no message, of seven kinds. To be closed with the code that each deserves.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) garbage: u32,

    /// Fans that send 100 frames a second. To be closed with 4429 or 1008 within 3 s.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) flood: u32,

    /// Fans that tap 40 times a second. To stay connected, with what no human taps shadowed.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) bots: u32,
}

/// What a cohort does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    SlowReaders,
    HalfOpen,
    Garbage,
    Flood,
    Bots,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::SlowReaders => "slow readers",
            Self::HalfOpen => "half-open",
            Self::Garbage => "garbage",
            Self::Flood => "flood",
            Self::Bots => "bots",
        }
    }

    /// What is to become of it.
    fn declared(self) -> &'static str {
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
    /// Taps it sent, all for [`Setting::bots_team`].
    pub(crate) taps: u64,
    /// Taps of connections that ended without an answer.
    pub(crate) in_doubt: u64,
}

/// Where and when.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) clock: Clock,
    pub(crate) target: Target,
    pub(crate) address: SocketAddr,
    /// When the crowd begins to tap, and stops.
    pub(crate) start: Nanos,
    pub(crate) end: Nanos,
    /// Whom bots tap for: a team whose latencies are left out, since what is shadowed is in no beat.
    pub(crate) bots_team: u16,
    /// Whether all are to stop before that.
    pub(crate) ending: Ending,
}

/// Cohorts under way.
#[derive(Debug)]
pub(crate) struct Cohorts(Option<JoinHandle<io::Result<Vec<Cohort>>>>);

/// Tempo of a bot: more than any thumb, less than any limit of frames at the cadence it keeps.
pub(crate) const BOT_TAPS_PER_SECOND: u64 = 40;
/// What a session may tap by the contract: so many at its start, and so many a second.
const AT_START: u64 = 24;
const PER_SECOND: u64 = 16;

impl CohortArgs {
    fn counts(self) -> [(Kind, u32); 5] {
        let Self { slow_readers, half_open, garbage, flood, bots } = self;
        [
            (Kind::SlowReaders, slow_readers),
            (Kind::HalfOpen, half_open),
            (Kind::Garbage, garbage),
            (Kind::Flood, flood),
            (Kind::Bots, bots),
        ]
    }

    /// Their connections, all together.
    pub(crate) fn connections(self) -> u32 {
        self.counts().iter().map(|(_, members)| members).sum()
    }
}

impl Cohorts {
    /// Lets them loose, if there are any.
    pub(crate) fn start(args: CohortArgs, setting: Setting) -> io::Result<Self> {
        if args.connections() == 0 {
            return Ok(Self(None));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || Ok(runtime.block_on(run(args, setting)));
        Builder::new().name("cohorts".to_owned()).spawn(work).map(|thread| Self(Some(thread)))
    }

    /// Waits until they are done, soon after the crowd's end.
    pub(crate) fn finish(self) -> io::Result<Vec<Cohort>> {
        self.0.map_or(Ok(Vec::new()), |thread| thread.join().expect("a cohort does not panic"))
    }
}

async fn run(args: CohortArgs, setting: Setting) -> Vec<Cohort> {
    let mut cohorts = Vec::new();
    for (kind, members) in args.counts().into_iter().filter(|(_, members)| *members > 0) {
        let tasks: Vec<_> = (0..members)
            .map(|index| {
                let member = Member { setting: setting.clone(), kind, index };
                let begin = setting.start + Nanos::from(index) * SECOND / Nanos::from(members);
                tokio::spawn(async move {
                    member.wait_until(begin).await;
                    member.live().await
                })
            })
            .collect();
        cohorts.push((Cohort::new(kind, members), tasks));
    }
    let mut done = Vec::new();
    for (mut cohort, tasks) in cohorts {
        for task in tasks {
            for deed in task.await.expect("a member does not panic") {
                cohort.note(deed);
            }
        }
        done.push(cohort);
    }
    done
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
    fn new(kind: Kind, members: u32) -> Self {
        Self { kind, members, expected: BTreeMap::new(), unexpected: BTreeMap::new(), taps: 0, in_doubt: 0 }
    }

    fn note(&mut self, deed: Deed) {
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
    // 1000 is their own goodbye; 1012 and 4510 are somebody's decision about all.
    let cut: Vec<String> = ends
        .iter()
        .filter(|(code, _)| ![1000, 1012, 4510].contains(*code))
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

/// Whether so many connections to that address are too many to make unasked.
pub(crate) fn needs_leave(fans: u32, cohorts: CohortArgs, address: SocketAddr) -> bool {
    fans.saturating_add(cohorts.connections()) > UNASKED_FANS_MAX && !address.ip().is_loopback()
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

    #[test]
    fn cohorts_count_among_the_connections_that_need_leave() {
        let ten = CohortArgs { garbage: 10, ..CohortArgs::default() };
        let elsewhere = "192.0.2.1:80".parse().unwrap();
        assert!(!needs_leave(90, ten, elsewhere) && needs_leave(91, ten, elsewhere));
        assert!(!needs_leave(91, ten, "127.0.0.1:80".parse().unwrap()));
    }
}
