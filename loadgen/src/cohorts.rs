//! Cohorts that misbehave beside the honest crowd, each on purpose, with an outcome that is declared beforehand.
//!
//! What a good server does to them (refuse, cut off, shadow) is no error. That it does not, or that an honest fan is hurt
//! meanwhile, is one. They run on a thread of their own and share nothing with the crowd but the server.

mod deeds;
mod members;
mod outcome;

use std::io;
use std::net::SocketAddr;
use std::thread::{Builder, JoinHandle};

use serde::{Deserialize, Serialize};

use self::members::Member;
pub(crate) use self::outcome::{Cohort, Deed, as_declared, hurt, text};
use crate::clock::{Clock, Nanos, SECOND};
use crate::ending::Ending;
use crate::target::{Target, UNASKED_FANS_MAX};
use crate::tickets::Tickets;

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

/// Where and when.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) clock: Clock,
    pub(crate) target: Target,
    pub(crate) address: SocketAddr,
    pub(crate) tickets: Tickets,
    /// Of the honest crowd: the tickets of those that misbehave come behind theirs.
    pub(crate) fans: u32,
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

    /// Those of them that come as far as showing a ticket.
    pub(crate) fn ticket_holders(self) -> u32 {
        self.connections() - self.half_open
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
    let mut ticket = setting.fans;
    for (kind, members) in args.counts().into_iter().filter(|(_, members)| *members > 0) {
        let first_ticket = ticket;
        ticket += if kind == Kind::HalfOpen { 0 } else { members };
        let tasks: Vec<_> = (0..members)
            .map(|index| {
                let member = Member { setting: setting.clone(), kind, index, ticket: first_ticket + index };
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

/// Whether so many connections to that address are too many to make unasked.
pub(crate) fn needs_leave(fans: u32, cohorts: CohortArgs, address: SocketAddr) -> bool {
    fans.saturating_add(cohorts.connections()) > UNASKED_FANS_MAX && !address.ip().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cohorts_count_among_the_connections_that_need_leave() {
        let ten = CohortArgs { garbage: 10, ..CohortArgs::default() };
        let elsewhere = "192.0.2.1:80".parse().unwrap();
        assert!(!needs_leave(90, ten, elsewhere) && needs_leave(91, ten, elsewhere));
        assert!(!needs_leave(91, ten, "127.0.0.1:80".parse().unwrap()));
    }
}
