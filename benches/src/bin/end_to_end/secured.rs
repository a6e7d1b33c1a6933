//! TLS as the crowd speaks it: it shakes hands and says what it has to say. What it is sent it throws away as it comes, still
//! encrypted, so that the crowd is no dearer than without.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// Whom the crowd believes.
pub(crate) type Trust = Arc<ClientConfig>;

/// One side of a connection behind its handshake.
pub(crate) struct Secured(Box<ClientConnection>);

/// Puts a certificate and its key into `folder`, as `server.pem` and `server.key`. Who believes it shows the ticket of an
/// earlier connection, or never does.
pub(crate) fn certify(folder: &Path, comes_back: bool) -> io::Result<Trust> {
    let (key, params) = (
        KeyPair::generate().map_err(io::Error::other)?,
        CertificateParams::new(["localhost".to_owned()]).map_err(io::Error::other)?,
    );
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    std::fs::write(folder.join("server.pem"), certificate.pem())?;
    std::fs::write(folder.join("server.key"), key.serialize_pem())?;
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).map_err(io::Error::other)?;
    let mut client = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if !comes_back {
        client.resumption = Resumption::disabled();
    }
    Ok(client.into())
}

impl Secured {
    /// Shakes hands over `socket`.
    pub(crate) fn shake_hands(socket: &mut TcpStream, trust: &Trust) -> io::Result<Self> {
        let name = "localhost".try_into().map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(Arc::clone(trust), name).map_err(io::Error::other)?;
        while tls.is_handshaking() || tls.wants_write() {
            tls.complete_io(socket)?;
        }
        Ok(Self(Box::new(tls)))
    }

    /// The records of `bytes`.
    pub(crate) fn encrypt(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.0.writer().write_all(bytes)?;
        let mut records = Vec::with_capacity(bytes.len() + 64);
        while self.0.wants_write() {
            self.0.write_tls(&mut records)?;
        }
        Ok(records)
    }

    /// What comes next, of so many bytes at most.
    pub(crate) fn read(&mut self, socket: &mut TcpStream, bytes: &mut [u8]) -> io::Result<usize> {
        rustls::Stream::new(&mut *self.0, socket).read(bytes)
    }
}
