//! How a socket ends, and whether its fan comes back.

use std::io;

use beat_protocol::CloseCode;

use super::{Lent, Seat, State};
use crate::clock::{MILLISECOND, Nanos};
use crate::judge::fault;
use crate::record::Fault;

/// Full jitter: a fan comes back at a random instant within a span that doubles from the first to the second of these.
pub(super) const BACKOFF_FIRST: Nanos = 500 * MILLISECOND;
const BACKOFF_MAX: Nanos = 8_000 * MILLISECOND;

/// How a socket ended.
#[derive(Debug)]
pub(crate) enum End {
    /// We closed it and the server answered: it has read everything.
    Farewell,
    /// The server closed it, with this code and reason.
    Closed { code: u16, reason: String },
    /// It broke, fell silent, or did not answer our close.
    Lost,
    /// A storm of the plan took it.
    Storm,
    /// It never came about.
    Unreachable(Unreachable),
}

/// Why a socket never came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreachable {
    #[error("{0}")]
    System(#[from] io::Error),
    #[error("answered with {0}")]
    Status(u16),
    #[error("{0}")]
    Contract(&'static str),
}

impl Unreachable {
    /// Whose fault it is.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::System(error) => fault::of_io(error),
            Self::Status(status) => fault::of_status(*status),
            Self::Contract(_) => Fault::Server,
        }
    }
}

impl Seat {
    pub(super) fn broke(&mut self, now: Nanos, error: io::Error, lent: &mut Lent<'_, '_>) {
        let end = match &self.state {
            State::Opening { .. } if error.kind() == io::ErrorKind::UnexpectedEof => {
                End::Unreachable(Unreachable::Contract("ended before the welcome"))
            }
            State::Opening { .. } => End::Unreachable(error.into()),
            _ => End::Lost,
        };
        self.end(now, end, lent);
    }

    /// The socket is gone; so is the fan, or it comes back.
    pub(super) fn end(&mut self, now: Nanos, end: End, lent: &mut Lent<'_, '_>) {
        if let State::Here { .. } = self.state {
            lent.book.ended();
        }
        self.end_opening(now, end, lent);
    }

    pub(super) fn end_opening(&mut self, now: Nanos, end: End, lent: &mut Lent<'_, '_>) {
        self.fan.on_disconnect();
        self.unread = Vec::new();
        self.unsent = Vec::new();
        lent.book.note(&end);
        let unmade = match &end {
            End::Unreachable(why) if self.session.is_none() => Some(why.fault()),
            _ => None,
        };
        let renewed = matches!(end, End::Closed { code, .. } if code == CloseCode::TicketExpired.as_u16())
            && lent.task.tickets.are_renewed();
        if renewed {
            self.ticket_until = 0;
            lent.book.renewed();
        }
        let back_at =
            comes_back(&end, renewed).map(|not_before| now + not_before + rand::random_range(0..=self.backoff));
        match back_at.filter(|&at| at < lent.give_up) {
            Some(until) => {
                self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
                self.state = State::Away { until };
            }
            None => {
                self.state = State::Gone;
                self.fan.fall_due(now);
                lent.book.close_account(&self.fan, unmade);
            }
        }
    }
}

/// Whether a fan tries again after such an end, and how long it keeps away at least. With the same expired ticket it would
/// be in vain.
fn comes_back(end: &End, has_new_ticket: bool) -> Option<Nanos> {
    match end {
        End::Farewell => None,
        End::Closed { code, .. } if *code == CloseCode::TicketExpired.as_u16() => has_new_ticket.then_some(0),
        End::Lost | End::Storm | End::Unreachable(_) => Some(0),
        End::Closed { code, .. } if !CloseCode::invites_reconnect(*code) => None,
        End::Closed { reason, .. } => Some(retry_after(reason)),
    }
}

/// `{"retry_ms":N}`, or nothing.
fn retry_after(reason: &str) -> Nanos {
    let reason: Option<serde_json::Value> = serde_json::from_str(reason).ok();
    let retry_ms = reason.as_ref().and_then(|reason| reason.get("retry_ms")?.as_u64());
    retry_ms.map_or(0, |ms| ms.saturating_mul(MILLISECOND))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: u16, reason: &str) -> End {
        End::Closed { code, reason: reason.to_owned() }
    }

    #[test]
    fn a_fan_comes_back_where_the_contract_says_so_and_not_before_it_may() {
        for (end, not_before) in [
            (End::Farewell, None),
            (End::Lost, Some(0)),
            (End::Storm, Some(0)),
            (End::Unreachable(Unreachable::Status(503)), Some(0)),
            (closed(4510, ""), None),
            (closed(4500, ""), None),
            (closed(4408, ""), Some(0)),
            (closed(1012, "{\"retry_ms\":1500}"), Some(1_500 * MILLISECOND)),
            (closed(1013, "{\"retry_ms\":20}"), Some(20 * MILLISECOND)),
            (closed(1012, "soon"), Some(0)),
        ] {
            assert_eq!(comes_back(&end, false), not_before, "{end:?}");
        }
        assert_eq!(comes_back(&closed(4401, ""), false), None);
        assert_eq!(comes_back(&closed(4401, ""), true), Some(0));
    }
}
