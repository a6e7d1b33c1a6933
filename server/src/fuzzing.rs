//! What a fuzzer may ask: the decisions that bytes from outside meet first, without a socket, a thread or a clock.
//!
//! The claims are in `server/fuzz/checks`. Nobody else is meant to call this.

use std::cell::RefCell;
use std::convert::Infallible;
use std::ffi::OsString;
use std::future::ready;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use beat_protocol::Team;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::config::Config;
use crate::event::Event;
use crate::gateway::{self, Counters, Gateway, ShardHandle};
use crate::http::{self, Answer};
use crate::roster::Roster;
use crate::store::EventRecord;
use crate::tally::Signer;

/// A gateway's door, to which bytes are brought instead of connections. It serves the event `demo`.
pub struct Door {
    gateway: Arc<Gateway>,
    counters: Arc<Counters>,
}

/// Where the bytes come from.
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How a newcomer was answered.
#[derive(Debug, Default, PartialEq)]
pub struct Answered {
    /// All that was written.
    pub said: Vec<u8>,
    /// What it was upgraded to, if it was, and the bytes behind its handshake.
    pub upgraded: Option<(String, Vec<u8>)>,
}

impl Default for Door {
    fn default() -> Self {
        let config = Config::of_text("shards = 1", Vec::new(), Path::new(".")).expect("the defaults are good");
        let clock = Clock::start();
        let record = EventRecord { t0_ms: 0, opening: beat_core::Opening::default() };
        let events = config.events.iter().map(|event| Arc::new(Event::new(event, record, 100, 1, clock))).collect();
        let counters = Arc::new(Counters::default());
        let shard = ShardHandle { mailbox: mpsc::channel(1).0, counters: Arc::clone(&counters) };
        Self {
            gateway: Arc::new(Gateway::new(config, clock, events, vec![shard], Signer::Unsigned("fuzzed"))),
            counters,
        }
    }
}

impl Door {
    /// What a shard answers where it stands, if these bytes are all that came; nothing where it leaves them to hyper.
    pub fn in_place(&self, bytes: &[u8]) -> Option<Answered> {
        let handshake = gateway::handshake(&self.gateway, &self.counters, bytes, PEER)?;
        let early = bytes[handshake.early].to_vec();
        Some(Answered { said: handshake.answer, upgraded: Some((format!("{:?}", handshake.wanted), early)) })
    }

    /// What becomes of the same bytes in hyper's hands, as the gateway holds them.
    pub fn by_hyper(&self, bytes: &[u8]) -> Answered {
        let upgraded = RefCell::new(None);
        let service = service_fn(|request| {
            ready(Ok::<_, Infallible>(match http::answer(&self.gateway, &self.counters, &request, PEER) {
                Answer::Page(response) => response,
                Answer::Upgrade(response, wanted, _) => {
                    upgraded.replace(Some(format!("{wanted:?}")));
                    response
                }
            }))
        });
        let memory = Memory { unread: bytes, said: Vec::new() };
        let mut connection = gateway::reader().serve_connection(TokioIo::new(memory), service);
        // It asks to be called again while it has something to do; no request here is that long.
        for _ in 0..64 {
            if connection.poll_without_shutdown(&mut Context::from_waker(Waker::noop())).is_ready() {
                break;
            }
        }
        let parts = connection.into_parts();
        let Memory { unread, said } = parts.io.into_inner();
        let early = [&parts.read_buf[..], unread].concat();
        Answered { said, upgraded: upgraded.take().map(|wanted| (wanted, early)) }
    }
}

/// A configuration that was accepted.
#[derive(Debug, PartialEq)]
pub struct Configuration(Config);

impl Configuration {
    /// Reads the `text` of a file and what stands in the environment beside it.
    pub fn read(text: &str, variables: &[(&str, &str)]) -> Result<Self, String> {
        let variables: Vec<(OsString, OsString)> =
            variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Config::of_text(text, variables, Path::new("/nowhere")).map(Self).map_err(|error| error.to_string())
    }

    /// As the text of a file: all of it but events, tickets and networks, which are lists of what is not written alike.
    pub fn written(&self) -> String {
        toml::to_string(&self.0).expect("a configuration is plain values")
    }

    /// The same with what of another is not written.
    #[must_use]
    pub fn with_the_rest_of(self, other: &Self) -> Self {
        let Config { events, tickets, addresses, files, admin_token, .. } = other.0.clone();
        Self(Config { events, tickets, addresses, files, admin_token, ..self.0 })
    }
}

/// The teams of a roster file, in index order.
pub fn roster(text: &str, separator: u8) -> Result<Vec<Team>, String> {
    Roster::parse(text, separator).map(|roster| roster.teams().to_vec()).map_err(|error| error.to_string())
}

/// A peer that has said all it will say, and waits.
struct Memory<'a> {
    unread: &'a [u8],
    said: Vec<u8>,
}

impl AsyncRead for Memory<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            return Poll::Pending;
        }
        let (read, rest) = self.unread.split_at(self.unread.len().min(buf.remaining()));
        buf.put_slice(read);
        self.unread = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        pin!(&mut self.said).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
