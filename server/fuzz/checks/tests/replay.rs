//! The claims of the fuzzers without a fuzzer: on all they kept, and on what a seeded dice makes of that.

use std::panic::catch_unwind;
use std::path::Path;
use std::{fs, io};

use beat_checks::{client_frame, config, handshake, json, roster, scan, server_frame};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Of each target. Enough to break what is broken on purpose, and a few seconds in a debug build.
const MUTATIONS: usize = 100_000;
const SEED: u64 = 2021;
/// A corpus is read by people, too.
const FILES_MAX: usize = 100;

/// Bytes at which something begins or ends on the wire: frame types, lengths, opcodes, and the signs of JSON.
const WIRE: &[u8] = &[
    0, 1, 2, 6, 7, 49, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x88, 0x89, 0xfd, 0xfe, 0xff, b'"', b',', b'{', b'}',
    b'0', b'\\',
];
/// The same of a head, of TOML and of tables.
const TEXT: &[u8] = b"\0\t\n\r \"#%',-./019:;=?Z[]_a{}\\\x7f";

#[test]
fn scan_holds() -> io::Result<()> {
    holds("scan", scan, WIRE)
}

#[test]
fn client_frame_holds() -> io::Result<()> {
    holds("client_frame", client_frame, WIRE)
}

#[test]
fn server_frame_holds() -> io::Result<()> {
    holds("server_frame", server_frame, WIRE)
}

#[test]
fn json_holds() -> io::Result<()> {
    holds("json", json, WIRE)
}

#[test]
fn handshake_holds() -> io::Result<()> {
    holds("handshake", handshake, TEXT)
}

#[test]
fn config_holds() -> io::Result<()> {
    holds("config", config, TEXT)
}

#[test]
fn roster_holds() -> io::Result<()> {
    holds("roster", roster, TEXT)
}

fn holds(target: &str, claim: fn(&[u8]), edges: &[u8]) -> io::Result<()> {
    let corpus = corpus(target)?;
    assert!((1..FILES_MAX).contains(&corpus.len()), "{} files", corpus.len());
    corpus.iter().for_each(|bytes| check(claim, bytes));
    let dice = &mut StdRng::seed_from_u64(SEED);
    (0..MUTATIONS).for_each(|_| check(claim, &mutation(dice, &corpus, edges)));
    Ok(())
}

fn check(claim: fn(&[u8]), bytes: &[u8]) {
    assert!(
        catch_unwind(|| claim(bytes)).is_ok(),
        "does not hold of {bytes:02x?}, {:?}",
        bytes.escape_ascii().to_string()
    );
}

/// One of the corpus with a few things wrong: a byte, a bit, a piece too much, too few, or of another.
fn mutation(dice: &mut StdRng, corpus: &[Vec<u8>], edges: &[u8]) -> Vec<u8> {
    let mut bytes = any_of(dice, corpus).clone();
    for _ in 0..dice.random_range(1..=3) {
        let at = dice.random_range(0..=bytes.len());
        let end = dice.random_range(at..=bytes.len().min(at + 16));
        match dice.random_range(0..6) {
            0 => bytes.insert(at, *any_of(dice, edges)),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            3 => {
                let other = any_of(dice, corpus);
                let from = dice.random_range(0..=other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
            change if at < bytes.len() => {
                bytes[at] = if change == 4 { *any_of(dice, edges) } else { bytes[at] ^ 1 << dice.random_range(0..8) };
            }
            _ => {}
        }
    }
    bytes
}

fn any_of<'a, T>(dice: &mut StdRng, many: &'a [T]) -> &'a T {
    &many[dice.random_range(0..many.len())]
}

/// In the order of the names, so that the same files make the same mutations.
fn corpus(target: &str) -> io::Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target);
    let mut files = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    files.iter().map(fs::read).collect()
}
