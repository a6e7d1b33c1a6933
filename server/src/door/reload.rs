//! Renews the door without a restart: on SIGHUP, and when the configuration file or one it names has changed.
//!
//! Only what the door goes by is renewed: `[tickets]`, what events say of who has none, the operators' token, and the
//! certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::Signal;
use tokio::time::interval;

use crate::config::{Config, Flags};
use crate::gateway::{Gateway, ToShard};

/// How often files are looked at: new keys are there before the first ticket is signed with them, if a site waits as long.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells that a file is another: nobody writes one of the same length within the same tick of the clock.
type Stamp = Option<(SystemTime, u64)>;

/// Renews for as long as the process lives.
pub(crate) async fn keep(gateway: Arc<Gateway>, flags: Flags, mut hangup: Signal) {
    let mut files = gateway.config.files.clone();
    let mut renewed = stamps(&files);
    let mut before = renewed.clone();
    let mut looks = interval(LOOK_EVERY);
    loop {
        let is_asked = tokio::select! {
            _ = hangup.recv() => true,
            _ = looks.tick() => false,
        };
        let now = stamps(&files);
        // One that has changed since the last look may still be in the middle of being written.
        let has_settled = now == before && now != renewed;
        before = now;
        if is_asked || has_settled {
            match Config::load(&flags) {
                Ok(config) => {
                    renew(&gateway, &config).await;
                    files = config.files;
                }
                Err(error) => tracing::error!(%error, "the door stays as it was"),
            }
            renewed = stamps(&files);
            before = renewed.clone();
        }
    }
}

async fn renew(gateway: &Gateway, config: &Config) {
    gateway.door.renew(config);
    gateway.renew_identity(config);
    for shard in &gateway.shards {
        // A shard that has ended has no displays either.
        drop(shard.mailbox.send(ToShard::Revoked).await);
    }
    let (keys, revoked) = (config.tickets.keys(), config.tickets.revoked.len());
    tracing::info!(?keys, revoked, "the door is renewed");
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    files.iter().map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Stamp {
    let about = std::fs::metadata(file).ok()?;
    Some((about.modified().ok()?, about.len()))
}
