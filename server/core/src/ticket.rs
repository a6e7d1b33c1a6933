//! What an organiser's site says of who may come in, signed: tickets, and the keys that vouch for them.
//!
//! A ticket is text: base64url, without padding, of
//!
//! ```text
//! n (one byte) · key id (n bytes) · payload (JSON) · tag (32 bytes)
//! ```
//!
//! The tag is the HMAC-SHA-256, under the key of that id, of all that stands before it. There is one algorithm, so no
//! ticket names one. Nothing of a payload is looked at before its tag is verified, in constant time. Knows no clock: what
//! second it is is told.

use std::fmt;

use beat_protocol::{CloseCode, EventId, TeamCode};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// No ticket is longer, in characters: with the longest ids there are it has 460.
pub const TICKET_CHARACTERS_MAX: usize = 512;
/// No fan's id and no display's is longer, in bytes: a UUID has 36, a SHA-256 in hex 64.
const HOLDER_BYTES_MAX: usize = 64;
const KEY_ID_BYTES_MAX: usize = 32;
/// As many as the tag has: fewer would be the easier thing to guess.
const SECRET_BYTES_MIN: usize = 32;
const TAG_BYTES: usize = 32;

/// What a ticket lets its holder do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TicketRole {
    /// Cheer.
    Fan,
    /// Watch the display feed.
    Display,
    /// Open and close the event, and watch.
    Operator,
}

/// What a ticket says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// The only event it is for.
    pub event: EventId,
    /// What for.
    pub role: TicketRole,
    /// Who cheers, by the organiser's own name for them; a fan's ticket has it, no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fan: Option<String>,
    /// What the ticket is called, so that it can be revoked; a display's and an operator's have it, a fan's may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The only team its fan may cheer for; without, any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamCode>,
    /// The second since 1970 from which on it holds; without, at once.
    #[serde(default, rename = "nbf", skip_serializing_if = "Option::is_none")]
    pub not_before_s: Option<u64>,
    /// The second since 1970 from which on it does not.
    #[serde(rename = "exp")]
    pub expires_s: u64,
}

/// One secret, and the name that tickets call it by.
#[derive(Clone)]
pub struct TicketKey {
    id: String,
    mac: Hmac<Sha256>,
}

/// The keys of a server: the first signs, all verify.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TicketKeys(Vec<TicketKey>);

/// Why something is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketKeyError {
    /// Ids travel in tickets, and stand in metrics.
    #[error("a key's id has 1 to 32 letters, digits, dots, dashes or underscores")]
    Id,
    /// Too easy to guess.
    #[error("a key's secret has at least 32 characters; `openssl rand -base64 32` makes one")]
    Secret,
}

/// Why a ticket does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// Too long, not base64url, or too short for its parts.
    #[error("this is no ticket")]
    Shape,
    /// No key of that id, or no longer.
    #[error("no key of this server signed it")]
    UnknownKey,
    /// The tag is not that of the rest.
    #[error("its signature is not that of what it says")]
    Forged,
    /// Well signed, and yet not what a ticket says.
    #[error("what it says is not what a ticket says")]
    Payload,
    /// It does not hold yet.
    #[error("it does not hold yet")]
    Early,
    /// It does not hold any more.
    #[error("it has expired")]
    Expired,
}

impl TicketError {
    /// What a WebSocket is closed with. Only time mends a ticket: whoever has one of the wrong time is asked to come back
    /// with a new one.
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::Early | Self::Expired => CloseCode::TicketExpired,
            Self::Shape | Self::UnknownKey | Self::Forged | Self::Payload => CloseCode::TicketInvalid,
        }
    }

    /// The word for it in metrics.
    pub fn cause(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::UnknownKey => "unknown_key",
            Self::Forged => "forged",
            Self::Payload => "payload",
            Self::Early => "early",
            Self::Expired => "expired",
        }
    }
}

