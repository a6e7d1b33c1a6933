//! Section 9: large messages, and many. All of it is beyond what a fan ever says, and refused as soon as that is known.

use super::table::{BYTES, FINAL, On, Pieces, TEXT, Table, closed, in_chops};
use crate::harness::{mask, masked};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// A message in fragments of that many bytes.
fn in_fragments(opcode: u8, len: usize, of: usize) -> Pieces {
    let parts = len / of;
    let first = |nth| if nth == 0 { opcode } else { 0 };
    let fin = |nth| if nth + 1 == parts { FINAL } else { 0 };
    (0..parts).map(|nth| mask(first(nth) | fin(nth), &vec![b' '; of])).collect()
}

pub(super) fn rows(table: &mut Table) {
    for (on, opcode, large, fragments, chops) in
        [(On::Json, TEXT, "9.1.1–6", "9.3.1–9", "9.5.1–6"), (On::Binary, BYTES, "9.2.1–6", "9.4.1–9", "9.6.1–6")]
    {
        let sizes = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB];
        let tries = sizes.map(|len| vec![masked(opcode, &vec![b' '; len])]);
        table.limit(on, large, "a message of 64 and 256 KiB, 1, 4, 8 and 16 MiB", tries.into(), 1009);
        let sizes = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
        let tries = sizes.map(|of| in_fragments(opcode, 4 * MIB, of));
        table.limit(on, fragments, "one of 4 MiB in fragments of 64 bytes to 4 MiB", tries.into(), 1009);
        let message = masked(opcode, &vec![b' '; MIB]);
        let tries = [64, 128, 256, 512, 1_024, 2_048].map(|len| in_chops(&message, len));
        table.limit(on, chops, "one of 1 MiB in chops of 64 to 2,048 bytes", tries.into(), 1009);
    }
    many(table);
}

/// A thousand messages of each size. Of one that a CHEER can have, as many are taken as a burst may be; each says the same
/// total, so that one tap counts.
fn many(table: &mut Table) {
    let a_thousand = |opcode, message: &[u8]| vec![masked(opcode, message).repeat(1_000)];
    let tries = vec![a_thousand(TEXT, b""), a_thousand(TEXT, &[b'*'; 16])];
    table.add(On::Json, "9.7.1–2", "a thousand texts of 0, 16 bytes: no JSON", tries, closed(1007));
    let tries = [64, 256].map(|len| a_thousand(TEXT, &table.cheer(len)));
    table.limit(On::Json, "9.7.3–4", "a thousand CHEERs of 64, 256 bytes", tries.into(), 4429);
    table.rows.last_mut().unwrap().seen.taps = 1;
    let tries = [1_024, 4_096].map(|len| a_thousand(TEXT, &table.cheer(len)));
    table.limit(On::Json, "9.7.5–6", "a thousand texts of 1,024, 4,096 bytes", tries.into(), 1009);
    let tries = [0, 16, 64, 256].map(|len| a_thousand(BYTES, &vec![0xfe; len]));
    table.add(
        On::Binary,
        "9.8.1–4",
        "a thousand messages of 0, 16, 64, 256 bytes: no CHEER",
        tries.into(),
        closed(4500),
    );
    let tries = [1_024, 4_096].map(|len| a_thousand(BYTES, &vec![0xfe; len]));
    table.limit(On::Binary, "9.8.5–6", "a thousand messages of 1,024, 4,096 bytes", tries.into(), 1009);
    let tries = vec![a_thousand(BYTES, &table.cheer_in_bytes())];
    table.limit(On::Binary, "—", "a thousand CHEERs of 7 bytes", tries, 4429);
    table.rows.last_mut().unwrap().seen.taps = 1;
}
