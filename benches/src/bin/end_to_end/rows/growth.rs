//! What it costs as it grows: no line may grow faster than its work.

use std::fmt::Write;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use beat_benches::ROSTERS;

use super::work::{Work, beside};
use crate::book::{Book, Spread, refuse, runs};
use crate::crowd::Crowd;
use crate::listener::Listener;
use crate::process::{Process, pin_crowd};

/// How long each is measured: twenty beats.
const MEASURED: Duration = Duration::from_secs(2);
/// Greetings, and the first beats.
const SETTLED: Duration = Duration::from_millis(500);
const BEATS_PER_SECOND: f64 = 10.0;
/// One on each fifth of the beats.
const FEW_FANS: u16 = 5;
const FANS: u16 = 500;
const FANS_OF_AN_EVENT: u16 = 20;
/// Beyond it beats may be skipped, and what was not done would seem cheap.
const CPU_MAX: f64 = 0.9;
const CONNECTIONS: [usize; 4] = [1_000, 5_000, 10_000, 19_000];
const EVENTS: [usize; 2] = [1, 100];

pub(super) fn rows(book: &mut Book) {
    book.table(&[
        "growth",
        "floor (range)",
        "ours (range)",
        "ratio (range)",
        "one more",
        "a unit",
        "a unit beside the smallest",
    ]);
    let mut sizes = Sizes::default();
    for fans in CONNECTIONS {
        book.row(&format!("fan-out: {fans} idle fans, ns a frame"), || {
            let beside = beside(Work::FanOut { fans, tapping: 0 })?;
            let [bytes, floor, ours, ratio] = beside.cells();
            Ok([vec![bytes, floor, ours, ratio], sizes.next(&beside.ours, 1.0, "a frame")].concat())
        });
    }
    let mut sizes = [Sizes::default(), Sizes::default(), Sizes::default()];
    for teams in ROSTERS {
        // One gateway brings all three lines.
        let mut measured = None;
        let lines: [(&str, f64, &str); 3] = [
            ("ns a silent beat, five fans", teams.into(), "a team"),
            ("ns a silent beat, five fans and a display", teams.into(), "a team"),
            ("ns a CHEER of 500 fans, 64 a write", 1.0, "a CHEER"),
        ];
        for (line, (name, units, unit)) in lines.into_iter().enumerate() {
            book.row(&format!("teams: {teams}, {name}"), || {
                if measured.is_none() {
                    measured = Some(runs(|| of_teams(teams))?);
                }
                let ours = Spread::of(measured.iter().flatten().map(|run| run[line]));
                Ok([alone(&ours), sizes[line].next(&ours, units, unit)].concat())
            });
        }
    }
    for (fans, name) in [(0, "nobody there"), (FANS_OF_AN_EVENT, "20 fans each")] {
        let mut sizes = Sizes::default();
        for events in EVENTS {
            book.row(&format!("events: {events}, {name}, ns for a beat of all"), || {
                let ours = Spread::of(runs(|| of_events(events, fans))?);
                Ok([alone(&ours), sizes.next(&ours, events as f64, "an event")].concat())
            });
        }
    }
}

/// The first cells where there is no floor.
fn alone(ours: &Spread) -> Vec<String> {
    vec![String::new(), String::new(), ours.to_string(), String::new()]
}

/// The sizes of one kind that came before.
#[derive(Default)]
struct Sizes {
    /// What a unit cost in the smallest.
    first_each: Option<f64>,
    /// Units of the last, and what all of them cost.
    last: Option<(f64, f64)>,
}

impl Sizes {
    /// The last cells of the next size: what one unit more costs than in the size before, what a unit costs over all,
    /// and that beside the smallest size.
    fn next(&mut self, ours: &Spread, units: f64, unit: &str) -> Vec<String> {
        let each = ours.median / units;
        let beside = each / *self.first_each.get_or_insert(each);
        let more = match self.last.replace((units, ours.median)) {
            Some((fewer, less)) if units > fewer => format!("{:.0}", (ours.median - less) / (units - fewer)),
            _ => String::new(),
        };
        vec![more, format!("{each:.0} ns {unit}"), format!("{beside:.2}")]
    }
}

