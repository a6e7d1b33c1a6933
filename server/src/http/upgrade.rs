//! Fan sockets and display feeds: what kind of connection a request wants, and the answer that begins it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use beat_core::SharedBucket;
use beat_protocol::{CloseCode, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON};
use data_encoding::BASE64;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::body::{self, Body};
use super::{Answer, Query, forwarded, not_found, tickets};
use crate::addresses::{Crowded, Stand, Who};
use crate::door::{Holder, Pass};
use crate::event::Event;
use crate::fanout::{Encoding, Format};
use crate::gateway::{Counters, Gateway, SessionId};

/// What an upgraded connection is for. Events are places in the gateway's list.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// To cheer, going on with a session if one is named.
    Fan(Fan, Option<SessionId>),
    /// To watch.
    Display(Display),
    /// Nothing we can serve; a page cannot read a failed upgrade's status, so it is upgraded and told.
    Refusal(CloseCode),
}

/// A fan who is let in.
#[derive(Debug)]
pub(crate) struct Fan {
    pub(crate) event: usize,
    pub(crate) encoding: Encoding,
    /// The only team it may cheer for.
    pub(crate) team: Option<u16>,
    pub(crate) who: Who,
    /// What it may tap in all its sessions together, where its ticket names it.
    pub(crate) taps: Option<Arc<SharedBucket>>,
    /// The second since 1970 from which on its ticket does not hold.
    pub(crate) expires_s: Option<u64>,
}

/// A display that is let in.
#[derive(Debug)]
pub(crate) struct Display {
    pub(crate) event: usize,
    /// How many teams it wants.
    pub(crate) top: Option<usize>,
    /// Its ticket, which may be revoked and expires.
    pub(crate) ticket: Option<Pass>,
}

pub(super) fn answer<B>(
    gateway: &Arc<Gateway>,
    counters: &Arc<Counters>,
    request: &Request<B>,
    peer: IpAddr,
    (id, kind): (&str, &str),
    query: &Query,
) -> Answer {
    let event = gateway.index_of(id);
    let client = forwarded::client(request.headers(), peer, &gateway.config.addresses);
    if kind == "feed" && !wants_upgrade(request) && accepts_event_stream(request.headers()) {
        return Answer::Page(match (event, query.top()) {
            (None, _) => not_found(&format!("there is no event {id:?}; see /v1/events")),
            (_, Err(why)) => body::text(StatusCode::BAD_REQUEST, why),
            (Some(event), _) if !is_welcome(gateway, event, request) => {
                body::text(StatusCode::FORBIDDEN, "pages of this origin are not listed in the event's `origins`")
            }
            (Some(event), Ok(top)) => match tickets::display(gateway, &gateway.events[event], request, query) {
                Err(refused) => tickets::refusal(refused),
                Ok(ticket) => match stand(gateway, peer, client) {
                    Err(_) => body::crowded(),
                    Ok(stand) => server_sent(gateway, counters, Display { event, top, ticket }, stand),
                },
            },
        });
    }
    if let Some(refusal) = not_a_websocket(request, kind) {
        return Answer::Page(refusal);
    }
    if gateway.is_draining() {
        return Answer::Page(body::overloaded("this gateway is about to stop"));
    }
    let mut response = match switching(request) {
        Ok(response) => response,
        Err(why) => return Answer::Page(body::text(StatusCode::BAD_REQUEST, why)),
    };
    let (encoding, subprotocol) = encoding_of(request.headers());
    let mut name = None;
    let mut wanted = match (event, kind, query.top()) {
        (None, ..) => Wanted::Refusal(CloseCode::NoSuchEvent),
        (Some(event), ..) if !is_welcome(gateway, event, request) => Wanted::Refusal(CloseCode::NotAllowed),
        (_, "feed", Err(_)) => Wanted::Refusal(CloseCode::Malformed),
        (Some(event), "feed", Ok(top)) => match tickets::display(gateway, &gateway.events[event], request, query) {
            Err(refused) => Wanted::Refusal(refused.close_code()),
            Ok(ticket) => Wanted::Display(Display { event, top, ticket }),
        },
        (Some(event), ..) => match tickets::fan(gateway, &gateway.events[event], request, query) {
            Err(refused) => Wanted::Refusal(refused.close_code()),
            Ok(Holder { name: fan, team, expires_s }) => {
                name = fan;
                let fan = Fan { event, encoding, team, who: Who { address: client, fan: None }, taps: None, expires_s };
                Wanted::Fan(fan, query.value("session").and_then(|id| id.parse().ok()))
            }
        },
    };
    if let Some(subprotocol) = subprotocol.filter(|_| kind == "ws") {
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(subprotocol));
    }
    // Who is refused holds nothing for longer than it takes to say so.
    let stand = match (&mut wanted, name) {
        (Wanted::Refusal(_), _) => Ok(None),
        // A fan whose ticket names it counts by that name, wherever it is.
        (Wanted::Fan(fan, _), Some(name)) => {
            gateway.addresses.enter_fan(&name, gateway.clock.now_ms()).map(|(stand, named)| {
                (fan.who.fan, fan.taps) = (Some(named.key), Some(named.taps));
                Some(stand)
            })
        }
        (Wanted::Fan(..) | Wanted::Display(_), _) => stand(gateway, peer, client),
    };
    match stand {
        Ok(stand) => Answer::Upgrade(response, wanted, stand),
        Err(_) => Answer::Page(body::crowded()),
    }
}

