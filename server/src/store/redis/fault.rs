//! Why Redis did not do it.

use redis::{ErrorKind, ServerErrorKind};

use crate::config::Node;

/// Why Redis did not do it. The next call states larger totals, so that there is nothing to retry.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Fault {
    /// Nothing was sent: there is no connection right now, and one is being made in the background.
    #[error("no connection to {whom}: {why}")]
    Unreachable { whom: String, why: String },
    /// It may have been done, or may be later.
    #[error("{node} did not answer within {} ms", super::DEADLINE.as_millis())]
    Silent { node: Node },
    /// It may have been done.
    #[error("lost the connection to {node}: {why}")]
    Lost { node: Node, why: String },
    /// The server said no.
    #[error("{node} refuses: {why}")]
    Refused { node: Node, why: String },
    /// The server, or who wrote to it, said something that makes no sense.
    #[error("{node} holds nonsense: {why}")]
    Nonsense { node: Node, why: String },
    /// It is no place for a live event, for a reason that its operator can mend.
    #[error("{node} cannot serve: {advice}")]
    Unsuitable { node: Node, advice: String },
}

impl Fault {
    /// What `error`, from `node`, is to us.
    pub(super) fn of(node: &Node, error: &redis::RedisError) -> Self {
        let (node, why) = (node.clone(), error.to_string());
        match meaning(error) {
            Meaning::Lost => Self::Lost { node, why },
            Meaning::Forbidden => {
                let advice = format!("its user has not the rights that deploy/redis.acl lists ({why})");
                Self::Unsuitable { node, advice }
            }
            Meaning::Demoted | Meaning::Elsewhere | Meaning::Refused => Self::Refused { node, why },
        }
    }
}

/// What an error of the client means for the connection it came over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The connection is of no more use.
    Lost,
    /// The server is no primary any more: whoever is, it is reached by a new connection.
    Demoted,
    /// Another server owns the keys by now, or soon.
    Elsewhere,
    /// Our user has not the right.
    Forbidden,
    /// The connection is fine; the command was not.
    Refused,
}

/// Tells what `error` means.
pub(super) fn meaning(error: &redis::RedisError) -> Meaning {
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::ClusterDown) => Meaning::Elsewhere,
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown) => Meaning::Demoted,
        // A blocked reader is told so when its server becomes a replica.
        ErrorKind::Extension if error.code() == Some("UNBLOCKED") => Meaning::Demoted,
        ErrorKind::Server(ServerErrorKind::NoPerm) => Meaning::Forbidden,
        ErrorKind::Server(_) | ErrorKind::Extension => Meaning::Refused,
        _ => Meaning::Lost,
    }
}
