//! One figure a row: phase, metric, statistic, value, unit. Long and narrow, so that a spreadsheet or a data frame takes
//! it without being told what there is.

use std::io::{self, Write};

use crate::judge::metric::{Spanned, Tally};
use crate::measure::spans::LISTED;
use crate::record::Record;

pub(super) fn write(out: &mut impl Write, run: &Record) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["phase", "metric", "statistic", "value", "unit"])?;
    for phase in &run.phases {
        for tally in Tally::ALL {
            let number = tally.of(&phase.book).to_string();
            rows.write_record([&phase.phase.name, tally.name(), "count", &number, ""])?;
        }
        for metric in Spanned::ALL {
            let spans = metric.of(&phase.book);
            rows.write_record([&phase.phase.name, metric.name(), "count", &spans.len().to_string(), ""])?;
            let told = LISTED.map(|(name, percentile)| (name, spans.percentile_ms(percentile)));
            for (name, ms) in told.into_iter().chain([("max", spans.max_ms())]) {
                if let Some(ms) = ms {
                    rows.write_record([&phase.phase.name, metric.name(), name, &format!("{ms:.3}"), "ms"])?;
                }
            }
        }
    }
    for team in &run.teams {
        let books = [
            ("due", Some(team.due)),
            ("sent", Some(team.sent)),
            ("counted", Some(team.counted)),
            ("shadowed", Some(team.shadowed)),
            ("late", Some(team.late)),
            ("published", Some(team.published)),
            ("in_doubt", Some(team.in_doubt)),
            ("stored", team.stored),
        ];
        for (book, taps) in books {
            if let Some(taps) = taps {
                rows.write_record(["", &format!("team.{}", team.code), book, &taps.to_string(), ""])?;
            }
        }
    }
    rows.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::steady;

    #[test]
    fn every_figure_has_a_row_and_a_percentile_without_samples_has_none() {
        let mut text = Vec::new();
        write(&mut text, &steady()).unwrap();
        let text = String::from_utf8(text).unwrap();
        let value = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
        assert_eq!(value("steady,taps,count,"), Some("2000,"));
        assert!(value("steady,tap_to_beat,p90,").is_some_and(|value| value.ends_with(",ms")));
        assert_eq!(value("steady,tap_to_beat,p99,"), None, "2,000 taps are too few");
        assert_eq!(value(",team.JPN,published,"), Some("1500,"));
    }
}
