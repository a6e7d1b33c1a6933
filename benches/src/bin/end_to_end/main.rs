//! The gateway beside a bare floor, end to end: `cargo build --release -p beat-server && cargo run --release -p beat-benches
//! --bin end_to_end` prints CPU per unit of work of both, in the same run, and their ratio (README.md has the method).
//!
//! It would lie if a connection died, a tap were missing, or the crowd could not keep its schedule: each of these ends it
//! without a table.

mod crowd;
mod floor;
mod process;

use std::io;
use std::time::Duration;

use crowd::Crowd;
use process::{Process, pin_to};

/// Runs of each row; the median counts.
const RUNS: usize = 3;
/// How long each is measured.
const MEASURED: Duration = Duration::from_secs(4);
/// Core of whoever is measured, and of the crowd.
const SERVER_CORE: usize = 0;
const CROWD_CORE: usize = 1;

/// What is measured.
#[derive(Clone, Copy)]
enum Row {
    /// CHEER frames per second of so many fans, several in a write.
    Ingest { fans: usize, frames_per_second: f64, frames_per_write: usize },
    /// Beats out to so many fans, each on every fifth.
    FanOut { fans: usize },
    /// Both at once.
    Both { fans: usize, frames_per_second: f64 },
    /// Connections opened and closed again, several at once.
    Handshakes { connections: usize, at_once: usize },
}

/// What one run brought.
struct Measured {
    nanoseconds_per_unit: f64,
    /// Of a frame that went out, so that the floor can send as many.
    frame_bytes: usize,
}

#[expect(clippy::print_stdout, reason = "the table is what this is for")]
fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, frame_bytes] = &args[..]
        && word == "floor"
    {
        return floor::serve(frame_bytes.parse().map_err(io::Error::other)?);
    }
    let wanted = |what: &str| args.is_empty() || args.iter().any(|word| what.starts_with(word.as_str()));
    let rows = [
        (
            "ingest: 500 fans, 150,000 single frames/s, ns a frame",
            Row::Ingest { fans: 500, frames_per_second: 150_000.0, frames_per_write: 1 },
        ),
        (
            "ingest: 500 fans, 2,000,000 frames/s, 64 a write, ns a frame",
            Row::Ingest { fans: 500, frames_per_second: 2_000_000.0, frames_per_write: 64 },
        ),
        ("fan-out: 10,000 fans, 20,000 frames/s, ns a frame", Row::FanOut { fans: 10_000 }),
        (
            "both: 10,000 fans, 20,000 frames/s out, 50,000 in, ns a frame in or out",
            Row::Both { fans: 10_000, frames_per_second: 50_000.0 },
        ),
        (
            "handshakes: a storm, 500 at once, ns each, closing included",
            Row::Handshakes { connections: 10_000, at_once: 500 },
        ),
        ("handshakes: one by one, ns each, closing included", Row::Handshakes { connections: 5_000, at_once: 1 }),
    ];
    println!("| work | floor (range) | ours (range) | ratio |\n|---|---|---|---|");
    for (what, row) in rows.into_iter().filter(|(what, _)| wanted(what)) {
        let (mut floor, mut ours) = (Vec::new(), Vec::new());
        let mut frame_bytes = 300;
        for _ in 0..RUNS {
            let measured = measure(row, &mut Process::gateway()?)?;
            frame_bytes = measured.frame_bytes.max(2);
            ours.push(measured.nanoseconds_per_unit);
            floor.push(measure(row, &mut Process::floor(frame_bytes)?)?.nanoseconds_per_unit);
        }
        let (floor, ours) = (Spread::of(floor), Spread::of(ours));
        println!("| {what} ({frame_bytes} bytes out) | {floor} | {ours} | {:.2} |", ours.median / floor.median);
    }
    if !wanted("memory") {
        return Ok(());
    }
    println!("\n| idle fans | user memory each |\n|---|---|");
    for fans in [10_000, 19_000] {
        let gateway = Process::gateway()?;
        let before = gateway.resident_bytes()?;
        let mut crowd = Crowd::connect(gateway.port, fans)?;
        crowd.rest(Duration::from_secs(4))?;
        println!("| {fans} | {} bytes |", (gateway.resident_bytes()? - before) / fans as u64);
    }
    Ok(())
}

fn measure(row: Row, process: &mut Process) -> io::Result<Measured> {
    pin_to(CROWD_CORE)?;
    let fans = match row {
        Row::Ingest { fans, .. } | Row::FanOut { fans } | Row::Both { fans, .. } => fans,
        Row::Handshakes { connections, at_once } => {
            let cpu = process.cpu_nanoseconds()?;
            Crowd::storm(process.port, connections, at_once)?;
            std::thread::sleep(Duration::from_millis(300));
            let spent = process.cpu_nanoseconds()? - cpu;
            return Ok(Measured { nanoseconds_per_unit: spent / connections as f64, frame_bytes: 0 });
        }
    };
    let mut crowd = Crowd::connect(process.port, fans)?;
    // Greetings, and the first beats.
    crowd.rest(Duration::from_secs(2))?;
    let (before, cpu) = (process.counts()?, process.cpu_nanoseconds()?);
    let sent = match row {
        Row::Ingest { frames_per_second, frames_per_write, .. } => {
            crowd.cheer(frames_per_second, frames_per_write, MEASURED)?
        }
        Row::Both { frames_per_second, .. } => crowd.cheer(frames_per_second, 1, MEASURED)?,
        Row::FanOut { .. } | Row::Handshakes { .. } => {
            crowd.rest(MEASURED)?;
            0
        }
    };
    let spent = process.cpu_nanoseconds()? - cpu;
    // What was sent last is counted by then.
    crowd.rest(Duration::from_millis(300))?;
    let after = process.counts()?;
    let (taken, out) = (after.frames_in - before.frames_in, after.frames_out - before.frames_out);
    if taken != sent || after.taps - before.taps != sent {
        return Err(io::Error::other(format!("{sent} frames of one tap sent, {taken} taken in: {after:?}")));
    }
    // The last of these went out after the CPU was read; it is a fortieth of them.
    let out_measured = out as f64 * MEASURED.as_secs_f64() / (MEASURED.as_secs_f64() + 0.3);
    let units = match row {
        Row::Ingest { .. } | Row::Handshakes { .. } => sent as f64,
        Row::FanOut { .. } => out_measured,
        Row::Both { .. } => sent as f64 + out_measured,
    };
    let frame_bytes = usize::try_from((after.bytes_out - before.bytes_out) / out.max(1)).unwrap_or(usize::MAX);
    Ok(Measured { nanoseconds_per_unit: spent / units, frame_bytes })
}

/// Several measurements of one thing.
struct Spread {
    median: f64,
    lowest: f64,
    highest: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self { median: values[values.len() / 2], lowest: values[0], highest: values[values.len() - 1] }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} ({:.0} to {:.0})", self.median, self.lowest, self.highest)
    }
}
