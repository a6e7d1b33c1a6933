//! TLS on the client's side: certificates, who believes them, and a tunnel for clients that speak none.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::within;

/// A certificate of `localhost`, and its key.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
    der: CertificateDer<'static>,
}

impl Pair {
    /// One that holds.
    pub(crate) fn new() -> Self {
        Self::of(&CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    /// One that held until 2020.
    pub(crate) fn expired() -> Self {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
        Self::of(&params)
    }

    fn of(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate: certificate.pem(), key: key.serialize_pem(), der: certificate.der().clone() }
    }

    /// A client that believes this certificate and no other.
    pub(crate) fn believer(&self) -> Arc<ClientConfig> {
        self.believer_of(rustls::ALL_VERSIONS)
    }

    /// The same, of these versions only.
    pub(crate) fn believer_of(&self, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

/// A handshake over `socket`; an error, if there was none.
pub(crate) async fn shake_hands(
    socket: TcpStream,
    client: &Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    within("a TLS handshake", TlsConnector::from(Arc::clone(client)).connect(name, socket)).await
}

/// An address where clients without TLS come in, to be brought to `address` with it.
pub(crate) async fn tunnel(address: SocketAddr, client: Arc<ClientConfig>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let entrance = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut plain, _)) = listener.accept().await {
            let client = Arc::clone(&client);
            tokio::spawn(async move {
                let socket = TcpStream::connect(address).await?;
                socket.set_nodelay(true)?;
                copy_bidirectional(&mut plain, &mut shake_hands(socket, &client).await?).await
            });
        }
    });
    entrance
}
