//! What the operator may decide, parsed once into final types.
//!
//! Flags stand over the environment (`BEAT_…`), which stands over the TOML file, which stands over the defaults below.
//! Every key is described, with its default, in `server/beat.example.toml`; a test holds the two equal.

mod addresses;
mod admin;
mod events;
mod flags;
mod hosts;
mod layers;
mod list;
mod listen;
mod openness;
mod origins;
mod store;
mod tally;
mod tickets;
mod tls;
mod watch;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use beat_protocol::Cadence;
use serde::{Deserialize, Serialize};

pub(crate) use addresses::{AddressConfig, Share, network};
pub(crate) use admin::{AdminAddress, AdminToken};
pub(crate) use events::EventConfig;
pub(crate) use flags::{Command, Flags, TicketFlags};
pub(crate) use hosts::Hosts;
pub(crate) use listen::{Preamble, PublicAddress, PublicAddresses};
pub(crate) use origins::Origins;
pub(crate) use store::{Credentials, Node, RedisAddress, StoreAddress, Tls, Topology};
pub(crate) use tally::TallyConfig;
pub(crate) use tickets::{TicketConfig, WithoutTicket};
pub(crate) use tls::{Identity, TlsConfig};
pub(crate) use watch::WatchConfig;

/// A bucket that several take from counts in thousandths since the process began: so fast it can for 584 years.
const TAPS_PER_SECOND_MAX: u32 = 1_000_000;

/// Why the configuration cannot be used; says which key, and in which of its sources.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: Box<toml::de::Error> },
    #[error("{origin}: {why}")]
    Setting { origin: String, why: String },
    #[error("{name}: no such setting; known are {known}")]
    UnknownVariable { name: String, known: String },
    #[error("{key}: {why}")]
    Key { key: String, why: String },
}

impl ConfigError {
    fn key(key: impl Into<String>, why: impl ToString) -> Self {
        Self::Key { key: key.into(), why: why.to_string() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) listen: PublicAddresses,
    pub(crate) tls: TlsConfig,
    pub(crate) hosts: Hosts,
    pub(crate) admin: AdminAddress,
    pub(crate) admin_token_file: Option<PathBuf>,
    pub(crate) store: StoreAddress,
    pub(crate) shards: NonZeroUsize,
    pub(crate) log: String,
    pub(crate) beat: BeatConfig,
    pub(crate) limits: Limits,
    pub(crate) addresses: AddressConfig,
    pub(crate) drain: DrainConfig,
    pub(crate) tally: TallyConfig,
    pub(crate) tickets: TicketConfig,
    pub(crate) watch: WatchConfig,
    #[serde(skip_serializing)]
    pub(crate) events: Vec<EventConfig>,
    /// What stands in `admin_token_file`.
    #[serde(skip)]
    pub(crate) admin_token: Option<AdminToken>,
    /// The file itself, those whose secrets it names, and the certificate: what may change while the service runs.
    #[serde(skip)]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BeatConfig {
    #[serde(rename = "interval_ms", with = "millis")]
    pub(crate) interval: Duration,
    #[serde(rename = "key_interval_ms", with = "millis")]
    pub(crate) key_interval: Duration,
    pub(crate) cadence_ms: u32,
    pub(crate) frames_per_second_per_shard: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    #[serde(rename = "handshake_ms", with = "millis")]
    pub(crate) handshake: Duration,
    pub(crate) frames_per_second: u32,
    pub(crate) frames_burst: u32,
    pub(crate) bytes_per_second: u32,
    pub(crate) bytes_burst: u32,
    pub(crate) control_frames_per_second: u32,
    pub(crate) control_frames_burst: u32,
    pub(crate) taps_per_second: u32,
    pub(crate) taps_at_start: u32,
    pub(crate) taps_burst: u32,
    #[serde(rename = "session_ms", with = "millis")]
    pub(crate) session: Duration,
    pub(crate) sessions_resting: usize,
    #[serde(rename = "unread_ms", with = "millis")]
    pub(crate) unread: Duration,
    pub(crate) unsent_bytes: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DrainConfig {
    #[serde(rename = "window_ms", with = "millis")]
    pub(crate) window: Duration,
    #[serde(rename = "flush_ms", with = "millis")]
    pub(crate) flush: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: PublicAddresses::default(),
            tls: TlsConfig::default(),
            hosts: Hosts::default(),
            admin: AdminAddress::Network(SocketAddr::from(([127, 0, 0, 1], 9600))),
            admin_token_file: None,
            store: StoreAddress::default(),
            shards: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            log: "info".into(),
            beat: BeatConfig::default(),
            limits: Limits::default(),
            addresses: AddressConfig::default(),
            drain: DrainConfig::default(),
            tally: TallyConfig::default(),
            tickets: TicketConfig::default(),
            watch: WatchConfig::default(),
            admin_token: None,
            files: Vec::new(),
            events: vec![EventConfig::demo()],
        }
    }
}

