//! The events to serve: names, times and rosters.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use beat_protocol::{EventId, Team, TeamCode};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::{Origins, WithoutTicket};
use crate::roster::{Roster, RosterError};

/// One `[[events]]` table.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventConfig {
    pub(crate) id: EventId,
    pub(crate) name: String,
    #[serde(default)]
    opens_at: OpensAt,
    #[serde(default, deserialize_with = "moment")]
    closes_at: Option<Timestamp>,
    /// `noc206`, or a CSV or TSV file; as written until [`EventConfig::resolve`] has read it.
    #[serde(default, rename = "roster")]
    source: Option<String>,
    /// The roster inline.
    #[serde(default)]
    teams: Option<Vec<InlineTeam>>,
    /// Its crowd is made up: every beat says so, and no screen shows it otherwise.
    #[serde(default)]
    pub(crate) rehearsal: bool,
    /// Whose pages may cheer and watch, beside our own.
    #[serde(default)]
    pub(crate) origins: Origins,
    /// Whether its fans may cheer without a ticket.
    #[serde(default)]
    pub(super) anonymous: WithoutTicket,
    /// Whether its displays may watch without one.
    #[serde(default)]
    pub(super) public_feed: WithoutTicket,
    #[serde(skip, default)]
    roster: Option<Arc<Roster>>,
}

/// When an event opens for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum OpensAt {
    /// With the service.
    #[default]
    Start,
    /// When an operator says so.
    Operator,
    /// At this time.
    Moment(Timestamp),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct InlineTeam {
    code: TeamCode,
    name: String,
    #[serde(default)]
    flag: String,
    #[serde(default)]
    color: String,
}

impl EventConfig {
    /// What runs when nobody configured anything: open, with the 206 NOCs.
    pub(super) fn demo() -> Self {
        Self {
            id: "demo".parse().expect("fits its rules"),
            name: "Demo".into(),
            opens_at: OpensAt::Start,
            closes_at: None,
            source: None,
            teams: None,
            rehearsal: false,
            origins: Origins::default(),
            anonymous: WithoutTicket::default(),
            public_feed: WithoutTicket::default(),
            roster: None,
        }
    }

    /// Its teams. Only after [`EventConfig::resolve`].
    pub(crate) fn roster(&self) -> Arc<Roster> {
        Arc::clone(self.roster.as_ref().expect("resolved when the configuration was loaded"))
    }

    /// From when on the timetable opens it, in milliseconds since 1970; never, where an operator does.
    pub(crate) fn opens_at_ms(&self) -> Option<u64> {
        match self.opens_at {
            OpensAt::Start => Some(0),
            OpensAt::Operator => None,
            OpensAt::Moment(moment) => Some(wall_ms(moment)),
        }
    }

    /// From when on the timetable closes it.
    pub(crate) fn closes_at_ms(&self) -> Option<u64> {
        self.closes_at.map(wall_ms)
    }

    /// Reads the roster; a file's path is relative to `folder`.
    pub(crate) fn resolve(&mut self, folder: &Path) -> Result<(), RosterError> {
        let roster = match (&self.source, &self.teams) {
            (Some(_), Some(_)) => return Err(RosterError::TwoSources),
            (None, Some(teams)) => Roster::new(teams.iter().cloned().map(Team::from).collect())?.into(),
            (None, None) => Roster::noc206(),
            (Some(name), None) if name == "noc206" => Roster::noc206(),
            (Some(path), None) => Roster::read(&folder.join(PathBuf::from(path)))?.into(),
        };
        self.roster = Some(roster);
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match (self.opens_at, self.closes_at) {
            (OpensAt::Moment(opens), Some(closes)) if closes <= opens => {
                Err(format!("closes_at {closes} is not after opens_at {opens}"))
            }
            _ => Ok(()),
        }
    }
}

impl From<InlineTeam> for Team {
    fn from(InlineTeam { code, name, flag, color }: InlineTeam) -> Self {
        Self { code, name, flag, color }
    }
}

impl<'de> Deserialize<'de> for OpensAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Text(word) if word == "start" => Ok(Self::Start),
            Written::Text(word) if word == "operator" => Ok(Self::Operator),
            written => written.moment().map(Self::Moment),
        }
    }
}

fn wall_ms(moment: Timestamp) -> u64 {
    u64::try_from(moment.as_millisecond()).unwrap_or(0)
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Written::deserialize(deserializer)?.moment().map(Some)
}

/// A time as TOML's own type or as text; both must name their offset.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Time(toml::value::Datetime),
    Text(String),
}

impl Written {
    fn moment<E: serde::de::Error>(self) -> Result<Timestamp, E> {
        let text = match self {
            Self::Time(time) => time.to_string(),
            Self::Text(text) => text,
        };
        text.parse()
            .map_err(|_| E::custom(format_args!("{text:?} is not a time with offset, such as 2028-07-14T19:00:00Z")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(toml: &str) -> Result<EventConfig, toml::de::Error> {
        toml::from_str(&format!("id = 'final'\nname = 'Final'\n{toml}"))
    }

    #[test]
    fn times_need_an_offset_and_an_order() {
        let good = event("opens_at = 2028-07-14T19:00:00+02:00\ncloses_at = 2028-07-14T21:00:00+02:00").unwrap();
        assert_eq!(good.opens_at, OpensAt::Moment("2028-07-14T17:00:00Z".parse().unwrap()));
        assert!(good.check().is_ok());
        assert_eq!(event("opens_at = 'operator'").unwrap().opens_at, OpensAt::Operator);
        assert_eq!(event("").unwrap().opens_at, OpensAt::Start);
        assert!(event("opens_at = 2028-07-14T19:00:00").unwrap_err().to_string().contains("offset"));
        let backwards = event("opens_at = 2028-07-14T19:00:00Z\ncloses_at = 2028-07-14T18:00:00Z").unwrap();
        assert!(backwards.check().unwrap_err().contains("is not after"));
    }

    #[test]
    fn a_roster_comes_inline_or_from_a_file_but_not_both() {
        let mut inline =
            event("teams = [{code = 'A', name = 'Ants'}, {code = 'B', name = 'Bees', color = '#ffcc00'}]").unwrap();
        inline.resolve(Path::new(".")).unwrap();
        assert_eq!(inline.roster().teams().len(), 2);
        let mut both = event("roster = 'noc206'\nteams = [{code = 'A', name = 'Ants'}]").unwrap();
        assert!(matches!(both.resolve(Path::new(".")), Err(RosterError::TwoSources)));
        let mut none = event("roster = 'missing.csv'").unwrap();
        assert!(none.resolve(Path::new(".")).unwrap_err().to_string().contains("missing.csv"));
    }
}
