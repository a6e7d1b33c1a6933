//! Tickets as a site hands them out.

use std::time::{SystemTime, UNIX_EPOCH};

use beat_core::{Ticket, TicketKey, TicketRole};

/// What the tickets of the claims are signed with.
pub(crate) const SECRET: &str = "a secret of the claims, 32 characters long";

/// The lines of a configuration file by which a server knows the tickets of the claims.
pub(crate) fn ticket_keys() -> String {
    format!("[tickets]\nkeys = [{{ id = 'k', secret = '{SECRET}' }}]\n")
}

/// The second it is, since 1970.
pub(crate) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What the ticket of this fan of `demo` says; it holds for ten minutes.
pub(crate) fn fan(name: &str) -> Ticket {
    Ticket {
        event: "demo".parse().unwrap(),
        role: TicketRole::Fan,
        fan: Some(name.to_owned()),
        id: None,
        team: None,
        not_before_s: None,
        expires_s: now_s() + 600,
    }
}

/// The same of a display, or of an operator.
pub(crate) fn holder(role: TicketRole, id: &str) -> Ticket {
    Ticket { role, fan: None, id: Some(id.to_owned()), ..fan("") }
}

/// The ticket itself.
pub(crate) fn signed(ticket: &Ticket) -> String {
    TicketKey::new("k", SECRET).unwrap().sign(ticket)
}
