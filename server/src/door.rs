//! Who may come in: what a ticket lets its holder do, and who needs none.
//!
//! Asked once a connection, never for a tap or a beat. What it goes by may be renewed while the service runs; who is in
//! stays in, except displays whose tickets are revoked. Knows no header and no address.

pub(crate) mod reload;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use beat_core::{Ticket, TicketError, TicketKeys, TicketRole};
use beat_protocol::{CloseCode, EventId};
use tokio::sync::watch;

use crate::config::{AdminToken, Config};
use crate::roster::Roster;

/// The door of a gateway.
pub(crate) struct Door(watch::Sender<Arc<Rules>>);

/// What it goes by.
struct Rules {
    keys: TicketKeys,
    revoked: HashSet<String>,
    outlive: Duration,
    events: Vec<OpenTo>,
    operators: Option<AdminToken>,
}

/// What who has no ticket may do at an event.
struct OpenTo {
    event: EventId,
    fans: bool,
    displays: bool,
}

/// A ticket as it was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown<'a> {
    /// None.
    Nothing,
    /// This.
    Ticket(&'a str),
    /// Several: which of them is meant is not for us to say.
    Several,
}

/// By what somebody is an operator of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// No token is asked for: who reaches the listener is one.
    Anybody,
    /// It said the token.
    WithToken,
}

/// What a ticket says of a fan.
#[derive(Default)]
pub(crate) struct Holder {
    /// The second since 1970 from which on it does not hold.
    pub(crate) expires_s: Option<u64>,
    /// The organiser's name for it.
    pub(crate) name: Option<String>,
    /// The index of the only team it may cheer for.
    pub(crate) team: Option<u16>,
}

/// What is to be known of a display's ticket while it watches.
#[derive(Debug)]
pub(crate) struct Pass {
    /// By which it may be revoked.
    pub(crate) id: Arc<str>,
    /// The second since 1970 from which on it does not hold.
    pub(crate) expires_s: u64,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Tickets are asked for here.
    #[error("a ticket is asked for here")]
    Missing,
    /// One that does not hold.
    #[error("the ticket does not hold: {0}")]
    Ticket(#[from] TicketError),
    /// One that is held no more.
    #[error("the ticket does not hold: it was revoked")]
    Revoked,
    /// A good one, for something else.
    #[error("the ticket is for something else")]
    Elsewhere,
}

impl Refused {
    /// What a WebSocket is closed with.
    pub(crate) fn close_code(self) -> CloseCode {
        match self {
            Self::Missing | Self::Revoked => CloseCode::TicketInvalid,
            Self::Ticket(error) => error.close_code(),
            Self::Elsewhere => CloseCode::NotAllowed,
        }
    }

    fn cause(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ticket(error) => error.cause(),
            Self::Revoked => "revoked",
            Self::Elsewhere => "elsewhere",
        }
    }
}

impl Door {
    /// The door that `config` describes.
    pub(crate) fn new(config: &Config) -> Self {
        Self(watch::Sender::new(Arc::new(Rules::of(config))))
    }

    /// Goes by `config` from now on.
    pub(crate) fn renew(&self, config: &Config) {
        self.0.send_replace(Arc::new(Rules::of(config)));
    }

    /// A fan of `event` comes: what its ticket says of it, if it has one.
    pub(crate) fn fan(
        &self,
        event: &EventId,
        roster: &Roster,
        shown: Shown<'_>,
        now_s: u64,
    ) -> Result<Holder, Refused> {
        let ticket =
            self.rules().examine(event, shown, now_s, |open| open.fans, &[TicketRole::Fan]).map_err(counted)?;
        let Some(Ticket { fan: name, team, expires_s, .. }) = ticket else { return Ok(Holder::default()) };
        let team = match team {
            None => None,
            Some(team) => Some(roster.index_of(team).ok_or_else(|| counted(Refused::Elsewhere))?),
        };
        Ok(Holder { expires_s: Some(expires_s), name, team })
    }

