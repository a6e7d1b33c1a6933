//! What is noted of a phase, of a second, and of a stretch of them.

use serde::{Deserialize, Serialize};

use crate::clock::as_seconds;
use crate::measure::spans::Spans;
use crate::plan::phases::{Phase, PhaseKind};

/// What happened between two instants.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PhaseRecord {
    #[serde(flatten)]
    pub(crate) phase: Phase,
    #[serde(flatten)]
    pub(crate) book: PhaseBook,
}

impl PhaseRecord {
    /// Connecting, warming up and settling are told apart and enter no figure of the whole.
    pub(crate) fn is_measured(&self) -> bool {
        self.phase.kind == PhaseKind::Measured
    }

    pub(crate) fn seconds(&self) -> f64 {
        as_seconds(self.phase.length())
    }
}

/// What is noted of a phase. Taps belong to the phase in which they were meant, frames and beats to that of their instant.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct PhaseBook {
    /// Logical taps: what people do.
    pub(crate) taps: u64,
    /// CHEER frames: what travels.
    pub(crate) frames: u64,
    /// Beats that fans received, those they should have received and did not, and payload bytes.
    pub(crate) beats: u64,
    pub(crate) missed_beats: u64,
    pub(crate) bytes: u64,
    pub(crate) connects: u64,
    pub(crate) reconnects: u64,
    /// How much later than planned this program acted.
    pub(crate) schedule_lag: Spans,
    /// From handing a tap to a socket to the first beat that contains it, of each fan one at a time: the service time.
    /// Hides stalls, as every tool does that waits for an answer before it asks again.
    pub(crate) send_to_beat: Spans,
    /// From the instant a tap was meant to that beat: what a person feels. Shows stalls.
    pub(crate) tap_to_beat: Spans,
    /// How much later than the quickest beat ever a beat reached a fan.
    pub(crate) beat_age: Spans,
    /// The same on the display feed.
    pub(crate) feed_age: Spans,
}

impl PhaseBook {
    /// Adds another worker's or phase's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.taps += other.taps;
        self.frames += other.frames;
        self.beats += other.beats;
        self.missed_beats += other.missed_beats;
        self.bytes += other.bytes;
        self.connects += other.connects;
        self.reconnects += other.reconnects;
        self.schedule_lag.add(&other.schedule_lag);
        self.send_to_beat.add(&other.send_to_beat);
        self.tap_to_beat.add(&other.tap_to_beat);
        self.beat_age.add(&other.beat_age);
        self.feed_age.add(&other.feed_age);
    }
}

/// One second on the run's clock.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Second {
    /// Seconds since the clock was started.
    pub(crate) at: u32,
    /// Sent, counted by when they were handed to a socket.
    pub(crate) taps: u64,
    pub(crate) frames: u64,
    /// Connections open at its end.
    pub(crate) open: u64,
    /// The longest tap to beat of the taps meant in this second; none where nobody tapped.
    pub(crate) max_ms: Option<f64>,
    /// The latest wake-up of any process's watchdog.
    pub(crate) hiccup_ms: f64,
}

/// Tap to beat of the taps meant from one second to another, on the run's clock.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Stretch {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) took: Spans,
}
