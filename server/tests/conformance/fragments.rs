//! Section 5: messages in parts. What the suite has echoed is one CHEER, and counts once.

use super::table::{FINAL, On, PING, PONG, Pieces, Seen, TEXT, Table, bytewise, closed, counted};
use crate::harness::{mask, masked};

const MORE: u8 = 0x0;

/// In one chop, frame by frame, byte by byte: the suite asks for most cases in these three.
fn in_three_ways(frames: &[Vec<u8>]) -> Vec<Pieces> {
    vec![vec![frames.concat()], frames.to_vec(), bytewise(&frames.concat())]
}

pub(super) fn rows(table: &mut Table) {
    let tries = vec![vec![mask(PING, b"fragment"), mask(FINAL, b"fragment")]];
    table.add(On::Binary, "5.1", "a ping in two fragments", tries, closed(1002));
    let tries = vec![vec![mask(PONG, b"fragment"), mask(FINAL, b"fragment")]];
    table.add(On::Json, "5.2", "a pong in two fragments", tries, closed(1002));

    let two = |table: &Table| {
        let cheer = table.cheer(0);
        let (first, rest) = cheer.split_at(8);
        [mask(TEXT, first), mask(FINAL | MORE, rest)]
    };
    let frames = two(table);
    table.add(On::Json, "5.3–5", "a text in two fragments, in three ways", in_three_ways(&frames), counted(1));
    let [first, rest] = two(table);
    let frames = [first, masked(PING, b"between"), rest];
    let seen = counted(1).pong(b"between");
    table.add(On::Json, "5.6–8", "the same with a ping between them", in_three_ways(&frames), seen);

    for (numbers, sent, fin) in [
        ("5.9–11", "a final continuation of nothing, then a text, in three ways", FINAL),
        ("5.12–14", "a continuation of nothing that is not final, then a text, in three ways", 0),
    ] {
        let frames = [mask(fin | MORE, b"of nothing"), masked(TEXT, &table.cheer(0))];
        table.add(On::Json, numbers, sent, in_three_ways(&frames), closed(1002));
    }
    let [first, rest] = two(table);
    let frames = [first, rest, mask(MORE, b"of nothing"), masked(TEXT, &table.cheer(0))];
    let sent = "a text in two fragments, a continuation of nothing, a text";
    table.add(On::Json, "5.15", sent, vec![vec![frames.concat()]], counted(1).then_closed(1002));
    for (numbers, sent, fin) in [
        ("5.16", "twice: a continuation of nothing, a text in two fragments", 0),
        ("5.17", "the same, the continuation final", FINAL),
    ] {
        let [first, rest] = two(table);
        let once = [mask(fin | MORE, b"of nothing"), first, rest];
        let tries = vec![[once.clone(), once].concat()];
        table.add(On::Json, numbers, sent, tries, closed(1002));
    }
    let [first, _] = two(table);
    let tries = vec![vec![first, masked(TEXT, b"fragment")]];
    table.add(On::Json, "5.18", "a text in two fragments, both with the opcode of a text", tries, closed(1002));

    let cheer = table.cheer(25);
    let parts: Vec<_> = cheer.chunks(5).enumerate().collect();
    let frames = parts.iter().flat_map(|(nth, part)| {
        let first = if *nth == 0 { TEXT } else { MORE };
        let ping = matches!(nth, 1 | 3).then(|| masked(PING, format!("after {nth}").as_bytes()));
        let fin = if *nth == parts.len() - 1 { FINAL } else { 0 };
        [Some(mask(fin | first, part)), ping].into_iter().flatten()
    });
    let seen = Seen { taps: 1, ..Seen::default() }.pong(b"after 1").pong(b"after 3");
    let tries = in_three_ways(&frames.collect::<Vec<_>>());
    table.add(On::Json, "5.19–20", "a text in five fragments, pings after the second and the fourth", tries, seen);

    let bytes = table.cheer_in_bytes();
    let frames = [mask(0x2, &bytes[..3]), mask(MORE, b""), mask(FINAL | MORE, &bytes[3..])];
    let sent = "a CHEER in bytes, in three fragments, in three ways";
    table.add(On::Binary, "—", sent, in_three_ways(&frames), counted(1));
}
