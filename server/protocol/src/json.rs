//! The same messages as JSON text, so that a person can cheer by hand.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{CloseCode, EventId, EventState, Flag, RECORDS_MAX, TeamCode};

/// Why a text is not a message.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// Not JSON.
    #[error("not JSON: {0}")]
    Syntax(#[source] serde_json::Error),
    /// JSON, but not a message of the contract.
    #[error("not a message: {0}")]
    Shape(#[source] serde_json::Error),
    /// Neither, or both, of `cheer` and `base`.
    #[error("a message has exactly one of cheer and base")]
    OneOf,
    /// No team, or more than eight.
    #[error("{0} teams in one message, allowed are 1 to 8")]
    TeamCount(usize),
    /// Longer than any message of a fan may be.
    #[error("message of {0} bytes, allowed are 256")]
    TooLong(usize),
}

impl JsonError {
    /// What the connection is closed with.
    pub fn close_code(&self) -> CloseCode {
        match self {
            Self::Syntax(_) => CloseCode::BadText,
            Self::TooLong(_) => CloseCode::TooLong,
            Self::Shape(_) | Self::OneOf | Self::TeamCount(_) => CloseCode::Malformed,
        }
    }
}

/// Values by team code, in the order they were given. A team that stands twice is kept twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByTeam<T>(pub Vec<(TeamCode, T)>);

impl<T: Serialize> Serialize for ByTeam<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (team, value) in &self.0 {
            map.serialize_entry(team, value)?;
        }
        map.end()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ByTeam<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Object::deserialize(deserializer).map(|Object(entries)| Self(entries))
    }
}

/// A JSON object, entry by entry, and nothing else: serde's own structs would take an array as well.
struct Object<K, V>(Vec<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Object<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(std::marker::PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Entries<K, V> {
            type Value = Object<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<K, V>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }

        deserializer.deserialize_map(Entries(std::marker::PhantomData))
    }
}

/// What a fan sends; see [`crate::ClientFrame`] for the meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientMessage {
    /// `{"cheer":{"JPN":120}}`
    Cheer(ByTeam<u32>),
    /// `{"base":{"JPN":118}}`
    Base(ByTeam<u32>),
}

impl ClientMessage {
    /// Reads a message as a server does.
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Kind {
            Cheer,
            Base,
        }

        if text.len() > crate::FAN_MESSAGE_BYTES_MAX {
            return Err(JsonError::TooLong(text.len()));
        }
        let Object(mut said) = serde_json::from_str(text).map_err(|error| {
            // Where reading for a shape stopped says little: whether all of it is JSON does.
            match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => JsonError::Shape(error),
                Err(syntax) => JsonError::Syntax(syntax),
            }
        })?;
        let message = match (said.pop(), said.pop()) {
            (Some((Kind::Cheer, totals)), None) => Self::Cheer(totals),
            (Some((Kind::Base, totals)), None) => Self::Base(totals),
            _ => return Err(JsonError::OneOf),
        };
        match message.totals().0.len() {
            1..=RECORDS_MAX => Ok(message),
            count => Err(JsonError::TeamCount(count)),
        }
    }

    /// The totals it states.
    pub fn totals(&self) -> &ByTeam<u32> {
        match self {
            Self::Cheer(totals) | Self::Base(totals) => totals,
        }
    }
}

/// The first message on every fan socket, in either encoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The event.
    pub event: EventId,
    /// Where it stands.
    pub state: EventState,
    /// The session to resume with, 22 characters.
    pub session: String,
    /// Whether the session asked for was taken up again, its marks intact.
    pub resumed: bool,
    /// Tag of the roster that indices refer to.
    pub roster: String,
    /// Nominal time of beat 0, in milliseconds since 1970.
    pub t0_ms: u64,
    /// From one beat to the next, in milliseconds.
    pub beat_ms: u32,
    /// What a session may tap without being shadowed.
    pub taps_per_second: u32,
    /// Teams one session may cheer for.
    pub teams_max: u32,
    /// The only team the ticket allows; `None`: any.
    pub team: Option<TeamCode>,
}

/// What a server sends to a fan, as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ServerMessage {
    /// The first message; binary connections get it, too.
    Welcome {
        /// Its content.
        welcome: Welcome,
    },
    /// The highest totals this session was heard to say.
    Marks {
        /// Its content.
        marks: ByTeam<u32>,
    },
    /// A beat: KEY where there are totals, DELTA where there are none.
    Beat {
        /// Its number.
        beat: u32,
        /// Its nominal time, in milliseconds since 1970.
        at_ms: u64,
        /// What is special about it.
        flags: Vec<Flag>,
        /// How long a client waits between two CHEER frames.
        cadence_ms: u32,
        /// A team that is absent is silent.
        levels: ByTeam<u8>,
        /// With key beats only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        totals: Option<ByTeam<u64>>,
    },
}

impl ServerMessage {
    /// The message as text.
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("a message has no way to fail")
    }
}
