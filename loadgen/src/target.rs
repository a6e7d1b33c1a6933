//! Who is put under load: addresses, and leave to do so.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use beat_protocol::{EventDetail, EventId, EventList, SUBPROTOCOL_BINARY};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::{Deserialize, Serialize};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::http::header::AUTHORIZATION;

use crate::stream::Stream;
use crate::tickets::Ticket;
use crate::trust::Trust;

/// Connections to somebody else's machine that pass for a try.
pub(crate) const UNASKED_FANS_MAX: u32 = 100;
/// How long one page may take.
const PAGE_TIMEOUT: Duration = Duration::from_secs(5);

/// A WebSocket to it.
pub(crate) type Socket = WebSocketStream<Stream>;

/// Why there is nothing to put under load.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("{0}: the address is ws://host[:port], or wss://host[:port] for TLS")]
    Address(String),
    #[error("{host}: {source}")]
    Name { host: String, source: std::io::Error },
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("{url}: {source}{advice}")]
    Page { url: String, source: Box<ureq::Error>, advice: String },
    #[error("{url}: {source}")]
    NotAnEvent { url: String, source: serde_json::Error },
}

impl TargetError {
    /// The same with what may be done about it, if it is of a page.
    pub(crate) fn advised(mut self, advise: impl FnOnce(&ureq::Error) -> String) -> Self {
        if let Self::Page { source, advice, .. } = &mut self {
            *advice = advise(source);
        }
        self
    }
}

/// One service and one of its events.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Host, port and path prefix as they stand in addresses.
    authority_and_prefix: String,
    host: String,
    port: u16,
    event: EventId,
    is_secure: bool,
    trust: Trust,
}

impl Target {
    /// From `ws://host[:port][/prefix]`, or `wss://…`, where these are believed.
    pub(crate) fn parse(url: &str, event: EventId, trust: &Trust) -> Result<Self, TargetError> {
        let refuse = || TargetError::Address(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| refuse())?;
        let is_secure = match uri.scheme_str() {
            Some("ws" | "http") => false,
            Some("wss" | "https") => true,
            _ => return Err(refuse()),
        };
        let authority = uri.authority().ok_or_else(refuse)?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        if uri.query().is_some() || (is_secure && ServerName::try_from(host.as_str()).is_err()) {
            return Err(refuse());
        }
        let authority_and_prefix = format!("{authority}{}", uri.path().trim_end_matches('/'));
        let port = authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        Ok(Self { authority_and_prefix, host, port, event, is_secure, trust: trust.clone() })
    }

    /// Where to connect to, asked of the resolver once so that ten thousand fans need not.
    pub(crate) fn resolve(&self) -> Result<SocketAddr, TargetError> {
        (self.host.as_str(), self.port)
            .to_socket_addrs()
            .map_err(|source| TargetError::Name { host: self.host.clone(), source })?
            .next()
            .ok_or_else(|| TargetError::NoAddress(self.host.clone()))
    }

    /// How to speak TLS, and whose certificate to expect, where that is spoken.
    pub(crate) fn tls(&self) -> Option<(Arc<ClientConfig>, ServerName<'static>)> {
        let name = || ServerName::try_from(self.host.clone()).expect("looked at when it was parsed");
        self.is_secure.then(|| (self.trust.config(), name()))
    }

    /// The handshake of a fan, taking up `session` if it has one. It shows its ticket as a page must, which can set no
    /// header.
    pub(crate) fn fan_request(&self, session: Option<&str>, ticket: Option<&Ticket>) -> ClientRequestBuilder {
        let query = session.map(|session| format!("?session={session}")).unwrap_or_default();
        let request = self.request(&format!("ws{query}")).with_sub_protocol(SUBPROTOCOL_BINARY);
        match ticket {
            Some(ticket) => request.with_sub_protocol(ticket.as_subprotocol()),
            None => request,
        }
    }

    /// The handshake of a display.
    pub(crate) fn feed_request(&self, ticket: Option<&Ticket>) -> ClientRequestBuilder {
        let request = self.request("feed");
        match ticket {
            Some(ticket) => request.with_header(AUTHORIZATION.as_str(), ticket.as_bearer()),
            None => request,
        }
    }

    fn request(&self, path: &str) -> ClientRequestBuilder {
        let scheme = if self.is_secure { "wss" } else { "ws" };
        let uri = format!("{scheme}://{}/v1/events/{}/{path}", self.authority_and_prefix, self.event);
        ClientRequestBuilder::new(uri.parse().expect("its parts were parsed before; sessions are base64url"))
    }

