//! The command line: flags that stand over every other layer, and what else than serving can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use beat_core::TicketRole;
use beat_protocol::{EventId, TeamCode};
use clap::{Parser, Subcommand};

use super::layers::Setting;
use crate::commands::TallyCommand;

/// Make the Beat: counts taps, beats ten times a second, and fans the beats out to phones and arenas.
#[derive(Debug, Parser)]
#[command(version, after_help = "Every other key: see beat.example.toml, or BEAT_<SECTION>_<KEY> in the environment.")]
pub(crate) struct Flags {
    /// TOML file with any of the keys of beat.example.toml
    #[arg(long, value_name = "FILE", env = "BEAT_CONFIG", global = true)]
    pub(super) config: Option<PathBuf>,
    /// Public address: pages, fan sockets, display feeds; https://ADDR with TLS; several with commas
    /// [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Operators' address, or unix:PATH: metrics, health, opening and closing [default: 127.0.0.1:9600]
    #[arg(long, value_name = "ADDR")]
    admin: Option<String>,
    /// embedded:PATH, memory, redis://…, rediss://…, redis+cluster://h1,h2 or redis+sentinel://h1,h2/service
    /// [default: embedded:./beat-data/]
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Shards, each a thread with its own sockets [default: one per core]
    #[arg(long, value_name = "N")]
    shards: Option<String>,
    /// error, warn, info, debug, trace, or directives such as beat_server=debug [default: info]
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
    /// Check the configuration and exit
    #[arg(long)]
    pub(crate) check_config: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What else than serving can be asked for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a ticket, signed with the first of the configuration's `tickets.keys`
    Ticket(TicketFlags),
    #[command(flatten)]
    Tally(TallyCommand),
}

/// What a ticket is to say.
#[derive(Debug, clap::Args)]
pub(crate) struct TicketFlags {
    /// The event it is for
    #[arg(long)]
    pub(crate) event: EventId,
    /// fan (may cheer), display (may watch) or operator (may open and close, and watch)
    #[arg(long, value_parser = role)]
    pub(crate) role: TicketRole,
    /// The only team its fan may cheer for [default: any]
    #[arg(long)]
    pub(crate) team: Option<TeamCode>,
    /// Who cheers, by your own name for them [default: a random one, for a fan]
    #[arg(long)]
    pub(crate) fan: Option<String>,
    /// What the ticket is called where it is revoked [default: a random one, unless for a fan]
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// How long it holds, such as 90s, 30m, 2h or 3d
    #[arg(long = "for", value_name = "TIME", default_value = "2h", value_parser = lasting)]
    pub(crate) lasting: Duration,
}

impl Flags {
    /// What they set, as the last layer.
    pub(super) fn settings(&self) -> impl Iterator<Item = Setting> {
        let given = [
            ("listen", &self.listen),
            ("admin", &self.admin),
            ("store", &self.store),
            ("shards", &self.shards),
            ("log", &self.log),
        ];
        given.into_iter().filter_map(|(key, value)| {
            let value = value.clone()?;
            Some(Setting { origin: format!("--{key}"), path: vec![key.into()], value })
        })
    }
}

fn role(text: &str) -> Result<TicketRole, String> {
    serde_json::from_value(text.into()).map_err(|_| "fan, display or operator".into())
}

fn lasting(text: &str) -> Result<Duration, String> {
    let seconds = text.strip_suffix(['s', 'm', 'h', 'd']).and_then(|digits| digits.parse::<u32>().ok()).map(u64::from);
    let unit = match text.as_bytes().last() {
        Some(b'm') => 60,
        Some(b'h') => 3_600,
        Some(b'd') => 86_400,
        _ => 1,
    };
    match seconds {
        Some(seconds @ 1..) => Ok(Duration::from_secs(seconds * unit)),
        _ => Err("a number and s, m, h or d, such as 2h".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_lasts_seconds_minutes_hours_or_days() {
        for (text, seconds) in [("90s", 90), ("30m", 1_800), ("2h", 7_200), ("3d", 259_200)] {
            assert_eq!(lasting(text), Ok(Duration::from_secs(seconds)));
        }
        for odd in ["", "h", "2", "0h", "-1h", "2 h", "1.5h", "2w"] {
            assert!(lasting(odd).is_err(), "{odd}");
        }
    }
}
