//! Many measured spans as one histogram: microseconds to the hour, three digits.
//!
//! Merged by adding counts, never by averaging. A percentile exists only with 100 samples beyond it: fewer say nothing
//! about it. In a file it is HdrHistogram's V2 format, deflated, in base64, which any HdrHistogram reads; the figures
//! beside it are for people and are not read back.

use data_encoding::BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Serialize, de, ser};

use crate::clock::Nanos;

/// Samples that must lie beyond a percentile.
pub(crate) const TAIL_MIN: u64 = 100;
/// What is longer is noted as this long.
const LONGEST_US: u64 = 3_600_000_000;

/// Percentiles as they are listed everywhere.
pub(crate) const LISTED: [(&str, f64); 5] =
    [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9), ("p99.99", 99.99)];

/// Spans noted so far.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spans(Histogram<u64>);

impl Default for Spans {
    /// None yet. Grows with the longest, since there is one for each phase, metric and worker.
    fn default() -> Self {
        Self(Histogram::new(3).expect("three digits are allowed"))
    }
}

impl Spans {
    pub(crate) fn note(&mut self, span: Nanos) {
        self.0.record((span / 1_000).min(LONGEST_US)).expect("it grows, and an hour fits");
    }

    /// Adds another's; nothing is averaged.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("it grows");
    }

    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The longest, in milliseconds; none if nothing was noted.
    pub(crate) fn max_ms(&self) -> Option<f64> {
        (!self.is_empty()).then(|| ms(self.0.max()))
    }

    /// The span that `percentile` per cent do not exceed, in milliseconds, if enough samples lie beyond it.
    pub(crate) fn percentile_ms(&self, percentile: f64) -> Option<f64> {
        (self.len() >= needed_for(percentile)).then(|| self.percentile_ms_unchecked(percentile))
    }

    /// The same whatever the number of samples; for curves, not for claims.
    pub(crate) fn percentile_ms_unchecked(&self, percentile: f64) -> f64 {
        ms(self.0.value_at_percentile(percentile))
    }

    /// The histogram itself.
    pub(crate) fn histogram(&self) -> &Histogram<u64> {
        &self.0
    }

    /// From a histogram of microseconds.
    pub(crate) fn from_histogram(mut histogram: Histogram<u64>) -> Self {
        histogram.auto(true);
        Self(histogram)
    }

    /// As it stands in files: V2, deflated, base64.
    pub(crate) fn encoded(&self) -> String {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&self.0, &mut bytes).expect("writing into memory does not fail");
        BASE64.encode(&bytes)
    }

    pub(crate) fn decoded(text: &str) -> Option<Self> {
        let bytes = BASE64.decode(text.as_bytes()).ok()?;
        Deserializer::new().deserialize(&mut bytes.as_slice()).ok().map(Self::from_histogram)
    }
}

/// Samples without which `percentile` is not told.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "positive, and a cast saturates"
)]
pub(crate) fn needed_for(percentile: f64) -> u64 {
    let beyond = 1.0 - percentile / 100.0;
    // A little slack: 1 - 0.99 is a little less than 0.01 in binary.
    if beyond <= 0.0 { u64::MAX } else { (TAIL_MIN as f64 / beyond - 1e-6).ceil() as u64 }
}

#[expect(clippy::cast_precision_loss, reason = "an hour of microseconds fits")]
fn ms(microseconds: u64) -> f64 {
    microseconds as f64 / 1e3
}

#[derive(Serialize, Deserialize)]
struct InFile {
    samples: u64,
    #[serde(default)]
    p50_ms: Option<f64>,
    #[serde(default)]
    p90_ms: Option<f64>,
    #[serde(default)]
    p99_ms: Option<f64>,
    #[serde(default, rename = "p99.9_ms")]
    p99_9_ms: Option<f64>,
    #[serde(default, rename = "p99.99_ms")]
    p99_99_ms: Option<f64>,
    #[serde(default)]
    max_ms: Option<f64>,
    hdr: String,
}

impl Serialize for Spans {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let [p50_ms, p90_ms, p99_ms, p99_9_ms, p99_99_ms] =
            LISTED.map(|(_, percentile)| self.percentile_ms(percentile));
        let (samples, max_ms, hdr) = (self.len(), self.max_ms(), self.encoded());
        InFile { samples, p50_ms, p90_ms, p99_ms, p99_9_ms, p99_99_ms, max_ms, hdr }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Spans {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let InFile { hdr, .. } = InFile::deserialize(deserializer)?;
        Self::decoded(&hdr).ok_or_else(|| de::Error::custom("not a histogram in base64 of HdrHistogram's V2 format"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLISECOND;

    fn spans(ms: impl IntoIterator<Item = u64>) -> Spans {
        let mut spans = Spans::default();
        ms.into_iter().for_each(|ms| spans.note(ms * MILLISECOND));
        spans
    }

    #[test]
    fn a_percentile_is_told_from_100_samples_beyond_it_on() {
        for (percentile, needed) in [(50.0, 200), (90.0, 1_000), (99.0, 10_000), (99.9, 100_000), (99.99, 1_000_000)] {
            assert_eq!(needed_for(percentile), needed);
            assert_eq!(
                spans(std::iter::repeat_n(7, usize::try_from(needed).unwrap() - 1)).percentile_ms(percentile),
                None
            );
        }
        assert!(spans(1..=1_000).percentile_ms(90.0).is_some_and(|ms| (899.0..902.0).contains(&ms)));
        assert_eq!(spans(1..=1_000).percentile_ms(99.0), None);
        assert_eq!(spans([]).max_ms(), None);
    }

    #[test]
    fn merging_is_not_averaging() {
        let mut fast = spans(std::iter::repeat_n(10, 900));
        fast.add(&spans(std::iter::repeat_n(1_000, 100)));
        assert!(fast.percentile_ms(90.0).is_some_and(|ms| ms < 11.0));
        assert!(fast.max_ms().is_some_and(|ms| ms > 999.0));
    }

    #[test]
    fn a_file_brings_back_every_sample() {
        let before = spans([0, 1, 1, 17, 900, 4_000_000]);
        let text = serde_json::to_string(&before).unwrap();
        let after: Spans = serde_json::from_str(&text).unwrap();
        assert_eq!(after, before);
        assert!(serde_json::from_str::<Spans>(&text.replace("\"hdr\":\"", "\"hdr\":\"!")).is_err());
    }
}
