//! The address of a Redis, parsed once: which servers, in which topology, with which credentials, over TLS or not.
//!
//! Knows nothing of connections. A password is taken in and never written out again, also not in an error.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

const FORMS: &str = "a store is embedded:PATH, memory, or one of redis://HOST:PORT/DB, redis+cluster://HOST:PORT,… and \
                     redis+sentinel://HOST:PORT,…/SERVICE, each with [USER:PASSWORD@] before its hosts, and rediss for \
                     TLS (?ca=/path/to/ca.pem for a certificate authority of your own)";

/// Where Redis keeps its events.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RedisAddress {
    /// The server, or those of the sentinels or of the cluster that are asked for the others.
    pub(crate) seeds: Vec<Node>,
    pub(crate) topology: Topology,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) tls: Option<Tls>,
}

/// One server's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Node {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// How the servers belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topology {
    Standalone {
        db: u16,
    },
    /// The seeds are sentinels that know who is the primary of `service`.
    Sentinel {
        service: String,
    },
    Cluster,
}

/// Who we are there. Deliberately without `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: Option<String>,
    pub(crate) password: String,
}

/// How the servers prove who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    /// PEM file of the authority that signed their certificates; the system's own if none is given.
    pub(crate) ca: Option<PathBuf>,
}

impl FromStr for RedisAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // The text itself may hold a password: it is not repeated.
        let (scheme, rest) = text.split_once("://").ok_or(FORMS)?;
        let (is_tls, kind) = match scheme.split_once('+').map_or((scheme, ""), |(base, kind)| (base, kind)) {
            ("redis", kind) => (false, kind),
            ("rediss", kind) => (true, kind),
            _ => return Err(FORMS.into()),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold a slash; a host holds no @.
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (Some(Credentials::parse(credentials)?), rest),
            None => (None, rest),
        };
        let (hosts, path) = rest.split_once('/').unwrap_or((rest, ""));
        let topology = match kind {
            "" if path.is_empty() => Topology::Standalone { db: 0 },
            "" => {
                Topology::Standalone { db: path.parse().map_err(|_| "the database is a number, as in redis://h1/0")? }
            }
            "cluster" if path.is_empty() => Topology::Cluster,
            "cluster" => return Err("a cluster has no databases: nothing may stand after its hosts".into()),
            "sentinel" if path.is_empty() => {
                return Err("redis+sentinel:// needs the service's name, as in redis+sentinel://h1,h2/mymaster".into());
            }
            "sentinel" => Topology::Sentinel { service: path.into() },
            _ => return Err(FORMS.into()),
        };
        let port = if kind == "sentinel" { 26_379 } else { 6_379 };
        let seeds = hosts.split(',').map(|host| Node::parse(host, port)).collect::<Result<Vec<_>, _>>()?;
        if seeds.len() > 1 && kind.is_empty() {
            return Err("several hosts are redis+cluster:// or redis+sentinel://".into());
        }
        let mut ca = None;
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "ca" if is_tls => ca = Some(value.into_owned().into()),
                "ca" => return Err("?ca= is for TLS: rediss://, rediss+cluster:// or rediss+sentinel://".into()),
                _ => return Err("after the ? only ca= is known; a ? in a password is written %3F".into()),
            }
        }
        Ok(Self { seeds, topology, credentials, tls: is_tls.then_some(Tls { ca }) })
    }
}

impl Node {
    /// `host`, `host:port` or `[v6]:port`.
    pub(crate) fn parse(text: &str, default_port: u16) -> Result<Self, String> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| "a port is a number up to 65535, as in h1:6379")?)
            }
            _ => (text, default_port),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err("a host is missing, as in redis://h1:6379".into());
        }
        Ok(Self { host: host.into(), port })
    }
}

impl Credentials {
    fn parse(text: &str) -> Result<Self, String> {
        let decoded = |text| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let (user, password) = text.split_once(':').ok_or("before the @ stands USER:PASSWORD or :PASSWORD")?;
        let (Ok(user), Ok(password)) = (decoded(user), decoded(password)) else {
            return Err("user and password are UTF-8, with % and what else is special written as %25 and so on".into());
        };
        Ok(Self { user: (!user.is_empty()).then_some(user), password })
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.tls.is_some() { "rediss" } else { "redis" })?;
        f.write_str(match self.topology {
            Topology::Standalone { .. } => "://",
            Topology::Sentinel { .. } => "+sentinel://",
            Topology::Cluster => "+cluster://",
        })?;
        if self.credentials.is_some() {
            f.write_str("…@")?;
        }
        for (at, node) in self.seeds.iter().enumerate() {
            write!(f, "{}{node}", if at > 0 { "," } else { "" })?;
        }
        match &self.topology {
            Topology::Standalone { db } => write!(f, "/{db}")?,
            Topology::Sentinel { service } => write!(f, "/{service}")?,
            Topology::Cluster => {}
        }
        match &self.tls {
            Some(Tls { ca: Some(ca) }) => write!(f, "?ca={}", ca.display()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_it_was_given_but_for_its_credentials() {
        for (text, shown) in [
            ("redis://h1", "redis://h1:6379/0"),
            ("redis://fan:s3cret@h1:7000/3", "redis://…@h1:7000/3"),
            ("rediss://:s3cret@[::1]:7000/?ca=/etc/ca.pem", "rediss://…@[::1]:7000/0?ca=/etc/ca.pem"),
            ("redis+cluster://fan:s3cret@h1:1,h2", "redis+cluster://…@h1:1,h2:6379"),
            ("rediss+sentinel://h1,[::1]/stadium", "rediss+sentinel://h1:26379,[::1]:26379/stadium"),
        ] {
            assert_eq!(text.parse::<RedisAddress>().unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn credentials_may_hold_anything() {
        let address: RedisAddress = "redis://f%3An:p%40ss/w:rd@h1".parse().unwrap();
        let Some(Credentials { user, password }) = address.credentials else { panic!("no credentials") };
        assert_eq!((user.as_deref(), password.as_str()), (Some("f:n"), "p@ss/w:rd"));
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_not_the_password() {
        for (text, why) in [
            ("postgres://fan:s3cret@h1", "a store is"),
            ("redis+ring://fan:s3cret@h1", "a store is"),
            ("redis://fan:s3cret@h1/zero", "the database is a number"),
            ("redis://fan:s3cret@h1,h2", "several hosts"),
            ("redis://fan:s3cret@", "a host is missing"),
            ("redis://s3cret@h1", "before the @"),
            ("redis://fan:s3cret@h1:port", "a port is a number"),
            ("redis://fan:?s3cret@h1", "a port is a number"),
            ("redis://fan?s3cret@h1", "after the ? only ca="),
            ("redis://fan:s3cret@h1?ca=/ca.pem", "?ca= is for TLS"),
            ("rediss://fan:s3cret@h1?crt=/ca.pem", "after the ? only ca="),
            ("redis+cluster://fan:s3cret@h1/0", "a cluster has no databases"),
            ("redis+sentinel://fan:s3cret@h1", "needs the service's name"),
        ] {
            let refusal = text.parse::<RedisAddress>().map(|_| ()).unwrap_err();
            assert!(refusal.starts_with(why) || refusal.contains(why), "{text}: {refusal}");
            assert!(!refusal.contains("s3cret"), "{refusal}");
        }
    }
}
