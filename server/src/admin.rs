//! The operators' listener: metrics, health, ledgers, opening and closing, who is excluded. On loopback unless configured
//! otherwise.
//!
//! Where a token is configured it is asked for, save for health; an operator's ticket is good for what stands under its own
//! event. What an operator does stands in the log, in a line with the target `audit`, at any level.

mod exclusions;
mod ledger;
mod listener;

use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use beat_core::{Incarnation, Opening};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;

use crate::door::Operator;
use crate::event::Event;
use crate::exclusions::keep::{DecisionError, Excluding};
use crate::flush::Flushed;
use crate::gateway::Gateway;
use crate::http::tickets::bearer;
use crate::metrics::Metrics;
use crate::turns::{TurnError, Turns};

use exclusions::Asked;
pub(crate) use listener::Listener;

/// A flush or a beat older than this, and the gateway is not ready.
const READY_WITHIN_MS: u64 = 2_000;

/// What operators see and do.
pub(crate) struct Admin {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) turns: Arc<Turns>,
    pub(crate) excluding: Arc<Excluding>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) flushed: watch::Receiver<Flushed>,
    pub(crate) incarnation: Incarnation,
    /// What kind of place operators come in by.
    pub(crate) place: &'static str,
}

impl Admin {
    /// Answers for as long as the process lives.
    pub(crate) async fn serve(self, listener: Listener) {
        let admin = Rc::new(self);
        loop {
            let stream = match listener.accept().await {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept an operator's connection");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    continue;
                }
            };
            let admin = Rc::clone(&admin);
            let service = service_fn(move |request| {
                let admin = Rc::clone(&admin);
                // Of an operator who hangs up hyper forgets what it asked; a deed is done whole, and stands in the log.
                let answer = tokio::task::spawn_local(async move { admin.answer(&request).await });
                async move { Ok::<_, Infallible>(answer.await.expect("no answer panics")) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(std::time::Duration::from_secs(5))
                .serve_connection(TokioIo::new(stream), service);
            tokio::task::spawn_local(async move {
                // An operator's tool that hangs up early is no concern of ours.
                drop(connection.await);
            });
        }
    }

    async fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let path: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
        let is_deed = matches!(path[..], ["v1", "events", _, "open" | "close" | "exclude" | "readmit"]);
        let allowed = if is_deed { Method::POST } else { Method::GET };
        let known = is_deed
            || matches!(
                path[..],
                ["metrics" | "healthz" | "readyz"] | ["v1", "events", _, "ledger" | "excluded" | "watch"]
            );
        if known && *request.method() != allowed {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, &format!("only {allowed} is served here\n"));
            response.headers_mut().insert(header::ALLOW, allowed.as_str().parse().expect("a method's name"));
            return response;
        }
        // A page that an operator happens to look at can post to this machine, too; its browser says so.
        let is_page = request.headers().contains_key(header::ORIGIN);
        let who = match self.operator(request, &path) {
            _ if matches!(path[..], ["healthz" | "readyz"]) => String::new(),
            _ if is_page => return text(StatusCode::FORBIDDEN, "this is not for pages\n"),
            Some(who) => who,
            None => return unknown(),
        };
        match path[..] {
            ["metrics"] => text(StatusCode::OK, &self.metrics.render(&self.gateway, self.flush_age_ms())),
            ["healthz"] => text(StatusCode::OK, "the process is up\n"),
            ["readyz"] => self.ready(),
            ["v1", "events", id, "ledger"] => match self.gateway.event(id) {
                None => text(StatusCode::NOT_FOUND, &format!("there is no event {id:?}\n")),
                Some(event) => match ledger::state(&self.gateway, event, self.incarnation).await {
                    Ok(statement) => json_page(StatusCode::OK, &statement),
                    Err(why) => text(StatusCode::SERVICE_UNAVAILABLE, &format!("{why}; try again\n")),
                },
            },
            ["v1", "events", id, "watch"] => match self.gateway.event(id) {
                None => text(StatusCode::NOT_FOUND, &format!("there is no event {id:?}\n")),
                Some(event) => json_page(StatusCode::OK, &**event.watched.load()),
            },
            ["v1", "events", id, "excluded"] => match self.gateway.event(id) {
                None => text(StatusCode::NOT_FOUND, &format!("there is no event {id:?}\n")),
                Some(event) => exclusions::list(event, |list| json_page(StatusCode::OK, list)),
            },
            ["v1", "events", id, deed @ ("open" | "close" | "exclude" | "readmit")] => match self.gateway.event(id) {
                None => text(StatusCode::NOT_FOUND, &format!("there is no event {id:?}\n")),
                Some(event) => match deed {
                    "open" => turned(event, deed, &who, self.turns.open(event).await),
                    "close" => turned(event, deed, &who, self.turns.close(event).await),
                    _ => self.decide(event, deed, &who, request.uri().query().unwrap_or_default()).await,
                },
            },
            _ => text(
                StatusCode::NOT_FOUND,
                "here are /metrics, /healthz, /readyz, and under /v1/events/{event}: /ledger, /watch, /excluded, and by POST /open, \
                 /close, /exclude and /readmit\n",
            ),
        }
    }

