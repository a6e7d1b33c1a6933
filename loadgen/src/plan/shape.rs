//! The shape of a crowd as it is asked for: rates, stages, spikes, storms, and how each is written on the command line
//! and in a scenario file.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::{Nanos, SECOND, nanos};

/// How long a storm's phase lasts when nobody says: everyone is back, and what that cost has passed.
const STORM_LASTS: Nanos = 10 * SECOND;
/// More fans than any one run has.
const CROWD_MAX: u32 = 1_000_000;
/// A name is a word in thresholds and reports.
const NAME_MAX: usize = 32;

/// Taps per second of all fans together, or so many times what they make anyway.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Rate {
    PerSecond(f64),
    Times(f64),
}

impl Rate {
    /// In taps per second, where the crowd makes `base` anyway.
    pub(crate) fn over(self, base: f64) -> f64 {
        match self {
            Self::PerSecond(rate) => rate,
            Self::Times(factor) => base * factor,
        }
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_suffix('x')
            .map_or_else(|| per_second(text).map(Self::PerSecond), |times| number(times).map(Self::Times))
    }
}

/// A rate such as `800`, `50k` or `1.5M`.
pub(crate) fn per_second(text: &str) -> Result<f64, String> {
    let (digits, factor) = match text.strip_suffix(['k', 'M']) {
        Some(digits) => (digits, if text.ends_with('k') { 1e3 } else { 1e6 }),
        None => (text, 1.0),
    };
    number(digits).map(|rate| rate * factor)
}

/// A number of fans such as `800` or `20k`: at least one, and no more than a crowd.
pub(crate) fn how_many(text: &str) -> Result<u32, String> {
    up_to(CROWD_MAX, text)
}

/// The same where nobody has to carry them.
pub(crate) fn however_many(text: &str) -> Result<u32, String> {
    up_to(u32::MAX, text)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be a whole number in range")]
fn up_to(most: u32, text: &str) -> Result<u32, String> {
    let number = per_second(text)?;
    if number.fract() == 0.0 && (1.0..=f64::from(most)).contains(&number) {
        Ok(number as u32)
    } else {
        Err(format!("a whole number from 1 to {most}"))
    }
}

fn number(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("{text:?} is not a number such as 800, 50k or 8x"))?;
    if number.is_finite() && number >= 0.0 { Ok(number) } else { Err("a rate is not negative".to_owned()) }
}

/// A stretch of the run at one rate, or going steadily from one to another.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stage {
    pub(crate) name: Option<String>,
    pub(crate) length: Nanos,
    pub(crate) from: Rate,
    pub(crate) to: Rate,
}

impl Stage {
    pub(crate) const KEYS: &[&str] = &["name", "length", "rate"];

    fn new(name: Option<String>, length: &str, rate: &str) -> Result<Self, String> {
        let (from, to) = rate.split_once("..").unwrap_or((rate, rate));
        if rate.contains(',') {
            return Err(format!("{rate:?}: each stage has a flag of its own, --stage 30s:0..5k --stage 1m:5k"));
        }
        let length = time(length)?;
        if length == 0 {
            return Err("a stage takes time".to_owned());
        }
        Ok(Self { name, length, from: from.parse()?, to: to.parse()? })
    }
}

impl FromStr for Stage {
    type Err = String;

    /// `30s:50k`, `30s:0..50k`, `kick-off=30s:2x`, or the long way: `name=kick-off,length=30s,rate=2x`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((front, rate)) = text.split_once(':') {
            let (name, length) = match front.split_once('=') {
                Some((name, length)) => (Some(self::name(name)?), length),
                None => (None, front),
            };
            return Self::new(name, length, rate);
        }
        let mut words = Words::of(text, Self::KEYS)?;
        let name = words.take("name").map(self::name).transpose()?;
        Self::new(name, words.need("length")?, words.need("rate")?)
    }
}

/// A goal: the crowd roars, holds it, and calms down.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spike {
    pub(crate) name: String,
    pub(crate) at: Nanos,
    pub(crate) peak: Rate,
    pub(crate) rise: Nanos,
    pub(crate) hold: Nanos,
    pub(crate) decay: Nanos,
}

impl Spike {
    pub(crate) const KEYS: &[&str] = &["name", "at", "peak", "rise", "hold", "decay"];
}

impl FromStr for Spike {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = Words::of(text, Self::KEYS)?;
        Ok(Self {
            name: name(words.take("name").unwrap_or("spike"))?,
            at: time(words.need("at")?)?,
            peak: words.need("peak")?.parse()?,
            rise: time(words.take("rise").unwrap_or("500ms"))?,
            hold: time(words.take("hold").unwrap_or("10s"))?,
            decay: time(words.take("decay").unwrap_or("15s"))?,
        })
    }
}

/// A part of the crowd loses its connections in one instant and comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Storm {
    pub(crate) name: String,
    pub(crate) at: Nanos,
    pub(crate) fraction: f64,
    /// How long the phase is that measures what it did.
    pub(crate) lasts: Nanos,
}

