//! The list of events, one event with its teams, and its final tally.

use beat_protocol::EventList;
use http::{Request, Response, StatusCode};
use serde::Serialize;

use super::Query;
use super::body::{self, Body};
use crate::event::Event;
use crate::gateway::Gateway;
use crate::tally::FinalTally;

/// Ask again each time, and be told if nothing changed.
const REVALIDATE: &str = "no-cache";
/// A roster's tag names its content: who asks by the tag may keep the answer for good, so it says nothing that moves.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const JSON: &str = "application/json";

pub(super) fn list<B>(gateway: &Gateway, request: &Request<B>) -> Response<Body> {
    let list = EventList { events: gateway.events.iter().map(|event| event.summary()).collect() };
    body::tagged(request, "events", to_json(&list).into(), JSON, REVALIDATE)
}

pub(super) fn detail<B>(event: &Event, request: &Request<B>, query: &Query) -> Response<Body> {
    if query.value("roster") == Some(event.roster.tag()) {
        return body::tagged(
            request,
            &format!("events/{}/teams", event.id),
            to_json(&event.teams()).into(),
            JSON,
            IMMUTABLE,
        );
    }
    body::tagged(request, &format!("events/{}", event.id), detail_json(event).into(), JSON, REVALIDATE)
}

/// What stands at an event's own address, for a page that is to have it at once.
pub(super) fn detail_json(event: &Event) -> String {
    serde_json::to_string(&event.detail()).expect("events are plain values")
}

/// The final tally, once it stands.
pub(super) fn tally<B>(gateway: &Gateway, event: &Event, request: &Request<B>) -> Response<Body> {
    let Some(newest) = event.newest.borrow().clone() else {
        return body::overloaded("the first beat is on its way");
    };
    let opening = event.ledger().opening;
    let made = newest.tally(|beat| {
        let tally = FinalTally::of(event, opening, beat, &gateway.config.limits, &gateway.signer)?;
        Some([&to_json(&tally)[..], b"\n"].concat().into())
    });
    match made {
        Some(tally) => body::tagged(request, &format!("events/{}/tally", event.id), tally, JSON, REVALIDATE),
        None => {
            body::text(StatusCode::NOT_FOUND, "the tally stands when the event has closed and the last taps are in")
        }
    }
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("events are plain values")
}