    async fn decide(&self, event: &Event, deed: &str, who: &str, query: &str) -> Response<Full<Bytes>> {
        let Asked { subject, why } = match Asked::read(query) {
            Ok(asked) => asked,
            Err(why) => return text(StatusCode::BAD_REQUEST, &format!("{why}\n")),
        };
        let whom = subject.to_string();
        match self.excluding.decide(event, (subject, deed == "exclude"), who, &why).await {
            Ok(decision) => {
                tracing::info!(target: "audit", event = %event.id, deed, whom, who, why, "an operator decided");
                json_page(StatusCode::OK, &decision)
            }
            Err(error @ DecisionError::Store(_)) => {
                text(exclusions::status(&error), &format!("{error}; nothing was done, try again\n"))
            }
            Err(error @ DecisionError::Unsure(_)) => {
                tracing::info!(target: "audit", event = %event.id, deed, whom, who, why, %error, "an operator decided, and the store did not confirm it");
                let advice = "it may have been done all the same: look at /excluded in two seconds, or try again";
                text(exclusions::status(&error), &format!("{error}; {advice}\n"))
            }
            Err(error) => text(exclusions::status(&error), &format!("{error}\n")),
        }
    }

    /// Who asks, as it stands in an audit line; nobody, where that one may not.
    fn operator<B>(&self, request: &Request<B>, path: &[&str]) -> Option<String> {
        let (door, said) = (&self.gateway.door, bearer(request.headers()));
        let event = match path {
            ["v1", "events", id, _] => self.gateway.event(id),
            _ => None,
        };
        let ticket = event.and_then(|event| door.operator_of(&event.id, said, self.gateway.clock.wall_s()));
        match (ticket, door.operator(said)) {
            (Some(id), _) => Some(format!("ticket {id}")),
            (None, Some(Operator::WithToken)) => Some("token".into()),
            (None, Some(Operator::Anybody)) => Some(self.place.into()),
            (None, None) => None,
        }
    }

    fn flush_age_ms(&self) -> u64 {
        self.gateway.clock.now_ms() - self.flushed.borrow().ended_ms
    }

    /// Ready means: what was counted has arrived in the store, and its beats have arrived here.
    fn ready(&self) -> Response<Full<Bytes>> {
        let now_ms = self.gateway.clock.now_ms();
        let flush_age_ms = self.flush_age_ms();
        let draining = self.gateway.is_draining();
        let ages_ms: Vec<(&Arc<Event>, Option<u64>)> = (self.gateway.events.iter())
            .map(|event| {
                let came = event.newest.borrow().is_some();
                (event, came.then(|| now_ms - event.beat_at_ms.load(Ordering::Relaxed)))
            })
            .collect();
        let is_fresh = |age_ms: Option<u64>| age_ms.is_some_and(|age_ms| age_ms <= READY_WITHIN_MS);
        let beats_arrive = ages_ms.iter().all(|(event, age_ms)| is_fresh(*age_ms) || !event.is_in_use(now_ms));
        let ready = !draining && beats_arrive && flush_age_ms <= READY_WITHIN_MS;
        let beat_age_ms: serde_json::Map<_, _> =
            ages_ms.into_iter().map(|(event, age_ms)| (event.id.to_string(), json!(age_ms))).collect();
        let body = json!({
            "ready": ready,
            "draining": draining,
            "flush_age_ms": flush_age_ms,
            "beat_age_ms": beat_age_ms,
        });
        json_page(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &body)
    }
}

/// What one is told who may not.
fn unknown() -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::UNAUTHORIZED, "say who you are: Authorization: Bearer <token>\n");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn turned(event: &Event, deed: &str, who: &str, outcome: Result<Opening, TurnError>) -> Response<Full<Bytes>> {
    match outcome {
        Ok(opening) => {
            tracing::info!(target: "audit", event = %event.id, deed, run = opening.run, who, "an operator turned the event");
            json_page(StatusCode::OK, &json!({ "id": event.id, "state": opening.phase.public(), "run": opening.run }))
        }
        Err(TurnError::Refused(why)) => text(StatusCode::CONFLICT, &format!("{why}\n")),
        Err(TurnError::Store(why)) => text(StatusCode::SERVICE_UNAVAILABLE, &format!("{why}; try again\n")),
    }
}

fn text(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    page(status, text.to_owned().into(), "text/plain; charset=utf-8")
}

fn json_page(status: StatusCode, value: &impl Serialize) -> Response<Full<Bytes>> {
    let json = serde_json::to_string(value).expect("an answer is plain values");
    page(status, format!("{json}\n").into(), "application/json")
}

fn page(status: StatusCode, bytes: Bytes, media_type: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
