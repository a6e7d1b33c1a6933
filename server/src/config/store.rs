//! Where gateways meet, as an address.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Schemes of the Redis store.
const REDIS: [&str; 4] = ["redis://", "rediss://", "redis+cluster://", "redis+sentinel://"];

/// Which store, and where.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StoreAddress {
    /// One local file in this folder; this gateway alone.
    Embedded(PathBuf),
    /// Nothing kept beyond the process.
    Memory,
    /// A Redis where gateways of many machines meet; the address may hold a password.
    Redis(String),
}

impl StoreAddress {
    /// Whether this build can use it.
    pub(super) fn is_built(&self) -> Result<(), String> {
        match self {
            Self::Embedded(_) | Self::Memory => Ok(()),
            Self::Redis(address) => {
                let scheme = address.split("://").next().unwrap_or_default();
                Err(format!("{scheme}:// is not built yet; use embedded:PATH or memory"))
            }
        }
    }
}

impl Default for StoreAddress {
    fn default() -> Self {
        Self::Embedded("./beat-data/".into())
    }
}

impl FromStr for StoreAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("embedded:") {
            Some("") => Err("embedded: needs a folder, such as embedded:./beat-data/".into()),
            Some(path) => Ok(Self::Embedded(path.into())),
            None if text == "memory" => Ok(Self::Memory),
            None if REDIS.iter().any(|scheme| text.starts_with(scheme)) => Ok(Self::Redis(text.into())),
            // The text itself may hold a password: it is not repeated.
            None => Err(format!("a store is embedded:PATH, memory, or begins with one of {}", REDIS.join(", "))),
        }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(path) => write!(f, "embedded:{}", path.display()),
            Self::Memory => f.write_str("memory"),
            // Credentials stand before the last @.
            Self::Redis(address) => match address.rsplit_once('@') {
                Some((before, hosts)) => write!(f, "{}://…@{hosts}", before.split("://").next().unwrap_or_default()),
                None => f.write_str(address),
            },
        }
    }
}

impl fmt::Debug for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for StoreAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StoreAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_shows_its_password() {
        let address: StoreAddress = "rediss://fan:s3cret@h1:6379/0".parse().unwrap();
        assert_eq!(format!("{address} {address:?}"), "rediss://…@h1:6379/0 rediss://…@h1:6379/0");
        assert!(!"postgres://fan:s3cret@h1".parse::<StoreAddress>().unwrap_err().contains("s3cret"));
    }

    #[test]
    fn a_scheme_to_come_says_that_it_is_to_come() {
        for scheme in REDIS {
            let why = format!("{scheme}h1").parse::<StoreAddress>().unwrap().is_built().unwrap_err();
            assert!(why.starts_with(scheme) && why.contains("not built yet"), "{why}");
        }
    }
}
