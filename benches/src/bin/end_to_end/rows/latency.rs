//! From a tap to the display frame that contains it, while the box is half loaded.
//!
//! A beat says totals: the k-th CHEER of a team that was handed to a socket is contained in the first message in which that
//! team's total is k or more. Every team counts for itself, and in the end no tap may be missing or too many.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use beat_benches::TEAMS;
use beat_protocol::{EventDetail, FeedMessage};

use crate::book::{Book, Spread, held_up, refuse, runs};
use crate::crowd::{Crowd, Handed};
use crate::listener::{Heard, Listener};
use crate::process::{Process, own_cpu_seconds, pin_crowd};
use crate::thumbs::{self, ACTIVE_TEAMS, active_team, favourites};

/// Whose taps are measured.
const FANS: usize = 2_000;
/// The rest of the box's load: other fans, who tap for other teams, as fast as it takes.
const OTHERS: u16 = 12_000;
/// Beyond it they would be no people.
const TAPS_PER_SECOND_MAX: f64 = 5.0;
/// Server and crowd together: half of two cores.
const LOAD: f64 = 1.0;
const LOAD_RANGE: std::ops::RangeInclusive<f64> = 0.8..=1.2;
/// How long one rate of the others is tried, and how many are.
const TRIED: Duration = Duration::from_millis(1_200);
const TRIES: u32 = 5;
/// What a tap of theirs may cost both: bounds for a first guess that is a bad one.
const TAP_CPU_SECONDS: (f64, f64) = (5e-6, 20e-6);
const MEASURED: Duration = Duration::from_secs(15);
/// What was tapped last is on the display by then.
const SETTLED: Duration = Duration::from_secs(1);
/// A percentile needs so many samples beyond it.
const BEYOND_MIN: usize = 100;
/// How long a gateway of these defaults lets its fans wait between two CHEER frames; they tap more seldom.
const CADENCE_SECONDS: f64 = 0.1;

/// CPU of both, in cores.
#[derive(Clone, Copy)]
struct Load {
    server: f64,
    crowd: f64,
}

/// What one run brought.
struct Run {
    /// In milliseconds, ascending.
    latencies: Vec<f64>,
    load: Load,
    others_per_second: f64,
}

pub(super) fn rows(book: &mut Book) {
    book.table(&["from a tap to the display frame that contains it", "p50 (range), ms", "p99 (range), ms", "load"]);
    book.row("latency: 2,000 fans, two taps a second each", || {
        let mut seed = 0;
        let runs = runs(|| {
            seed += 1;
            measure(seed)
        })?;
        let spread = |percent| -> io::Result<Spread> {
            let each = runs.iter().map(|run| percentile(&run.latencies, percent)).collect::<io::Result<Vec<f64>>>()?;
            Ok(Spread::of(each))
        };
        let median = |of: fn(&Run) -> f64| Spread::of(runs.iter().map(of)).median;
        let load = format!(
            "server {:.2} + crowd {:.2} of two cores; beside these {:.0} taps/s of {OTHERS} others",
            median(|run| run.load.server),
            median(|run| run.load.crowd),
            median(|run| run.others_per_second),
        );
        let taps: usize = runs.iter().map(|run| run.latencies.len()).sum();
        Ok(vec![format!(" ({taps} taps)"), spread(50)?.to_string(), spread(99)?.to_string(), load])
    });
}

fn measure(seed: u64) -> io::Result<Run> {
    let folder = super::scratch()?;
    let mut gateway = Process::as_it_comes(folder.path())?;
    pin_crowd()?;
    let detail: EventDetail = serde_json::from_str(&gateway.page("/v1/events/demo")?)?;
    let display = Listener::display(gateway.port, "demo")?;
    let mut crowd = Crowd::new()?;
    crowd.admit(gateway.port, "demo", favourites(seed, FANS))?;
    let (rate, over, port) = (AtomicU32::new(0), AtomicBool::new(false), gateway.port);
    let (ready, is_ready) = mpsc::channel();
    let (played, sent_by_others) = thread::scope(|scope| {
        let others = scope.spawn(|| cheer_along(port, ready, &rate, &over));
        let played = match is_ready.recv() {
            Ok(()) => play(&mut crowd, &gateway, seed, &rate),
            Err(_) => refuse("the others did not come in"),
        };
        over.store(true, Ordering::Relaxed);
        (played, others.join().unwrap_or_else(|_| refuse("the others panicked")))
    });
    let sent_by_others = sent_by_others?;
    let (mut run, handed, measured_from) = played?;
    let sent = handed.len() as u64 + sent_by_others;
    let (counts, cadence) = (gateway.counts()?, gateway.metric("beat_cadence_seconds")?);
    if counts.taps != sent || (cadence - CADENCE_SECONDS).abs() > 1e-9 {
        return refuse(format!("{sent} taps sent, cadence of {cadence} s: {counts:?}"));
    }
    let codes: Vec<&str> = detail.teams.iter().map(|team| team.code.as_str()).collect();
    run.latencies = matched(&handed, &display.finish()?, &codes, measured_from)?;
    Ok(run)
}

