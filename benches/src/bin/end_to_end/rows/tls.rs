//! What TLS costs the gateway, beside the gateway without.

use std::io;
use std::time::Duration;

use super::work::{Work, measure};
use crate::book::{Book, Spread, refuse, runs};
use crate::crowd::Crowd;
use crate::process::Process;

/// Fans who hold a connection: each shakes hands before anything is measured.
const FANS: usize = 5_000;
/// Connections that come and go: both sides calculate, the crowd more than the gateway.
const CONNECTIONS: u32 = 1_500;

pub(super) fn rows(book: &mut Book) {
    book.table(&["work", "plain (range)", "with TLS (range)", "ratio (range)"]);
    let one_by_one = Work::Handshakes { connections: CONNECTIONS, at_once: 1, per_second: None };
    let rows = [
        ("tls: fan-out: 5,000 fans, 143 tapping twice a second, ns a frame", fan_out(), false),
        (
            "tls: ingest: 500 fans, 20,000 single frames/s, ns a frame",
            Work::Ingest { fans: 500, frames_per_second: 20_000.0, frames_per_write: 1 },
            false,
        ),
        ("tls: handshakes one by one, ns each, closing included", one_by_one, false),
        ("tls: the same, of those who come back", one_by_one, true),
    ];
    for (name, work, comes_back) in rows {
        book.row(name, || beside(work, comes_back));
    }
    book.table(&["idle fans with TLS", "user memory each"]);
    book.row("tls: memory: 5,000 idle fans", || Ok(vec![String::new(), format!("{} bytes", bytes_each()?)]));
}

fn fan_out() -> Work {
    Work::FanOut { fans: FANS, tapping: super::work::TEAMS_OF_300_BYTES }
}

/// Plain and with TLS in turn.
fn beside(work: Work, comes_back: bool) -> io::Result<Vec<String>> {
    let runs = runs(|| {
        let secured = measure(work, &mut Process::secured(comes_back)?)?;
        let plain = measure(work, &mut Process::gateway()?)?;
        // Whether a KEY falls into the time that is measured, is chance.
        if secured.frame_bytes.abs_diff(plain.frame_bytes) > plain.frame_bytes / 5 {
            return refuse(format!("frames of {} and {} bytes", plain.frame_bytes, secured.frame_bytes));
        }
        Ok((plain.nanoseconds_per_unit, secured.nanoseconds_per_unit))
    })?;
    let plain = Spread::of(runs.iter().map(|(plain, _)| *plain));
    let secured = Spread::of(runs.iter().map(|(_, secured)| *secured));
    let ratio = Spread::of(runs.iter().map(|(plain, secured)| secured / plain));
    Ok(vec![String::new(), plain.to_string(), secured.to_string(), format!("{ratio:.2}")])
}

fn bytes_each() -> io::Result<u64> {
    let gateway = Process::secured(false)?;
    let before = gateway.resident_bytes()?;
    let mut crowd = Crowd::connect(&gateway, FANS)?;
    crowd.rest(Duration::from_secs(4))?;
    Ok((gateway.resident_bytes()? - before) / FANS as u64)
}
