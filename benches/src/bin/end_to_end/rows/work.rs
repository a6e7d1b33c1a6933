//! CPU per unit of work, of the gateway and of the floor.

use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::book::{Book, Spread, refuse, runs};
use crate::crowd::Crowd;
use crate::process::{Process, pin_crowd};

/// How long each is measured.
const MEASURED: Duration = Duration::from_secs(3);
/// Greetings, and the first beats.
const GREETED: Duration = Duration::from_secs(1);
/// Taps a second of each of the few: its team is silent in no beat.
const FEW_TAPS: f64 = 2.0;
/// So many teams make a DELTA a frame of 300 bytes: 4 of header, 10 before the levels, two a level.
pub(super) const TEAMS_OF_300_BYTES: usize = 143;
/// As long as a gateway that has nothing else to do takes to read what was just sent.
const TAKEN_IN: Duration = Duration::from_millis(20);
/// What was sent last is taken in by then.
const SETTLED: Duration = Duration::from_millis(300);

/// What is measured.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// CHEER frames per second of so many fans, several in a write.
    Ingest { fans: usize, frames_per_second: f64, frames_per_write: u32 },
    /// Beats out to so many fans, each on every fifth, while a few of them tap, each for a team of its own: a DELTA has two
    /// bytes for each.
    FanOut { fans: usize, tapping: usize },
    /// Both at once.
    Both { fans: usize, frames_per_second: f64 },
    /// Connections opened and closed again, several at once; so many a second, or one after the other.
    Handshakes { connections: u32, at_once: u32, per_second: Option<f64> },
}

/// What one run brought.
pub(super) struct Measured {
    pub(super) nanoseconds_per_unit: f64,
    /// Of a frame that went out, so that the floor can send as many.
    pub(super) frame_bytes: usize,
}

/// What the runs of both brought, in nanoseconds a unit.
pub(super) struct Beside {
    floor: Spread,
    pub(super) ours: Spread,
    /// Of each run of ours to the floor's beside it: what the machine does meanwhile goes into both.
    ratio: Spread,
    frame_bytes: usize,
}

pub(super) fn rows(book: &mut Book) {
    book.table(&["work", "floor (range)", "ours (range)", "ratio (range)"]);
    let rows = [
        (
            "ingest: 500 fans, 150,000 single frames/s, ns a frame",
            Work::Ingest { fans: 500, frames_per_second: 150_000.0, frames_per_write: 1 },
        ),
        (
            "ingest: 500 fans, 2,000,000 frames/s, 64 a write, ns a frame",
            Work::Ingest { fans: 500, frames_per_second: 2_000_000.0, frames_per_write: 64 },
        ),
        (
            "fan-out: 10,000 fans, 143 of them tapping twice a second, ns a frame",
            Work::FanOut { fans: 10_000, tapping: TEAMS_OF_300_BYTES },
        ),
        (
            "both: 10,000 fans, 20,000 frames/s out, 50,000 in, ns a frame in or out",
            Work::Both { fans: 10_000, frames_per_second: 50_000.0 },
        ),
        (
            "handshakes: a storm, 500 at once, 10,000/s, ns each, closing included",
            Work::Handshakes { connections: 20_000, at_once: 500, per_second: Some(10_000.0) },
        ),
        (
            "handshakes: one by one, ns each, closing included",
            Work::Handshakes { connections: 5_000, at_once: 1, per_second: None },
        ),
    ];
    for (name, work) in rows {
        book.row(name, || Ok(beside(work)?.cells().into()));
    }
}

impl Beside {
    /// Length of a frame out, where there were any; floor, ours, ratio.
    pub(super) fn cells(&self) -> [String; 4] {
        let Self { floor, ours, ratio, frame_bytes } = self;
        let sent = if *frame_bytes == 0 { String::new() } else { format!(" ({frame_bytes} bytes out)") };
        [sent, floor.to_string(), ours.to_string(), format!("{ratio:.2}")]
    }
}

