//! Whatever comes over the wire is answered as the contract says, within a second, and costs nobody else anything: the
//! taps of honest fans are counted meanwhile to the last one, and afterwards the server holds what it held before.
//!
//! One row is one connection by a bare socket, in plain and over TLS in turn. Rows stand by kind in the files beside.

mod floods;
mod frames;
mod heads;
mod messages;
mod preambles;
mod tickets;
mod totals;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rustls::ClientConfig;

use crate::harness::{Display, End, Fan, Pair, Raw, Server, Setup, masked, until, within};

pub(crate) const BINARY: &str = "Sec-WebSocket-Protocol: cheer.v1\r\n";
pub(crate) const JSON: &str = "";

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BYTES: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;
const FINAL: u8 = 0x80;

const FANS: &str = "/v1/events/demo/ws";

/// How long a client waits for its answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the server waits for a head: a row that never ends one is answered so much later.
const HANDSHAKE_MS: u64 = 400;
/// Connections at once; a flood of them is a row of its own.
const AT_ONCE: usize = 8;
/// How often all is done again before the server is looked at: what a row leaves behind adds up.
const ROUNDS: usize = 10;
/// The allocator's own coming and going, more of it where there is TLS. A kilobyte left behind by each upgraded connection
/// would be more than twice as much.
const KEPT_BYTES_MAX: u64 = 2 << 20;

/// What is wrong, on which kind of connection, the bytes, the code.
type Refused = (&'static str, &'static str, Vec<u8>, u16);

/// One thing that a stranger does.
struct Row {
    name: &'static str,
    way: Way,
    bytes: Vec<u8>,
    seen: Seen,
    /// A team that is nobody else's, and how many taps for it may be counted.
    counted: Option<(u16, RangeInclusive<u32>)>,
}

/// Where the bytes go.
enum Way {
    /// Before any request, to an address that begins with something else.
    To(preambles::Address),
    /// Behind the connection: they are the request.
    Bare,
    /// Behind an upgrade at a path, with a line of its head.
    Upgraded(String, String),
}

/// Behind an upgrade.
fn at(path: impl Into<String>, protocol: impl Into<String>) -> Way {
    Way::Upgraded(path.into(), protocol.into())
}

/// What a client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// An answer in HTTP.
    Answer(u16),
    /// A close frame, and the end of the stream behind it: without a reset, a slower client sees it, too.
    Closed(u16),
    /// Its ping is answered.
    Lives,
    /// Nothing but the end.
    Ended,
    /// Nothing.
    Silence,
}

/// A row of a fan that is refused.
fn upgraded((name, protocol, bytes, code): Refused) -> Row {
    Row { name, way: at(FANS, protocol), bytes, seen: Seen::Closed(code), counted: None }
}

/// A CHEER of `total` for each of `teams`.
pub(crate) fn cheer(teams: impl Iterator<Item = u16>, total: u32) -> Vec<u8> {
    let mut payload = vec![0x01];
    for team in teams {
        payload.extend(team.to_le_bytes());
        payload.extend(total.to_le_bytes());
    }
    payload
}

impl Row {
    /// What is seen in plain or, by who believes its certificate, over TLS.
    async fn seen(&self, server: &Server, believer: Option<&Arc<ClientConfig>>) -> Seen {
        let mut raw = match (&self.way, believer) {
            (Way::To(address), _) => address.dial(server).await,
            (_, None) => Raw::connect(server.fans).await,
            (_, Some(believer)) => Raw::secured(preambles::Address::Tls.of(server), believer).await,
        };
        if let Way::Upgraded(path, protocol) = &self.way {
            raw = raw.upgrade(path, protocol, &[]).await;
        }
        let waited = match self.way {
            Way::To(_) | Way::Bare => PATIENCE + Duration::from_millis(HANDSHAKE_MS),
            Way::Upgraded(..) => PATIENCE,
        };
        raw.send(&self.bytes).await;
        if self.seen == Seen::Lives {
            raw.send(masked(PING, b"still here?")).await;
        }
        let seen = async {
            match self.way {
                Way::To(_) | Way::Bare => raw.status().await.map_or(Seen::Ended, Seen::Answer),
                Way::Upgraded(..) => loop {
                    match raw.frame().await {
                        Ok((CLOSE, reason)) => {
                            break Seen::Closed(reason.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code)));
                        }
                        Ok((PONG, payload)) if payload == b"still here?" => break Seen::Lives,
                        Ok(_) => {}
                        Err(_) => break Seen::Ended,
                    }
                },
            }
        };
        let seen = tokio::time::timeout(waited, seen).await.unwrap_or(Seen::Silence);
        // Who goes on sending beyond what is read out is cut off; the close came first.
        if matches!(seen, Seen::Closed(_)) && self.bytes.len() < 60_000 {
            assert_eq!(raw.end_of_stream().await, End::Eof, "{} after {seen:?}", self.name);
        }
        seen
    }
}

