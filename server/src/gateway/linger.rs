//! The moment between our last word and the end of a connection.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// How long a peer may take to read why, and to close from its side.
pub(super) const LINGER: Duration = Duration::from_secs(1);
/// What it may still send meanwhile.
pub(super) const LINGER_BYTES_MAX: usize = 64 * 1_024;

/// Reads what is under way without looking at it: to close over unread bytes would reset the connection, and the peer
/// would never see our last word.
pub(super) async fn read_out(mut socket: impl AsyncRead + Unpin) {
    let mut left = LINGER_BYTES_MAX;
    let mut chunk = [0; 1_024];
    let until_the_end = async {
        while let Ok(read @ 1..) = socket.read(&mut chunk).await {
            match left.checked_sub(read) {
                Some(less) => left = less,
                None => return,
            }
        }
    };
    // Whoever needs longer is cut off.
    drop(timeout(LINGER, until_the_end).await);
}
