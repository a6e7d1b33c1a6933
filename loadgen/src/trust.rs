//! Whom TLS believes: the authorities of this machine, those named beside them, or, if so said, anybody.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use serde::{Deserialize, Serialize};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// What is said of it.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "TLS, for wss:// and https://")]
pub(crate) struct TrustArgs {
    /// Believe these authorities, too: a file of certificates (PEM), such as that of your own authority.
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,

    /// Believe any certificate, whoever it is of. The report says so.
    #[arg(long)]
    pub(crate) insecure: bool,
}

/// Why there is nobody to believe.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustError {
    #[error("--ca {path}: {why}")]
    Ca { path: String, why: String },
}

/// Whom to believe; as bytes, so that it can be handed to other processes.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Trust {
    named: Vec<Vec<u8>>,
    anybody: bool,
    /// Made once, when it is first needed: most runs are without TLS.
    #[serde(skip)]
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Trust {
    /// Reads the files.
    pub(crate) fn of(args: &TrustArgs) -> Result<Self, TrustError> {
        let mut named = Vec::new();
        for path in &args.ca {
            let refused = |why: String| TrustError::Ca { path: path.display().to_string(), why };
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let read = read.map_err(|error| refused(error.to_string()))?;
            if read.is_empty() {
                return Err(refused("no certificate is in it".to_owned()));
            }
            for certificate in read {
                RootCertStore::empty().add(certificate.clone()).map_err(|error| refused(error.to_string()))?;
                named.push(certificate.to_vec());
            }
        }
        Ok(Self { named, anybody: args.insecure, config: Arc::default() })
    }

    /// What a connection begins with. Each shakes hands whole, as a phone does that was not here before.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(self.config.get_or_init(|| {
            let provider = Arc::new(ring::default_provider());
            let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .expect("ring speaks TLS 1.2 and 1.3");
            let mut config = if self.anybody {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            } else {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(self.certificates());
                builder.with_root_certificates(roots)
            }
            .with_no_client_auth();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            config.resumption = Resumption::disabled();
            Arc::new(config)
        }))
    }

    /// The same for pages.
    pub(crate) fn of_pages(&self) -> TlsConfig {
        let certificates = self.certificates();
        let certificates: Vec<_> = certificates.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
        TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(certificates)))
            .disable_verification(self.anybody)
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .build()
    }

    fn certificates(&self) -> Vec<CertificateDer<'static>> {
        if self.anybody {
            return Vec::new();
        }
        // A machine without any is no error: it may be told one with --ca.
        let mut all = rustls_native_certs::load_native_certs().certs;
        all.extend(self.named.iter().map(|bytes| CertificateDer::from(bytes.clone())));
        all
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("named", &self.named.len())
            .field("anybody", &self.anybody)
            .finish_non_exhaustive()
    }
}

/// Looks at no certificate, only at whether its owner is there.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_no_authority_is_refused_by_name() {
        for (text, why) in [
            ("", "no certificate is in it"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate"),
        ] {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            let error =
                Trust::of(&TrustArgs { ca: vec![file.path().into()], insecure: false }).unwrap_err().to_string();
            assert!(error.starts_with("--ca /") && error.contains(why), "{error}");
        }
    }
}
