//! Section 6: what is text and what is not.
//!
//! A display may say what it likes and is not heard, but its texts must be texts: what the suite has echoed is let pass
//! here, and the ping behind it is answered. To a fan whose text is one, but no message, 1007 would say nothing, since
//! bad JSON is 1007, too; a team called so is 4500.

use super::table::{FINAL, On, Pieces, Seen, TEXT, Table, bytewise, closed, counted, in_chops};
use crate::harness::{mask, masked};

/// Its second letter in the form that takes three bytes.
const KOSME: &[u8] = "κ\u{1f79}σμε".as_bytes();
const BEYOND: &[u8] = b"\xf4\x90\x80\x80";
const SURROGATE: &[u8] = b"\xed\xa0\x80";

pub(super) fn rows(table: &mut Table) {
    fragments(table);
    early_failure(table);
    let mut kinds = |numbers, sent, texts: &[&[u8]], seen: &Seen| {
        table.add(
            On::Display,
            numbers,
            sent,
            texts.iter().map(|text| vec![masked(TEXT, text)]).collect(),
            seen.clone(),
        );
    };
    let (good, bad) = (counted(0), closed(1007));
    let valid = ["hello$world", "hello¢world", "hello€world", "hello\u{24b62}world", "κ\u{1f79}σμε"].map(str::as_bytes);
    kinds("6.5.1–5", "text of characters of one to four bytes", &valid, &good);
    let whole: Vec<_> = [2, 5, 7, 9, 11].map(|len| &KOSME[..len]).into();
    kinds("6.6.2, 5, 7, 9, 11", "a word up to the end of each letter", &whole, &good);
    let torn: Vec<_> = [1, 3, 4, 6, 8, 10].map(|len| &KOSME[..len]).into();
    kinds("6.6.1, 3, 4, 6, 8, 10", "a word up to the middle of each letter", &torn, &bad);
    kinds(
        "6.7.1–4",
        "the first character of each length",
        &[b"\0", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"],
        &good,
    );
    kinds(
        "6.8.1–2",
        "the first of five and of six bytes",
        &[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"],
        &bad,
    );
    kinds(
        "6.9.1–4",
        "the last character of each length",
        &[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"],
        &good,
    );
    let beyond: &[&[u8]] = &[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"];
    kinds("6.10.1–3", "the last of four, five, six bytes", beyond, &bad);
    let edges: &[&[u8]] = &[b"\xed\x9f\xbf", b"\xee\x80\x80", b"\xef\xbf\xbd", b"\xf4\x8f\xbf\xbf"];
    kinds("6.11.1–4", "characters beside what is not one", edges, &good);
    kinds("6.11.5", "one beyond the last", &[BEYOND], &bad);
    let continuations = [0x80, 0xbf].repeat(3);
    let all: Vec<u8> = (0x80..0xbf).collect();
    let mut lonely: Vec<&[u8]> = vec![b"\x80", b"\xbf"];
    lonely.extend((2..=6).map(|len| &continuations[..len]));
    lonely.push(&all);
    kinds("6.12.1–8", "continuations of nothing", &lonely, &bad);
    let starts = [0xc0..0xdf, 0xe0..0xef, 0xf0..0xf7, 0xf8..0xfb, 0xfc..0xfd_u8];
    let starts = starts.map(|range| range.flat_map(|start| [start, b' ']).collect::<Vec<_>>());
    kinds("6.13.1–5", "beginnings of nothing", &starts.each_ref().map(Vec::as_slice), &bad);
    let torn: &[&[u8]] = &[
        b"\xc0",
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xfc\x80\x80\x80\x80",
        b"\xdf",
        b"\xef\xbf",
        b"\xf7\xbf\xbf",
        b"\xfb\xbf\xbf\xbf",
        b"\xfd\xbf\xbf\xbf\xbf",
    ];
    kinds("6.14.1–10", "characters without their last byte", torn, &bad);
    kinds("6.15.1", "all of these behind one another", &[&torn.concat()], &bad);
    kinds("6.16.1–3", "bytes that no character has", &[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"], &bad);
    let overlong = |first: [&[u8]; 5], last: &[u8]| first.map(|first| [first, last].concat());
    let slash =
        overlong([b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80"], b"\xaf");
    kinds("6.17.1–5", "a slash in more bytes than it takes", &slash.each_ref().map(Vec::as_slice), &bad);
    let most = overlong([b"\xc1", b"\xe0\x9f", b"\xf0\x8f\xbf", b"\xf8\x87\xbf\xbf", b"\xfc\x83\xbf\xbf\xbf"], b"\xbf");
    kinds("6.18.1–5", "the last character of each such length", &most.each_ref().map(Vec::as_slice), &bad);
    let zero = overlong([b"\xc0", b"\xe0\x80", b"\xf0\x80\x80", b"\xf8\x80\x80\x80", b"\xfc\x80\x80\x80\x80"], b"\x80");
    kinds("6.19.1–5", "zero in more bytes than it takes", &zero.each_ref().map(Vec::as_slice), &bad);
    surrogates(&mut kinds, &bad);
    let none: Vec<String> = (0..=16u32)
        .flat_map(|plane| [0xfffe, 0xffff].map(|last| char::from_u32(plane << 16 | last).unwrap().to_string()))
        .collect();
    let none: Vec<_> = none.iter().map(String::as_bytes).collect();
    kinds("6.22.1–34", "places of Unicode that are no characters", &none, &good);
    let special: Vec<String> = (0xfff9..=0xffff).map(|code| char::from_u32(code).unwrap().to_string()).collect();
    let special: Vec<_> = special.iter().map(String::as_bytes).collect();
    kinds("6.23.1–7", "specials, such as the replacement character", &special, &good);
}

fn fragments(table: &mut Table) {
    let mut add = |numbers, sent, tries: Vec<Pieces>, seen| table.add(On::Display, numbers, sent, tries, seen);
    add("6.1.1", "a text of no bytes", vec![vec![masked(TEXT, b"")]], counted(0));
    add(
        "6.1.2",
        "a text of three empty fragments",
        vec![vec![mask(TEXT, b""), mask(0, b""), masked(0, b"")]],
        counted(0),
    );
    let tries = vec![vec![mask(TEXT, b""), mask(0, b"middle"), masked(0, b"")]];
    add("6.1.3", "the same, the second with a text", tries, counted(0));
    let greeting = "Hello-µ@ßöäüàá-UTF-8!!";
    add("6.2.1", "a text beyond ASCII", vec![vec![masked(TEXT, greeting.as_bytes())]], counted(0));
    let (first, rest) = greeting.split_at(11);
    let tries = vec![vec![mask(TEXT, first.as_bytes()), masked(0, rest.as_bytes())]];
    add("6.2.2", "the same in two fragments, between two letters", tries, counted(0));
    add("6.2.3", "the same in fragments of a byte", vec![in_bytes(greeting.as_bytes())], counted(0));
    add("6.2.4", "another in fragments of a byte", vec![in_bytes(KOSME)], counted(0));
    let bad = [KOSME, SURROGATE, b"edited"].concat();
    add("6.3.1", "a text with a surrogate in it", vec![vec![masked(TEXT, &bad)]], closed(1007));
    add("6.3.2", "the same in fragments of a byte", vec![in_bytes(&bad)], closed(1007));
    let named = |name: &str| vec![vec![masked(TEXT, format!("{{\"cheer\":{{\"{name}\":1}}}}").as_bytes())]];
    table.add(On::Json, "6.2.1", "a CHEER for a team beyond ASCII: there is none", named("κόσμε"), closed(4500));
}

/// The connection fails with the bad part, before the message is whole: the rest never comes.
fn early_failure(table: &mut Table) {
    for (numbers, sent, bad) in [
        ("6.4.1", "a text in fragments, the second beyond the last character, and no third", BEYOND),
        ("6.4.2", "the same, up to the byte that is wrong", &BEYOND[..2]),
    ] {
        table.add(On::Display, numbers, sent, vec![vec![mask(TEXT, KOSME), mask(0, bad)]], closed(1007));
    }
    let text = [KOSME, BEYOND, b"edited"].concat();
    let pieces = in_chops(&masked(TEXT, &text), 6 + KOSME.len());
    let sent = "the same text in one frame, in chops: as soon as it is whole";
    table.add(On::Display, "6.4.3–4", sent, vec![pieces.clone(), bytewise(&pieces.concat())], closed(1007));
}

fn in_bytes(text: &[u8]) -> Pieces {
    let last = text.len() - 1;
    let first = |nth| if nth == 0 { TEXT } else { 0 };
    let fin = |nth| if nth == last { FINAL } else { 0 };
    text.iter().enumerate().map(|(nth, byte)| mask(first(nth) | fin(nth), &[*byte])).collect()
}

fn surrogates(kinds: &mut impl FnMut(&'static str, &'static str, &[&[u8]], &Seen), bad: &Seen) {
    let high: [&[u8]; 4] = [b"\xed\xa0\x80", b"\xed\xad\xbf", b"\xed\xae\x80", b"\xed\xaf\xbf"];
    let low: [&[u8]; 3] = [b"\xed\xb0\x80", b"\xed\xbe\x80", b"\xed\xbf\xbf"];
    kinds("6.20.1–7", "single surrogates", &[&high[..], &low[..]].concat(), bad);
    let pairs: Vec<_> = high.iter().flat_map(|high| [low[0], low[2]].map(|low| [high, low].concat())).collect();
    let pairs: Vec<_> = pairs.iter().map(Vec::as_slice).collect();
    kinds("6.21.1–8", "surrogates in pairs", &pairs, bad);
}
