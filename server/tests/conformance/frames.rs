//! Sections 1 (sizes), 3 (reserved bits) and 4 (opcodes).
//!
//! A message that the suite has echoed is a CHEER here, blanks behind it up to its size: it counts. Bytes know no
//! blanks, so those of a size no CHEER has are malformed (4500), and beyond 256 of either kind it is too long.

use super::table::{BYTES, FINAL, On, PING, TEXT, Table, bytewise, closed, counted, in_chops};
use crate::harness::{mask, masked};

pub(super) fn rows(table: &mut Table) {
    sizes(table);
    reserved_bits(table);
    opcodes(table);
}

fn sizes(table: &mut Table) {
    table.add(On::Json, "1.1.1", "a text of no bytes: no JSON", vec![vec![masked(TEXT, b"")]], closed(1007));
    let tries = [125, 126, 127, 128].map(|len| vec![masked(TEXT, &table.cheer(len))]);
    table.add(On::Json, "1.1.2–5", "a text of 125, 126, 127, 128 bytes", tries.into(), counted(1));
    let tries = [255, 256].map(|len| vec![masked(TEXT, &table.cheer(len))]);
    table.add(On::Json, "—", "a text of 255, 256 bytes: the longest", tries.into(), counted(1));
    let tries = [65_535, 65_536].map(|len| vec![masked(TEXT, &table.cheer(len))]);
    table.limit(On::Json, "1.1.6–7", "a text of 65,535, 65,536 bytes", tries.into(), 1009);
    let tries = vec![in_chops(&masked(TEXT, &table.cheer(65_536)), 997)];
    table.limit(On::Json, "1.1.8", "a text of 65,536 bytes in chops of 997", tries, 1009);

    let tries = vec![vec![masked(BYTES, &table.cheer_in_bytes())]];
    table.add(On::Binary, "1.2", "a CHEER of 7 bytes, the least", tries, counted(1));
    table.add(On::Binary, "1.2.1", "a message of no bytes: no CHEER", vec![vec![masked(BYTES, b"")]], closed(4500));
    let tries = [125, 126, 127, 128].map(|len| vec![masked(BYTES, &vec![0xfe; len])]);
    table.add(On::Binary, "1.2.2–5", "125, 126, 127, 128 bytes: no CHEER", tries.into(), closed(4500));
    let tries = [125, 126, 127, 128].map(|len| vec![masked(BYTES, &vec![0xfe; len])]);
    table.add(On::Display, "1.2.2–5", "the same from a display: ignored", tries.into(), counted(0));
    let tries = [65_535, 65_536].map(|len| vec![masked(BYTES, &vec![0xfe; len])]);
    table.limit(On::Binary, "1.2.6–7", "65,535, 65,536 bytes", tries.into(), 1009);
    let tries = vec![in_chops(&masked(BYTES, &[0xfe; 65_536]), 997)];
    table.limit(On::Binary, "1.2.8", "65,536 bytes in chops of 997", tries, 1009);
}

fn reserved_bits(table: &mut Table) {
    let with = |first: u8, bits: u8, payload: &[u8]| mask(FINAL | bits << 4 | first, payload);
    let tries = vec![vec![with(TEXT, 1, &table.cheer(0))]];
    table.add(On::Json, "3.1", "a text with reserved bits 1", tries, closed(1002));
    for (numbers, sent, bits, cut) in [
        ("3.2", "a text, one with reserved bits 2, a ping, in one chop", 2, None),
        ("3.3", "the same with reserved bits 3, frame by frame", 3, Some(false)),
        ("3.4", "the same with reserved bits 4, byte by byte", 4, Some(true)),
    ] {
        let frames = vec![masked(TEXT, &table.cheer(0)), with(TEXT, bits, &table.cheer(0)), masked(PING, b"")];
        let pieces = match cut {
            None => vec![frames.concat()],
            Some(false) => frames,
            Some(true) => bytewise(&frames.concat()),
        };
        table.add(On::Json, numbers, sent, vec![pieces], counted(1).then_closed(1002));
    }
    let tries = vec![vec![with(BYTES, 5, &table.cheer_in_bytes())]];
    table.add(On::Binary, "3.5", "a CHEER in bytes with reserved bits 5", tries, closed(1002));
    table.add(On::Binary, "3.6", "a ping with reserved bits 6", vec![vec![with(PING, 6, b"p")]], closed(1002));
    let tries = vec![vec![with(0x8, 7, &1000u16.to_be_bytes())]];
    table.add(On::Json, "3.7", "a close with reserved bits 7", tries, closed(1002));
}

fn opcodes(table: &mut Table) {
    table.add(On::Json, "4.1.1", "opcode 3", vec![vec![masked(3, b"")]], closed(1002));
    table.add(On::Binary, "4.1.2", "opcode 4 with a payload", vec![vec![masked(4, b"reserved")]], closed(1002));
    table.add(On::Binary, "4.2.1", "opcode 11", vec![vec![masked(11, b"")]], closed(1002));
    table.add(On::Json, "4.2.2", "opcode 12 with a payload", vec![vec![masked(12, b"reserved")]], closed(1002));
    for (numbers, sent, opcodes, cut) in [
        ("4.1.3–4", "a text, opcode 5, 6, a ping", [5, 6], false),
        ("4.1.5", "a text, opcode 7, a ping, byte by byte", [7, 7], true),
        ("4.2.3–4", "a text, opcode 13, 14, a ping", [13, 14], false),
        ("4.2.5", "a text, opcode 15, a ping, byte by byte", [15, 15], true),
    ] {
        let tries = opcodes.map(|opcode| {
            let frames = vec![masked(TEXT, &table.cheer(0)), masked(opcode, b"reserved"), masked(PING, b"")];
            if cut { bytewise(&frames.concat()) } else { frames }
        });
        table.add(On::Json, numbers, sent, tries.into(), counted(1).then_closed(1002));
    }
}
