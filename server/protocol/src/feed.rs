//! The display feed: one JSON message a beat, for arena screens and lights.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{EventId, EventState, Flag, TeamCode};

/// A beat as a display gets it: over WebSocket, as a server-sent event, and from `/beat`.
///
/// `teams` comes last, so that a shortened message is a prefix of the whole one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedMessage<'a> {
    /// Number of the beat; only rises.
    pub beat: u32,
    /// Its nominal time, in milliseconds since 1970.
    pub at_ms: u64,
    /// The event it belongs to.
    pub event: EventId,
    /// Where that event stands.
    pub state: EventState,
    /// What is special about this beat; empty as a rule.
    pub flags: Vec<Flag>,
    /// Taps of all teams.
    pub total: u64,
    /// Taps per second of all teams, over the last second.
    pub rate: f64,
    /// By rate, then total, descending, then code; all of them, or the first few asked for.
    #[serde(borrow)]
    pub teams: Vec<FeedTeam<'a>>,
}

/// One team of a beat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedTeam<'a> {
    /// From 1, unique.
    pub rank: u32,
    /// Its code in the roster.
    pub code: TeamCode,
    /// Its name in the roster.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its taps since the event opened.
    pub total: u64,
    /// Its taps per second, over the last second.
    pub rate: f64,
    /// The same on one byte, see [`crate::level_of`].
    pub level: u8,
    /// The fans who tapped for it in the last ten seconds or so; 0 from a service that does not say.
    #[serde(default)]
    pub fans: u32,
    /// Its taps per second and fan, shrunk where few fans are: `rate / (fans + 10)`, to a hundredth.
    #[serde(default)]
    pub intensity: f64,
}
