//! What the sink's threads share: the roster, what each has counted, and the latest beat, encoded once.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use beat_protocol::{
    BeatHead, Cadence, Delta, EventDetail, EventId, EventState, EventSummary, FeedMessage, FeedTeam, Flags, Key,
    ServerFrame, ServerMessage, Team, TeamCode, Welcome, level_of,
};

use super::frames;

/// From one beat to the next.
pub(super) const BEAT: Duration = Duration::from_millis(100);
const BEAT_MS: u32 = 100;
/// Beats a rate looks back: a second.
const RATE_BEATS: usize = 10;
/// A fan gets every fifth beat, a fifth of them on each.
pub(super) const TURNS: u32 = 5;
/// Every so many beats each fan is sent a KEY: ten seconds.
const KEY_BEATS: u32 = 100;
const ROSTER: &str = "sink";

/// What one thread did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    pub(super) sockets: u64,
    pub(super) frames: u64,
    pub(super) beats: u64,
}

impl Work {
    pub(super) fn add(&mut self, other: &Self) {
        let Self { sockets, frames, beats } = other;
        self.sockets += sockets;
        self.frames += frames;
        self.beats += beats;
    }

    /// One line for whoever stopped the sink.
    pub(super) fn summary(&self, taps: u64, time: Duration) -> String {
        let Self { sockets, frames, beats } = self;
        let cpu = crate::measure::cpu::own().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "shown to a few digits")]
        let per_frame = cpu * 1e6 / (*frames).max(1) as f64;
        format!(
            "sink: {sockets} sockets, {frames} frames in with {taps} taps, {beats} beats out; \
             {cpu:.2} s of CPU in {:.1} s, {per_frame:.2} us a frame in, beats included",
            time.as_secs_f64()
        )
    }
}

/// A beat ready to be written.
#[derive(Debug)]
pub(super) struct Beat {
    pub(super) number: u32,
    /// For whose turn it is.
    pub(super) frame: Arc<[u8]>,
    /// Number of the KEY that `frame` is or builds on.
    pub(super) key: u32,
    /// The same beat as a KEY, for who missed one.
    pub(super) whole: Arc<[u8]>,
    /// As text, and framed for every display.
    pub(super) json: String,
    pub(super) feed: Arc<[u8]>,
    /// What a fan of each turn that comes now is told after its welcome: that turn's KEY, and what changed since.
    pub(super) greetings: [(u32, Arc<[u8]>); TURNS as usize],
}

/// The last KEY of one turn.
#[derive(Clone, Debug)]
struct Turn {
    number: u32,
    levels: Vec<u8>,
    frame: Vec<u8>,
}

#[derive(Debug)]
struct Past {
    /// Totals of the last beats, oldest first.
    totals: Vec<Vec<u64>>,
    turns: Vec<Turn>,
}

/// What all threads see.
#[derive(Debug)]
pub(super) struct Board {
    event: EventDetail,
    cadence: Cadence,
    t0_ms: u64,
    /// Taps by thread and team. Each is written by its thread alone.
    counted: Vec<Vec<AtomicU64>>,
    past: Mutex<Past>,
    latest: Mutex<Arc<Beat>>,
}

impl Board {
    pub(super) fn new(event: EventId, teams: u16, threads: u16, cadence: Cadence) -> Self {
        let team = |n: u16| Team {
            code: format!("T{n:03}").parse().expect("T and at most four digits"),
            name: format!("Team {n}"),
            flag: String::new(),
            color: format!("#{:06x}", u32::from(n) * 6_364_136 % 0x100_0000),
        };
        let summary = EventSummary { id: event, name: "Sink".into(), state: EventState::Open, roster: ROSTER.into() };
        let t0_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let nothing: Arc<[u8]> = Arc::default();
        let first = Beat {
            number: 0,
            frame: Arc::clone(&nothing),
            key: 0,
            whole: Arc::clone(&nothing),
            json: String::new(),
            feed: Arc::clone(&nothing),
            greetings: std::array::from_fn(|_| (0, Arc::clone(&nothing))),
        };
        let board = Self {
            event: EventDetail {
                summary,
                opens_at_ms: None,
                closes_at_ms: None,
                teams: (1..=teams).map(team).collect(),
            },
            cadence,
            t0_ms: u64::try_from(t0_ms).unwrap_or(0),
            counted: (0..threads).map(|_| (0..teams).map(|_| AtomicU64::new(0)).collect()).collect(),
            past: Mutex::new(Past {
                totals: vec![vec![0; usize::from(teams)]],
                turns: vec![Turn { number: 0, levels: Vec::new(), frame: Vec::new() }; TURNS as usize],
            }),
            latest: Mutex::new(Arc::new(first)),
        };
        // Every turn has its KEY before anybody comes.
        (0..TURNS).for_each(|_| board.beat());
        board
    }

    /// Adds `taps` of a team to what a thread has counted; an unknown team's are nobody's.
    pub(super) fn count(&self, lane: usize, team: u16, taps: u64) {
        if let Some(counter) = self.counted[lane].get(usize::from(team)) {
            counter.store(counter.load(Ordering::Relaxed) + taps, Ordering::Relaxed);
        }
    }

