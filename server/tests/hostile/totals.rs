//! Well-formed CHEERs of clients that do not keep to the rules: they are taken in, and add what a human could tap.

use super::{BINARY, BYTES, FANS, JSON, Row, Seen, TEXT, at, cheer};
use crate::harness::masked;

/// What a session has at its start, and what it gains while a row takes its time.
const AT_START: std::ops::RangeInclusive<u32> = 24..=40;

fn base(team: u16, total: u32) -> Vec<u8> {
    let mut payload = cheer(team..team + 1, total);
    payload[0] = 0x02;
    payload
}

pub(super) fn rows() -> Vec<Row> {
    let said = |name, team: u16, payloads: Vec<Vec<u8>>, counted| Row {
        name,
        way: at(FANS, BINARY),
        bytes: payloads.iter().flat_map(|payload| masked(BYTES, payload)).collect(),
        seen: Seen::Lives,
        counted: Some((team, counted)),
    };
    let one = |team: u16, total| cheer(team..team + 1, total);
    let json = br#"{"cheer":{"T18":3,"T18":9,"T18":5}}"#;
    vec![
        said("a total that falls", 10, vec![one(10, 9), one(10, 3), one(10, 0)], 9..=9),
        said("a total that falls and rises", 11, vec![one(11, 5), one(11, 2), one(11, 6)], 6..=6),
        said("a total that jumps", 12, vec![one(12, 1_000_000)], AT_START),
        said("the highest total there is", 13, vec![one(13, u32::MAX)], AT_START),
        said("a total that wraps", 14, vec![one(14, u32::MAX), one(14, 0), one(14, 7)], AT_START),
        said("a team twice in a frame", 15, vec![[one(15, 7), one(15, 4)[1..].to_vec()].concat()], 7..=7),
        said("BASE behind a CHEER", 16, vec![one(16, 3), base(16, 90), one(16, 8)], 8..=8),
        said("a total below its BASE", 17, vec![base(17, 50), one(17, 20), one(17, 52)], 2..=2),
        said("a ninth team", 27, vec![cheer(19..27, 0), cheer(19..27, 1), one(27, 9)], 0..=0),
        said("all teams one after the other", 28, (28..38).map(|team| one(team, 1)).collect(), 1..=1),
        Row {
            name: "a team three times in JSON",
            way: at(FANS, JSON),
            bytes: masked(TEXT, json),
            seen: Seen::Lives,
            counted: Some((18, 9..=9)),
        },
        Row {
            name: "a display that cheers",
            way: at("/v1/events/demo/feed?top=1", ""),
            bytes: masked(BYTES, &cheer(38..39, 5)),
            seen: Seen::Lives,
            counted: Some((38, 0..=0)),
        },
    ]
}
