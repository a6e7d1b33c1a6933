//! Listens to the display feed, on a thread of its own: a beat's time is read the moment its last byte is here, whatever
//! ten thousand fans are doing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use beat_protocol::{CloseCode, EventDetail, FeedMessage, TeamCode};
use futures_util::StreamExt;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::clock::{Clock, Nanos};
use crate::stream::Stream;
use crate::target::Target;
use crate::tickets::Tickets;

/// Feeds are quick to come back: a beat missed meanwhile is repaired by the next, which says totals.
const PAUSE: Duration = Duration::from_millis(100);
/// A server that says nothing for so long is dead.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// A beat with 206 teams is about 20 KB.
const READ_BUFFER: usize = 32 << 10;

/// A beat as it arrived here: the totals by index in the roster.
#[derive(Clone, Debug)]
pub(crate) struct BeatSeen {
    pub(crate) at: Nanos,
    pub(crate) number: u32,
    /// When it should have come, by the server's clock.
    pub(crate) nominal_ms: u64,
    pub(crate) totals: Vec<u64>,
}

/// The listener's end of the feed; it listens for as long as the process lives.
#[derive(Debug)]
pub(crate) struct Feed {
    /// Emptied by its reader at least ten times a second while the run goes on.
    beats: Arc<Mutex<Vec<BeatSeen>>>,
    refused: Arc<OnceLock<u16>>,
}

impl Feed {
    /// Begins to listen.
    pub(crate) fn listen(
        target: &Target,
        address: SocketAddr,
        event: &EventDetail,
        tickets: &Tickets,
        clock: Clock,
    ) -> std::io::Result<Self> {
        let (beats, refused) = (Arc::<Mutex<Vec<BeatSeen>>>::default(), Arc::<OnceLock<u16>>::default());
        let listener = Listener {
            target: target.clone(),
            address,
            tickets: tickets.clone(),
            clock,
            indices: event.teams.iter().enumerate().map(|(index, team)| (team.code, index)).collect(),
            totals: vec![0; event.teams.len()],
            has_heard: false,
            beats: Arc::clone(&beats),
            refused: Arc::clone(&refused),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("feed".to_owned()).spawn(move || runtime.block_on(listener.listen()))?;
        Ok(Self { beats, refused })
    }

    /// The beats since last time.
    pub(crate) fn take(&self) -> Vec<BeatSeen> {
        std::mem::take(&mut *self.beats.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The code that it was closed with for good, if it was.
    pub(crate) fn refused(&self) -> Option<u16> {
        self.refused.get().copied()
    }
}

struct Listener {
    target: Target,
    address: SocketAddr,
    tickets: Tickets,
    clock: Clock,
    indices: HashMap<TeamCode, usize>,
    /// As of the last beat: a team the feed leaves out has not changed.
    totals: Vec<u64>,
    has_heard: bool,
    beats: Arc<Mutex<Vec<BeatSeen>>>,
    refused: Arc<OnceLock<u16>>,
}

impl Listener {
    async fn listen(mut self) {
        while self.refused.get().is_none() {
            // Whatever ended it, the run's verdict does not depend on the cause but on the beats that came.
            let _ended = self.one_connection().await;
            sleep(PAUSE).await;
        }
    }

    async fn one_connection(&mut self) -> Option<()> {
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER).write_buffer_size(0);
        let request = self.target.feed_request(self.tickets.display().as_ref());
        let open = async {
            let stream = Stream::open(&self.target, self.address).await.ok()?;
            client_async_with_config(request, stream, Some(config)).await.ok()
        };
        let (mut socket, _) = timeout(SILENCE_MAX, open).await.ok()??;
        loop {
            let message = timeout(SILENCE_MAX, socket.next()).await.ok()??.ok()?;
            let at = self.clock.now();
            match message {
                Message::Text(text) => self.hear(at, text.as_str()),
                Message::Close(Some(close)) => self.leave(close.code.into()),
                _ => {}
            }
        }
    }

    /// A ticket that is made here is new at each connection: it may expire while beats come, but not before the first.
    fn leave(&mut self, code: u16) {
        let has_new_ticket = self.tickets.is_display_renewed() && self.has_heard;
        let is_over = code == CloseCode::TicketExpired.as_u16() && !has_new_ticket;
        if is_over || !CloseCode::invites_reconnect(code) {
            self.refused.get_or_init(|| code);
        }
    }

    fn hear(&mut self, at: Nanos, text: &str) {
        let Ok(beat) = serde_json::from_str::<FeedMessage<'_>>(text) else { return };
        for team in &beat.teams {
            if let Some(&index) = self.indices.get(&team.code) {
                self.totals[index] = team.total;
            }
        }
        self.has_heard = true;
        let seen = BeatSeen { at, number: beat.beat, nominal_ms: beat.at_ms, totals: self.totals.clone() };
        self.beats.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
    }
}
