//! `verify`: the books of an event as they stand, hop by hop, while others cheer.
//!
//! Books that are written one after the other are never equal at an instant, so equality is not asked for. What is asked
//! for holds at any time: nothing is published or stored that was not counted, and what was counted is published and
//! stored a moment later.

use std::collections::HashMap;
use std::fmt::Write;
use std::hash::Hash;
use std::time::Duration;

use beat_protocol::{EventId, FeedMessage, TeamCode};
use clap::Parser;
use serde::Serialize;

use crate::books::metrics_page::{self, FatesByTeam};
use crate::books::stored::{self, StoreUrl, StoredByTeam, StoredError};
use crate::target::{Target, TargetError};
use crate::tickets::{DisplayTicketArgs, Tickets, TicketsError};
use crate::trust::{Trust, TrustArgs, TrustError};

const EXAMPLES: &str = "\
Examples:
  Are the server's count and the beat the same?
    beat-load verify --url ws://127.0.0.1:8080 --event demo
  Two gateways that meet in one Redis: counted, published and stored:
    beat-load verify --admin http://10.0.0.1:9600 --admin http://10.0.0.2:9600 --redis-verify redis://10.0.0.9
  After a gateway was restarted (its counters began anew): published and stored alone, as JSON:
    beat-load verify --no-metrics --redis-verify redis+cluster://10.0.0.7:6379,10.0.0.8:6379 --json

Exit codes: 0 they agree, 2 usage, 3 a book could not be read, 98 they do not (the teams are named).";

/// What `verify` is told.
#[derive(Clone, Debug, Parser)]
#[command(after_help = EXAMPLES)]
pub(crate) struct VerifyArgs {
    /// The service: ws://host[:port], or wss:// for TLS.
    #[arg(long, default_value = "ws://127.0.0.1:8080", value_name = "URL")]
    url: String,

    /// The event.
    #[arg(long, default_value = "demo", value_name = "ID")]
    event: EventId,

    /// Where the server tells its metrics; once for each gateway, since each knows only what it counted itself.
    #[arg(long, default_value = "http://127.0.0.1:9600", value_name = "URL")]
    admin: Vec<String>,

    /// Leave the metrics out: a gateway that was restarted has lost them.
    #[arg(long, requires = "redis_verify")]
    no_metrics: bool,

    /// The store in which gateways meet: redis://host[:port], redis+cluster://h1:p,h2:p, or
    /// redis+sentinel://h1:p,h2:p/service.
    #[arg(long, value_name = "URL")]
    redis_verify: Option<StoreUrl>,

    /// How long a tap may take from the first book to the last.
    #[arg(long, default_value = "2s", value_name = "TIME", value_parser = humantime::parse_duration)]
    lag: Duration,

    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    tickets: DisplayTicketArgs,

    #[command(flatten)]
    trust: TrustArgs,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error("{0}")]
    Target(#[from] TargetError),
    #[error("{0}")]
    Tickets(#[from] TicketsError),
    #[error("{0}")]
    Trust(#[from] TrustError),
    #[error("{0}")]
    Stored(#[from] StoredError),
    #[error("{url}: {source}")]
    NotABeat { url: String, source: serde_json::Error },
}

/// One team in all books that were looked into.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Entry {
    team: TeamCode,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted: Option<u64>,
    published: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<u64>,
    /// What is wrong with it, in words; empty if nothing is.
    wrong: Vec<String>,
}

/// All books at one time.
#[derive(Debug, Default)]
struct Books {
    counted: Option<HashMap<TeamCode, u64>>,
    published: HashMap<TeamCode, u64>,
    stored: Option<StoredByTeam>,
}

/// Looks twice, says what it found, and whether the books agree.
#[expect(clippy::print_stdout, reason = "the answer is what is asked for")]
pub(crate) fn run(args: &VerifyArgs) -> Result<bool, VerifyError> {
    let trust = Trust::of(&args.trust)?;
    let target = Target::parse(&args.url, args.event.clone(), &trust)?;
    let tickets = Tickets::of_displays(&args.tickets, target.event_id())?;
    let before = look(args, &target, (&tickets, &trust), Order::FirstHopFirst)?;
    std::thread::sleep(args.lag);
    // The other way round: what the last hop has by now, the first must have had.
    let after = look(args, &target, (&tickets, &trust), Order::LastHopFirst)?;
    let entries = compare(&before, &after);
    let agree = entries.iter().all(|entry| entry.wrong.is_empty());
    if args.json {
        let answer = serde_json::json!({ "event": args.event, "agree": agree, "teams": entries });
        println!("{answer}");
    } else {
        print!("{}", text(&args.event, &entries, agree));
    }
    Ok(agree)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    FirstHopFirst,
    LastHopFirst,
}

fn look(
    args: &VerifyArgs,
    target: &Target,
    (tickets, trust): (&Tickets, &Trust),
    order: Order,
) -> Result<Books, VerifyError> {
    let mut books = Books::default();
    let mut hops = [0, 1, 2];
    if order == Order::LastHopFirst {
        hops.reverse();
    }
    for hop in hops {
        match hop {
            0 if !args.no_metrics => {
                books.counted = Some(counted(metrics_page::fetch(&args.admin, target.event_id(), trust)?));
            }
            1 => {
                if let Some(url) = &args.redis_verify {
                    books.stored = Some(stored::fetch(url, target.event_id())?);
                }
            }
            2 => books.published = published(target, tickets)?,
            _ => {}
        }
    }
    Ok(books)
}

fn counted(fates: FatesByTeam) -> HashMap<TeamCode, u64> {
    fates.into_iter().map(|(team, fates)| (team, fates.counted)).collect()
}

fn published(target: &Target, tickets: &Tickets) -> Result<HashMap<TeamCode, u64>, VerifyError> {
    let (url, page) = target.beat(tickets.display().as_ref())?;
    let beat: FeedMessage<'_> = serde_json::from_str(&page).map_err(|source| VerifyError::NotABeat { url, source })?;
    Ok(beat.teams.iter().map(|team| (team.code, team.total)).collect())
}

/// What was in an earlier hop before must be in a later one after, and never the other way round.
fn compare(before: &Books, after: &Books) -> Vec<Entry> {
    let none = HashMap::new();
    let mut teams: Vec<TeamCode> = [&after.published, after.counted.as_ref().unwrap_or(&none)]
        .into_iter()
        .chain(&after.stored)
        .flat_map(|book| book.keys().copied())
        .collect();
    teams.sort_unstable();
    teams.dedup();
    let entry = |team| {
        let published = of(&after.published, team);
        let stored = after.stored.as_ref().map(|book| of(book, team));
        let mut wrong = Vec::new();
        let hops = [("counted", &before.counted, &after.counted), ("stored", &before.stored, &after.stored)];
        for (name, first, last) in hops {
            let (Some(first), Some(last)) = (first, last) else { continue };
            missing(&mut wrong, of(first, team), published, &format!("{name}, not published"));
            missing(&mut wrong, published, of(last, team), &format!("published, not {name}"));
        }
        if let (Some(first), Some(last), Some(stored)) = (&before.counted, &after.counted, stored) {
            missing(&mut wrong, of(first, team), stored, "counted, not stored");
            missing(&mut wrong, stored, of(last, team), "stored, not counted");
        }
        Entry { team, counted: after.counted.as_ref().map(|book| of(book, team)), published, stored, wrong }
    };
    let mut entries: Vec<Entry> = teams.into_iter().map(entry).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.published));
    entries
}

