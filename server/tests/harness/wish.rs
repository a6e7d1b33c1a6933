//! What a fan may ask for when it connects, and the answer.

use std::net::SocketAddr;

use beat_protocol::ServerMessage;
use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::{Fan, Server, within};

/// How a fan talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    Binary,
    Json,
}

/// What a fan asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) event: Option<&'static str>,
    /// `Sec-WebSocket-Protocol`, as it stands in the header.
    pub(crate) protocols: Option<&'static str>,
    pub(crate) session: Option<String>,
    /// Shown beside the subprotocols.
    pub(crate) ticket: Option<String>,
    /// Whom the proxy in between, which the server has to trust, says it speaks for.
    pub(crate) on_behalf_of: Option<String>,
}

impl Wish {
    /// A new fan of `demo`.
    pub(crate) fn new(speech: Speech) -> Self {
        let protocols = match speech {
            Speech::Binary => Some("cheer.v1"),
            Speech::Json => None,
        };
        Self { protocols, ..Self::default() }
    }

    /// The session to continue.
    pub(crate) fn session(self, session: &str) -> Self {
        Self { session: Some(session.to_owned()), ..self }
    }

    /// With this ticket.
    pub(crate) fn ticket(self, ticket: &str) -> Self {
        Self { ticket: Some(ticket.to_owned()), ..self }
    }

    /// From this address, by way of a proxy that the server trusts.
    pub(crate) fn on_behalf_of(self, address: &str) -> Self {
        Self { on_behalf_of: Some(address.to_owned()), ..self }
    }

    /// Another event than `demo`.
    pub(crate) fn event(self, event: &'static str) -> Self {
        Self { event: Some(event), ..self }
    }

    /// Connects and reads the welcome.
    pub(crate) async fn join(self, server: &Server) -> Fan {
        self.try_join(server.fans).await.expect("a welcome")
    }

    /// The same, where nobody may be there, or on the way out.
    pub(crate) async fn try_join(self, fans: SocketAddr) -> Option<Fan> {
        let speech = if self.protocols.is_some_and(|offered| offered.split(',').any(|one| one.trim() == "cheer.v1")) {
            Speech::Binary
        } else {
            Speech::Json
        };
        let (mut socket, protocol) = self.connect(fans).await?;
        let first = within("a welcome", socket.next()).await;
        let Some(Ok(Message::Text(text))) = first else { return None };
        let Ok(ServerMessage::Welcome { welcome }) = serde_json::from_str(&text) else {
            panic!("{text} instead of a welcome")
        };
        Some(Fan::new(welcome, protocol, socket, speech))
    }

    /// The code this wish is closed with before any welcome.
    pub(crate) async fn refusal(self, server: &Server) -> u16 {
        let (mut socket, _) = self.connect(server.fans).await.expect("an upgrade");
        match within("a refusal", socket.next()).await {
            Some(Ok(Message::Close(Some(close)))) => close.code.into(),
            other => panic!("{other:?} instead of a refusal"),
        }
    }

    async fn connect(self, fans: SocketAddr) -> Option<(WebSocketStream<TcpStream>, Option<String>)> {
        let event = self.event.unwrap_or("demo");
        let query = self.session.map_or(String::new(), |session| format!("?session={session}"));
        let url = format!("ws://{fans}/v1/events/{event}/ws{query}");
        let mut request = url.into_client_request().unwrap();
        let ticket = self.ticket.map(|ticket| format!("ticket.{ticket}"));
        let protocols: Vec<_> = self.protocols.map(str::to_owned).into_iter().chain(ticket).collect();
        if !protocols.is_empty() {
            request.headers_mut().insert("sec-websocket-protocol", protocols.join(", ").parse().unwrap());
        }
        if let Some(address) = self.on_behalf_of {
            request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        }
        let socket = TcpStream::connect(fans).await.ok()?;
        socket.set_nodelay(true).unwrap();
        let upgrade = tokio_tungstenite::client_async(request, socket);
        let (socket, response) = within("an upgrade", upgrade).await.ok()?;
        let protocol = response.headers().get("sec-websocket-protocol").map(|chosen| chosen.to_str().unwrap().into());
        Some((socket, protocol))
    }
}