/// The gateway and the floor in turn, as often as a row is run.
pub(super) fn beside(work: Work) -> io::Result<Beside> {
    let mut frame_bytes = 0;
    let runs = runs(|| {
        let ours = measure(work, &mut Process::gateway()?)?;
        frame_bytes = ours.frame_bytes;
        let floor = measure(work, &mut Process::floor(frame_bytes.max(2))?)?;
        Ok((floor.nanoseconds_per_unit, ours.nanoseconds_per_unit))
    })?;
    Ok(Beside {
        floor: Spread::of(runs.iter().map(|(floor, _)| *floor)),
        ours: Spread::of(runs.iter().map(|(_, ours)| *ours)),
        ratio: Spread::of(runs.iter().map(|(floor, ours)| ours / floor)),
        frame_bytes,
    })
}

/// One run.
pub(super) fn measure(work: Work, process: &mut Process) -> io::Result<Measured> {
    pin_crowd()?;
    let fans = match work {
        Work::Ingest { fans, .. } | Work::FanOut { fans, .. } | Work::Both { fans, .. } => fans,
        Work::Handshakes { connections, at_once, per_second } => {
            let cpu = process.cpu_nanoseconds()?;
            Crowd::storm(process, connections, at_once, per_second)?;
            sleep(SETTLED);
            let spent = process.cpu_nanoseconds()? - cpu;
            return Ok(Measured { nanoseconds_per_unit: spent / f64::from(connections), frame_bytes: 0 });
        }
    };
    let mut crowd = Crowd::connect(process, fans)?;
    match work {
        Work::FanOut { tapping: few @ 1.., .. } => {
            crowd.rest_but(few, FEW_TAPS, GREETED)?;
            // The last of these is taken in before anything is counted.
            sleep(TAKEN_IN);
        }
        _ => crowd.rest(GREETED)?,
    }
    let (before, cpu, began) = (process.counts()?, process.cpu_nanoseconds()?, Instant::now());
    let sent = match work {
        Work::Ingest { frames_per_second, frames_per_write, .. } => {
            crowd.cheer(frames_per_second, frames_per_write, MEASURED)?
        }
        Work::Both { frames_per_second, .. } => crowd.cheer(frames_per_second, 1, MEASURED)?,
        Work::FanOut { tapping: few @ 1.., .. } => crowd.rest_but(few, FEW_TAPS, MEASURED)?,
        Work::FanOut { .. } | Work::Handshakes { .. } => crowd.rest(MEASURED).map(|()| 0)?,
    };
    let (spent, measured) = (process.cpu_nanoseconds()? - cpu, began.elapsed());
    crowd.rest(SETTLED)?;
    let (after, counted) = (process.counts()?, began.elapsed());
    let (taken, out) = (after.frames_in - before.frames_in, after.frames_out - before.frames_out);
    if taken != sent || after.taps - before.taps != sent {
        return refuse(format!("{sent} frames of one tap sent, {taken} taken in: {after:?}"));
    }
    // Two a second each; less, and some were skipped.
    let wanted = 2.0 * fans as f64 * counted.as_secs_f64();
    if (out as f64) < 0.95 * wanted {
        return refuse(format!("{out} beats went out, {wanted:.0} were due"));
    }
    // The last of these went out after the CPU was read; it is a tenth of them.
    let out_measured = out as f64 * measured.as_secs_f64() / counted.as_secs_f64();
    let units = match work {
        Work::Ingest { .. } | Work::Handshakes { .. } => sent as f64,
        Work::FanOut { .. } => out_measured,
        Work::Both { .. } => sent as f64 + out_measured,
    };
    let frame_bytes = usize::try_from((after.bytes_out - before.bytes_out) / out.max(1)).unwrap_or(usize::MAX);
    Ok(Measured { nanoseconds_per_unit: spent / units, frame_bytes })
}
