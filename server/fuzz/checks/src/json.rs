//! The same messages by hand, as JSON.

use beat_protocol::ClientMessage;
use serde_json::Value;

/// What is parsed says what any reader of JSON finds there, and is written so that it is parsed to the same, in no more
/// bytes. Text that is no UTF-8 never comes so far.
pub fn json(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let message = match ClientMessage::parse(text) {
        Ok(message) => message,
        Err(error) => return drop((error.close_code(), error.to_string())),
    };
    let kind = match message {
        ClientMessage::Cheer(_) => "cheer",
        ClientMessage::Base(_) => "base",
    };
    let value: Value = serde_json::from_str(text).expect("a message is JSON");
    assert!(value.as_object().is_some_and(|object| object.keys().eq([kind])), "{value}");
    let said = &message.totals().0;
    assert!((1..=8).contains(&said.len()), "{said:?}");
    for (nth, (code, total)) in said.iter().enumerate() {
        // Any reader keeps the last of a key that stands twice; we keep both.
        if said[nth + 1..].iter().all(|(later, _)| later != code) {
            assert_eq!(value[kind][code.as_str()].as_u64(), Some(u64::from(*total)), "{code}");
        }
    }
    let written = serde_json::to_string(&message).expect("a message has no way to fail");
    assert!(written.len() <= text.len(), "{written}");
    assert_eq!(ClientMessage::parse(&written).expect("it was a message"), message);
}
