//! The key that tallies are signed with: a file of 64 hex digits, for nobody else to read.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Its name in the folder of the embedded store.
const FILE: &str = "tally.key";

/// Where the key is, as the configuration has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum TallyKey {
    /// With the embedded store, made at the first start; any other store has no place for it.
    #[default]
    WithStore,
    /// In this file, which must be there.
    File(PathBuf),
}

/// What signs, or why nothing does.
pub(crate) enum Signer {
    Key(SecretKey),
    Unsigned(&'static str),
}

/// The half that is nobody else's business.
pub(crate) struct SecretKey(Box<SigningKey>);

/// The half that is published: 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicKey(VerifyingKey);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("cannot use {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is no key: 64 hex digits are one; `beat-server tally-key FILE` makes it", path.display())]
    NoKey { path: PathBuf },
    #[error("{} can be read by anybody on this machine: chmod 600 it", path.display())]
    Open { path: PathBuf },
}

/// A text that is no public key.
#[derive(Debug, thiserror::Error)]
#[error("a public key is 64 hex digits, as `beat-server tally-key` prints them")]
pub(crate) struct NoPublicKey;

impl SecretKey {
    /// Reads the key in `path`.
    pub(crate) fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::Io { path: path.to_owned(), source };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o007 != 0 {
            return Err(KeyError::Open { path: path.to_owned() });
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        from_hex(text.trim_end()).map(Self::from_seed).map_err(|_| KeyError::NoKey { path: path.to_owned() })
    }

    /// Reads the key in `path`, and makes it first if there is none.
    pub(crate) fn load_or_make(path: &Path) -> Result<Self, KeyError> {
        if fs::exists(path).is_ok_and(|exists| !exists) {
            make(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        }
        Self::load(path)
    }

    pub(super) fn from_seed(seed: [u8; 32]) -> Self {
        Self(Box::new(SigningKey::from_bytes(&seed)))
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text).to_bytes()
    }
}

impl PublicKey {
    /// Whether `signature` was made over `text` with the other half; by the strict rules, so that there is one answer.
    pub(super) fn fits(self, text: &[u8], signature: &Signature) -> bool {
        self.0.verify_strict(text, signature).is_ok()
    }
}

/// Writes a new key whole, or not at all; one that came to be meanwhile stands.
fn make(path: &Path) -> io::Result<()> {
    let mut seed = [0; 32];
    rand::rand_core::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed).map_err(io::Error::other)?;
    let draft = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let written = file.write_all(format!("{}\n", HEXLOWER.encode(&seed)).as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    fs::remove_file(&draft)?;
    linked
}

impl Signer {
    /// The key that `key` names, for a service that keeps its totals in `folder`, if in one.
    pub(crate) fn new(key: &TallyKey, folder: Option<&Path>) -> Result<Self, KeyError> {
        match (key, folder) {
            (TallyKey::File(path), _) => SecretKey::load(path).map(Self::Key),
            (TallyKey::WithStore, Some(folder)) => SecretKey::load_or_make(&folder.join(FILE)).map(Self::Key),
            (TallyKey::WithStore, None) => {
                Ok(Self::Unsigned("this store keeps no key: set tally.key_file, the same key on every gateway"))
            }
        }
    }
}

/// As many bytes as digits make, no more and no fewer.
pub(super) fn from_hex<const N: usize>(text: &str) -> Result<[u8; N], NoPublicKey> {
    let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| NoPublicKey)?;
    bytes.try_into().map_err(|_| NoPublicKey)
}

impl FromStr for PublicKey {
    type Err = NoPublicKey;

    fn from_str(text: &str) -> Result<Self, NoPublicKey> {
        VerifyingKey::from_bytes(&from_hex(text)?).map(Self).map_err(|_| NoPublicKey)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl FromStr for TallyKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err("a file, or \"with-store\""),
            "with-store" => Ok(Self::WithStore),
            path => Ok(Self::File(path.into())),
        }
    }
}

impl Serialize for TallyKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::WithStore => serializer.serialize_str("with-store"),
            Self::File(path) => path.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for TallyKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let first = SecretKey::load_or_make(&path).unwrap().public();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SecretKey::load_or_make(&path).unwrap().public(), first);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
        let other = SecretKey::load_or_make(&folder.path().join("other")).unwrap().public();
        assert_ne!(other, first);
    }

    #[test]
    fn a_key_that_is_open_to_all_or_torn_is_refused_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        SecretKey::load_or_make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(SecretKey::load_or_make(&path), Err(KeyError::Open { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "00ff").unwrap();
        assert!(matches!(SecretKey::load_or_make(&path), Err(KeyError::NoKey { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "00ff");
        let missing = TallyKey::File(folder.path().join("missing"));
        assert!(matches!(Signer::new(&missing, None), Err(KeyError::Io { .. })), "a configured one is not made up");
    }

    #[test]
    fn without_a_place_for_it_there_is_no_key_and_that_is_said() {
        assert!(matches!(Signer::new(&TallyKey::WithStore, None), Ok(Signer::Unsigned(_))));
    }
}
