//! RFC 6455 as the Autobahn suite asks for it: its cases of the sections 1 to 7 and 9, said anew in raw frames.
//!
//! We are no echo server: the heads of `conformance/*.rs` say how a case is translated. A row of the table is one
//! case, or several that are sent and seen alike; CONFORMANCE.md is written from it, and held equal to it.

mod closing;
mod control;
mod fragments;
mod frames;
mod table;
mod utf8;
mod volume;

use std::fmt::Write;
use std::path::Path;

use self::table::{Row, Table, tried};
use crate::harness::{Fan, Setup, until};

/// Set, the table is written instead of compared.
const WRITE: &str = "BEAT_WRITE_CONFORMANCE";

const HEAD: &str = "\
# RFC 6455, case by case

Written by `BEAT_WRITE_CONFORMANCE=1 cargo test -p beat-server --test claims conformance` from the rows of `conformance/`, and
held equal to them by the same test without the variable. Numbers are those of the Autobahn suite; its cases are said anew in raw
frames, since this server does not echo. What stands for its echo: a CHEER is counted, a ping behind everything is answered.
*Limit* marks what the suite would have us take and we refuse on purpose: no message of a fan is longer than 256 bytes, and none
sends more than 20 frames a second, 40 at once (PROTOCOL.md). Section 10 asks about sending in fragments, which this server never
does; 12 and 13 are about compression, which it does not offer.

";

#[tokio::test]
async fn every_case_of_the_table_is_seen_as_it_says() {
    let table = Table::of(&[frames::rows, control::rows, fragments::rows, utf8::rows, closing::rows, volume::rows]);
    let server = Setup::teams(table.rows.len()).start().await;
    let mut bystander = Fan::join(&server).await;
    // Not all at once: a flood of a thousand connections is another claim's.
    let mut wrong = Vec::new();
    for row in &table.rows {
        let seen = futures_util::future::join_all(row.tries.iter().map(|pieces| tried(&server, row, pieces))).await;
        let odd = seen.into_iter().enumerate().filter(|(_, seen)| *seen != row.seen);
        wrong.extend(odd.map(|(nth, seen)| format!("{}, try {}: {seen}, not {}", row.numbers, nth + 1, row.seen)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (at, row) in table.rows.iter().enumerate() {
        let (team, taps) = (format!("team=\"T{at}\""), row.taps());
        until(&format!("{} adds {taps} taps", row.numbers), async || {
            let counted = server.metric("beat_taps_total", &["fate=\"counted\"", &team]).await.unwrap_or(0.0);
            assert!(counted <= f64::from(taps), "{}: {counted} counted, not {taps}", row.numbers);
            (counted == f64::from(taps)).then_some(())
        })
        .await;
    }
    bystander.beat().await;
    is_written(&written(&table.rows));
}

fn written(rows: &[Row]) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| case | what is sent | what is seen | |\n|---|---|---|---|\n");
    for Row { numbers, sent, seen, is_limit, .. } in rows {
        let mark = if *is_limit { "limit" } else { "" };
        writeln!(text, "| {numbers} | {sent} | {seen} | {mark} |").unwrap();
    }
    let tries: usize = rows.iter().map(|row| row.tries.len()).sum();
    writeln!(text, "\n{} rows, {tries} connections, all as the table says.", rows.len()).unwrap();
    text
}

fn is_written(table: &str) {
    eprintln!("{table}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/CONFORMANCE.md");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, table).unwrap();
    } else {
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept == table, "tests/CONFORMANCE.md says something else; {WRITE}=1 writes it anew");
    }
}

impl Row {
    /// Taps that all its tries add.
    fn taps(&self) -> u32 {
        self.seen.taps * u32::try_from(self.tries.len()).unwrap()
    }
}
