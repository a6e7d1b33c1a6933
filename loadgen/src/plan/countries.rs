//! Whom the crowd cheers for: a few countries have most of the fans, as at any match.

use std::str::FromStr;

use beat_protocol::TeamCode;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::plan::schedule::generator;

/// How fans are dealt out to teams.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Countries {
    /// The n-th most cheered team has n^-exponent of the first's fans; which comes first is drawn from the seed.
    Zipf(f64),
    Even,
    /// These alone, with these weights.
    Listed(Vec<(TeamCode, f64)>),
}

impl FromStr for Countries {
    type Err = String;

    /// `zipf:1.1`, `even`, or `JPN=3,BRA=1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let weight = |text: &str| text.parse().ok().filter(|weight: &f64| weight.is_finite() && *weight >= 0.0);
        if text == "even" {
            return Ok(Self::Even);
        }
        if let Some(exponent) = text.strip_prefix("zipf:") {
            return weight(exponent).map(Self::Zipf).ok_or_else(|| format!("{exponent:?} is no exponent"));
        }
        let listed: Option<Vec<(TeamCode, f64)>> = text
            .split(',')
            .map(|team| {
                let (code, times) = team.split_once('=')?;
                Some((code.parse().ok()?, weight(times).filter(|weight| *weight > 0.0)?))
            })
            .collect();
        listed.map(Self::Listed).ok_or_else(|| format!("{text:?} is not zipf:1.1, even, or JPN=3,BRA=1"))
    }
}

/// The same for one roster, ready to be drawn from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shares {
    /// Cumulated weights, most cheered first, the last 1.
    cumulated: Vec<f64>,
    /// Team at each place.
    ranking: Vec<u16>,
}

impl Shares {
    /// A team that was listed and is not in `roster` is named in the error.
    pub(crate) fn new(countries: &Countries, roster: &[TeamCode], seed: u64) -> Result<Self, TeamCode> {
        let teams = u16::try_from(roster.len()).unwrap_or(u16::MAX);
        let (ranking, weights) = match countries {
            Countries::Listed(listed) => {
                let place = |code: &TeamCode| {
                    let index = roster.iter().position(|other| other == code).ok_or(*code)?;
                    Ok(u16::try_from(index).unwrap_or(u16::MAX))
                };
                let ranking = listed.iter().map(|(code, _)| place(code)).collect::<Result<_, TeamCode>>()?;
                (ranking, listed.iter().map(|&(_, weight)| weight).collect())
            }
            Countries::Even => ((0..teams).collect(), vec![1.0; roster.len()]),
            Countries::Zipf(exponent) => {
                (drawn(seed, teams), (1..=teams).map(|place| f64::from(place).powf(-exponent)).collect::<Vec<f64>>())
            }
        };
        let sum: f64 = weights.iter().sum();
        let cumulated = weights
            .iter()
            .scan(0.0, |so_far, weight| {
                *so_far += weight;
                Some(*so_far / sum)
            })
            .collect();
        Ok(Self { cumulated, ranking })
    }

    /// The team with the smallest share of those that have one.
    pub(crate) fn least(&self) -> u16 {
        self.ranking.last().copied().unwrap_or(0)
    }

    /// The team at `drawn`, a number from 0 to 1.
    pub(crate) fn draw(&self, drawn: f64) -> u16 {
        let place = self.cumulated.partition_point(|&share| share <= drawn);
        self.ranking.get(place).or(self.ranking.last()).copied().unwrap_or(0)
    }
}

fn drawn(seed: u64, teams: u16) -> Vec<u16> {
    let mut rng = generator(seed, u64::MAX);
    let mut ranking: Vec<u16> = (0..teams).collect();
    for last in (1..teams).rev() {
        ranking.swap(usize::from(last), usize::from(rng.random_range(0..=last)));
    }
    ranking
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(teams: u16) -> Vec<TeamCode> {
        (0..teams).map(|team| format!("T{team}").parse().unwrap()).collect()
    }

    /// How often each team of `teams` is drawn, most often first.
    fn drawn_often(countries: &str, teams: u16) -> Vec<(u16, f64)> {
        let shares = Shares::new(&countries.parse().unwrap(), &roster(teams), 9).unwrap();
        let mut often: Vec<(u16, f64)> = (0..teams).map(|team| (team, 0.0)).collect();
        let mut rng = generator(9, 1);
        for _ in 0..200_000 {
            often[usize::from(shares.draw(rng.random()))].1 += 1.0;
        }
        often.sort_by(|a, b| b.1.total_cmp(&a.1));
        often
    }

    #[test]
    fn teams_are_cheered_by_zipf() {
        let often = drawn_often("zipf:1.1", 206);
        for place in [2, 5, 10] {
            let wanted = (place as f64).powf(1.1);
            let found = often[0].1 / often[place - 1].1;
            assert!((found / wanted - 1.0).abs() < 0.1, "place {place}: {found} times");
        }
        assert!(often.iter().all(|&(_, taps)| taps > 0.0), "every team has somebody");
        assert_ne!(often[0].0, 0, "who comes first is drawn");
    }

    #[test]
    fn teams_are_cheered_evenly_or_as_listed() {
        let even = drawn_often("even", 4);
        assert!(even.iter().all(|(_, times)| (times / 50_000.0 - 1.0).abs() < 0.05), "{even:?}");
        let listed = drawn_often("T3=3,T1=1", 4);
        assert_eq!([listed[0].0, listed[1].0], [3, 1]);
        assert!((listed[0].1 / listed[1].1 - 3.0).abs() < 0.1, "{listed:?}");
        assert_eq!(listed[2].1, 0.0);
    }

    #[test]
    fn a_team_that_is_not_there_is_named() {
        let listed = "T1=1,XYZ=2".parse().unwrap();
        assert_eq!(Shares::new(&listed, &roster(3), 1).unwrap_err().as_str(), "XYZ");
        for nonsense in ["zipf", "zipf:-1", "JPN", "JPN=0", ""] {
            assert!(nonsense.parse::<Countries>().is_err(), "{nonsense}");
        }
    }
}
