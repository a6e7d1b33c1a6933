//! Every malformed frame ends in its own close code, seen by a real client, and disturbs nobody else.

use std::time::Duration;

use crate::harness::{Display, End, Fan, Raw, Server, Setup, mask, masked, within};

const BINARY: &str = "Sec-WebSocket-Protocol: cheer.v1\r\n";
const JSON: &str = "";

const TEXT: u8 = 0x1;
const BYTES: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const FINAL: u8 = 0x80;

/// What is wrong, on which kind of connection, the bytes, the code.
type Row = (&'static str, &'static str, Vec<u8>, u16);

fn json(name: &'static str, text: &str, code: u16) -> Row {
    (name, JSON, masked(TEXT, text.as_bytes()), code)
}

fn binary(name: &'static str, payload: &[u8], code: u16) -> Row {
    (name, BINARY, masked(BYTES, payload), code)
}

/// A CHEER of `total` for each of `teams`.
fn cheer(teams: impl Iterator<Item = u16>, total: u32) -> Vec<u8> {
    let mut payload = vec![0x01];
    for team in teams {
        payload.extend(team.to_le_bytes());
        payload.extend(total.to_le_bytes());
    }
    payload
}

fn frames() -> Vec<Row> {
    let unmasked = |opcode: u8, payload: &[u8]| [&[FINAL | opcode, 5][..], &payload[..5]].concat();
    let twice = |first: Vec<u8>, second: Vec<u8>| [first, second].concat();
    vec![
        ("unmasked", BINARY, unmasked(BYTES, &cheer(0..1, 1)), 1002),
        ("unmasked text", JSON, unmasked(TEXT, b"hello"), 1002),
        ("reserved bit 1", BINARY, mask(FINAL | 0x40 | BYTES, &cheer(0..1, 1)), 1002),
        ("reserved bit 2", BINARY, mask(FINAL | 0x20 | BYTES, &cheer(0..1, 1)), 1002),
        ("reserved bit 3", JSON, mask(FINAL | 0x10 | TEXT, b"{}"), 1002),
        ("reserved opcode 3", BINARY, masked(0x3, b""), 1002),
        ("reserved opcode 11", JSON, masked(0xb, b""), 1002),
        ("a fragmented ping", BINARY, mask(PING, b"p"), 1002),
        ("a long ping", BINARY, masked(PING, &[0; 126]), 1002),
        ("a continuation of nothing", BINARY, masked(0x0, b"x"), 1002),
        ("a message inside another", BINARY, twice(mask(BYTES, &[1]), masked(BYTES, &[1])), 1002),
        ("a close of one byte", BINARY, masked(CLOSE, &[3]), 1002),
        ("a close with a reserved code", JSON, masked(CLOSE, &1005u16.to_be_bytes()), 1002),
        ("257 bytes", BINARY, masked(BYTES, &[1; 257]), 1009),
        ("257 characters", JSON, masked(TEXT, &[b' '; 257]), 1009),
        (
            "a length beyond all sense",
            BINARY,
            [&[FINAL | BYTES, 0xff][..], &(1u64 << 62).to_be_bytes(), &[0; 4]].concat(),
            1009,
        ),
        ("257 bytes in parts", BINARY, twice(mask(BYTES, &[1; 200]), masked(0x0, &[1; 57])), 1009),
        ("text on a binary connection", BINARY, masked(TEXT, br#"{"cheer":{"T0":1}}"#), 1003),
        ("bytes on a JSON connection", JSON, masked(BYTES, &cheer(0..1, 1)), 1003),
        ("no UTF-8", JSON, masked(TEXT, b"{\"cheer\":{\"\xff\":1}}"), 1007),
        ("UTF-8 that is cut off", JSON, masked(TEXT, b"\xf0\x9f"), 1007),
    ]
}

fn messages() -> Vec<Row> {
    vec![
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
        json("a team among others", r#"{"cheer":{"T0":1,"T10":1}}"#, 4500),
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
        binary("an unknown index", &cheer(10..11, 1), 4500),
        binary("an unknown index among others", &cheer(9..11, 1), 4500),
    ]
}

async fn end_of(server: &Server, (_, protocol, bytes, _): &Row) -> End {
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", protocol, &[]).await;
    raw.send(bytes).await;
    let end = raw.end().await;
    if end != End::Never {
        // A reset on the heels of the close frame would be 1006 to a slower client.
        assert_eq!(raw.end_of_stream().await, End::Eof, "after {end:?}");
    }
    end
}

async fn each_ends_as_it_should(rows: Vec<Row>) {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut bystander = Fan::join(&server).await;
    let ends = futures_util::future::join_all(rows.iter().map(|row| end_of(&server, row))).await;
    let wrong: Vec<_> = rows
        .iter()
        .zip(ends)
        .filter(|((.., code), end)| *end != End::Closed(*code))
        .map(|((name, .., code), end)| format!("{name}: {end:?} instead of {code}"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    bystander.cheer(&[(0, 1)]).await;
    display.until_total(1).await;
    assert_eq!(server.taps("counted").await, 1.0, "nothing of a malformed message counts");
}

#[tokio::test]
async fn a_malformed_frame_is_refused_by_its_code() {
    each_ends_as_it_should(frames()).await;
}

#[tokio::test]
async fn a_malformed_message_is_refused_by_its_code() {
    each_ends_as_it_should(messages()).await;
}

#[tokio::test]
async fn a_refusal_is_seen_by_who_goes_on_sending() {
    let server = Setup::ten_teams().start().await;
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", BINARY, &[]).await;
    raw.send(masked(BYTES, &[9])).await;
    for _ in 0..50 {
        raw.send(masked(BYTES, &cheer(0..8, 1))).await;
    }
    assert_eq!(raw.end().await, End::Closed(4500));
    assert_eq!(raw.end_of_stream().await, End::Eof);
    assert_eq!(server.taps("counted").await, 0.0);
}

#[tokio::test]
async fn floods_are_ended_by_their_codes() {
    let server = Setup::ten_teams().start().await;
    let mut bystander = Fan::join(&server).await;
    let again = |frame: Vec<u8>, times: usize| frame.repeat(times);
    let rows = [
        ("frames", BINARY, again(masked(BYTES, &cheer(0..1, 1)), 60), 4429),
        ("JSON", JSON, again(masked(TEXT, br#"{"cheer":{"T0":1}}"#), 60), 4429),
        ("pings", BINARY, again(masked(PING, b""), 60), 1008),
        ("pongs", JSON, again(masked(0xa, b"so"), 60), 1008),
        ("empty fragments", BINARY, [mask(BYTES, b""), again(mask(0x0, b""), 9_000)].concat(), 1008),
    ];
    let ends = futures_util::future::join_all(rows.iter().map(|row| end_of(&server, row))).await;
    for ((name, .., code), end) in rows.iter().zip(ends) {
        assert_eq!(end, End::Closed(*code), "{name}");
    }
    bystander.beat().await;
}

#[tokio::test]
async fn a_drip_of_empty_fragments_is_ended() {
    // A read costs as much as 64 bytes: so many reads empty this bucket, and one a second fills it.
    let server = Setup::ten_teams().set("limits.bytes_burst", 4_096).set("limits.bytes_per_second", 64).start().await;
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", BINARY, &[]).await;
    raw.send(mask(BYTES, b"")).await;
    let mut bytes = 0;
    while raw.send(mask(0x0, b"")).await {
        bytes += 6;
        assert!(bytes < 4_096, "still taken in after {bytes} bytes");
        // The drip: no read may find several.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(raw.end().await, End::Closed(1008));
}

#[tokio::test]
async fn fragments_with_a_ping_between_them_are_one_message() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", JSON, &[]).await;
    raw.send(
        [mask(TEXT, br#"{"cheer":"#), masked(PING, b"here?"), mask(0x0, b""), masked(0x0, br#"{"T6":3}}"#)].concat(),
    )
    .await;
    display.until_total(3).await;
    let pong = within("the pong", async {
        loop {
            if let (0xa, payload) = raw.frame().await.unwrap() {
                return payload;
            }
        }
    })
    .await;
    assert_eq!(pong, b"here?");
    raw.send(masked(CLOSE, &1000u16.to_be_bytes())).await;
    assert_eq!(raw.end().await, End::Closed(1000), "a goodbye is returned");
    assert_eq!(raw.end_of_stream().await, End::Eof);
}

#[tokio::test]
async fn what_a_display_sends_is_ignored() {
    let server = Setup::ten_teams().start().await;
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/feed", "", &[]).await;
    raw.send([masked(TEXT, br#"{"cheer":{"T0":1}}"#), masked(BYTES, &cheer(0..1, 1)), masked(TEXT, b"x")].concat())
        .await;
    for _ in 0..5 {
        assert_eq!(raw.frame().await.unwrap().0, TEXT);
    }
    assert_eq!(server.taps("counted").await, 0.0);
}