/// What a connection of `client` counts as, where that is not the address at its other end.
fn stand(gateway: &Gateway, peer: IpAddr, client: IpAddr) -> Result<Option<Stand>, Crowded> {
    if client == peer { Ok(None) } else { gateway.addresses.enter(client, gateway.clock.now_ms()) }
}

/// Whether pages of the request's origin may cheer and watch.
fn is_welcome<B>(gateway: &Gateway, event: usize, request: &Request<B>) -> bool {
    let is_welcome = gateway.events[event].origins.allow(request.headers());
    if !is_welcome {
        metrics::counter!("beat_origins_refused_total").increment(1);
    }
    is_welcome
}

/// The 101 of RFC 6455, section 4.2.2, for a request that is as section 4.2.1 wants it.
fn switching<B>(request: &Request<B>) -> Result<Response<Body>, &'static str> {
    let headers = request.headers();
    if request.method() != Method::GET || request.version() != Version::HTTP_11 {
        return Err("a WebSocket handshake is a GET of HTTP/1.1");
    }
    if !values(headers, header::CONNECTION).any(|option| option.eq_ignore_ascii_case("upgrade")) {
        return Err("a WebSocket handshake has Connection: Upgrade");
    }
    if values(headers, header::SEC_WEBSOCKET_VERSION).next().is_none() {
        return Err("a WebSocket handshake has Sec-WebSocket-Version: 13");
    }
    if headers.get_all(header::HOST).iter().count() != 1 {
        return Err("a WebSocket handshake has one Host");
    }
    // Its bytes would be read as frames by us, and as a body by whoever stands before us.
    if headers.get_all(header::CONTENT_LENGTH).iter().any(|length| length != "0") {
        return Err("a WebSocket handshake has no body");
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err("a WebSocket handshake has one Sec-WebSocket-Key");
    };
    if !BASE64.decode(key.as_bytes()).is_ok_and(|nonce| nonce.len() == 16) {
        return Err("a Sec-WebSocket-Key is 16 bytes in base64");
    }
    let accepted = derive_accept_key(key.as_bytes()).parse().expect("base64 fits a header");
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accepted);
    Ok(response)
}

