//! Where the public comes in, and what a connection begins with there.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::list::Written;
use super::{Config, ConfigError};

/// At least one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicAddresses(Vec<PublicAddress>);

/// One address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PublicAddress {
    pub(crate) address: SocketAddr,
    pub(crate) preamble: Preamble,
}

/// What comes before the first request, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preamble {
    /// A proxy's word about whose connection it is: PROXY protocol, version 2.
    pub(crate) proxied: bool,
    /// A TLS handshake.
    pub(crate) tls: bool,
}

impl PublicAddresses {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &PublicAddress> {
        self.0.iter()
    }

    /// Whether any of them begins with a TLS handshake.
    pub(crate) fn have_tls(&self) -> bool {
        self.0.iter().any(|public| public.preamble.tls)
    }

    /// One that others than this machine's users may reach.
    pub(super) fn open_to_others(&self) -> Option<&PublicAddress> {
        self.0.iter().find(|public| !public.address.ip().to_canonical().is_loopback())
    }
}

impl Default for PublicAddresses {
    fn default() -> Self {
        Self(vec![PublicAddress { address: ([127, 0, 0, 1], 8080).into(), preamble: Preamble::default() }])
    }
}

impl PublicAddress {
    /// For people, and for whoever started us with port 0.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.preamble.tls { "https" } else { "http" };
        let word = if self.preamble.proxied { " (PROXY protocol)" } else { "" };
        format!("{scheme}://{}/{word}", self.address)
    }
}

impl FromStr for PublicAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (preamble, address) = match text.split_once("://") {
            None => (Some(Preamble::default()), text),
            Some((scheme, address)) => (Preamble::named(scheme), address),
        };
        match (preamble, address.parse()) {
            (Some(preamble), Ok(address)) => Ok(Self { address, preamble }),
            _ => Err(format!(
                "{text:?} is no address and port such as 127.0.0.1:8080, https://0.0.0.0:8443, \
                 proxy+http://10.0.0.7:8081 or proxy+https://10.0.0.7:8444"
            )),
        }
    }
}

impl Preamble {
    fn named(scheme: &str) -> Option<Self> {
        let (proxied, scheme) = match scheme.strip_prefix("proxy+") {
            Some(scheme) => (true, scheme),
            None => (false, scheme),
        };
        match scheme {
            "http" => Some(Self { proxied, tls: false }),
            "https" => Some(Self { proxied, tls: true }),
            _ => None,
        }
    }
}

impl fmt::Display for PublicAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.preamble {
            Preamble { proxied: false, tls: false } => "",
            Preamble { proxied: false, tls: true } => "https://",
            Preamble { proxied: true, tls: false } => "proxy+http://",
            Preamble { proxied: true, tls: true } => "proxy+https://",
        };
        write!(f, "{scheme}{}", self.address)
    }
}

impl Config {
    /// What an address begins with has to be known, or believed.
    pub(super) fn check_listen(&self) -> Result<(), ConfigError> {
        for public in self.listen.iter() {
            if public.preamble.tls && self.tls.identity().is_none() {
                return Err(ConfigError::key(
                    "listen",
                    format!(
                        "{public} speaks TLS, and nothing says who it is. These lines belong into the configuration \
                         file,\n\n    [tls]\n    certificate = \"fullchain.pem\"\n    key = \"privkey.pem\"\n\n\
                         with the files your authority gave you, beside it"
                    ),
                ));
            }
            if public.preamble.proxied && !self.addresses.trusts_anybody() {
                return Err(ConfigError::key(
                    "listen",
                    format!(
                        "{public} believes proxies about whose connection it is, and none is named. Name yours in the \
                         configuration file:\n\n    [addresses]\n    trusted_proxies = [\"10.0.0.0/24\"]\n"
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// One is text, as it always was.
impl Serialize for PublicAddresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [only] => serializer.collect_str(only),
            several => serializer.collect_seq(several.iter().map(ToString::to_string)),
        }
    }
}

impl<'de> Deserialize<'de> for PublicAddresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?.parts();
        let addresses = written.iter().map(|address| address.parse()).collect::<Result<Vec<_>, _>>();
        match addresses.map_err(D::Error::custom)? {
            none if none.is_empty() => Err(D::Error::custom("at least one address")),
            addresses => Ok(Self(addresses)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<PublicAddresses, toml::de::Error> {
        #[derive(Deserialize)]
        struct Table {
            listen: PublicAddresses,
        }
        toml::from_str::<Table>(&format!("listen = {value}")).map(|table| table.listen)
    }

    #[test]
    fn an_address_says_what_connections_begin_with() {
        for (text, proxied, tls) in [
            ("127.0.0.1:8080", false, false),
            ("https://[::]:8443", false, true),
            ("proxy+http://10.0.0.7:8081", true, false),
            ("proxy+https://10.0.0.7:8444", true, true),
        ] {
            let public: PublicAddress = text.parse().unwrap();
            assert_eq!((public.preamble, public.to_string().as_str()), (Preamble { proxied, tls }, text));
        }
        let said = |text: &str| text.parse::<PublicAddress>().map(|public| public.url());
        assert_eq!(said("http://127.0.0.1:80").as_deref(), Ok("http://127.0.0.1:80/"));
        assert_eq!(said("proxy+https://127.0.0.1:80").as_deref(), Ok("https://127.0.0.1:80/ (PROXY protocol)"));
    }

    #[test]
    fn several_are_a_list_or_text_with_commas() {
        let two = read("['127.0.0.1:8080', 'https://0.0.0.0:8443']").unwrap();
        assert_eq!(read("'127.0.0.1:8080, https://0.0.0.0:8443'").unwrap(), two);
        assert_eq!((two.iter().count(), two.have_tls()), (2, true));
        assert_eq!(two.open_to_others().unwrap().address.port(), 8443);
        for odd in [
            "[]",
            "''",
            "'localhost:80'",
            "'tls://0.0.0.0:1'",
            "'proxy+0.0.0.0:1'",
            "'https://a.example:1'",
            "'1.2.3.4'",
        ] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
