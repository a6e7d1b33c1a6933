//! The metrics by the names they have everywhere: in thresholds, CSV, HDR logs and comparisons.

use crate::measure::spans::Spans;
use crate::record::PhaseBook;

/// Metrics that are spans of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spanned {
    TapToBeat,
    SendToBeat,
    ScheduleLag,
    BeatAge,
    FeedAge,
}

impl Spanned {
    /// In the order of the way of a tap.
    pub(crate) const ALL: [Self; 5] =
        [Self::TapToBeat, Self::SendToBeat, Self::ScheduleLag, Self::BeatAge, Self::FeedAge];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TapToBeat => "tap_to_beat",
            Self::SendToBeat => "send_to_beat",
            Self::ScheduleLag => "schedule_lag",
            Self::BeatAge => "beat_age",
            Self::FeedAge => "feed_age",
        }
    }

    pub(crate) fn of(self, book: &PhaseBook) -> &Spans {
        match self {
            Self::TapToBeat => &book.tap_to_beat,
            Self::SendToBeat => &book.send_to_beat,
            Self::ScheduleLag => &book.schedule_lag,
            Self::BeatAge => &book.beat_age,
            Self::FeedAge => &book.feed_age,
        }
    }
}

/// Metrics that are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tally {
    Taps,
    Frames,
    Beats,
    MissedBeats,
    Bytes,
    Connects,
    Reconnects,
}

impl Tally {
    pub(crate) const ALL: [Self; 7] =
        [Self::Taps, Self::Frames, Self::Beats, Self::MissedBeats, Self::Bytes, Self::Connects, Self::Reconnects];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Taps => "taps",
            Self::Frames => "frames",
            Self::Beats => "beats",
            Self::MissedBeats => "missed_beats",
            Self::Bytes => "bytes",
            Self::Connects => "connects",
            Self::Reconnects => "reconnects",
        }
    }

    pub(crate) fn of(self, book: &PhaseBook) -> u64 {
        match self {
            Self::Taps => book.taps,
            Self::Frames => book.frames,
            Self::Beats => book.beats,
            Self::MissedBeats => book.missed_beats,
            Self::Bytes => book.bytes,
            Self::Connects => book.connects,
            Self::Reconnects => book.reconnects,
        }
    }
}