    fn url(&self, path: &str) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}/v1/events{path}", self.authority_and_prefix)
    }

    /// The event with its roster.
    pub(crate) fn event(&self) -> Result<EventDetail, TargetError> {
        let url = self.url(&format!("/{}", self.event));
        let page = page(&url, None, &self.trust).map_err(|error| error.advised(|source| self.advice(source)))?;
        serde_json::from_str(&page).map_err(|source| TargetError::NotAnEvent { url, source })
    }

    /// What to do where there is no such event, or nobody who could tell.
    fn advice(&self, source: &ureq::Error) -> String {
        if !matches!(source, ureq::Error::StatusCode(404)) {
            let is_of_certificate = source.to_string().contains("certificate");
            return match is_of_certificate {
                true => "; --ca FILE names an authority to believe, --insecure believes anybody".to_owned(),
                false => "; is a beat-server there? --url says where".to_owned(),
            };
        }
        let list = page(&self.url(""), None, &self.trust).ok();
        let list: Option<EventList> = list.and_then(|list| serde_json::from_str(&list).ok());
        let there: Vec<_> = list.iter().flat_map(|list| &list.events).map(|event| event.id.as_str()).collect();
        if there.is_empty() { String::new() } else { format!("; --event may be {}", there.join(", ")) }
    }

    /// The latest beat as displays get it, and where it was asked for.
    pub(crate) fn beat(&self, ticket: Option<&Ticket>) -> Result<(String, String), TargetError> {
        let url = self.url(&format!("/{}/beat", self.event));
        let refused = |source: &ureq::Error| match source {
            ureq::Error::StatusCode(401 | 403) => {
                "; displays show a ticket there: --ticket-key ID:FILE, or --display-ticket FILE".to_owned()
            }
            _ => String::new(),
        };
        let page = page(&url, ticket, &self.trust).map_err(|error| error.advised(refused))?;
        Ok((url, page))
    }

    pub(crate) fn event_id(&self) -> &EventId {
        &self.event
    }

    /// Whom to believe, also about pages elsewhere.
    pub(crate) fn trust(&self) -> &Trust {
        &self.trust
    }
}

/// One of the addresses the fans are spread over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Gateway {
    pub(crate) target: Target,
    pub(crate) address: SocketAddr,
}

/// The page at `url` as text, as who has this ticket gets it.
pub(crate) fn page(url: &str, ticket: Option<&Ticket>, trust: &Trust) -> Result<String, TargetError> {
    let config = ureq::Agent::config_builder().timeout_global(Some(PAGE_TIMEOUT));
    let config = if url.starts_with("https:") { config.tls_config(trust.of_pages()) } else { config };
    let agent: ureq::Agent = config.build().into();
    let request = ticket
        .iter()
        .fold(agent.get(url), |request, ticket| request.header(AUTHORIZATION.as_str(), ticket.as_bearer()));
    let fetched = request.call().and_then(|mut answer| answer.body_mut().read_to_string());
    fetched.map_err(|source| TargetError::Page { url: url.to_owned(), source: Box::new(source), advice: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, TargetError> {
        Target::parse(url, "demo".parse().unwrap(), &Trust::default())
    }

    #[test]
    fn addresses_are_taken_with_their_port_and_prefix() {
        for (url, request) in [
            ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/events/demo/feed"),
            ("ws://arena.example/", "ws://arena.example/v1/events/demo/feed"),
            ("http://arena.example:81/beat/", "ws://arena.example:81/beat/v1/events/demo/feed"),
            ("wss://arena.example", "wss://arena.example/v1/events/demo/feed"),
            ("https://127.0.0.1:8443/", "wss://127.0.0.1:8443/v1/events/demo/feed"),
        ] {
            let built = tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(
                target(url).unwrap().feed_request(None),
            );
            assert_eq!(built.unwrap().uri().to_string(), request);
        }
        assert_eq!(target("ws://[::1]:9/").unwrap().resolve().unwrap().to_string(), "[::1]:9");
    }

    #[test]
    fn other_addresses_are_refused() {
        for url in ["wss://a b", "arena.example:80", "ws://", "ws://host/?a=b", "ftp://host"] {
            assert!(matches!(target(url), Err(TargetError::Address(_))), "{url}");
        }
    }
}
