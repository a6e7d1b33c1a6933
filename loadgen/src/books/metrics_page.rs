//! The server's own count of taps, from its metrics page.

use std::collections::HashMap;

use beat_protocol::{EventId, TeamCode};

use crate::target::{TargetError, page};
use crate::trust::Trust;

const METRIC: &str = "beat_taps_total";

/// What a server says it did with one team's taps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fates {
    pub(crate) counted: u64,
    pub(crate) shadowed: u64,
    pub(crate) late: u64,
}

impl Fates {
    /// What came in since `before`. A counter that fell was begun anew: all of it is since.
    pub(crate) fn since(self, before: Self) -> Self {
        let since = |now: u64, before: u64| now.checked_sub(before).unwrap_or(now);
        Self {
            counted: since(self.counted, before.counted),
            shadowed: since(self.shadowed, before.shadowed),
            late: since(self.late, before.late),
        }
    }

    pub(crate) fn received(self) -> u64 {
        self.counted + self.shadowed + self.late
    }
}

/// The fates of one event's taps by team.
pub(crate) type FatesByTeam = HashMap<TeamCode, Fates>;

/// Adds up what every gateway at `admins` tells of `event`.
pub(crate) fn fetch(admins: &[String], event: &EventId, trust: &Trust) -> Result<FatesByTeam, TargetError> {
    let mut fates = FatesByTeam::new();
    for admin in admins {
        let advice = || "; --admin says where the server tells its metrics (beat-server prints it)".to_owned();
        let text = page(&format!("{}/metrics", admin.trim_end_matches('/')), None, trust)
            .map_err(|error| error.advised(|_| advice()))?;
        read(&text, event, &mut fates);
    }
    Ok(fates)
}

/// Reads the Prometheus text format as far as this one metric goes; series that differ in further labels add up.
fn read(text: &str, event: &EventId, fates: &mut FatesByTeam) {
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(METRIC).and_then(|rest| rest.strip_prefix('{')) else { continue };
        let Some((labels, value)) = rest.rsplit_once('}') else { continue };
        let label = |name: &str| labels_of(labels).find(|(key, _)| *key == name).map(|(_, value)| value);
        let team = label("team").and_then(|code| code.parse::<TeamCode>().ok());
        let (Some(team), true) = (team, label("event") == Some(event.as_str())) else { continue };
        let taps = value.split_whitespace().next().and_then(whole);
        let (Some(taps), Some(fate)) = (taps, label("fate")) else { continue };
        let of_team = fates.entry(team).or_default();
        match fate {
            "counted" => of_team.counted += taps,
            "shadowed" => of_team.shadowed += taps,
            "late" => of_team.late += taps,
            _ => {}
        }
    }
}

/// Keys and values of `key="value",…`. A value may hold commas and braces; one with a backslash or a quote is cut short
/// there, which no team code is named like.
fn labels_of(mut labels: &str) -> impl Iterator<Item = (&str, &str)> {
    std::iter::from_fn(move || {
        let (key, rest) = labels.split_once("=\"")?;
        let (value, rest) = rest.split_once('"')?;
        labels = rest;
        Some((key.trim_start_matches([',', ' ']), value))
    })
}

/// A counter's value; some exporters write every number as a float.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole number below 2^53")]
fn whole(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| {
        let value: f64 = text.parse().ok()?;
        (value.fract() == 0.0 && (0.0..9e15).contains(&value)).then_some(value as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_fates_are_read_by_team_and_other_series_passed_over() {
        let text = "\
# HELP beat_taps_total taps by fate\n# TYPE beat_taps_total counter\n\
beat_taps_total{event=\"demo\",team=\"JPN\",fate=\"counted\"} 12\n\
beat_taps_total{fate=\"counted\", shard=\"1\", team=\"JPN\", event=\"demo\"} 3.0 1790000000000\n\
beat_taps_total{event=\"demo\",team=\"JPN\",fate=\"shadowed\"} 4e0\n\
beat_taps_total{event=\"demo\",team=\"BRA\",fate=\"late\"} 5\n\
beat_taps_total{event=\"demo\",team=\"A,B}\",fate=\"late\"} 6\n\
beat_taps_total{event=\"other\",team=\"JPN\",fate=\"counted\"} 99\n\
beat_taps_total_created{event=\"demo\",team=\"JPN\",fate=\"counted\"} 99\n\
beat_beats_total 7\n";
        let mut fates = FatesByTeam::new();
        read(text, &"demo".parse().unwrap(), &mut fates);
        assert_eq!(fates.len(), 3);
        assert_eq!(fates[&"A,B}".parse().unwrap()], Fates { counted: 0, shadowed: 0, late: 6 });
        assert_eq!(fates[&"JPN".parse().unwrap()], Fates { counted: 15, shadowed: 4, late: 0 });
        assert_eq!(fates[&"BRA".parse().unwrap()], Fates { counted: 0, shadowed: 0, late: 5 });
    }

    #[test]
    fn a_counter_that_began_anew_counts_from_zero() {
        let before = Fates { counted: 100, shadowed: 7, late: 0 };
        let now = Fates { counted: 40, shadowed: 9, late: 0 };
        assert_eq!(now.since(before), Fates { counted: 40, shadowed: 2, late: 0 });
    }
}
