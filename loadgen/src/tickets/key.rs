//! Tickets made here, as an organiser's site makes them: each fan has one of its own.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use beat_protocol::EventId;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::{Ticket, TicketsError, file};

/// By PROTOCOL.md.
const KEY_ID_MAX: usize = 32;
const SECRET_MIN: usize = 32;

/// A key as it is typed: `ID:FILE`.
#[derive(Clone, Debug)]
pub(crate) struct KeyFile {
    id: String,
    path: PathBuf,
}

/// A key in use.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Key {
    id: String,
    secret: String,
    event: EventId,
    lasts_s: u64,
    /// Drawn for each run: fans of several machines that load one service at a time are never taken for one another.
    run: u64,
}

/// What a ticket says; by PROTOCOL.md, and nothing else.
#[derive(Serialize)]
struct Says<'a> {
    event: &'a EventId,
    role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fan: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    exp: u64,
}

impl FromStr for KeyFile {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, path) = text.split_once(':').ok_or("ID:FILE, such as 1:ticket.key")?;
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !(1..=KEY_ID_MAX).contains(&id.len()) || !id.bytes().all(is_id) {
            return Err("ID:FILE: an id has 1 to 32 letters, digits, dots, dashes and underscores");
        }
        if path.is_empty() {
            return Err("ID:FILE: behind the colon stands the file with the secret");
        }
        Ok(Self { id: id.to_owned(), path: path.into() })
    }
}

impl KeyFile {
    /// Reads the secret.
    pub(super) fn open(&self, event: EventId, lasts: Duration) -> Result<Key, TicketsError> {
        let secret = file::read("ticket-key", &self.path)?.trim().to_owned();
        if secret.len() < SECRET_MIN {
            return Err(TicketsError::Secret(secret.len()));
        }
        Ok(Key { id: self.id.clone(), secret, event, lasts_s: lasts.as_secs(), run: rand::random() })
    }

    pub(super) fn told(&self, lasts: Duration) -> String {
        format!("one a fan, made with key {}, each for {}", self.id, humantime::format_duration(lasts))
    }
}

impl Key {
    /// A ticket of fan `index`; the same each time.
    pub(super) fn fan(&self, index: u32, until: u64) -> Ticket {
        let fan = Some(format!("load-{:016x}-{index}", self.run));
        self.sign(&Says { event: &self.event, role: "fan", fan, id: None, exp: until })
    }

    pub(super) fn display(&self, until: u64) -> Ticket {
        let id = Some(format!("load-{:016x}", self.run));
        self.sign(&Says { event: &self.event, role: "display", fan: None, id, exp: until })
    }

    /// When one that is made now expires.
    pub(super) fn holds_until(&self, now_s: u64) -> u64 {
        now_s + self.lasts_s
    }

    fn sign(&self, says: &Says<'_>) -> Ticket {
        let mut bytes = vec![u8::try_from(self.id.len()).expect("at most 32")];
        bytes.extend_from_slice(self.id.as_bytes());
        serde_json::to_writer(&mut bytes, says).expect("plain values have a way to be written");
        let mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("HMAC takes a key of any length");
        let tag = mac.chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        Ticket(BASE64URL_NOPAD.encode(&bytes).into())
    }
}

/// A secret is never shown.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        let (id, secret) = ("1".to_owned(), "a secret of at least 32 characters".to_owned());
        Key { id, secret, event: "final".parse().unwrap(), lasts_s: 60, run: 7 }
    }

    #[test]
    fn a_ticket_is_what_the_docs_make_in_ten_lines() {
        // docs/tickets.md, in Python: ticket('1', 'a secret …', {'event': 'final', 'role': 'fan', 'fan': …, 'exp': …}),
        // without the spaces that its json.dumps writes.
        let expected = concat!(
            "ATF7ImV2ZW50IjoiZmluYWwiLCJyb2xlIjoiZmFuIiwiZmFuIjoibG9hZC0wMDAwMDAwMDAwMDAwMDA3LTMiLCJleHAiOjE3OTAw",
            "MDAwMDB9RQw12teLCEAp5ocgl2jAsi_VllB2Ikhi0YEkRqCGFJI",
        );
        assert_eq!(&*key().fan(3, 1_790_000_000).0, expected);
    }

    #[test]
    fn every_fan_has_its_own_and_shows_it_again_until_it_expires() {
        let key = key();
        assert_eq!(key.fan(1, 60), key.fan(1, 60));
        assert_ne!(key.fan(1, 60), key.fan(2, 60));
        assert_ne!(key.fan(1, 60), key.fan(1, 61));
        assert_ne!(key.fan(1, 60), Key { run: 8, ..key.clone() }.fan(1, 60), "another machine's fan 1 is another fan");
    }

    #[test]
    fn a_key_that_is_none_is_refused_without_a_word_of_what_may_be_its_secret() {
        for typed in ["hunter2hunter2hunter2", "a key:hunter2", ":hunter2", "1:"] {
            let error = typed.parse::<KeyFile>().unwrap_err();
            assert!(error.starts_with("ID:FILE") && !error.contains("hunter"), "{error}");
        }
        assert!(!format!("{:?}", key()).contains("secret of"), "{:?}", key());
    }
}
