//! Opens one connection to one server.
//!
//! Knows neither which server is meant nor what is said to it.

use std::path::Path;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion,
    RedisConnectionInfo, RedisError, TlsCertificates, Value,
};
use tokio::time::timeout;

use super::fault::Fault;
use super::route;
use crate::config::{Credentials, Node, RedisAddress, Tls, Topology};

/// A server of this data centre answers a handshake within milliseconds, one across an ocean within 0.3 s.
const CONNECT_DEADLINE: Duration = Duration::from_secs(1);

/// How connections are opened.
pub(super) struct Dial {
    db: u16,
    credentials: Option<Credentials>,
    tls: Option<TlsCertificates>,
}

impl Dial {
    /// Reads what `address` names.
    pub(super) fn new(address: &RedisAddress) -> Result<Self, Fault> {
        let db = match address.topology {
            Topology::Standalone { db } => db,
            Topology::Sentinel { .. } | Topology::Cluster => 0,
        };
        let tls = match &address.tls {
            Some(Tls { ca }) => {
                // Refused only where another part of the process has chosen one already.
                drop(rustls::crypto::ring::default_provider().install_default());
                Some(TlsCertificates { client_tls: None, root_cert: ca.as_deref().map(read_ca).transpose()? })
            }
            None => None,
        };
        Ok(Self { db, credentials: address.credentials.clone(), tls })
    }

    /// A connection to a primary, that has said by itself that it is one: a replica would take nothing, and its silence
    /// would prove nothing. A server that hangs lets connections be made, but says nothing.
    pub(super) async fn primary(&self, node: &Node) -> Result<MultiplexedConnection, Fault> {
        let dialled = async {
            let mut connection = self.any(node).await?;
            let ask = redis::cmd("INFO").arg("replication").take();
            let said = connection.send_packed_command(&ask).await.and_then(Value::extract_error);
            let said = said.map_err(|error| Fault::of(node, &error))?;
            match route::text(&said) {
                Some(said) if said.lines().any(|line| line == "role:master") => Ok(connection),
                _ => {
                    let advice = "it is a replica; name its primary, or let sentinels name it (redis+sentinel://)";
                    Err(Fault::Unsuitable { node: node.clone(), advice: advice.into() })
                }
            }
        };
        in_time(node, dialled).await
    }

    /// A connection to any server of a cluster.
    pub(super) async fn any(&self, node: &Node) -> Result<MultiplexedConnection, Fault> {
        self.open(node, self.credentials.as_ref(), self.db).await
    }

    /// A connection to a sentinel, which may or may not have the same users.
    pub(super) async fn sentinel(&self, node: &Node) -> Result<MultiplexedConnection, Fault> {
        match self.open(node, self.credentials.as_ref(), 0).await {
            Err(Fault::Refused { .. }) if self.credentials.is_some() => self.open(node, None, 0).await,
            outcome => outcome,
        }
    }

    async fn open(
        &self,
        node: &Node,
        credentials: Option<&Credentials>,
        db: u16,
    ) -> Result<MultiplexedConnection, Fault> {
        let fault = |error: &RedisError| match error.is_io_error() {
            true => Fault::Unreachable { whom: node.to_string(), why: error.to_string() },
            false => Fault::Refused { node: node.clone(), why: error.to_string() },
        };
        #[cfg(test)]
        if let Some(wire) = crate::simulation::wire_to(node) {
            return wire.await.map_err(|error| fault(&error));
        }
        let client = self.client(node, credentials, db).map_err(|error| fault(&error))?;
        // Deadlines are ours, around whole verbs; the client's own would be a second clock beside them.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let opened = client.get_multiplexed_async_connection_with_config(&config);
        in_time(node, async { opened.await.map_err(|error| fault(&error)) }).await
    }

    fn client(&self, node: &Node, credentials: Option<&Credentials>, db: u16) -> Result<Client, RedisError> {
        let (host, port) = (node.host.clone(), node.port);
        let address = match self.tls {
            Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            None => ConnectionAddr::Tcp(host, port),
        };
        // Plain arrays and texts (RESP2) are all that these verbs need, and every server speaks them.
        let mut settings = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP2)
            .set_db(db.into())
            .set_skip_set_lib_name();
        if let Some(Credentials { user, password }) = credentials {
            settings = settings.set_password(password);
            if let Some(user) = user {
                settings = settings.set_username(user);
            }
        }
        // A flush is small and waits for its answer: Nagle's algorithm would hold it back for the last one's.
        let info: ConnectionInfo = address
            .into_connection_info()?
            .set_redis_settings(settings)
            .set_tcp_settings(TcpSettings::default().set_nodelay(true));
        match &self.tls {
            Some(tls) => Client::build_with_tls(info, tls.clone()),
            None => Client::open(info),
        }
    }
}

async fn in_time<T>(node: &Node, dialled: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let silent = || Fault::Unreachable { whom: node.to_string(), why: "no answer within 1 s".into() };
    timeout(CONNECT_DEADLINE, dialled).await.unwrap_or_else(|_| Err(silent()))
}

fn read_ca(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| Fault::Unreachable {
        whom: "anybody".into(),
        why: format!("cannot read the certificate authority {}: {error}", path.display()),
    })
}
