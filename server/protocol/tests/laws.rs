//! Laws of the wire that hold for any frame, any text and any bytes.

use beat_protocol::{BeatHead, Cadence, ClientFrame, ClientMessage, CloseCode, Delta, Flags, Key, ServerFrame};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_bytes_make_a_decoder_panic_and_what_is_read_is_written_back(bytes in vec(any::<u8>(), 0..300)) {
        let mut written = Vec::new();
        if let Ok(frame) = ClientFrame::decode(&bytes) {
            frame.encode(&mut written);
            prop_assert_eq!(&written, &bytes);
        }
        written.clear();
        if let Ok(frame) = ServerFrame::decode(&bytes) {
            frame.encode(&mut written);
            prop_assert_eq!(&written, &bytes);
        }
    }

    #[test]
    fn a_delta_on_its_key_gives_the_beat(
        (key_levels, levels) in (0..400usize).prop_flat_map(|n| (vec(any::<u8>(), n), vec(any::<u8>(), n)))
    ) {
        let delta = Delta::between(head(9), 3, &key_levels, &levels);
        let mut bytes = Vec::new();
        delta.encode(&mut bytes);
        let read = match ServerFrame::decode(&bytes) {
            Ok(ServerFrame::Delta(read)) => read,
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(read.apply(&key_levels), levels);
    }

    #[test]
    fn a_torn_key_is_refused_wherever_it_is_torn(
        (levels, totals) in (1..40usize).prop_flat_map(|n| (vec(any::<u8>(), n), vec(0..1u64 << 53, n)))
    ) {
        let mut bytes = Vec::new();
        Key { head: head(7), levels, totals }.encode(&mut bytes);
        for end in 0..bytes.len() {
            prop_assert!(ServerFrame::decode(&bytes[..end]).is_err());
        }
    }
}

#[test]
fn a_refused_text_knows_its_close_code() {
    for (text, code) in [
        ("{", CloseCode::BadText),
        ("nonsense", CloseCode::BadText),
        ("[1", CloseCode::BadText),
        (r#"{"cheer":{"JPN":1"#, CloseCode::BadText),
        (r#"{"cheer":1"#, CloseCode::BadText),
        (r#"{"cheer":{"JPN":1e400}}"#, CloseCode::Malformed),
        ("{}", CloseCode::Malformed),
        ("[]", CloseCode::Malformed),
        (r#"[{"JPN":1},null]"#, CloseCode::Malformed),
        (r#"{"cheer":["JPN",1]}"#, CloseCode::Malformed),
        (r#"{"cheer":{}}"#, CloseCode::Malformed),
        (r#"{"cheer":{"JPN":1},"cheer":{"JPN":2}}"#, CloseCode::Malformed),
        (r#"{"cheer":{"JPN":1.5}}"#, CloseCode::Malformed),
        (r#"{"cheer":{"JPN":-1}}"#, CloseCode::Malformed),
        (r#"{"cheer":{"JPN":4294967296}}"#, CloseCode::Malformed),
        (r#"{"cheer":{"J P":1}}"#, CloseCode::Malformed),
        (r#"{"cheer":{"JPN":1},"base":{"JPN":1}}"#, CloseCode::Malformed),
        (r#"{"cheer":{"JPN":1},"loud":true}"#, CloseCode::Malformed),
        (r#"{"cheer":{"A":1,"B":1,"C":1,"D":1,"E":1,"F":1,"G":1,"H":1,"I":1}}"#, CloseCode::Malformed),
    ] {
        assert_eq!(ClientMessage::parse(text).expect_err(text).close_code(), code, "{text}");
    }
    let long = format!(r#"{{"cheer":{{"JPN":1}}}}{}"#, " ".repeat(250));
    assert_eq!(ClientMessage::parse(&long).unwrap_err().close_code(), CloseCode::TooLong);
}

#[test]
fn codes_outside_the_list_invite_back_and_permanent_ones_do_not() {
    for code in [1001, 1006, 1008, 1011, 1012, 1013, 3000, 4000, 4401, 4408, 4429, 4499, 5000] {
        assert!(CloseCode::invites_reconnect(code), "{code}");
    }
    for code in [1000, 1002, 1003, 1007, 1009, 4500, 4503, 4509, 4510, 4999] {
        assert!(!CloseCode::invites_reconnect(code), "{code}");
    }
}

fn head(beat: u32) -> BeatHead {
    BeatHead { flags: Flags::default(), beat, cadence: Cadence::from_ms(250) }
}
