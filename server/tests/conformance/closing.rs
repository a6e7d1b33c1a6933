//! Section 7: how a connection ends. Its goodbye is returned as it was said.

use super::table::{CLOSE, FINAL, NO_CODE, On, PING, Seen, TEXT, Table, closed, counted};
use crate::harness::{mask, masked};

fn goodbye(code: u16, reason: &[u8]) -> Vec<u8> {
    masked(CLOSE, &[&code.to_be_bytes()[..], reason].concat())
}

pub(super) fn rows(table: &mut Table) {
    order(table);
    payloads(table);
    codes(table);
}

fn order(table: &mut Table) {
    let tries = vec![vec![masked(TEXT, &table.cheer(0)), goodbye(1000, b"")]];
    table.add(On::Json, "7.1.1", "a text, then a close", tries, counted(1).then_closed(1000));
    let tries = vec![vec![goodbye(1000, b"").repeat(2)], vec![goodbye(1000, b""), goodbye(1000, b"")]];
    table.add(On::Binary, "7.1.2", "a close twice", tries, closed(1000));
    let tries = vec![vec![[goodbye(1000, b""), masked(PING, b"late")].concat()]];
    table.add(On::Binary, "7.1.3", "a close, then a ping", tries, closed(1000));
    let tries = vec![vec![[goodbye(1000, b""), masked(TEXT, &table.cheer(0))].concat()]];
    table.add(On::Json, "7.1.4", "a close, then a text: not counted", tries, closed(1000));
    let cheer = table.cheer(0);
    let (first, rest) = cheer.split_at(8);
    let tries = vec![vec![[mask(TEXT, first), goodbye(1000, b""), mask(FINAL, rest)].concat()]];
    table.add(On::Json, "7.1.5", "a text whose second fragment comes after a close: not counted", tries, closed(1000));
    let long = masked(TEXT, &table.cheer(256 * 1024));
    let tries = vec![vec![long, goodbye(1000, b""), masked(PING, b"late")]];
    table.limit(On::Json, "7.1.6", "a text of 256 KiB, a close, a ping", tries, 1009);
}

fn payloads(table: &mut Table) {
    table.add(On::Binary, "7.3.1", "a close of no bytes", vec![vec![masked(CLOSE, b"")]], closed(NO_CODE));
    table.add(On::Binary, "7.3.2", "a close of one byte", vec![vec![masked(CLOSE, b"a")]], closed(1002));
    table.add(On::Display, "7.3.3", "a close of two bytes", vec![vec![goodbye(1000, b"")]], closed(1000));
    table.add(On::Display, "7.3.4", "a close with a reason", vec![vec![goodbye(1000, b"Hello World!")]], closed(1000));
    let longest = [b'*'; 123];
    table.add(
        On::Json,
        "7.3.5",
        "a close with a reason of 123 bytes",
        vec![vec![goodbye(1000, &longest)]],
        closed(1000),
    );
    let tries = vec![vec![goodbye(1000, &[b'*'; 124])]];
    table.add(On::Json, "7.3.6", "a close of 126 bytes", tries, closed(1002));
    let reason = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";
    table.add(On::Json, "7.5.1", "a close whose reason is no UTF-8", vec![vec![goodbye(1000, reason)]], closed(1007));
}

fn codes(table: &mut Table) {
    for (numbers, sent, code) in [
        ("7.7.1", "a close with 1000", 1000),
        ("7.7.2", "a close with 1001", 1001),
        ("7.7.3", "a close with 1002", 1002),
        ("7.7.4", "a close with 1003", 1003),
        ("7.7.5", "a close with 1007", 1007),
        ("7.7.6", "a close with 1008", 1008),
        ("7.7.7", "a close with 1009", 1009),
        ("7.7.8", "a close with 1010", 1010),
        ("7.7.9", "a close with 1011", 1011),
        ("7.7.10", "a close with 3000", 3000),
        ("7.7.11", "a close with 3999", 3999),
        ("7.7.12", "a close with 4000", 4000),
        ("7.7.13", "a close with 4999", 4999),
    ] {
        table.add(On::Binary, numbers, sent, vec![vec![goodbye(code, b"")]], Seen::default().then_closed(code));
    }
    let tries = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999].map(|code| vec![goodbye(code, b"")]);
    let sent = "a close with 0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999";
    table.add(On::Binary, "7.9.1–9", sent, tries.into(), closed(1002));
    let tries = [5000, 65_535].map(|code| vec![goodbye(code, b"")]);
    table.add(
        On::Json,
        "7.13.1–2",
        "a close with 5000, 65,535, of which the RFC says nothing",
        tries.into(),
        closed(1002),
    );
}
