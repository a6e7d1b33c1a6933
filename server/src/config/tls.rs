//! Who this server is to those who come by TLS: its certificate, and the key to it.
//!
//! Read once, into what a handshake needs; a pair that cannot be used is refused by key and file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{Error, ServerConfig};
use serde::{Deserialize, Serialize};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The `[tls]` table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TlsConfig {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(skip)]
    identity: Option<Identity>,
}

/// What a handshake needs.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) server: Arc<ServerConfig>,
    /// From when, and until when, others believe the certificate.
    valid: (SystemTime, SystemTime),
    chain: Vec<CertificateDer<'static>>,
}

/// What is at fault: the key of the configuration, and why.
type Fault = (&'static str, String);

const CERTIFICATE: &str = "tls.certificate";
const KEY: &str = "tls.key";

impl TlsConfig {
    /// Reads the files; their paths are relative to `folder`. Answers with those that were read.
    pub(super) fn resolve(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Fault> {
        let (certificate, key) = match (&self.certificate, &self.key) {
            (None, None) => return Ok(Vec::new()),
            (Some(certificate), Some(key)) => (folder.join(certificate), folder.join(key)),
            (Some(_), None) => return Err((KEY, "missing: a certificate needs the key it was made for".into())),
            (None, Some(_)) => return Err((CERTIFICATE, "missing: a key needs the certificate made for it".into())),
        };
        self.identity = Some(Identity::read(&certificate, &key)?);
        Ok(vec![certificate, key])
    }

    /// Who the server is. Only after [`TlsConfig::resolve`].
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }
}

impl Identity {
    fn read(certificate: &Path, key: &Path) -> Result<Self, Fault> {
        let chain = chain(certificate).map_err(|why| (CERTIFICATE, why))?;
        let valid = validity(&chain[0]).map_err(|why| (CERTIFICATE, format!("{}: {why}", certificate.display())))?;
        let secret = secret(key).map_err(|why| (KEY, why))?;
        let provider = Arc::new(ring::default_provider());
        let certified = CertifiedKey::from_der(chain.clone(), secret, &provider).map_err(|error| match error {
            Error::InconsistentKeys(_) => {
                let (key, certificate) = (key.display(), certificate.display());
                (KEY, format!("{key} is not the key that the first certificate of {certificate} was made for"))
            }
            Error::InvalidCertificate(_) => (CERTIFICATE, format!("{}: {error}", certificate.display())),
            error => (KEY, format!("{}: {error}", key.display())),
        })?;
        let unusable = |error: Error| (CERTIFICATE, error.to_string());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        // The first is all that is spoken here; who offers others only is told so in the handshake.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Who comes back shows a ticket: nothing is kept here, and the handshake costs no signature.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.ticketer = ring::Ticketer::new().map_err(unusable)?;
        Ok(Self { server: Arc::new(server), valid, chain })
    }

    /// When its certificate expires, in seconds since 1970.
    pub(crate) fn expires_s(&self) -> u64 {
        self.valid.1.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// Says until when it is good, and whether it is.
    pub(crate) fn tell(&self) {
        let (from, until) = self.valid;
        let now = SystemTime::now();
        if now < from {
            tracing::warn!(from = written(from), "tls.certificate: not valid yet: nobody will come in");
        } else if now > until {
            tracing::warn!(expired = written(until), "tls.certificate: expired: nobody will come in");
        } else {
            tracing::info!(expires = written(until), "the certificate is in use");
        }
    }
}

/// The same certificates: they have one key.
impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        self.chain == other.chain
    }
}

fn written(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(|_| format!("{time:?}"), |time| time.to_string())
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes(path)?).collect();
    match chain {
        Err(error) => Err(format!("{} is no PEM: {error}", path.display())),
        Ok(none) if none.is_empty() => Err(format!("{} has no BEGIN CERTIFICATE in it", path.display())),
        Ok(chain) => Ok(chain),
    }
}

fn secret(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    use rustls::pki_types::pem::Error::NoItemsFound;

    PrivateKeyDer::from_pem_slice(&bytes(path)?).map_err(|error| match error {
        NoItemsFound => format!("{} has no BEGIN PRIVATE KEY in it, without a passphrase", path.display()),
        error => format!("{} is no PEM: {error}", path.display()),
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn validity(certificate: &CertificateDer<'_>) -> Result<(SystemTime, SystemTime), String> {
    let certificate = Certificate::from_der(certificate).map_err(|error| format!("no certificate: {error}"))?;
    let validity = certificate.tbs_certificate().validity();
    Ok((validity.not_before.to_system_time(), validity.not_after.to_system_time()))
}
