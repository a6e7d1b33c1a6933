//! Section 9: large messages, and many. All of it is beyond what a fan ever says, and refused as soon as that is known.

use super::table::{BYTES, FINAL, On, Pieces, TEXT, Table, in_chops};
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
    for (on, opcode, large, fragments, chops, many) in [
        (On::Json, TEXT, "9.1.1–6", "9.3.1–9", "9.5.1–6", "9.7.1–6"),
        (On::Binary, BYTES, "9.2.1–6", "9.4.1–9", "9.6.1–6", "9.8.1–6"),
    ] {
        let sizes = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB];
        let tries = sizes.map(|len| vec![masked(opcode, &vec![b' '; len])]);
        table.limit(on, large, "a message of 64 and 256 KiB, 1, 4, 8 and 16 MiB", tries.into(), 1009);
        let sizes = [64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB, 4 * MIB];
        let tries = sizes.map(|of| in_fragments(opcode, 4 * MIB, of));
        table.limit(on, fragments, "one of 4 MiB in fragments of 64 bytes to 4 MiB", tries.into(), 1009);
        let message = masked(opcode, &vec![b' '; MIB]);
        let tries = [64, 128, 256, 512, 1_024, 2_048].map(|len| in_chops(&message, len));
        table.limit(on, chops, "one of 1 MiB in chops of 64 to 2,048 bytes", tries.into(), 1009);
        let cheer = if opcode == TEXT { table.cheer(0) } else { table.cheer_in_bytes() };
        let tries = vec![vec![masked(opcode, &cheer).repeat(1_000)]];
        table.limit(on, many, "a thousand CHEERs of one total at once: one counts", tries, 4429);
        table.rows.last_mut().unwrap().seen.taps = 1;
    }
}
