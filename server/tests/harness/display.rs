//! A screen that watches the display feed, with its own reading of it.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::{Server, within};

/// One message of the feed: these fields and no others.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shown {
    pub(crate) beat: u32,
    pub(crate) at_ms: u64,
    pub(crate) event: String,
    pub(crate) state: String,
    pub(crate) flags: Vec<String>,
    pub(crate) total: u64,
    pub(crate) rate: f64,
    pub(crate) teams: Vec<ShownTeam>,
}

/// One team of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShownTeam {
    pub(crate) rank: u32,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) total: u64,
    pub(crate) rate: f64,
    pub(crate) level: u8,
    pub(crate) fans: u32,
    pub(crate) intensity: f64,
}

impl Shown {
    /// Taps of one team.
    pub(crate) fn total_of(&self, code: &str) -> u64 {
        self.teams.iter().find(|team| team.code == code).map_or(0, |team| team.total)
    }

    /// Levels of the teams that are heard.
    pub(crate) fn levels(&self) -> BTreeMap<String, u8> {
        self.teams.iter().filter(|team| team.level > 0).map(|team| (team.code.clone(), team.level)).collect()
    }
}

/// A screen on the WebSocket feed.
pub(crate) struct Display(WebSocketStream<TcpStream>);

impl Display {
    /// Watches `demo`.
    pub(crate) async fn watch(server: &Server) -> Self {
        Self::at(server, "/v1/events/demo/feed").await
    }

    /// Watches at `path`.
    pub(crate) async fn at(server: &Server, path: &str) -> Self {
        let socket = TcpStream::connect(server.fans).await.unwrap();
        let url = format!("ws://{}{path}", server.fans);
        let handshake = tokio_tungstenite::client_async(url, socket);
        Self(within("the feed opens", handshake).await.unwrap().0)
    }

    /// The next message, or nothing once the connection ended.
    pub(crate) async fn next(&mut self) -> Option<Shown> {
        match within("the feed goes on", self.0.next()).await {
            Some(Ok(Message::Text(text))) => Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => None,
            Some(Ok(other)) => panic!("{other:?} on the feed"),
        }
    }

    /// The first message from now on of which `is_it` holds; no total ever falls on the way there.
    pub(crate) async fn until(&mut self, what: &str, mut is_it: impl FnMut(&Shown) -> bool) -> Shown {
        let mut last = 0;
        within(what, async {
            loop {
                let shown = self.next().await.expect("the feed ended");
                assert!(shown.total >= last || !shown.flags.is_empty() || shown.total == 0, "{shown:?} after {last}");
                last = shown.total;
                if is_it(&shown) {
                    return shown;
                }
            }
        })
        .await
    }

    /// The first message with this total, while none beyond it is ever shown.
    pub(crate) async fn until_total(&mut self, total: u64) -> Shown {
        let mut last = 0;
        let watched = async {
            loop {
                let shown = self.next().await.expect("the feed ended");
                last = shown.total;
                assert!(last <= total, "{last} shown, where there are only {total}");
                if last == total {
                    return shown;
                }
            }
        };
        match tokio::time::timeout(super::DEADLINE, watched).await {
            Ok(shown) => shown,
            Err(_) => panic!("only {last} of {total} are shown"),
        }
    }
}
