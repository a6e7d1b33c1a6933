//! Where gateways meet, as an address.

mod redis;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use redis::{Credentials, Node, RedisAddress, Tls, Topology};

/// Which store, and where.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum StoreAddress {
    /// One local file in this folder; this gateway alone.
    Embedded(PathBuf),
    /// Nothing kept beyond the process.
    Memory,
    /// A Redis where gateways of many machines meet.
    Redis(RedisAddress),
}

impl StoreAddress {
    /// The folder of this machine it is kept in, if it is.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Embedded(folder) => Some(folder),
            Self::Memory | Self::Redis(_) => None,
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
            None => text.parse().map(Self::Redis),
        }
    }
}

impl fmt::Display for StoreAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded(path) => write!(f, "embedded:{}", path.display()),
            Self::Memory => f.write_str("memory"),
            Self::Redis(address) => address.fmt(f),
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
}