fn of<K: Hash + Eq>(book: &HashMap<K, u64>, team: K) -> u64 {
    book.get(&team).copied().unwrap_or(0)
}

fn missing(wrong: &mut Vec<String>, wanted: u64, is: u64, what: &str) {
    if wanted > is {
        wrong.push(format!("{} {what}", wanted - is));
    }
}

/// The teams with most taps are always listed; every team with something wrong is, too.
const TEAMS_LISTED: usize = 10;

fn text(event: &EventId, entries: &[Entry], agree: bool) -> String {
    let mut text = format!("event {event}\n{:>13}  {:>12}  {:>12}  {:>12}\n", "team", "counted", "published", "stored");
    let number = |taps: Option<u64>| taps.map_or_else(|| "-".to_owned(), |taps| taps.to_string());
    let cheered = |entry: &&Entry| entry.published > 0 || !entry.wrong.is_empty();
    let mut unlisted = 0;
    for (place, Entry { team, counted, published, stored, wrong }) in entries.iter().filter(cheered).enumerate() {
        if place >= TEAMS_LISTED && wrong.is_empty() {
            unlisted += 1;
            continue;
        }
        let (counted, stored, wrong) = (number(*counted), number(*stored), wrong.join(", "));
        let line = format!("{:>13}  {counted:>12}  {published:>12}  {stored:>12}  {wrong}", team.as_str());
        writeln!(text, "{}", line.trim_end()).expect("a string takes all");
    }
    if unlisted > 0 {
        writeln!(text, "{:>13}  {unlisted} more teams that agree", "").expect("a string takes all");
    }
    text.push_str(if agree {
        "\nAGREED  nothing is published or stored that was not counted, and what was counted arrived\n"
    } else {
        "\nNOT AGREED  a gateway that was restarted, or whose --admin is missing here, has counted what its metrics no longer tell\n"
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(taps: u64) -> HashMap<TeamCode, u64> {
        HashMap::from([("JPN".parse().unwrap(), taps)])
    }

    fn wrong(before: [u64; 3], after: [u64; 3]) -> String {
        let books = |[counted, published, stored]: [u64; 3]| Books {
            counted: Some(book(counted)),
            published: book(published),
            stored: Some(book(stored)),
        };
        compare(&books(before), &books(after))[0].wrong.join(", ")
    }

    #[test]
    fn books_of_a_live_event_agree_although_no_two_are_equal() {
        assert_eq!(wrong([100, 90, 95], [150, 130, 140]), "");
        assert_eq!(wrong([7, 7, 7], [7, 7, 7]), "");
    }

    #[test]
    fn what_does_not_arrive_in_time_and_what_comes_from_nowhere_is_told() {
        assert_eq!(wrong([100, 90, 100], [100, 99, 100]), "1 counted, not published, 1 stored, not published");
        assert_eq!(wrong([100, 100, 100], [100, 101, 100]), "1 published, not counted, 1 published, not stored");
        assert_eq!(wrong([100, 100, 90], [100, 100, 90]), "10 published, not stored, 10 counted, not stored");
    }

    #[test]
    fn a_book_that_was_not_looked_into_says_nothing() {
        let feed_alone = || Books { published: book(9), ..Books::default() };
        let entries = compare(&feed_alone(), &feed_alone());
        assert_eq!((entries.len(), entries[0].wrong.len(), entries[0].counted), (1, 0, None));
    }
}
