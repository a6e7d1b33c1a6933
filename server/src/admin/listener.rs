//! Where operators come in: an address of the network, or a socket in the file system.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::Path;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

use crate::config::AdminAddress;

/// Bound, and not yet accepting.
pub(crate) enum Listener {
    Network(TcpListener),
    Unix(UnixListener),
}

/// What a connection is to who serves it.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Socket for T {}

impl Listener {
    /// Binds. Only this process's user may open a socket in the file system.
    pub(crate) async fn bind(address: &AdminAddress) -> io::Result<Self> {
        match address {
            AdminAddress::Network(address) => TcpListener::bind(address).await.map(Self::Network),
            AdminAddress::Unix(path) => {
                clear_away(path)?;
                let listener = UnixListener::bind(path)?;
                std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
                Ok(Self::Unix(listener))
            }
        }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> io::Result<String> {
        Ok(match self {
            Self::Network(listener) => format!("http://{}/", listener.local_addr()?),
            Self::Unix(listener) => {
                let address = listener.local_addr()?;
                format!("unix:{}", address.as_pathname().unwrap_or(Path::new("")).display())
            }
        })
    }

    /// Who comes in here without saying who it is, as it stands in an audit line.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Network(_) => "loopback",
            Self::Unix(_) => "unix socket",
        }
    }

    pub(super) async fn accept(&self) -> io::Result<Box<dyn Socket>> {
        Ok(match self {
            Self::Network(listener) => Box::new(listener.accept().await?.0),
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// Removes the socket of a process that is gone, and nothing else.
fn clear_away(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(about) if about.file_type().is_socket() => match StdUnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}
