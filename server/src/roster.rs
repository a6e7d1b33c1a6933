//! The teams of an event, in index order, from a table or built in. Knows no socket and no store.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use beat_protocol::{Team, TeamCode};
use xxhash_rust::xxh3::xxh3_64;

/// The 206 National Olympic Committees by their codes, and two entries without a territory.
const NOC206: &str = include_str!("../roster/noc206.tsv");

/// Why a table is not a roster.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RosterError {
    #[error("both a roster and teams are given; one of them is enough")]
    TwoSources,
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}: a roster file ends in .csv or .tsv", path.display())]
    Ending { path: PathBuf },
    #[error("{}: {source}", path.display())]
    InFile { path: PathBuf, source: Box<RosterError> },
    #[error("line {line}: {why}")]
    Line { line: u64, why: String },
    #[error("the first line names the columns: code and name, and if you like flag and color; {0:?} is none of them")]
    UnknownColumn(String),
    #[error("no column {0}; the first line names the columns")]
    MissingColumn(&'static str),
    #[error("team {0} stands twice")]
    Twice(TeamCode),
    #[error("team {code}: {color:?} is not a colour such as #c8102e")]
    Color { code: TeamCode, color: String },
    #[error("{0} teams, allowed are 1 to 65535")]
    Size(usize),
}

/// A roster and the way from code to index.
#[derive(Debug, PartialEq)]
pub(crate) struct Roster {
    teams: Vec<Team>,
    tag: String,
    by_code: HashMap<TeamCode, u16>,
}

impl Roster {
    /// Takes over `teams`, in index order; a team without a colour gets one of its own.
    pub(crate) fn new(mut teams: Vec<Team>) -> Result<Self, RosterError> {
        if teams.is_empty() || u16::try_from(teams.len()).is_err() {
            return Err(RosterError::Size(teams.len()));
        }
        let mut by_code = HashMap::with_capacity(teams.len());
        for (index, team) in (0..=u16::MAX).zip(&mut teams) {
            if by_code.insert(team.code, index).is_some() {
                return Err(RosterError::Twice(team.code));
            }
            if team.color.is_empty() {
                team.color = color_of(index);
            } else if !is_color(&team.color) {
                return Err(RosterError::Color { code: team.code, color: team.color.clone() });
            }
        }
        let tag = format!("{:016x}", xxh3_64(&serde_json::to_vec(&teams).expect("teams are plain values")));
        Ok(Self { teams, tag, by_code })
    }

    /// The 206 NOCs; one table, however many events have it.
    pub(crate) fn noc206() -> Arc<Self> {
        static ROSTER: LazyLock<Arc<Roster>> =
            LazyLock::new(|| Roster::parse(NOC206, b'\t').expect("the built-in table is a roster").into());
        Arc::clone(&ROSTER)
    }

    /// Reads a CSV or TSV file.
    pub(crate) fn read(path: &Path) -> Result<Self, RosterError> {
        let separator = match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => b',',
            Some("tsv") => b'\t',
            _ => return Err(RosterError::Ending { path: path.to_owned() }),
        };
        let text = std::fs::read_to_string(path)
            .map_err(|source| RosterError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&text, separator)
            .map_err(|source| RosterError::InFile { path: path.to_owned(), source: Box::new(source) })
    }

    /// Reads the text of such a file.
    pub(crate) fn parse(text: &str, separator: u8) -> Result<Self, RosterError> {
        let mut table =
            csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(text.as_bytes());
        let line_of = |error: csv::Error| RosterError::Line {
            line: error.position().map_or(1, csv::Position::line),
            why: error.to_string(),
        };
        let columns = table.headers().map_err(line_of)?.clone();
        if let Some(other) = columns.iter().find(|name| !["code", "name", "flag", "color"].contains(name)) {
            return Err(RosterError::UnknownColumn(other.into()));
        }
        let column = |wanted: &str| columns.iter().position(|name| name == wanted);
        let code = column("code").ok_or(RosterError::MissingColumn("code"))?;
        let name = column("name").ok_or(RosterError::MissingColumn("name"))?;
        let (flag, color) = (column("flag"), column("color"));
        let mut teams = Vec::new();
        for row in table.records() {
            let row = row.map_err(line_of)?;
            let line = row.position().map_or(0, csv::Position::line);
            let optional = |column: Option<usize>| column.map_or(String::new(), |at| row[at].to_owned());
            let code = row[code].parse().map_err(|invalid: beat_protocol::InvalidId| RosterError::Line {
                line,
                why: format!("{invalid}, not {:?}", &row[code]),
            })?;
            teams.push(Team { code, name: row[name].to_owned(), flag: optional(flag), color: optional(color) });
        }
        Self::new(teams)
    }

    /// All teams, in index order.
    pub(crate) fn teams(&self) -> &[Team] {
        &self.teams
    }

    /// Another tag, another roster.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// The index of `code`.
    pub(crate) fn index_of(&self, code: TeamCode) -> Option<u16> {
        self.by_code.get(&code).copied()
    }
}

