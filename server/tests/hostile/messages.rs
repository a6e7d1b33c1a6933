//! Whole messages that say nothing, or what is not so.

use super::{BINARY, BYTES, JSON, Refused, Row, TEXT, cheer, upgraded};
use crate::harness::masked;

fn json(name: &'static str, text: &str, code: u16) -> Refused {
    (name, JSON, masked(TEXT, text.as_bytes()), code)
}

fn binary(name: &'static str, payload: &[u8], code: u16) -> Refused {
    (name, BINARY, masked(BYTES, payload), code)
}

pub(super) fn rows() -> Vec<Row> {
    let rows = vec![
        json("no JSON", "hello", 1007),
        json("nothing", "", 1007),
        json("JSON that is cut off", r#"{"cheer":{"T0":1}"#, 1007),
        json("JSON and more", r#"{"cheer":{"T0":1}} {}"#, 1007),
        json("a fraction", r#"{"cheer":{"T0":1.5}}"#, 4500),
        json("a whole fraction", r#"{"cheer":{"T0":1.0}}"#, 4500),
        json("a negative", r#"{"cheer":{"T0":-1}}"#, 4500),
        json("beyond u32", r#"{"cheer":{"T0":4294967296}}"#, 4500),
        json("a word for a number", r#"{"cheer":{"T0":"1"}}"#, 4500),
        json("an unknown team", r#"{"cheer":{"XXX":1}}"#, 4500),
        json("a team among others", r#"{"cheer":{"T0":1,"T40":1}}"#, 4500),
        json("no team code", r#"{"cheer":{"a name that is far too long":1}}"#, 4500),
        json("an unknown key", r#"{"boo":{"T0":1}}"#, 4500),
        json("a key too many", r#"{"cheer":{"T0":1},"at":3}"#, 4500),
        json("both", r#"{"cheer":{"T0":1},"base":{"T0":1}}"#, 4500),
        json("cheer twice", r#"{"cheer":{"T0":1},"cheer":{"T0":2}}"#, 4500),
        json("neither", "{}", 4500),
        json("null", r#"{"cheer":null}"#, 4500),
        json("no team at all", r#"{"cheer":{}}"#, 4500),
        json("nine teams", r#"{"cheer":{"T0":1,"T1":1,"T2":1,"T3":1,"T4":1,"T5":1,"T6":1,"T7":1,"T8":1}}"#, 4500),
        json("a list", r#"[{"T0":1},null]"#, 4500),
        json("a list of pairs", r#"{"cheer":[["T0",1]]}"#, 4500),
        json("a number", "7", 4500),
        binary("no byte", &[], 4500),
        binary("an unknown type", &[0x03, 0, 0, 1, 0, 0, 0], 4500),
        binary("a server's frame", &[0x83, 0, 0, 1, 0, 0, 0], 4500),
        binary("no record", &[0x01], 4500),
        binary("a torn record", &[0x01, 0, 0, 1, 0, 0], 4500),
        binary("a byte too many", &[&cheer(0..1, 1)[..], &[0]].concat(), 4500),
        binary("nine records", &cheer(0..9, 1), 4500),
        binary("an unknown index", &cheer(40..41, 1), 4500),
        binary("an unknown index among others", &cheer(39..41, 1), 4500),
        json("a total in another system", r#"{"cheer":{"T0":0x10}}"#, 1007),
        json("no number", r#"{"cheer":{"T0":NaN}}"#, 1007),
        json("a power of ten", r#"{"cheer":{"T0":1e3}}"#, 4500),
        json("a truth", r#"{"cheer":{"T0":true}}"#, 4500),
        json("deep", &"[".repeat(250), 1007),
        json("a comment", r#"{"cheer":{"T0":1}} // go"#, 1007),
        json("a mark of byte order", "\u{feff}{\"cheer\":{\"T0\":1}}", 1007),
        json("half a pair of surrogates", r#"{"cheer":{"\ud83d":1}}"#, 4500),
        json("a welcome", r#"{"welcome":{"event":"demo"}}"#, 4500),
        json("marks", r#"{"marks":{"T0":1}}"#, 4500),
        binary("the highest index there is", &cheer(u16::MAX - 1..u16::MAX, 1), 4500),
        binary("a BASE of an unknown index", &[0x02, 40, 0, 1, 0, 0, 0], 4500),
        binary("a BASE without records", &[0x02], 4500),
        binary("forty-two records", &[&[0x01][..], &[0; 42 * 6]].concat(), 4500),
        binary("a KEY", &[0x81, 0, 1, 0, 0, 0, 2, 0, 0], 4500),
    ];
    rows.into_iter().map(upgraded).collect()
}