/// How a fan wants to talk, and the subprotocol to name in the answer, if it offered one of ours.
fn encoding_of(headers: &HeaderMap) -> (Encoding, Option<&'static str>) {
    let offers = |ours: &str| values(headers, header::SEC_WEBSOCKET_PROTOCOL).any(|offered| offered == ours);
    if offers(SUBPROTOCOL_BINARY) {
        (Encoding::Binary, Some(SUBPROTOCOL_BINARY))
    } else if offers(SUBPROTOCOL_JSON) {
        (Encoding::Json, Some(SUBPROTOCOL_JSON))
    } else {
        (Encoding::Json, None)
    }
}

fn not_a_websocket<B>(request: &Request<B>, kind: &str) -> Option<Response<Body>> {
    // Also of a line that is no text: what we cannot read is another version.
    let speaks_ours = || request.headers().get_all(header::SEC_WEBSOCKET_VERSION).iter().all(|version| version == "13");
    if wants_upgrade(request) && speaks_ours() {
        return None;
    }
    let sentence = match kind {
        "feed" => "this address takes WebSocket (version 13), or Accept: text/event-stream",
        _ => "this address takes WebSocket (version 13)",
    };
    let mut response = body::text(StatusCode::UPGRADE_REQUIRED, sentence);
    let headers = response.headers_mut();
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    Some(response)
}

fn wants_upgrade<B>(request: &Request<B>) -> bool {
    values(request.headers(), header::UPGRADE).any(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

fn accepts_event_stream(headers: &HeaderMap) -> bool {
    values(headers, header::ACCEPT).any(|accepted| accepted.split(';').next() == Some("text/event-stream"))
}

/// The elements of a list header, however it is spread over lines.
pub(super) fn values(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

/// The display feed as server-sent events. Newest wins: hyper asks for more when the client has read, and gets the latest.
fn server_sent(
    gateway: &Arc<Gateway>,
    counters: &Arc<Counters>,
    Display { event, top, ticket }: Display,
    stand: Option<Stand>,
) -> Response<Body> {
    let mut beats = gateway.events[event].newest.subscribe();
    // Whoever comes gets the newest beat at once.
    beats.mark_changed();
    let watching = Watching::new(gateway, &gateway.events[event], counters, stand);
    let shared = Arc::clone(gateway);
    let over = async move {
        match ticket {
            Some(Pass { id, expires_s }) => {
                let left_ms = shared.ends_at_ms(Some(expires_s)).saturating_sub(shared.clock.now_ms());
                // The end of an open stream looks like any other: whoever comes back is told 401.
                drop(timeout(Duration::from_millis(left_ms), shared.door.revokes(&id)).await);
            }
            None => std::future::pending::<()>().await,
        }
    };
    let events = stream::unfold((beats, watching), move |(mut beats, watching)| async move {
        loop {
            beats.changed().await.ok()?;
            let newest = beats.borrow_and_update().clone();
            if let Some(newest) = newest {
                return Some((Ok(Frame::data(newest.page(Format::Event, top))), (beats, watching)));
            }
        }
    });
    let events = futures_util::StreamExt::take_until(events, over);
    let retry = stream::once(std::future::ready(Ok(Frame::data("retry: 1000\n\n".into()))));
    let mut response = Response::new(Either::Right(StreamBody::new(Box::pin(futures_util::StreamExt::chain(
        retry, events,
    )) as body::Endless)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(Format::Event.media_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// A display among the counted ones, for as long as its stream lives.
struct Watching {
    gateway: Arc<Gateway>,
    event: Arc<Event>,
    counters: Arc<Counters>,
    _stand: Option<Stand>,
}

impl Watching {
    fn new(gateway: &Arc<Gateway>, event: &Arc<Event>, counters: &Arc<Counters>, stand: Option<Stand>) -> Self {
        counters.displays.add(1);
        event.reader_comes();
        Self { gateway: Arc::clone(gateway), event: Arc::clone(event), counters: Arc::clone(counters), _stand: stand }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.counters.displays.take_one();
        self.event.reader_goes(self.gateway.clock.now_ms());
    }
}
