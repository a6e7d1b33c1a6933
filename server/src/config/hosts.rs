//! The names this server answers to.
//!
//! A page whose own name was made to lead to our address (DNS rebinding) would be of "our" origin; its browser still says
//! in `Host` which name it asked for.

use http::{HeaderMap, header};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::list::Written;

/// Which `Host` a request may name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Hosts {
    /// Whatever it likes.
    #[default]
    Any,
    /// One of these, in lower case; without a port, on any.
    Listed(Vec<String>),
}

impl Hosts {
    /// Whether a request may be served, as far as the name goes that it asks for.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let Self::Listed(listed) = self else { return true };
        let mut named = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return false };
        let Ok(host) = host.to_str() else { return false };
        listed.iter().any(|listed| host.eq_ignore_ascii_case(listed) || without_port(host).eq_ignore_ascii_case(listed))
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

impl Serialize for Hosts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Any => serializer.serialize_str("any"),
            Self::Listed(hosts) => hosts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hosts = match Written::deserialize(deserializer)? {
            Written::Text(word) if word == "any" => return Ok(Self::Any),
            written => written.parts(),
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        match hosts.iter().find(|host| host.is_empty() || !host.bytes().all(fits)) {
            Some(odd) => Err(D::Error::custom(format_args!(
                "{odd:?} is no host as a request names it, such as cheer.example or 10.0.0.7:8080"
            ))),
            None if hosts.is_empty() => Err(D::Error::custom("at least one host, or \"any\"")),
            None => Ok(Self::Listed(hosts.iter().map(|host| host.to_ascii_lowercase()).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(value: &str) -> Result<Hosts, toml::de::Error> {
        #[derive(Deserialize)]
        struct Table {
            hosts: Hosts,
        }
        toml::from_str::<Table>(&format!("hosts = {value}")).map(|table| table.hosts)
    }

    #[test]
    fn a_request_names_one_of_the_listed_hosts() {
        let hosts = read("['Cheer.example', '10.0.0.7:8080', '[::1]']").unwrap();
        assert_eq!(read("'cheer.example, 10.0.0.7:8080,[::1]'").unwrap(), hosts);
        for (host, allowed) in [
            ("cheer.example", true),
            ("CHEER.example:443", true),
            ("10.0.0.7:8080", true),
            ("10.0.0.7", false),
            ("10.0.0.7:80", false),
            ("[::1]", true),
            ("[::1]:9000", true),
            ("evil.example", false),
            ("cheer.example.evil.example", false),
            ("cheer.example:evil", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            assert_eq!(hosts.allow(&headers), allowed, "{host}");
            assert!(Hosts::Any.allow(&headers));
        }
        assert!(!hosts.allow(&HeaderMap::new()));
        let twice = [HeaderValue::from_static("cheer.example"), HeaderValue::from_static("cheer.example")];
        assert!(!hosts.allow(&twice.into_iter().map(|host| (header::HOST, host)).collect()));
    }

    #[test]
    fn what_no_request_would_name_is_refused_when_it_is_read() {
        assert_eq!(read("'any'").unwrap(), Hosts::Any);
        for odd in ["[]", "['']", "'https://cheer.example'", "['*.example']", "'a,,b'"] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
