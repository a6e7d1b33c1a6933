//! Who may come in without a ticket, and the keys that tickets are signed with.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use beat_core::{TicketKey, TicketKeys};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::millis;

/// The `[tickets]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TicketConfig {
    /// Whether fans may cheer without.
    pub(crate) anonymous: WithoutTicket,
    /// Whether displays may watch without.
    pub(crate) public_feed: WithoutTicket,
    /// How long a connection may outlive the ticket it came in with.
    #[serde(rename = "outlive_ms", with = "millis")]
    pub(crate) outlive: Duration,
    /// As written until [`TicketConfig::resolve`] has read their secrets.
    #[serde(skip_serializing, rename = "keys")]
    sources: Vec<KeySource>,
    /// Ids of tickets that hold no more.
    #[serde(skip_serializing)]
    pub(crate) revoked: Vec<String>,
    #[serde(skip)]
    keys: TicketKeys,
}

/// What is said of who comes without a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum WithoutTicket {
    /// Nothing: an event goes by `[tickets]`, and that by whether anybody can have a ticket.
    #[default]
    Auto,
    /// They are let in.
    Welcome,
    /// They are not.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeySource {
    id: String,
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
}

#[derive(Clone, PartialEq, Deserialize)]
struct Secret(String);

impl Default for TicketConfig {
    fn default() -> Self {
        Self {
            anonymous: WithoutTicket::default(),
            public_feed: WithoutTicket::default(),
            outlive: Duration::from_hours(6),
            sources: Vec::new(),
            revoked: Vec::new(),
            keys: TicketKeys::default(),
        }
    }
}

impl TicketConfig {
    /// Reads the secrets; a file's path is relative to `folder`. Answers with the files that were read, or says which key
    /// is at fault.
    pub(crate) fn resolve(&mut self, folder: &Path) -> Result<Vec<PathBuf>, (String, String)> {
        let mut files = Vec::new();
        let mut keys: Vec<TicketKey> = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            let refused = |why: String| (format!("tickets.keys[{at}]"), why);
            let key = match (&source.secret, &source.secret_file) {
                (Some(Secret(secret)), None) => TicketKey::new(&source.id, secret),
                (None, Some(path)) => {
                    let path = folder.join(path);
                    let secret = read_secret(&path).map_err(refused)?;
                    files.push(path);
                    TicketKey::new(&source.id, &secret)
                }
                _ => return Err(refused("either secret_file or secret".into())),
            };
            let key = key.map_err(|error| refused(error.to_string()))?;
            if keys.iter().any(|earlier| earlier.id() == key.id()) {
                return Err(refused(format!("the id {:?} stands twice", key.id())));
            }
            keys.push(key);
        }
        self.keys = TicketKeys::new(keys);
        Ok(files)
    }

    /// The keys. Only after [`TicketConfig::resolve`].
    pub(crate) fn keys(&self) -> &TicketKeys {
        &self.keys
    }
}

/// The text of a file that holds nothing but a secret.
pub(super) fn read_secret(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

impl WithoutTicket {
    /// This, or where it says nothing, what `general` says.
    pub(super) fn or(self, general: Self) -> Self {
        if self == Self::Auto { general } else { self }
    }
}

impl Serialize for WithoutTicket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Welcome => serializer.serialize_bool(true),
            Self::Refused => serializer.serialize_bool(false),
        }
    }
}

impl<'de> Deserialize<'de> for WithoutTicket {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// In the environment all is text.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Switch(bool),
            Word(String),
        }

        let word = match Written::deserialize(deserializer)? {
            Written::Switch(switch) => switch.to_string(),
            Written::Word(word) => word,
        };
        match word.as_str() {
            "auto" => Ok(Self::Auto),
            "true" => Ok(Self::Welcome),
            "false" => Ok(Self::Refused),
            _ => Err(D::Error::custom(format_args!("{word:?} is none of true, false and \"auto\""))),
        }
    }
}

/// A secret is never shown.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> TicketConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_key_has_one_secret_here_or_in_a_file_of_its_own() {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("new.key"), "a secret of 32 characters and more\n").unwrap();
        let mut good = read(
            "keys = [{ id = 'new', secret_file = 'new.key' }, { id = 'old', secret = 'another one of 32 characters, too' }]",
        );
        assert_eq!(good.resolve(folder.path()), Ok(vec![folder.path().join("new.key")]));
        assert_eq!(good.keys().current().unwrap().id(), "new");
        assert!(!format!("{good:?}").contains("characters"), "{good:?}");
        for (keys, words) in [
            ("{ id = 'a' }", "either secret_file or secret"),
            ("{ id = 'a', secret = 'a', secret_file = 'new.key' }", "either secret_file or secret"),
            ("{ id = 'a', secret_file = 'none.key' }", "none.key"),
            ("{ id = 'a', secret = 'short' }", "at least 32"),
            ("{ id = 'a b', secret_file = 'new.key' }", "letters"),
            ("{ id = 'a', secret_file = 'new.key' }, { id = 'a', secret_file = 'new.key' }", "twice"),
        ] {
            let (key, why) = read(&format!("keys = [{keys}]")).resolve(folder.path()).unwrap_err();
            assert!(key.starts_with("tickets.keys[") && why.contains(words), "{key}: {why}");
        }
    }

    #[test]
    fn what_is_said_of_who_has_none_is_yes_no_or_nothing() {
        for (written, meant) in [
            ("true", WithoutTicket::Welcome),
            ("'true'", WithoutTicket::Welcome),
            ("false", WithoutTicket::Refused),
            ("'auto'", WithoutTicket::Auto),
        ] {
            assert_eq!(read(&format!("anonymous = {written}")).anonymous, meant);
        }
        assert!(toml::from_str::<TicketConfig>("anonymous = 'maybe'").is_err());
        assert_eq!(WithoutTicket::Auto.or(WithoutTicket::Refused), WithoutTicket::Refused);
        assert_eq!(WithoutTicket::Welcome.or(WithoutTicket::Refused), WithoutTicket::Welcome);
    }
}