impl Default for BeatConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(100),
            key_interval: Duration::from_secs(9),
            cadence_ms: 100,
            frames_per_second_per_shard: 100_000,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 18_000,
            handshake: Duration::from_secs(5),
            frames_per_second: 20,
            frames_burst: 40,
            bytes_per_second: 8_192,
            bytes_burst: 32_768,
            control_frames_per_second: 2,
            control_frames_burst: 20,
            taps_per_second: 16,
            taps_at_start: 24,
            taps_burst: 80,
            session: Duration::from_secs(60),
            sessions_resting: 200_000,
            unread: Duration::from_secs(30),
            unsent_bytes: 16_384,
        }
    }
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self { window: Duration::from_secs(5), flush: Duration::from_secs(2) }
    }
}

impl Config {
    /// Puts the layers together: defaults, file, environment, flags.
    pub(crate) fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let (file, folder) = match &flags.config {
            Some(path) => (layers::read_file(path)?, path.parent().unwrap_or(Path::new("."))),
            None => (toml::Table::new(), Path::new(".")),
        };
        let mut config = Self::of(file, std::env::vars_os(), flags.settings(), folder)?;
        config.files.extend(flags.config.clone());
        Ok(config)
    }

    /// The same of the `text` of a file, without a flag; what the file names is in `folder`.
    pub(crate) fn of_text(
        text: &str,
        variables: Vec<(OsString, OsString)>,
        folder: &Path,
    ) -> Result<Self, ConfigError> {
        Self::of(layers::parse(Path::new("beat.toml"), text)?, variables.into_iter(), std::iter::empty(), folder)
    }

    fn of(
        file: toml::Table,
        variables: impl Iterator<Item = (OsString, OsString)>,
        flags: impl Iterator<Item = layers::Setting>,
        folder: &Path,
    ) -> Result<Self, ConfigError> {
        let environment = layers::environment(variables)?;
        let mut config = layers::merge(file, environment.into_iter().chain(flags))?;
        for (at, event) in config.events.iter_mut().enumerate() {
            event.resolve(folder).map_err(|why| ConfigError::key(format!("events[{at}].roster"), why))?;
        }
        config.tally.resolve(folder).map_err(|why| ConfigError::key("tally.key_file", why))?;
        config.read_secrets(folder)?;
        config.check()?;
        Ok(config)
    }

    fn read_secrets(&mut self, folder: &Path) -> Result<(), ConfigError> {
        self.files = self.tickets.resolve(folder).map_err(|(key, why)| ConfigError::key(key, why))?;
        self.files.extend(self.tls.resolve(folder).map_err(|(key, why)| ConfigError::key(key, why))?);
        if let Some(path) = &self.admin_token_file {
            let path = folder.join(path);
            let token = tickets::read_secret(&path).and_then(|token| AdminToken::new(&token));
            self.admin_token = Some(token.map_err(|why| ConfigError::key("admin_token_file", why))?);
            self.files.push(path);
        }
        Ok(())
    }

    fn check(&self) -> Result<(), ConfigError> {
        let interval = self.beat.interval.as_millis();
        if !(50..=1000).contains(&interval) || 1000 % interval != 0 {
            return Err(ConfigError::key("beat.interval_ms", "50 to 1000, and a divisor of 1000"));
        }
        // A KEY comes at least every 10 s; a fan is due only every fifth beat.
        if self.beat.key_interval < self.beat.interval
            || self.beat.key_interval + 5 * self.beat.interval > Duration::from_secs(10)
        {
            return Err(ConfigError::key("beat.key_interval_ms", "from interval_ms to 10000 less five intervals"));
        }
        if !(50..=4000).contains(&self.beat.cadence_ms) || !self.beat.cadence_ms.is_multiple_of(Cadence::STEP_MS) {
            return Err(ConfigError::key("beat.cadence_ms", "50 to 4000, in steps of 50"));
        }
        let limits = &self.limits;
        for (key, at_least_one) in [
            ("beat.frames_per_second_per_shard", self.beat.frames_per_second_per_shard),
            ("limits.frames_per_second", limits.frames_per_second),
            ("limits.frames_burst", limits.frames_burst),
            ("limits.bytes_per_second", limits.bytes_per_second),
            ("limits.control_frames_per_second", limits.control_frames_per_second),
            ("limits.control_frames_burst", limits.control_frames_burst),
            ("limits.taps_per_second", limits.taps_per_second),
            ("limits.taps_burst", limits.taps_burst),
            ("limits.unsent_bytes", limits.unsent_bytes),
        ] {
            if at_least_one == 0 {
                return Err(ConfigError::key(key, "at least 1"));
            }
        }
        if limits.taps_per_second > TAPS_PER_SECOND_MAX {
            return Err(ConfigError::key("limits.taps_per_second", "at most 1000000: more is no limit to anybody"));
        }
        if limits.bytes_burst < 4_096 {
            return Err(ConfigError::key("limits.bytes_burst", "at least 4096, or an honest client may be closed"));
        }
        if limits.taps_at_start > limits.taps_burst {
            return Err(ConfigError::key("limits.taps_at_start", "at most limits.taps_burst"));
        }
        if self.events.is_empty() {
            return Err(ConfigError::key("events", "at least one event"));
        }
        for (at, event) in self.events.iter().enumerate() {
            event.check().map_err(|why| ConfigError::key(format!("events[{at}]"), why))?;
            if self.events[..at].iter().any(|earlier| earlier.id == event.id) {
                return Err(ConfigError::key(format!("events[{at}].id"), format!("{} stands twice", event.id)));
            }
        }
        self.addresses.check().map_err(|(key, why)| ConfigError::key(key, why))?;
        self.check_listen()?;
        self.watch.check().map_err(|(key, why)| ConfigError::key(key, why))?;
        self.check_openness()?;
        if let Err(why) = self.log.parse::<tracing_subscriber::EnvFilter>() {
            return Err(ConfigError::key("log", why));
        }
        Ok(())
    }
}

