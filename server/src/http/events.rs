//! The list of events, and one event with its teams.

use beat_protocol::EventList;
use http::{Request, Response};
use serde::Serialize;

use super::Query;
use super::body::{self, Body};
use crate::event::Event;
use crate::gateway::Gateway;

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
    body::tagged(request, &format!("events/{}", event.id), to_json(&event.detail()).into(), JSON, REVALIDATE)
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("events are plain values")
}
