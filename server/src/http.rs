//! Every address of the public port, and what it answers. Decides; the gateway's front does.

mod body;
mod events;
mod fan;
mod forwarded;
mod gzip;
mod join;
mod pages;
pub(crate) mod tickets;
mod upgrade;

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};

use crate::addresses::Stand;
use crate::event::Event;
use crate::gateway::{Counters, Gateway};

pub(crate) use body::Body;
pub(crate) use upgrade::{Display, Fan, Wanted};

/// What becomes of a request.
pub(crate) enum Answer {
    /// An answer, and the connection goes on to the next request.
    Page(Response<Body>),
    /// 101, or the refusal that a page can read: the connection goes on as a WebSocket.
    /// It counts as what goes with it, where that is not the address at the other end.
    Upgrade(Response<Body>, Wanted, Option<Stand>),
}

/// Answers one request of `peer`. Its body, if it has one, is not read.
pub(crate) fn answer<B>(
    gateway: &Arc<Gateway>,
    counters: &Arc<Counters>,
    request: &Request<B>,
    peer: IpAddr,
) -> Answer {
    if !gateway.config.hosts.allow(request.headers()) {
        return Answer::Page(body::text(StatusCode::MISDIRECTED_REQUEST, "this server has no such name; see `hosts`"));
    }
    let path: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = body::text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are served here");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Answer::Page(response);
    }
    // We read no body, and chunks, or chunks and a length, end in one place for us and in another for a proxy before us.
    if request.headers().contains_key(header::TRANSFER_ENCODING) {
        let mut response = body::text(StatusCode::BAD_REQUEST, "no request here has a body in chunks");
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return Answer::Page(response);
    }
    // A host and a port, as only CONNECT asks for.
    if request.uri().path().is_empty() {
        return Answer::Page(body::text(StatusCode::BAD_REQUEST, "an address begins with a slash"));
    }
    let query = Query::of(request);
    let mut answer = match path[..] {
        [""] => Answer::Page(fan::page(gateway, request, &query)),
        ["arena", id] if gateway.event(id).is_some() => Answer::Page(pages::arena(request, id)),
        ["client", ..] => Answer::Page(pages::asset(request, &path[1..].join("/"))),
        ["v1", "events"] => Answer::Page(events::list(gateway, request)),
        ["v1", "events", id, last @ ("ws" | "feed")] => {
            upgrade::answer(gateway, counters, request, peer, (id, last), &query)
        }
        ["v1", "events", id] | ["v1", "events", id, "beat" | "tally"] => Answer::Page(match gateway.event(id) {
            None => not_found(&format!("there is no event {id:?}; see /v1/events")),
            Some(event) if path.len() == 3 => events::detail(event, request, &query),
            Some(event) if path[3] == "tally" => {
                event.asked(gateway.clock.now_ms());
                events::tally(gateway, event, request)
            }
            Some(event) => match tickets::display(gateway, event, request, &query) {
                Err(refused) => tickets::refusal(refused),
                Ok(ticket) => {
                    event.asked(gateway.clock.now_ms());
                    beat(event, &query, ticket.is_some())
                }
            },
        }),
        ["arena", id] => Answer::Page(not_found(&format!("there is no event {id:?}; see /v1/events"))),
        [name] if let Some(page) = pages::named(request, name) => Answer::Page(page),
        _ => Answer::Page(not_found("there is nothing at this address")),
    };
    if matches!(path[0], "v1" | "client")
        && let Answer::Page(response) = &mut answer
    {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    answer
}

/// The latest beat, once.
fn beat(event: &Arc<Event>, query: &Query, is_for_one: bool) -> Response<Body> {
    let format = match query.value("format") {
        None => crate::fanout::Format::Json,
        Some(name) => match crate::fanout::Format::named(name) {
            Some(format) => format,
            None => return body::text(StatusCode::BAD_REQUEST, "format is one of json, csv, xml, rows"),
        },
    };
    let top = match query.top() {
        Ok(top) => top,
        Err(why) => return body::text(StatusCode::BAD_REQUEST, why),
    };
    let Some(newest) = event.newest.borrow().clone() else {
        return body::overloaded("the first beat is on its way");
    };
    let cache_control = if is_for_one { "private, max-age=1" } else { "max-age=1" };
    body::page(newest.page(format, top), format.media_type(), cache_control)
}

fn not_found(why: &str) -> Response<Body> {
    body::text(StatusCode::NOT_FOUND, why)
}

/// The query, its first value for each key; keys we do not know are ignored.
struct Query(Vec<(String, String)>);

impl Query {
    fn of<B>(request: &Request<B>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.values(key).next()
    }

    fn values(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// How many teams a display wants.
    fn top(&self) -> Result<Option<usize>, &'static str> {
        match self.value("top").map(str::parse) {
            None => Ok(None),
            Some(Ok(top @ 1..)) => Ok(Some(top)),
            Some(_) => Err("top is a whole number from 1"),
        }
    }
}