/// A `Duration` as whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_file_says_the_defaults() {
        let example = include_str!("../beat.example.toml");
        let shards = Config::default().shards;
        let said: Config = toml::from_str(&example.replace("shards = 2", &format!("shards = {shards}"))).unwrap();
        assert_eq!(said, Config::default());
        for key in layers::known_keys() {
            let name = key.last().unwrap();
            let stands = ["\n", "\n# "].iter().any(|line| example.contains(&format!("{line}{name} = ")));
            assert!(stands, "{key:?} is not in the example");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_key() {
        for (text, key) in [
            ("beat.interval_ms = 70", "beat.interval_ms"),
            ("beat.key_interval_ms = 9900", "beat.key_interval_ms"),
            ("beat.cadence_ms = 260", "beat.cadence_ms"),
            ("limits.frames_burst = 0", "limits.frames_burst"),
            ("limits.taps_at_start = 100", "limits.taps_at_start"),
            ("limits.taps_per_second = 1000001", "limits.taps_per_second"),
            ("watch.window_ms = 500", "watch.window_ms"),
            ("watch.share = 0.0", "watch.share"),
            ("watch.share = 1.5", "watch.share"),
            ("watch.share = nan", "watch.share"),
            ("watch.at_least_taps_per_second = 0", "watch.at_least_taps_per_second"),
            ("watch.ipv4_prefix = 33", "watch.ipv4_prefix"),
            ("watch.ipv6_prefix = 8", "watch.ipv6_prefix"),
            ("events = []", "events"),
            ("log = 'beat=loud'", "log"),
            ("listen = '0.0.0.0:8080'", "listen"),
            ("listen = '[::]:8080'", "listen"),
            ("listen = ['127.0.0.1:1', '[::]:8080']", "listen"),
            ("listen = 'proxy+http://127.0.0.1:8081'", "listen"),
            ("listen = 'https://127.0.0.1:8443'", "listen"),
            ("tickets.anonymous = false", "tickets.anonymous"),
            ("tickets.public_feed = false", "tickets.public_feed"),
            ("admin = '10.0.0.7:9600'", "admin"),
        ] {
            let config: Config = toml::from_str(text).unwrap();
            let refusal = config.check().expect_err(text).to_string();
            assert!(refusal.starts_with(&format!("{key}: ")), "{refusal}");
        }
        for fine in [
            "listen = '[::ffff:127.0.0.1]:80'",
            "listen = '0.0.0.0:80'\ntickets.anonymous = true",
            "admin = 'unix:/run/x'",
            "listen = 'proxy+http://127.0.0.1:8081'\naddresses.trusted_proxies = ['127.0.0.1']",
        ] {
            toml::from_str::<Config>(fine).unwrap().check().expect(fine);
        }
    }
}