    pub(super) fn latest(&self) -> Arc<Beat> {
        Arc::clone(&self.latest.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes the next beat.
    pub(super) fn beat(&self) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.latest().number + 1;
        let totals = self.totals();
        let before = &past.totals[0];
        // Missing time counts as silence: the first second's rates begin low.
        let rates: Vec<u64> = totals.iter().zip(before).map(|(now, before)| now - before).collect();
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown to a few digits")]
        let levels: Vec<u8> = rates.iter().map(|&rate| level_of(rate as f64)).collect();
        let head = BeatHead { flags: Flags::default(), beat: number, cadence: self.cadence };
        let turn = (number % TURNS) as usize;
        let is_key = past.turns[turn].frame.is_empty() || number >= past.turns[turn].number + KEY_BEATS;
        let whole = binary(&ServerFrame::Key(Key { head, levels: levels.clone(), totals: totals.clone() }));
        if is_key {
            past.turns[turn] = Turn { number, levels: levels.clone(), frame: whole.clone() };
        }
        let delta = |turn: &Turn| binary(&ServerFrame::Delta(Delta::between(head, turn.number, &turn.levels, &levels)));
        let frame = if is_key { past.turns[turn].frame.clone() } else { delta(&past.turns[turn]) };
        let greetings = std::array::from_fn(|turn| {
            let turn = &past.turns[turn];
            let rest = if turn.number == number { Vec::new() } else { delta(turn) };
            (turn.number, [turn.frame.clone(), rest].concat().into())
        });
        let json = self.feed_message(number, &totals, &rates);
        let feed = frames::text(json.as_bytes());
        let key = past.turns[turn].number;
        let beat = Beat { number, frame: frame.into(), key, whole: whole.into(), json, feed: feed.into(), greetings };
        past.totals.push(totals);
        if past.totals.len() > RATE_BEATS {
            past.totals.remove(0);
        }
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(beat);
    }

    fn totals(&self) -> Vec<u64> {
        let of_team =
            |team: usize| self.counted.iter().map(|lane: &Vec<AtomicU64>| lane[team].load(Ordering::Relaxed)).sum();
        (0..self.event.teams.len()).map(of_team).collect()
    }

    pub(super) fn total(&self) -> u64 {
        self.totals().iter().sum()
    }

    fn feed_message(&self, beat: u32, totals: &[u64], rates: &[u64]) -> String {
        #[expect(clippy::cast_precision_loss, reason = "a rate is shown to a few digits")]
        let rate = |rate: u64| rate as f64;
        let mut order: Vec<usize> = (0..totals.len()).collect();
        order.sort_by_key(|&team| (std::cmp::Reverse((rates[team], totals[team])), self.code(team)));
        let team = |(rank, &team): (u32, &usize)| FeedTeam {
            rank,
            code: self.code(team),
            name: self.event.teams[team].name.as_str().into(),
            total: totals[team],
            rate: rate(rates[team]),
            level: level_of(rate(rates[team])),
            fans: 0,
            intensity: 0.0,
        };
        let message = FeedMessage {
            beat,
            at_ms: self.t0_ms + u64::from(beat) * u64::from(BEAT_MS),
            event: self.event.summary.id.clone(),
            state: EventState::Open,
            flags: Vec::new(),
            total: totals.iter().sum(),
            rate: rate(rates.iter().sum()),
            teams: (1..).zip(&order).map(team).collect(),
        };
        serde_json::to_string(&message).expect("a message has no way to fail")
    }

    fn code(&self, team: usize) -> TeamCode {
        self.event.teams[team].code
    }

    /// The first text on a fan's socket.
    pub(super) fn welcome(&self, session: &str, resumed: bool) -> Vec<u8> {
        let welcome = Welcome {
            event: self.event.summary.id.clone(),
            state: EventState::Open,
            session: session.to_owned(),
            resumed,
            roster: ROSTER.into(),
            t0_ms: self.t0_ms,
            beat_ms: BEAT_MS,
            taps_per_second: 16,
            teams_max: 8,
            team: None,
        };
        frames::text(ServerMessage::Welcome { welcome }.to_text().as_bytes())
    }

    pub(super) fn event_id(&self) -> &str {
        self.event.summary.id.as_str()
    }

    /// `GET /v1/events/{event}`.
    pub(super) fn event_page(&self) -> String {
        serde_json::to_string(&self.event).expect("an event has no way to fail")
    }

    /// `GET /metrics`, as far as it decides anything.
    pub(super) fn metrics_page(&self) -> String {
        let mut page = "# TYPE beat_taps_total counter\n".to_owned();
        for (team, taps) in self.event.teams.iter().zip(self.totals()) {
            let event = self.event_id();
            let line =
                writeln!(page, "beat_taps_total{{event=\"{event}\",team=\"{}\",fate=\"counted\"}} {taps}", team.code);
            line.expect("a string takes all");
        }
        page
    }
}

fn binary(frame: &ServerFrame) -> Vec<u8> {
    let mut payload = Vec::new();
    frame.encode(&mut payload);
    frames::binary(&payload)
}
