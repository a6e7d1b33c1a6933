//! Makes a ticket on the command line, as an organiser's site would.

use std::time::{SystemTime, UNIX_EPOCH};

use beat_core::{Ticket, TicketRole};
use data_encoding::BASE64URL_NOPAD;

use crate::config::{Config, TicketFlags};

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    #[error("tickets.keys: none, so that nothing can be signed; is --config missing?")]
    NoKey,
    #[error("--event: there is no {0}")]
    NoSuchEvent(String),
    #[error("--team: there is no {0} at this event")]
    NoSuchTeam(String),
    #[error("--fan and --team are for fans, and ids have 1 to 64 bytes")]
    Odd,
}

/// The ticket that was asked for.
pub(crate) fn issue(config: &Config, asked: &TicketFlags) -> Result<String, IssueError> {
    let key = config.tickets.keys().current().ok_or(IssueError::NoKey)?;
    let event = config.events.iter().find(|event| event.id == asked.event);
    let event = event.ok_or_else(|| IssueError::NoSuchEvent(asked.event.to_string()))?;
    if let Some(team) = asked.team.filter(|team| event.roster().index_of(*team).is_none()) {
        return Err(IssueError::NoSuchTeam(team.to_string()));
    }
    let is_fan = asked.role == TicketRole::Fan;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let ticket = Ticket {
        event: asked.event.clone(),
        role: asked.role,
        fan: asked.fan.clone().or_else(|| is_fan.then(random)),
        id: asked.id.clone().or_else(|| (!is_fan).then(random)),
        team: asked.team,
        not_before_s: None,
        expires_s: now_s.saturating_add(asked.lasting.as_secs()),
    };
    if ticket.is_whole() { Ok(key.sign(&ticket)) } else { Err(IssueError::Odd) }
}

fn random() -> String {
    BASE64URL_NOPAD.encode(&rand::random::<[u8; 12]>())
}