    /// A display of `event` comes: its ticket, if it has one.
    pub(crate) fn display(&self, event: &EventId, shown: Shown<'_>, now_s: u64) -> Result<Option<Pass>, Refused> {
        const ROLES: &[TicketRole] = &[TicketRole::Display, TicketRole::Operator];
        let ticket = self.rules().examine(event, shown, now_s, |open| open.displays, ROLES).map_err(counted)?;
        Ok(ticket.and_then(|ticket| Some(Pass { id: ticket.id?.into(), expires_s: ticket.expires_s })))
    }

    /// By what who says `bearer` may do everything, if it may.
    pub(crate) fn operator(&self, bearer: Option<&str>) -> Option<Operator> {
        match &self.rules().operators {
            None => Some(Operator::Anybody),
            Some(token) => bearer.filter(|bearer| token.is(bearer)).map(|_| Operator::WithToken),
        }
    }

    /// The id of `bearer`, if that is an operator's ticket for `event`.
    pub(crate) fn operator_of(&self, event: &EventId, bearer: Option<&str>, now_s: u64) -> Option<String> {
        let shown = bearer.map_or(Shown::Nothing, Shown::Ticket);
        let ticket = self.rules().examine(event, shown, now_s, |_| false, &[TicketRole::Operator]);
        ticket.ok().flatten().and_then(|ticket| ticket.id)
    }

    /// How long who comes in now may outlive its ticket.
    pub(crate) fn outlive(&self) -> Duration {
        self.rules().outlive
    }

    /// Returns once the ticket of that id is revoked.
    pub(crate) async fn revokes(&self, id: &str) {
        // The door is there for as long as the process lives.
        drop(self.0.subscribe().wait_for(|rules| rules.revoked.contains(id)).await);
    }

    /// Whether the ticket of that id is revoked.
    pub(crate) fn has_revoked(&self, id: &str) -> bool {
        self.rules().revoked.contains(id)
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.0.borrow())
    }
}

impl Rules {
    fn of(config: &Config) -> Self {
        let open_to = |event: &crate::config::EventConfig| OpenTo {
            event: event.id.clone(),
            fans: config.anonymous(event),
            displays: config.public_feed(event),
        };
        Self {
            keys: config.tickets.keys().clone(),
            revoked: config.tickets.revoked.iter().cloned().collect(),
            outlive: config.tickets.outlive,
            events: config.events.iter().map(open_to).collect(),
            operators: config.admin_token.clone(),
        }
    }

    /// What the ticket says; nothing, where none is shown and none is asked for.
    fn examine(
        &self,
        event: &EventId,
        shown: Shown<'_>,
        now_s: u64,
        is_open: impl Fn(&OpenTo) -> bool,
        roles: &[TicketRole],
    ) -> Result<Option<Ticket>, Refused> {
        let is_open = self.events.iter().find(|open| open.event == *event).is_some_and(is_open);
        let ticket = match shown {
            Shown::Nothing if is_open => return Ok(None),
            // Without a key nobody can tell a good ticket from a bad one, and none is asked for.
            _ if self.keys.is_empty() && is_open => return Ok(None),
            Shown::Nothing => return Err(Refused::Missing),
            Shown::Several => return Err(TicketError::Shape.into()),
            Shown::Ticket(text) => self.keys.verify(text, now_s)?,
        };
        if ticket.id.as_ref().is_some_and(|id| self.revoked.contains(id)) {
            return Err(Refused::Revoked);
        }
        if ticket.event != *event || !roles.contains(&ticket.role) {
            return Err(Refused::Elsewhere);
        }
        Ok(Some(ticket))
    }
}

fn counted(refused: Refused) -> Refused {
    metrics::counter!("beat_tickets_refused_total", "cause" => refused.cause()).increment(1);
    refused
}