/// The other fans, at whatever rate they are asked for. Answers with how often they tapped.
fn cheer_along(port: u16, ready: Sender<()>, rate: &AtomicU32, over: &AtomicBool) -> io::Result<u64> {
    let mut others = Crowd::new()?;
    // Each for a team beside one that is measured.
    others.admit(port, "demo", (0..OTHERS).map(|nth| active_team(usize::from(nth)) + 1))?;
    // Refused where nobody waits any more.
    _ = ready.send(());
    let mut sent = 0;
    while !over.load(Ordering::Relaxed) {
        sent += others.cheer(rate.load(Ordering::Relaxed).into(), 1, Duration::from_millis(250))?;
    }
    Ok(sent)
}

/// Finds the rate of the others that half loads the box, then measures. With what was tapped, and from when on it counts.
fn play(crowd: &mut Crowd, gateway: &Process, seed: u64, rate: &AtomicU32) -> io::Result<(Run, Vec<Handed>, Instant)> {
    let taps = thumbs::taps(seed, FANS, TRIED * (TRIES + 1) + MEASURED);
    let (mut taps, began) = (taps.iter().peekable(), Instant::now());
    let mut handed = Vec::new();
    let mut during = |until: Duration| -> io::Result<Load> {
        let (server, own, from) = (gateway.cpu_nanoseconds()?, own_cpu_seconds(), Instant::now());
        handed.extend(crowd.play(&mut taps, began, until)?);
        let seconds = from.elapsed().as_secs_f64();
        let (server, own) = (gateway.cpu_nanoseconds()? - server, own_cpu_seconds() - own);
        Ok(Load { server: server / 1e9 / seconds, crowd: own / seconds })
    };
    let without = during(TRIED)?;
    let max = TAPS_PER_SECOND_MAX * f64::from(OTHERS);
    let (mut per_second, mut until) = (max / 2.0, TRIED);
    for _ in 0..TRIES {
        rate.store(whole(per_second), Ordering::Relaxed);
        until += TRIED;
        let with = during(until)?;
        let each = ((with.all() - without.all()) / per_second).clamp(TAP_CPU_SECONDS.0, TAP_CPU_SECONDS.1);
        per_second = (per_second + (LOAD - with.all()) / each).clamp(1.0, max);
    }
    rate.store(whole(per_second), Ordering::Relaxed);
    let measured_from = Instant::now();
    let load = during(until + MEASURED)?;
    rate.store(0, Ordering::Relaxed);
    crowd.rest(SETTLED)?;
    if !LOAD_RANGE.contains(&load.all()) {
        return held_up(format!("the box was not half loaded: server {:.2}, crowd {:.2}", load.server, load.crowd));
    }
    Ok((Run { latencies: Vec::new(), load, others_per_second: per_second }, handed, measured_from))
}

impl Load {
    fn all(self) -> f64 {
        self.server + self.crowd
    }
}

/// Of every tap since `measured_from` the time to the message that contains it, in milliseconds, ascending.
fn matched(handed: &[Handed], heard: &[Heard], codes: &[&str], measured_from: Instant) -> io::Result<Vec<f64>> {
    let mut under_way = vec![Vec::new(); usize::from(TEAMS)];
    for tap in handed {
        under_way[usize::from(tap.team)].push(tap.at);
    }
    let mut contained = vec![0; usize::from(TEAMS)];
    let mut latencies = Vec::with_capacity(handed.len());
    for message in heard {
        let beat: FeedMessage<'_> = serde_json::from_slice(&message.payload)?;
        for place in 0..usize::from(ACTIVE_TEAMS) {
            let team = usize::from(active_team(place));
            let shown = beat.teams.iter().find(|shown| shown.code.as_str() == codes[team]);
            let total = shown.map_or(0, |shown| usize::try_from(shown.total).unwrap_or(usize::MAX));
            while contained[team] < total {
                match under_way[team].get(contained[team]) {
                    Some(at) if *at <= message.at => {
                        if *at >= measured_from {
                            latencies.push((message.at - *at).as_secs_f64() * 1e3);
                        }
                    }
                    _ => return refuse(format!("beat {} has a tap that nobody sent", beat.beat)),
                }
                contained[team] += 1;
            }
        }
    }
    let missing = handed.len() - contained.iter().sum::<usize>();
    if missing > 0 {
        return refuse(format!("{missing} taps are on no display"));
    }
    latencies.sort_by(f64::total_cmp);
    Ok(latencies)
}

fn percentile(sorted: &[f64], percent: usize) -> io::Result<f64> {
    let at = sorted.len() * percent / 100;
    if sorted.len() < at + BEYOND_MIN {
        return refuse(format!("{} samples are too few for a p{percent}", sorted.len()));
    }
    Ok(sorted[at])
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast from a float saturates")]
fn whole(per_second: f64) -> u32 {
    per_second as u32
}