impl TicketKey {
    /// The key `id`; its secret is the bytes of the text, without white space around it.
    pub fn new(id: &str, secret: &str) -> Result<Self, TicketKeyError> {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !(1..=KEY_ID_BYTES_MAX).contains(&id.len()) || !id.bytes().all(is_id) {
            return Err(TicketKeyError::Id);
        }
        let secret = secret.trim();
        if secret.len() < SECRET_BYTES_MIN {
            return Err(TicketKeyError::Secret);
        }
        let mac = Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
        Ok(Self { id: id.to_owned(), mac })
    }

    /// What tickets call it by.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The ticket that says this.
    pub fn sign(&self, ticket: &Ticket) -> String {
        let mut bytes = vec![u8::try_from(self.id.len()).expect("at most 32")];
        bytes.extend_from_slice(self.id.as_bytes());
        serde_json::to_writer(&mut bytes, ticket).expect("a ticket is plain values");
        let tag = self.mac.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        BASE64URL_NOPAD.encode(&bytes)
    }
}

impl TicketKeys {
    /// These keys, the one that signs first.
    pub fn new(keys: Vec<TicketKey>) -> Self {
        Self(keys)
    }

    /// Whether there is none: nobody can have a ticket.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that signs.
    pub fn current(&self) -> Option<&TicketKey> {
        self.0.first()
    }

    /// What `text` says, if one of these keys signed it and it holds in the second `now_s` since 1970.
    pub fn verify(&self, text: &str, now_s: u64) -> Result<Ticket, TicketError> {
        let ticket = serde_json::from_slice::<Ticket>(&self.payload(text)?).map_err(|_| TicketError::Payload)?;
        if !ticket.is_whole() {
            return Err(TicketError::Payload);
        }
        if ticket.not_before_s.is_some_and(|from_s| now_s < from_s) {
            return Err(TicketError::Early);
        }
        if now_s >= ticket.expires_s { Err(TicketError::Expired) } else { Ok(ticket) }
    }

    /// The payload of a ticket whose tag is right; nothing of it has been read.
    fn payload(&self, text: &str) -> Result<Vec<u8>, TicketError> {
        if text.len() > TICKET_CHARACTERS_MAX {
            return Err(TicketError::Shape);
        }
        let mut bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| TicketError::Shape)?;
        let (signed, tag) = bytes.split_last_chunk::<TAG_BYTES>().ok_or(TicketError::Shape)?;
        let (&n, rest) = signed.split_first().ok_or(TicketError::Shape)?;
        let (id, payload) = rest.split_at_checked(usize::from(n)).ok_or(TicketError::Shape)?;
        let key = self.0.iter().find(|key| key.id.as_bytes() == id).ok_or(TicketError::UnknownKey)?;
        key.mac.clone().chain_update(signed).verify_slice(tag).map_err(|_| TicketError::Forged)?;
        let begins = signed.len() - payload.len();
        bytes.truncate(signed.len());
        Ok(bytes.split_off(begins))
    }
}

impl Ticket {
    /// Whether it says all that one of its role says, and no more: a server that finds it so can sign it.
    pub fn is_whole(&self) -> bool {
        let fits = |holder: &Option<String>| {
            holder.as_ref().is_none_or(|holder| (1..=HOLDER_BYTES_MAX).contains(&holder.len()))
        };
        let fits_role = match self.role {
            TicketRole::Fan => self.fan.is_some(),
            TicketRole::Display | TicketRole::Operator => {
                self.id.is_some() && self.fan.is_none() && self.team.is_none()
            }
        };
        fits_role && fits(&self.fan) && fits(&self.id)
    }
}

/// A secret is never shown.
impl fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TicketKey").field(&self.id).finish()
    }
}

