//! Section 2: pings and pongs, word for word.

use super::table::{On, PING, PONG, Seen, TEXT, Table, bytewise, closed, counted};
use crate::harness::masked;

pub(super) fn rows(table: &mut Table) {
    let longest = [0xfe; 125];
    for (numbers, sent, payload) in [
        ("2.1", "a ping of no bytes", &b""[..]),
        ("2.2", "a ping with a text", b"Hello, world!"),
        ("2.3", "a ping with bytes that are no text", &[0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff]),
        ("2.4", "a ping of 125 bytes", &longest),
    ] {
        table.add(On::Json, numbers, sent, vec![vec![masked(PING, payload)]], Seen::default().pong(payload));
    }
    let tries = vec![vec![masked(PING, &[0xfe; 126])]];
    table.add(On::Binary, "2.5", "a ping of 126 bytes", tries, closed(1002));
    let tries = vec![bytewise(&masked(PING, &longest))];
    table.add(On::Binary, "2.6", "a ping of 125 bytes, byte by byte", tries, Seen::default().pong(&longest));
    table.add(On::Json, "2.7", "a pong nobody asked for", vec![vec![masked(PONG, b"")]], counted(0));
    table.add(On::Json, "2.8", "the same with a payload", vec![vec![masked(PONG, b"unasked")]], counted(0));
    let tries = vec![vec![masked(PONG, b"unasked"), masked(PING, b"asked")]];
    table.add(On::Json, "2.9", "a pong nobody asked for, then a ping", tries, Seen::default().pong(b"asked"));
    let pings: Vec<_> = (0..10).map(|nth| format!("ping {nth}").into_bytes()).collect();
    let answered = pings.iter().fold(Seen::default(), |seen, ping| seen.pong(ping));
    let frames: Vec<_> = pings.iter().map(|ping| masked(PING, ping)).collect();
    let tries = vec![vec![frames.concat()], frames.clone()];
    table.add(On::Binary, "2.10", "ten pings, in one chop and one by one", tries, answered.clone());
    table.add(On::Json, "2.11", "ten pings, byte by byte", vec![bytewise(&frames.concat())], answered.clone());
    let more: Vec<_> = (0..60).map(|_| masked(PING, b"")).collect();
    let tries = vec![vec![more.concat()]];
    table.limit(On::Display, "—", "sixty pings at once: two a second, twenty at once", tries, 1008);
    table.rows.last_mut().unwrap().seen.pongs = vec![Vec::new(); 20];
    let tries = vec![vec![masked(TEXT, &table.cheer(0)), masked(PING, b"after")]];
    table.add(On::Json, "—", "a text, then a ping", tries, counted(1).pong(b"after"));
}
