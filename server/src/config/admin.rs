//! Where operators come in.

use std::fmt;
use std::net::{AddrParseError, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// An address of the network, or a socket in the file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AdminAddress {
    /// Whoever reaches it.
    Network(SocketAddr),
    /// Whoever may open the file.
    Unix(PathBuf),
}

impl AdminAddress {
    /// Whether others than this machine's users may reach it.
    pub(super) fn is_open_to_others(&self) -> bool {
        matches!(self, Self::Network(address) if !address.ip().to_canonical().is_loopback())
    }
}

impl FromStr for AdminAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("unix: needs a path, such as unix:/run/beat/admin.sock".into()),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Network).map_err(|error: AddrParseError| {
                format!("{error}: 127.0.0.1:9600 is one, or unix:/run/beat/admin.sock")
            }),
        }
    }
}

impl fmt::Display for AdminAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Serialize for AdminAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AdminAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What an operator says to be one, kept as its SHA-256: how long a comparison takes tells nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct AdminToken([u8; 32]);

impl AdminToken {
    const CHARACTERS_MIN: usize = 32;

    /// The text without white space around it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() < Self::CHARACTERS_MIN {
            return Err("a token has at least 32 characters; `openssl rand -hex 32` makes one".into());
        }
        Ok(Self(Sha256::digest(text).into()))
    }

    /// Whether `said` is it.
    pub(crate) fn is(&self, said: &str) -> bool {
        Self(Sha256::digest(said).into()) == *self
    }
}

/// Not even its hash is shown.
impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}