impl Storm {
    pub(crate) const KEYS: &[&str] = &["name", "at", "fraction", "lasts"];
}

impl FromStr for Storm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = Words::of(text, Self::KEYS)?;
        Ok(Self {
            name: name(words.take("name").unwrap_or("storm"))?,
            at: time(words.need("at")?)?,
            fraction: fraction(words.take("fraction").unwrap_or("100%"))?,
            lasts: words.take("lasts").map_or(Ok(STORM_LASTS), time)?,
        })
    }
}

/// `key=value,key=value`, each key once.
struct Words<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Words<'a> {
    fn of(text: &'a str, keys: &[&str]) -> Result<Self, String> {
        let mut words: Vec<(&str, &str)> = Vec::new();
        for word in text.split(',') {
            let (key, value) = word.split_once('=').ok_or_else(|| {
                format!("{word:?} is not key=value, several with commas between them; keys are {}", keys.join(", "))
            })?;
            if !keys.contains(&key) {
                return Err(format!("unknown key {key:?}: there are {}", keys.join(", ")));
            }
            if words.iter().any(|(other, _)| *other == key) {
                return Err(format!("{key} is said twice"));
            }
            words.push((key, value));
        }
        Ok(Self(words))
    }

    fn take(&mut self, key: &str) -> Option<&'a str> {
        let place = self.0.iter().position(|(other, _)| *other == key)?;
        Some(self.0.swap_remove(place).1)
    }

    fn need(&mut self, key: &str) -> Result<&'a str, String> {
        self.take(key).ok_or_else(|| format!("{key}= is missing"))
    }
}

fn time(text: &str) -> Result<Nanos, String> {
    humantime::parse_duration(text).map(nanos).map_err(|error| format!("{text:?}: {error}"))
}

fn fraction(text: &str) -> Result<f64, String> {
    let parsed: Option<f64> = match text.strip_suffix('%') {
        Some(percent) => percent.parse().ok().map(|percent: f64| percent / 100.0),
        None => text.parse().ok(),
    };
    parsed.filter(|part| (0.0..=1.0).contains(part)).ok_or_else(|| format!("{text:?} is not 0% to 100%"))
}

fn name(text: &str) -> Result<String, String> {
    let plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    if (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?}: a name is up to {NAME_MAX} of a-z, 0-9 and -"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_held_or_goes_from_one_rate_to_another() {
        let held = Stage { name: None, length: 30 * SECOND, from: Rate::PerSecond(50e3), to: Rate::PerSecond(50e3) };
        assert_eq!("30s:50k".parse(), Ok(held));
        let risen: Stage = "kick-off=1m:0.5x..2x".parse().unwrap();
        assert_eq!(
            (risen.name.as_deref(), risen.from, risen.to),
            (Some("kick-off"), Rate::Times(0.5), Rate::Times(2.0))
        );
        assert_eq!("name=kick-off,length=1m,rate=0.5x..2x".parse(), Ok(risen));
    }

    #[test]
    fn a_crowd_is_counted_in_ones_or_thousands() {
        assert_eq!(["800", "20k", "0.5k", "1M"].map(how_many), [Ok(800), Ok(20_000), Ok(500), Ok(1_000_000)]);
        for text in ["0", "1.5", "2M", "-1", "many"] {
            assert!(how_many(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_spike_needs_a_time_and_a_peak_and_has_a_goal_s_shape_by_itself() {
        let spike: Spike = "at=30s,peak=8x,hold=5s,name=goal".parse().unwrap();
        assert_eq!((spike.at, spike.rise, spike.hold), (30 * SECOND, SECOND / 2, 5 * SECOND));
        assert_eq!((spike.name.as_str(), spike.peak, spike.decay), ("goal", Rate::Times(8.0), 15 * SECOND));
    }

    #[test]
    fn a_storm_takes_everybody_unless_told_otherwise() {
        let storm: Storm = "at=1m".parse().unwrap();
        assert_eq!((storm.name.as_str(), storm.fraction, storm.lasts), ("storm", 1.0, 10 * SECOND));
        assert_eq!("at=1m,fraction=25%".parse::<Storm>().map(|storm| storm.fraction), Ok(0.25));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (error, said) in [
            ("at=30s,pek=8x".parse::<Spike>().err(), "\"pek\""),
            ("at=30s".parse::<Spike>().err(), "peak= is missing"),
            ("at=30s,at=31s,peak=2x".parse::<Spike>().err(), "at is said twice"),
            ("at=soon,peak=2x".parse::<Spike>().err(), "\"soon\""),
            ("at=1s,fraction=120%".parse::<Storm>().err(), "120%"),
            ("0s:5".parse::<Stage>().err(), "takes time"),
            ("5s:-5".parse::<Stage>().err(), "not negative"),
            ("5s".parse::<Stage>().err(), "key=value"),
            ("Kick Off=5s:5".parse::<Stage>().err(), "a name is"),
        ] {
            let error = error.unwrap_or_default();
            assert!(error.contains(said), "{error:?} does not say {said:?}");
        }
    }
}