/// Nanoseconds for a silent beat with few fans, for one with a display, and for a CHEER.
fn of_teams(teams: u16) -> io::Result<[f64; 3]> {
    let folder = super::scratch()?;
    let mut roster = String::from("code,name\n");
    for team in 0..teams {
        writeln!(roster, "T{team},Team {team}").map_err(io::Error::other)?;
    }
    std::fs::write(folder.path().join("roster.csv"), roster)?;
    let mut gateway = serving(folder.path(), "[[events]]\nid = 'demo'\nname = 'Demo'\nroster = 'roster.csv'\n")?;
    pin_crowd()?;
    let everywhere = |fan: u16| u16::try_from(u32::from(fan) * u32::from(teams) / u32::from(FANS)).unwrap_or(0);
    let mut crowd = Crowd::new()?;
    crowd.admit(gateway.port, "demo", (0..FEW_FANS).map(everywhere))?;
    let silent = beat(&mut gateway, &mut crowd, FEW_FANS.into())?;
    let display = Listener::display(gateway.port, "demo")?;
    let from = Instant::now();
    let shown = beat(&mut gateway, &mut crowd, FEW_FANS.into())?;
    let due = from.elapsed().as_secs_f64() * BEATS_PER_SECOND;
    let messages = display.finish()?.len();
    if (messages as f64) < 0.95 * due {
        return refuse(format!("{messages} beats were shown, {due:.0} were due"));
    }

    crowd.admit(gateway.port, "demo", (FEW_FANS..FANS).map(everywhere))?;
    crowd.rest(SETTLED)?;
    let (cpu, before) = (gateway.cpu_nanoseconds_of("shard-")?, gateway.counts()?);
    let sent = crowd.cheer(2_000_000.0, 64, MEASURED)?;
    let spent = gateway.cpu_nanoseconds_of("shard-")? - cpu;
    crowd.rest(Duration::from_millis(300))?;
    let after = gateway.counts()?;
    if after.taps - before.taps != sent {
        return refuse(format!("{sent} taps sent: {before:?}, {after:?}"));
    }
    Ok([silent, shown, spent / sent as f64])
}

/// Nanoseconds for a beat of every event.
fn of_events(events: usize, fans: u16) -> io::Result<f64> {
    let folder = super::scratch()?;
    let toml: String = (0..events).map(|event| format!("[[events]]\nid = 'e{event}'\nname = 'E'\n")).collect();
    let mut gateway = serving(folder.path(), &toml)?;
    pin_crowd()?;
    let mut crowd = Crowd::new()?;
    for event in 0..events {
        crowd.admit(gateway.port, &format!("e{event}"), 0..fans)?;
    }
    beat(&mut gateway, &mut crowd, events * usize::from(fans))
}

fn serving(folder: &Path, events: &str) -> io::Result<Process> {
    let file = folder.join("beat.toml");
    std::fs::write(&file, events)?;
    Process::gateway_of(&file)
}

/// Nanoseconds of the whole gateway for each interval in which nobody taps.
fn beat(gateway: &mut Process, crowd: &mut Crowd, fans: usize) -> io::Result<f64> {
    crowd.rest(SETTLED)?;
    let (before, cpu, began) = (gateway.counts()?, gateway.cpu_nanoseconds()?, Instant::now());
    crowd.rest(MEASURED)?;
    let (spent, seconds) = (gateway.cpu_nanoseconds()? - cpu, began.elapsed().as_secs_f64());
    let after = gateway.counts()?;
    let (out, due) = (after.frames_out - before.frames_out, fans as f64 * 2.0 * seconds);
    let share = spent / 1e9 / seconds;
    if (out as f64) < 0.95 * due - 1.0 || share > CPU_MAX {
        return refuse(format!("{out} beats went out, {due:.0} were due; {share:.2} of a core"));
    }
    Ok(spent / (seconds * BEATS_PER_SECOND))
}
