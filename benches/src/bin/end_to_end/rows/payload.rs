//! Bytes a second to a fan: of DELTA and KEY, without and with their WebSocket headers.
//!
//! 40 of the roster's teams are tapped for, by people; ten fans among them keep every byte and read it as a client does, and
//! what all others were sent has to agree with it.

use std::io;
use std::time::{Duration, Instant};

use beat_benches::TEAMS;
use beat_protocol::ServerFrame;

use crate::book::{Book, Spread, refuse};
use crate::crowd::Crowd;
use crate::listener::{Heard, Listener};
use crate::process::{Process, pin_crowd};
use crate::thumbs::{self, favourites, shares};

/// Two for each fifth of the beats.
const LISTENERS: usize = 10;
/// Four times as long as from one KEY to the next.
const MEASURED: Duration = Duration::from_secs(36);
/// First beats, first taps.
const SETTLED: Duration = Duration::from_secs(2);
const BEATS_PER_SECOND: f64 = 2.0;
/// What one session states at once: below its burst.
const STATED_MAX: u32 = 3_000_000;
/// From nothing to a full burst of 4,000,000, at 1,000,000 a second.
const BUCKETS_FULL: Duration = Duration::from_secs(5);
/// A second of their roar, and the next KEY, which no longer has it.
const ROAR_OVER: Duration = Duration::from_secs(11);

/// What one fan got.
struct Got {
    keys: usize,
    deltas: usize,
    /// Levels in those.
    levels: usize,
    payload_bytes: usize,
    header_bytes: usize,
}

pub(super) fn rows(book: &mut Book) {
    book.table(&[
        "to a fan, bytes a second; 208 teams, 40 of them tapped for",
        "payload (range)",
        "with WebSocket headers",
        "in one DELTA",
    ]);
    for (name, fans, before) in [
        ("payload: 2,000 fans, 4,000 taps/s, totals from nothing", 2_000, 0.0),
        ("payload: 10,000 fans, 20,000 taps/s, totals from nothing", 10_000, 0.0),
        ("payload: the same, after 120,000,000 taps for all teams", 10_000, 120e6),
    ] {
        book.row(name, || {
            let got = measure(fans, before)?;
            let per_second =
                |bytes: fn(&Got) -> usize| Spread::of(got.iter().map(|got| bytes(got) as f64 / MEASURED.as_secs_f64()));
            let levels = got.iter().map(|got| got.levels).sum::<usize>() as f64;
            let deltas = got.iter().map(|got| got.deltas).sum::<usize>() as f64;
            Ok(vec![
                String::new(),
                per_second(|got| got.payload_bytes).to_string(),
                per_second(|got| got.payload_bytes + got.header_bytes).to_string(),
                format!("{:.0} levels", levels / deltas),
            ])
        });
    }
}

fn measure(fans: usize, before: f64) -> io::Result<Vec<Got>> {
    let mut gateway = Process::gateway()?;
    pin_crowd()?;
    let (mut crowd, mut earlier) = (Crowd::new()?, Crowd::new()?);
    let stated = statements(before);
    earlier.admit(gateway.port, "demo", stated.iter().map(|(team, _)| *team))?;
    crowd.admit(gateway.port, "demo", favourites(1, fans))?;
    let listeners = (0..LISTENERS).map(|_| Listener::fan(gateway.port, "demo")).collect::<io::Result<Vec<_>>>()?;
    if !stated.is_empty() {
        crowd.rest(BUCKETS_FULL)?;
        earlier.state(&stated.iter().map(|(_, total)| *total).collect::<Vec<_>>())?;
        crowd.rest(ROAR_OVER)?;
    }
    let taps = thumbs::taps(1, fans, SETTLED + MEASURED);
    let (mut taps, began) = (taps.iter().peekable(), Instant::now());
    let mut sent = crowd.play(&mut taps, began, SETTLED)?.len() as u64;
    crowd.bytes_in();
    let from = Instant::now();
    sent += crowd.play(&mut taps, began, SETTLED + MEASURED)?.len() as u64;
    let bytes_each = crowd.bytes_in() as f64 / fans as f64;
    crowd.rest(SETTLED)?;
    earlier.rest(Duration::from_millis(50))?;
    sent += stated.iter().map(|(_, total)| u64::from(*total)).sum::<u64>();
    let counts = gateway.counts()?;
    if counts.taps != sent {
        return refuse(format!("{sent} taps sent: {counts:?}"));
    }
    let got =
        listeners.into_iter().map(|listener| read(&listener.finish()?, from)).collect::<io::Result<Vec<Got>>>()?;
    let mean = got.iter().map(|got| got.payload_bytes + got.header_bytes).sum::<usize>() as f64 / LISTENERS as f64;
    if (bytes_each / mean - 1.0).abs() > 0.05 {
        return refuse(format!("the crowd got {bytes_each:.0} bytes each, those who listen {mean:.0}"));
    }
    Ok(got)
}

/// Who states what, so that `before` taps are on the board, for some teams many and for others few.
fn statements(before: f64) -> Vec<(u16, u32)> {
    let mut stated = Vec::new();
    for (team, share) in (0..TEAMS).zip(shares(usize::from(TEAMS))) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from a float saturates")]
        let mut left = (before * share) as u32;
        while left > 0 {
            let total = left.min(STATED_MAX);
            stated.push((team, total));
            left -= total;
        }
    }
    stated
}

/// What came within [`MEASURED`]; every frame is read, and a DELTA that names another KEY than the last is an error.
fn read(heard: &[Heard], from: Instant) -> io::Result<Got> {
    let mut got = Got { keys: 0, deltas: 0, levels: 0, payload_bytes: 0, header_bytes: 0 };
    let mut key = None;
    // The first message is the welcome.
    for message in heard.iter().skip(1) {
        let counts = (from..from + MEASURED).contains(&message.at);
        match ServerFrame::decode(&message.payload).map_err(io::Error::other)? {
            ServerFrame::Key(frame) => {
                key = Some(frame.head.beat);
                got.keys += usize::from(counts);
            }
            ServerFrame::Delta(frame) if key == Some(frame.key) => {
                got.deltas += usize::from(counts);
                got.levels += if counts { frame.levels.len() } else { 0 };
            }
            other => return refuse(format!("a fan that holds KEY {key:?} got {other:?}")),
        }
        if counts {
            got.payload_bytes += message.payload.len();
            got.header_bytes += message.header_bytes;
        }
    }
    let due = BEATS_PER_SECOND * MEASURED.as_secs_f64();
    if ((got.deltas + got.keys) as f64) < 0.95 * due || got.keys < 3 {
        return refuse(format!("{} KEYs and {} DELTAs came, {due} beats were due", got.keys, got.deltas));
    }
    Ok(got)
}