/// Equal where they sign the same.
impl PartialEq for TicketKey {
    fn eq(&self, other: &Self) -> bool {
        let tag = |key: &Self| key.mac.clone().finalize().into_bytes();
        self.id == other.id && tag(self) == tag(other)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "a secret of at least 32 characters";
    const NOW_S: u64 = 1_790_000_000;

    fn key(id: &str) -> TicketKey {
        TicketKey::new(id, &format!("{SECRET}, {id}\n")).unwrap()
    }

    fn fan() -> Ticket {
        Ticket {
            event: "final".parse().unwrap(),
            role: TicketRole::Fan,
            fan: Some("u-4711".into()),
            id: None,
            team: Some("JPN".parse().unwrap()),
            not_before_s: Some(NOW_S),
            expires_s: NOW_S + 60,
        }
    }

    fn display() -> Ticket {
        Ticket { role: TicketRole::Display, fan: None, id: Some("wall-1".into()), team: None, ..fan() }
    }

    #[test]
    fn a_ticket_is_these_characters() {
        // Made by Python's hmac and base64 from the payload's text.
        let ticket = "AWt7ImV2ZW50IjoiZmluYWwiLCJyb2xlIjoiZmFuIiwiZmFuIjoidS00NzExIiwidGVhbSI6IkpQTiIsIm5iZiI6MTc5MDAw\
                      MDAwMCwiZXhwIjoxNzkwMDAwMDYwfV38svFc_vQ6VB1LU92c8BDxOTNIp5C8ABsAKbI9Hg1H";
        assert_eq!(key("k").sign(&fan()), ticket);
        assert_eq!(TicketKeys::new(vec![key("k")]).verify(ticket, NOW_S), Ok(fan()));
    }

    #[test]
    fn keys_of_before_verify_and_the_first_signs() {
        let (new, old) = (key("new"), key("old"));
        let keys = TicketKeys::new(vec![new.clone(), old.clone()]);
        assert_eq!(keys.current().unwrap().id(), "new");
        for signer in [&new, &old] {
            assert_eq!(keys.verify(&signer.sign(&fan()), NOW_S), Ok(fan()));
        }
        assert_eq!(TicketKeys::new(vec![new]).verify(&old.sign(&fan()), NOW_S), Err(TicketError::UnknownKey));
        // The same id with another secret is another key.
        let stranger = TicketKey::new("new", &"x".repeat(32)).unwrap();
        assert_eq!(keys.verify(&stranger.sign(&fan()), NOW_S), Err(TicketError::Forged));
        assert_eq!(TicketKeys::default().verify(&stranger.sign(&fan()), NOW_S), Err(TicketError::UnknownKey));
    }

    #[test]
    fn a_ticket_holds_from_its_first_second_to_before_its_last() {
        let keys = TicketKeys::new(vec![key("k")]);
        let ticket = key("k").sign(&fan());
        assert_eq!(keys.verify(&ticket, NOW_S - 1), Err(TicketError::Early));
        assert_eq!(keys.verify(&ticket, NOW_S + 59), Ok(fan()));
        assert_eq!(keys.verify(&ticket, NOW_S + 60), Err(TicketError::Expired));
        assert_eq!(TicketError::Expired.close_code(), CloseCode::TicketExpired);
    }

    #[test]
    fn what_a_ticket_says_is_read_only_when_it_is_all_there() {
        let keys = TicketKeys::new(vec![key("k")]);
        let signed = |payload: &str| {
            let mut bytes = b"\x01k".to_vec();
            bytes.extend_from_slice(payload.as_bytes());
            let tag = key("k").mac.chain_update(&bytes).finalize().into_bytes();
            bytes.extend_from_slice(&tag);
            keys.verify(&BASE64URL_NOPAD.encode(&bytes), NOW_S)
        };
        assert_eq!(
            signed(r#"{"event":"final","role":"display","id":"wall-1","exp":1790000060,"nbf":1790000000}"#),
            Ok(display())
        );
        let long = format!(r#"{{"event":"final","role":"fan","fan":"{}","exp":1790000060}}"#, "x".repeat(65));
        for odd in [
            "",
            "{}",
            "[]",
            r#"{"event":"final","role":"fan","exp":1790000060}"#,
            r#"{"event":"final","role":"fan","fan":"","exp":1790000060}"#,
            &long,
            r#"{"event":"final","role":"fan","fan":"a"}"#,
            r#"{"event":"Final!","role":"fan","fan":"a","exp":1790000060}"#,
            r#"{"event":"final","role":"admin","fan":"a","exp":1790000060}"#,
            r#"{"event":"final","role":"fan","fan":"a","exp":-1}"#,
            r#"{"event":"final","role":"fan","fan":"a","exp":1790000060,"alg":"none"}"#,
            r#"{"event":"final","role":"fan","fan":"a","fan":"b","exp":1790000060}"#,
            r#"{"event":"final","role":"display","exp":1790000060}"#,
            r#"{"event":"final","role":"display","id":"w","team":"JPN","exp":1790000060}"#,
            r#"{"event":"final","role":"operator","id":"o","fan":"a","exp":1790000060}"#,
            r#"{"event":"final","role":"fan","fan":"a","exp":1790000060} "}"#,
        ] {
            assert_eq!(signed(odd), Err(TicketError::Payload), "{odd}");
        }
    }

    #[test]
    fn what_has_not_the_shape_of_a_ticket_is_none() {
        let keys = TicketKeys::new(vec![key("k")]);
        let good = key("k").sign(&fan());
        for odd in ["", "A", "====", "not base64url!", &format!("{good}="), &"A".repeat(513), &"A".repeat(20)] {
            assert_eq!(keys.verify(odd, NOW_S), Err(TicketError::Shape), "{odd}");
        }
        // A key id that is longer than all there is.
        let bytes = [&[200][..], &[7; 60]].concat();
        assert_eq!(keys.verify(&BASE64URL_NOPAD.encode(&bytes), NOW_S), Err(TicketError::Shape));
    }

    #[test]
    fn the_longest_ticket_fits() {
        let longest = Ticket {
            event: "e".repeat(32).parse().unwrap(),
            fan: Some("f".repeat(64)),
            id: Some("i".repeat(64)),
            team: Some("TTTTTTTTTTTT".parse().unwrap()),
            ..fan()
        };
        let key = TicketKey::new(&"k".repeat(32), SECRET).unwrap();
        let ticket = key.sign(&longest);
        assert!(ticket.len() <= TICKET_CHARACTERS_MAX, "{}", ticket.len());
        assert_eq!(TicketKeys::new(vec![key]).verify(&ticket, NOW_S), Ok(longest));
    }

    #[test]
    fn a_key_has_a_name_and_a_secret_that_cannot_be_guessed() {
        assert_eq!(TicketKey::new("", SECRET), Err(TicketKeyError::Id));
        assert_eq!(TicketKey::new("a b", SECRET), Err(TicketKeyError::Id));
        assert_eq!(TicketKey::new(&"k".repeat(33), SECRET), Err(TicketKeyError::Id));
        assert_eq!(TicketKey::new("k", &format!("short{}", " ".repeat(40))), Err(TicketKeyError::Secret));
        assert_eq!(format!("{:?}", key("k")), "TicketKey(\"k\")");
    }

    proptest! {
        #[test]
        fn no_bit_of_a_ticket_can_be_turned(at in 0usize..1_000, bit in 0u8..8) {
            let mut bytes = BASE64URL_NOPAD.decode(key("k").sign(&fan()).as_bytes()).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(TicketKeys::new(vec![key("k")]).verify(&BASE64URL_NOPAD.encode(&bytes), NOW_S).is_err());
        }

        #[test]
        fn nothing_that_is_shorter_holds(len in 0usize..1_000) {
            let ticket = key("k").sign(&fan());
            prop_assert!(TicketKeys::new(vec![key("k")]).verify(&ticket[..len % ticket.len()], NOW_S).is_err());
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,600}") {
            prop_assert!(TicketKeys::new(vec![key("k")]).verify(&text, NOW_S).is_err());
        }
    }
}