fn is_color(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text.bytes().skip(1).all(|b| b.is_ascii_hexdigit())
}

/// A colour for the team at `index`: hues a golden angle apart, so that neighbours differ, at one lightness.
fn color_of(index: u16) -> String {
    const GOLDEN_ANGLE_DEGREES: f64 = 137.508;
    let hue = (f64::from(index) * GOLDEN_ANGLE_DEGREES) % 360.0;
    let channel = |shift: f64| {
        // CSS Color 4, HSL to RGB, at saturation 0.65 and lightness 0.5.
        let k = (shift + hue / 30.0) % 12.0;
        let value = 0.5 - 0.325 * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        format!("{:02x}", to_byte(value))
    };
    format!("#{}{}{}", channel(0.0), channel(8.0), channel(4.0))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a value from 0 to 1")]
fn to_byte(value: f64) -> u8 {
    (value * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_roster_has_206_nocs_and_two_without_a_territory() {
        let roster = Roster::noc206();
        assert_eq!(roster.teams().len(), 206 + 2);
        let japan = &roster.teams()[usize::from(roster.index_of("JPN".parse().unwrap()).unwrap())];
        assert_eq!((japan.name.as_str(), japan.flag.as_str()), ("Japan", "🇯🇵"));
        for code in ["EOR", "AIN"] {
            assert!(roster.index_of(code.parse().unwrap()).is_some(), "{code}");
        }
        assert!(
            roster.teams().iter().all(|team| !team.name.is_empty() && !team.flag.is_empty() && is_color(&team.color))
        );
    }

    #[test]
    fn a_table_that_is_no_roster_is_refused_by_line_and_name() {
        for (table, why) in [
            ("code,name\nJ PN,Japan\n", "line 2: a team code is"),
            ("code,name\nJPN,Japan\nJPN,Japan again\n", "JPN stands twice"),
            ("code,name\nJPN\n", "line 2: "),
            ("code\nJPN\n", "no column name"),
            ("code,name,colour\nJPN,Japan,red\n", "\"colour\" is none of them"),
            ("code,name,color\nJPN,Japan,red\n", "\"red\" is not a colour"),
            ("code,name\n", "0 teams"),
        ] {
            let refusal = Roster::parse(table, b',').expect_err(table).to_string();
            assert!(refusal.contains(why), "{refusal}");
        }
    }

    #[test]
    fn teams_without_a_colour_get_different_ones_and_the_tag_follows_the_content() {
        let roster = Roster::parse("code,name\nA,Ants\nB,Bees\n", b',').unwrap();
        let [ants, bees] = roster.teams() else { panic!("two teams") };
        assert!(is_color(&ants.color) && is_color(&bees.color) && ants.color != bees.color);
        assert_ne!(roster.tag(), Roster::parse("code,name\nA,Ants\nB,Wasps\n", b',').unwrap().tag());
    }
}
