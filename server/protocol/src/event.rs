//! Names: events and teams, as the addresses and the roster spell them.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A name that does not fit its rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Event ids match `[a-z0-9-]{1,32}`.
    #[error("an event id is 1 to 32 of a-z, 0-9 and -")]
    Event,
    /// Team codes are 1 to 12 printable ASCII characters.
    #[error("a team code is 1 to 12 printable ASCII characters without blanks")]
    Team,
}

/// The id of an event: `[a-z0-9-]{1,32}`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct EventId(Arc<str>);

impl EventId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EventId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.into())) } else { Err(InvalidId::Event) }
    }
}

/// The code of a team: 1 to 12 printable ASCII characters, kept in place so that copying one costs nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TeamCode {
    bytes: [u8; Self::LEN_MAX],
    len: u8,
}

impl TeamCode {
    /// The longest code, in bytes.
    pub const LEN_MAX: usize = 12;

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("only ASCII was let in")
    }
}

impl FromStr for TeamCode {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = (1..=Self::LEN_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            return Err(InvalidId::Team);
        }
        let mut bytes = [0; Self::LEN_MAX];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).expect("at most twelve");
        Ok(Self { bytes, len })
    }
}

impl Borrow<str> for EventId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for TeamCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TeamCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for TeamCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TeamCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(std::marker::PhantomData))
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(std::marker::PhantomData))
    }
}

/// Reads a name from text, borrowed or owned, by its `FromStr`.
struct Parsed<T>(std::marker::PhantomData<T>);

impl<T: FromStr<Err = InvalidId>> de::Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|invalid: InvalidId| E::custom(format_args!("{invalid}, not {text:?}")))
    }
}

/// Where an event stands, as everyone may know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventState {
    /// Not open yet: taps are late.
    Scheduled,
    /// Taps count.
    Open,
    /// Over: taps are late, the final tally stands.
    Closed,
}

/// `GET /v1/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventList {
    /// Every event of this service.
    pub events: Vec<EventSummary>,
}

/// One event in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSummary {
    /// Its id, as it stands in addresses.
    pub id: EventId,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub state: EventState,
    /// Tag of its roster; another tag, another roster.
    pub roster: String,
}

/// `GET /v1/events/{event}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDetail {
    /// What the list says of it.
    #[serde(flatten)]
    pub summary: EventSummary,
    /// When its timetable opens it, in milliseconds since 1970; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens_at_ms: Option<u64>,
    /// When its timetable closes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes_at_ms: Option<u64>,
    /// Its teams, in index order.
    pub teams: Vec<Team>,
}

/// `GET /v1/events/{event}?roster=<tag>`: what may be kept for good, so without the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTeams {
    /// Its id, as it stands in addresses.
    pub id: EventId,
    /// What people call it.
    pub name: String,
    /// The tag that was asked for.
    pub roster: String,
    /// Its teams, in index order.
    pub teams: Vec<Team>,
}

/// One team of a roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its code: a country's NOC code, or whatever the roster's author chose.
    pub code: TeamCode,
    /// What people call it.
    pub name: String,
    /// Its flag as an emoji, or empty.
    pub flag: String,
    /// Its colour as `#rrggbb`.
    pub color: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_outside_their_rules_are_refused() {
        for bad in ["", "Demo", "a b", "a/b", "ä", "a-name-that-is-longer-than-32-bytes"] {
            assert_eq!(bad.parse::<EventId>().unwrap_err(), InvalidId::Event, "{bad:?}");
        }
        for bad in ["", "J P", "thirteen-long", "é", "\u{7f}"] {
            assert_eq!(bad.parse::<TeamCode>().unwrap_err(), InvalidId::Team, "{bad:?}");
        }
        assert_eq!("JPN".parse::<TeamCode>().unwrap().as_str(), "JPN");
    }
}
