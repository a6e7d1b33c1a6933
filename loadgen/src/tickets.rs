//! Tickets: what fans and displays show where a server lets nobody in without.
//!
//! Made here, one a fan, with a key that the organiser's site shares with the server; or read from a file that the site
//! wrote. What a ticket says is written down here a second time, from PROTOCOL.md, since it is among the things to be
//! checked. A ticket and a secret are for the server alone: no log, report, record or error has one.

mod file;
mod key;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use beat_protocol::{EventId, TeamCode};
use serde::{Deserialize, Serialize};

use self::file::Given;
use self::key::Key;
pub(crate) use self::key::KeyFile;

/// What is said of tickets for fans and for displays.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Tickets, where the server asks for them")]
pub(crate) struct TicketArgs {
    /// Tickets of the organiser's own site, a file with one on each line: the first fan shows the first. Those that
    /// misbehave show the ones behind the fans'.
    #[arg(long, value_name = "FILE", conflicts_with = "ticket_key")]
    tickets: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) display: DisplayTicketArgs,
}

/// What is said of tickets for displays, and of the key that makes both.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Tickets, where the server asks for them")]
pub(crate) struct DisplayTicketArgs {
    /// Make tickets with a key of the server's, named by its id there and by the file with its secret: 1:ticket.key.
    #[arg(long, value_name = "ID:FILE")]
    ticket_key: Option<KeyFile>,

    /// How long a ticket made here holds. Whoever comes back with one that has expired gets the next.
    #[arg(long, default_value = "2h", value_name = "TIME", value_parser = seconds)]
    ticket_for: Duration,

    /// A file with a display's ticket, for the feed and the beat that are compared with what was sent.
    #[arg(long, value_name = "FILE")]
    display_ticket: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time.as_secs() == 0 { Err("tickets hold for a second at least".to_owned()) } else { Ok(time) }
}

/// Why there are no tickets to show. Names flags and lines; what stands there may be the secret itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TicketsError {
    #[error("--{flag}: the file cannot be read: {source}")]
    File { flag: &'static str, source: std::io::Error },
    #[error(
        "--ticket-key: a secret has at least 32 characters, and this file has {0}; openssl rand -base64 32 makes one"
    )]
    Secret(usize),
    #[error("--tickets: {lines} lines with a ticket, and {needed} are needed: {fans} fans and {others} that misbehave")]
    TooFew { lines: usize, needed: u32, fans: u32, others: u32 },
    #[error("--{flag}, line {line}: {why}")]
    Line { flag: &'static str, line: usize, why: String },
}

/// A ticket as text, to be shown to the server only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket(Box<str>);

/// Everybody's tickets, or none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tickets {
    fans: Fans,
    /// A display's, where no key makes one.
    display: Option<Ticket>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
enum Fans {
    #[default]
    WithoutTicket,
    Made(Key),
    /// By place in the file; one list, however many hold on to it.
    Given(Arc<[Given]>),
}

impl Tickets {
    /// For so many fans of `event`, whose teams are `roster`, and for so many that misbehave.
    pub(crate) fn of(
        args: &TicketArgs,
        event: &EventId,
        roster: &[TeamCode],
        (fans, others): (u32, u32),
    ) -> Result<Self, TicketsError> {
        let mut tickets = Self::of_displays(&args.display, event)?;
        if let Some(path) = &args.tickets {
            let given = file::fans(&file::read("tickets", path)?, event, roster, now_s())?;
            let needed = fans.saturating_add(others);
            if given.len() < needed as usize {
                return Err(TicketsError::TooFew { lines: given.len(), needed, fans, others });
            }
            tickets.fans = Fans::Given(given.into());
        }
        Ok(tickets)
    }

    /// For displays of `event`, and for fans where a key makes them.
    pub(crate) fn of_displays(args: &DisplayTicketArgs, event: &EventId) -> Result<Self, TicketsError> {
        let display = args.display_ticket.as_ref();
        let display =
            display.map(|path| file::display(&file::read("display-ticket", path)?, event, now_s())).transpose()?;
        let fans = match &args.ticket_key {
            Some(key) => Fans::Made(key.open(event.clone(), args.ticket_for)?),
            None => Fans::WithoutTicket,
        };
        Ok(Self { fans, display })
    }

    /// The ticket of fan `index`, if fans have any. One that is made here expires in the second `until` since 1970; who
    /// has none yet, or none that holds, says 0 and gets the next.
    pub(crate) fn fan(&self, index: u32, until: &mut u64) -> Option<Ticket> {
        match &self.fans {
            Fans::WithoutTicket => None,
            Fans::Made(key) => {
                if *until == 0 {
                    *until = key.holds_until(now_s());
                }
                Some(key.fan(index, *until))
            }
            Fans::Given(given) => given.get(index as usize).map(|given| given.ticket.clone()),
        }
    }

    /// The only team that fan `index` may cheer for, if its ticket says one.
    pub(crate) fn team_of(&self, index: u32) -> Option<u16> {
        let Fans::Given(given) = &self.fans else { return None };
        given.get(index as usize)?.team
    }

    /// A display's, if displays have any.
    pub(crate) fn display(&self) -> Option<Ticket> {
        match (&self.display, &self.fans) {
            (Some(ticket), _) => Some(ticket.clone()),
            (None, Fans::Made(key)) => Some(key.display(key.holds_until(now_s()))),
            (None, _) => None,
        }
    }

    /// Whether a display has another ticket each time.
    pub(crate) fn is_display_renewed(&self) -> bool {
        self.display.is_none() && self.are_renewed()
    }

    /// Whether a fan whose ticket has expired can have another.
    pub(crate) fn are_renewed(&self) -> bool {
        matches!(self.fans, Fans::Made(_))
    }
}

impl TicketArgs {
    /// Where fans have theirs from, for people; nothing, if they have none.
    pub(crate) fn told(&self) -> Option<String> {
        let made = self.display.ticket_key.as_ref();
        let made = made.map(|key| key.told(self.display.ticket_for));
        made.or_else(|| self.tickets.as_ref().map(|_| "one a fan, of the organiser's site".to_owned()))
    }
}

impl Ticket {
    /// What is offered as a subprotocol, beside the one that is spoken.
    pub(crate) fn as_subprotocol(&self) -> String {
        format!("ticket.{}", self.0)
    }

    /// What stands in `Authorization`.
    pub(crate) fn as_bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

/// A ticket is shown to the server only.
impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(…)")
    }
}

/// The second since 1970, which is what tickets go by.
fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