/// What of the rows is not seen as they say.
async fn all(server: &Server, rows: &[Row], believer: Option<&Arc<ClientConfig>>) -> Vec<String> {
    let seen = futures_util::stream::iter(rows)
        .map(async |row| (row.name, row.seen, row.seen(server, believer).await))
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>()
        .await;
    let wrong = seen.into_iter().filter(|(_, said, seen)| said != seen);
    wrong.map(|(name, said, seen)| format!("{name}: {seen:?} instead of {said:?}")).collect()
}

#[tokio::test]
async fn whatever_comes_is_answered_and_costs_nobody_else_anything() {
    let rows: Vec<Row> = [
        heads::rows(),
        frames::rows(),
        messages::rows(),
        totals::rows(),
        tickets::rows(),
        floods::rows(),
        preambles::rows(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let pair = Pair::new();
    let server = Setup::plain()
        .file(&format!("{}\n{}", tickets::two_events(40), preambles::TRUSTED))
        .listen(preambles::LISTEN)
        .certified(&pair)
        .set("limits.handshake_ms", HANDSHAKE_MS)
        .set("limits.connections", 400)
        // The honest display is read when all is over.
        .set("limits.unread_ms", 300_000)
        // The marks of those that are gone are kept for a while; of so many at most.
        .set("limits.sessions_resting", 50)
        .start()
        .await;
    let mut display = Display::watch(&server).await;
    let honest = futures_util::future::join_all((0..6).map(|_| Fan::join(&server))).await;
    let stop = tokio::sync::watch::Sender::new(false);
    let cheering: Vec<_> = honest.into_iter().map(|fan| tokio::spawn(taps(fan, stop.subscribe()))).collect();

    let over_tls = pair.believer();
    for believer in [None, Some(&over_tls), Some(&over_tls)] {
        let wrong = all(&server, &rows, believer).await;
        assert!(wrong.is_empty(), "over TLS: {}: {wrong:#?}", believer.is_some());
    }
    floods::of_connections(&server).await;
    floods::of_fans(&server).await;
    let files = settled(&server).await;
    let before = server.resident_bytes();
    for round in 0..ROUNDS {
        let wrong = all(&server, &rows, (round % 2 == 0).then_some(&over_tls)).await;
        assert!(wrong.is_empty(), "{wrong:#?}");
        floods::of_connections(&server).await;
        floods::of_fans(&server).await;
    }
    assert_eq!(settled(&server).await, files, "its files are what they were");
    let after = server.resident_bytes();
    assert!(after <= before + KEPT_BYTES_MAX, "from {before} to {after} bytes");

    stop.send_replace(true);
    let mut tapped = 0;
    for fan in cheering {
        tapped += within("a fan comes to its end", fan).await.unwrap();
    }
    display.until("all honest taps are shown", |shown| shown.total_of("T0") == u64::from(tapped)).await;
    let of_team = async |fate: &str, team: u16| {
        server
            .metric("beat_taps_total", &[&format!("fate=\"{fate}\""), &format!("team=\"T{team}\"")])
            .await
            .unwrap_or(0.0)
    };
    assert_eq!(of_team("counted", 0).await, f64::from(tapped));
    assert_eq!((of_team("shadowed", 0).await, of_team("late", 0).await), (0.0, 0.0));
    for row in &rows {
        let Some((team, counted)) = &row.counted else { continue };
        let times = u32::try_from(ROUNDS).unwrap() + 3;
        let (least, most) = (f64::from(counted.start() * times), f64::from(counted.end() * times));
        let counted = of_team("counted", *team).await;
        assert!((least..=most).contains(&counted), "{}: {counted} counted, not {least} to {most}", row.name);
    }
    eprintln!(
        "{} rows, {} times; {tapped} honest taps, all counted; {files} files before and after, {} KiB kept",
        rows.len(),
        ROUNDS + 3,
        after.saturating_sub(before) >> 10
    );
}

/// Files it has open, once those of the last rows are closed, and that of who asked whether they are.
async fn settled(server: &Server) -> usize {
    until("only honest connections are open", async || {
        (server.metric("beat_connections", &[]).await == Some(7.0)).then_some(())
    })
    .await;
    let mut looks = [usize::MAX, 0];
    until("no file is opened or closed any more", async || {
        tokio::time::sleep(Duration::from_millis(100)).await;
        looks = [server.open_files(), looks[0]];
        (looks[0] == looks[1]).then_some(looks[0])
    })
    .await
}

/// An honest fan: a tap every tenth of a second until it is told to stop; answers with how many.
async fn taps(mut fan: Fan, mut stop: tokio::sync::watch::Receiver<bool>) -> u32 {
    let mut tapped = 0;
    let mut due = Instant::now();
    while !*stop.borrow() {
        tapped += 1;
        fan.cheer(&[(0, tapped)]).await;
        due += Duration::from_millis(100);
        drop(tokio::time::timeout_at(due.into(), stop.changed()).await);
    }
    tapped
}
