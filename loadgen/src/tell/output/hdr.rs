//! HdrHistogram's interval log, format 1.3: what HistogramLogAnalyzer and every HdrHistogram library read.
//!
//! One line for each phase and metric that has samples, tagged `phase.metric`, in microseconds. The crate's own log
//! writer knows no comment before its header, and its reader borrows; the format is four columns, so it is spelled here.

use std::io::{self, Write};

use crate::clock::{Nanos, as_seconds};
use crate::judge::metric::Spanned;
use crate::measure::spans::Spans;
use crate::record::Record;

/// A histogram with its tag, and when it begins and how long it is, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tagged {
    pub(crate) tag: String,
    pub(crate) from: f64,
    pub(crate) length: f64,
    pub(crate) spans: Spans,
}

/// Not such a log.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {what}")]
pub(crate) struct NotALog {
    line: usize,
    what: &'static str,
}

pub(super) fn write(out: &mut impl Write, run: &Record) -> io::Result<()> {
    let origin = run.phases.first().map_or(0, |phase| phase.phase.from);
    let since = |at: Nanos| as_seconds(at.saturating_sub(origin));
    let tagged = run.phases.iter().flat_map(|phase| {
        let (from, length) = (since(phase.phase.from), phase.seconds());
        let of_metric = move |metric: Spanned| Tagged {
            tag: format!("{}.{}", phase.phase.name, metric.name()),
            from,
            length,
            spans: metric.of(&phase.book).clone(),
        };
        Spanned::ALL.into_iter().map(of_metric)
    });
    write_tagged(out, run.started_ms, tagged.filter(|tagged| !tagged.spans.is_empty()))
}

/// Writes histograms of a run that began at `started_ms`.
pub(crate) fn write_tagged(
    out: &mut impl Write,
    started_ms: u64,
    tagged: impl IntoIterator<Item = Tagged>,
) -> io::Result<()> {
    writeln!(out, "#[Histogram log format version 1.3]")?;
    writeln!(out, "#[beat-load: microseconds; tags are phase.metric]")?;
    writeln!(out, "#[StartTime: {}.{:03} (seconds since epoch)]", started_ms / 1_000, started_ms % 1_000)?;
    writeln!(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"")?;
    for Tagged { tag, from, length, spans } in tagged {
        let longest = spans.max_ms().unwrap_or(0.0);
        writeln!(out, "Tag={tag},{from:.3},{length:.3},{longest:.3},{}", spans.encoded())?;
    }
    Ok(())
}

/// Reads such a log, whoever wrote it; a line without a tag is tagged `untagged`.
pub(crate) fn read(text: &str) -> Result<Vec<Tagged>, NotALog> {
    let mut tagged = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let refuse = |what| NotALog { line: index + 1, what };
        if line.is_empty() || line.starts_with(['#', '"']) {
            continue;
        }
        let (tag, rest) = match line.strip_prefix("Tag=") {
            Some(rest) => rest.split_once(',').ok_or_else(|| refuse("a tag and nothing else"))?,
            None => ("untagged", line),
        };
        let columns: Vec<&str> = rest.split(',').map(str::trim).collect();
        let [from, length, _max, histogram] = columns[..] else { return Err(refuse("not four columns")) };
        let number = |text: &str| text.parse::<f64>().ok();
        tagged.push(Tagged {
            tag: tag.to_owned(),
            from: number(from).ok_or_else(|| refuse("no start"))?,
            length: number(length).ok_or_else(|| refuse("no length"))?,
            spans: Spans::decoded(histogram).ok_or_else(|| refuse("no histogram in base64"))?,
        });
    }
    if tagged.is_empty() { Err(NotALog { line: 1, what: "no histogram in it" }) } else { Ok(tagged) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::steady;

    #[test]
    fn what_is_written_is_read_back_sample_for_sample() {
        let (run, mut text) = (steady(), Vec::new());
        write(&mut text, &run).unwrap();
        let tagged = read(&String::from_utf8(text).unwrap()).unwrap();
        let tags: Vec<_> = tagged.iter().map(|tagged| tagged.tag.as_str()).collect();
        assert_eq!(tags, ["steady.tap_to_beat", "steady.send_to_beat", "steady.schedule_lag", "steady.beat_age"]);
        assert_eq!((&tagged[0].spans, tagged[0].from), (&run.phases[1].book.tap_to_beat, 2.0));
    }

    #[test]
    fn what_is_no_log_is_refused_by_its_line() {
        for (text, wrong) in [
            ("", "line 1: no histogram in it"),
            ("#[x]\n1,2,3\n", "line 2: not four columns"),
            ("1,2,3,!", "line 1: no histogram in base64"),
            ("Tag=a", "line 1: a tag and nothing else"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), wrong);
        }
    }
}
