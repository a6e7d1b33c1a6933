//! Where a request may show a ticket, and what one without is told.

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};

use super::Query;
use super::body::{self, Body};
use super::upgrade::values;
use crate::door::{Holder, Pass, Refused, Shown};
use crate::event::Event;
use crate::gateway::Gateway;

/// The ticket of a request: a subprotocol stands over `Authorization`, and that over the query.
pub(super) fn shown<'a, B>(request: &'a Request<B>, query: &'a Query) -> Shown<'a> {
    let offered =
        values(request.headers(), header::SEC_WEBSOCKET_PROTOCOL).filter_map(|name| name.strip_prefix("ticket."));
    match one_of(offered) {
        Shown::Nothing => match bearer(request.headers()) {
            Some(ticket) => Shown::Ticket(ticket),
            None => one_of(query.values("ticket")),
        },
        shown => shown,
    }
}

fn one_of<'a>(mut tickets: impl Iterator<Item = &'a str>) -> Shown<'a> {
    match (tickets.next(), tickets.next()) {
        (None, _) => Shown::Nothing,
        (Some(ticket), None) => Shown::Ticket(ticket),
        (Some(_), Some(_)) => Shown::Several,
    }
}

/// What stands behind `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, said) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| said.trim())
}

/// A display comes: its ticket, if it has one.
pub(super) fn display<B>(
    gateway: &Gateway,
    event: &Event,
    request: &Request<B>,
    query: &Query,
) -> Result<Option<Pass>, Refused> {
    gateway.door.display(&event.id, shown(request, query), gateway.clock.wall_s())
}

/// A fan comes: what its ticket says of it.
pub(super) fn fan<B>(gateway: &Gateway, event: &Event, request: &Request<B>, query: &Query) -> Result<Holder, Refused> {
    gateway.door.fan(&event.id, &event.roster, shown(request, query), gateway.clock.wall_s())
}

/// The refusal in plain HTTP: 401 where another ticket would help, 403 where this one is for something else.
pub(super) fn refusal(refused: Refused) -> Response<Body> {
    if refused == Refused::Elsewhere {
        return body::text(StatusCode::FORBIDDEN, &refused.to_string());
    }
    let mut response = body::text(StatusCode::UNAUTHORIZED, &refused.to_string());
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}
