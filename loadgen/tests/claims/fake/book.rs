//! What the fake server knows: its roster, its sessions and its totals.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use beat_protocol::{ClientFrame, EventDetail, EventState, EventSummary, FeedMessage, FeedTeam, Record, Records, Team};

use super::Faults;

pub(super) const TEAMS: [&str; 5] = ["JPN", "BRA", "FRA", "KEN", "USA"];

pub(super) struct State {
    pub(super) faults: Faults,
    pub(super) totals: [u64; TEAMS.len()],
    pub(super) shadowed: [u64; TEAMS.len()],
    pub(super) sessions: HashMap<String, Session>,
    pub(super) welcomes: u64,
    pub(super) base_frames: u64,
    /// Where fans connected from, and how many.
    pub(super) sources: HashMap<String, u64>,
    pub(super) first_tap: Option<Instant>,
}

pub(super) struct Session {
    pub(super) marks: HashMap<u16, u32>,
    pub(super) tokens: f64,
    pub(super) as_of: Instant,
}

pub(super) fn event() -> EventDetail {
    let id = "demo".parse().unwrap();
    let team = |code: &str| Team {
        code: code.parse().unwrap(),
        name: code.into(),
        flag: String::new(),
        color: "#123456".into(),
    };
    let summary = EventSummary { id, name: "Demo".into(), state: EventState::Open, roster: "five".into() };
    EventDetail { summary, opens_at_ms: None, closes_at_ms: None, teams: TEAMS.map(team).into() }
}

impl Session {
    pub(super) fn new() -> Self {
        Self { marks: HashMap::new(), tokens: 24.0, as_of: Instant::now() }
    }

    pub(super) fn marks(&self) -> Option<Records> {
        let records: Vec<Record> = self.marks.iter().map(|(&team, &total)| Record { team, total }).collect();
        Records::new(&records).ok()
    }
}

impl State {
    /// Some teams were cheered for before.
    pub(super) fn new(faults: Faults) -> Self {
        Self {
            faults,
            totals: [7, 0, 1_000, 0, 3],
            shadowed: [0; TEAMS.len()],
            sessions: HashMap::new(),
            welcomes: 0,
            base_frames: 0,
            sources: HashMap::new(),
            first_tap: None,
        }
    }

    pub(super) fn since_first_tap(&self) -> Duration {
        self.first_tap.map_or(Duration::ZERO, |at| at.elapsed())
    }

    pub(super) fn is_silent(&self) -> bool {
        let silence = Duration::from_millis(500)..Duration::from_secs(3);
        self.faults.falls_silent && silence.contains(&self.since_first_tap())
    }

    pub(super) fn take_in(&mut self, session: &str, frame: ClientFrame) {
        let Some(session) = self.sessions.get_mut(session) else { return };
        let records = match frame {
            ClientFrame::Base(records) => {
                self.base_frames += 1;
                for record in records.iter() {
                    session.marks.entry(record.team).or_insert(record.total);
                }
                return;
            }
            ClientFrame::Cheer(records) => records,
        };
        let now = Instant::now();
        self.first_tap.get_or_insert(now);
        session.tokens = (session.tokens + 16.0 * now.duration_since(session.as_of).as_secs_f64()).min(80.0);
        session.as_of = now;
        for record in records.iter() {
            let mark = session.marks.entry(record.team).or_default();
            for _ in *mark..record.total {
                let team = usize::from(record.team);
                if session.tokens < 1.0 {
                    self.shadowed[team] += 1;
                    continue;
                }
                session.tokens -= 1.0;
                self.totals[team] += 1;
            }
            *mark = record.total.max(*mark);
        }
    }

    pub(super) fn metrics(&self) -> String {
        let line = |team: &str, fate: &str, taps: u64| {
            format!("beat_taps_total{{event=\"demo\",team=\"{team}\",fate=\"{fate}\"}} {taps}\n")
        };
        let teams = TEAMS.iter().zip(self.totals.iter().zip(self.shadowed));
        teams
            .map(|(team, (&counted, shadowed))| line(team, "counted", counted) + &line(team, "shadowed", shadowed))
            .collect()
    }

    pub(super) fn feed_message(&self, beat: u32) -> String {
        let team = |(team, &total): (&str, &u64)| FeedTeam {
            rank: 1,
            code: team.parse().unwrap(),
            name: team.to_owned().into(),
            total,
            rate: 0.0,
            level: 0,
            fans: 0,
            intensity: 0.0,
        };
        let message = FeedMessage {
            beat,
            at_ms: 1_790_000_000_000 + u64::from(beat) * 100,
            event: "demo".parse().unwrap(),
            state: EventState::Open,
            flags: Vec::new(),
            total: self.totals.iter().sum(),
            rate: 0.0,
            teams: TEAMS.into_iter().zip(&self.totals).map(team).collect(),
        };
        serde_json::to_string(&message).unwrap()
    }
}
