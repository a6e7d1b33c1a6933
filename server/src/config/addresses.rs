//! What one address may have, whose addresses are a venue's own, and which proxies are believed about whose they are.

use std::net::{IpAddr, Ipv6Addr};

use beat_core::Rate;
use ipnet::IpNet;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::list::Written;

/// How many connections a fan whose ticket names it may begin each second: one that is on its way through a train's
/// tunnels makes one every few.
const FAN_CONNECTS_PER_SECOND: u32 = 2;

/// The `[addresses]` table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AddressConfig {
    connections: u32,
    connects_per_second: u32,
    connections_per_fan: u32,
    pub(crate) ipv6_prefix: u8,
    #[serde(skip_serializing)]
    networks: Vec<Network>,
    #[serde(deserialize_with = "proxies")]
    trusted_proxies: Vec<Cidr>,
}

/// What one address, or one fan, may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) connections: u32,
    connects_per_second: u32,
}

/// A network with a share of its own for each of its addresses: behind a venue's one are thousands.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Network {
    cidr: Cidr,
    connections: u32,
    connects_per_second: u32,
}

/// A network, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Cidr(IpNet);

impl Default for AddressConfig {
    fn default() -> Self {
        Self {
            connections: 1_000,
            connects_per_second: 100,
            connections_per_fan: 8,
            ipv6_prefix: 64,
            networks: Vec::new(),
            trusted_proxies: Vec::new(),
        }
    }
}

impl Share {
    /// After so long without a connection a share is as new.
    pub(crate) const REFILL_MS: u64 = 5_000;

    /// How fast connections may begin: five seconds' worth at once, since a hall's phones all come back as one.
    pub(crate) fn connects(&self) -> Rate {
        let burst = self.connects_per_second.saturating_mul(5);
        Rate { at_start: burst, per_second: self.connects_per_second, burst }
    }
}

impl AddressConfig {
    /// The share of an address, in its canonical form: that of the narrowest network that is named, or the general one.
    /// Nothing for loopback and trusted proxies, unless they are named.
    pub(crate) fn share_of(&self, address: IpAddr) -> Option<Share> {
        let named = self.networks.iter().filter(|network| network.cidr.0.contains(&address));
        match named.max_by_key(|network| network.cidr.0.prefix_len()) {
            Some(network) => {
                Some(Share { connections: network.connections, connects_per_second: network.connects_per_second })
            }
            None if address.is_loopback() || self.trusts(address) => None,
            None => Some(Share { connections: self.connections, connects_per_second: self.connects_per_second }),
        }
    }

    /// The share of a fan whose ticket names it.
    pub(crate) fn share_of_fan(&self) -> Share {
        Share { connections: self.connections_per_fan, connects_per_second: FAN_CONNECTS_PER_SECOND }
    }

    /// Whether who has this address, in its canonical form, is believed about whom it speaks for.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|proxy| proxy.0.contains(&address))
    }

    /// Whether any proxy is.
    pub(super) fn trusts_anybody(&self) -> bool {
        !self.trusted_proxies.is_empty()
    }

    /// Whether many people behind it are the normal case: a venue's own, a trusted proxy's or this machine's.
    pub(crate) fn expects_many(&self, prefix: &IpNet) -> bool {
        let meets = |net: &IpNet| net.contains(prefix) || prefix.contains(net);
        let named = self.networks.iter().map(|network| &network.cidr).chain(&self.trusted_proxies);
        let is_ours = prefix.addr().is_loopback() || prefix.contains(&IpAddr::from(Ipv6Addr::LOCALHOST));
        is_ours || named.into_iter().any(|net| meets(&net.0))
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !(1..=128).contains(&self.ipv6_prefix) {
            return Err(("addresses.ipv6_prefix", "1 to 128"));
        }
        let shares = self.networks.iter().flat_map(|network| [network.connections, network.connects_per_second]);
        if shares.chain([self.connections, self.connects_per_second, self.connections_per_fan]).any(|share| share == 0)
        {
            return Err(("addresses", "every limit at least 1"));
        }
        Ok(())
    }
}

/// A network, or one address.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    net.map_err(|_| format!("{text:?} is no network, such as 10.0.0.0/8, and no address"))
}

/// A list; in the environment text with commas.
fn proxies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cidr>, D::Error> {
    let proxies = Written::deserialize(deserializer)?.parts();
    proxies.into_iter().map(|proxy| Cidr::try_from(proxy).map_err(D::Error::custom)).collect()
}

impl TryFrom<String> for Cidr {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        network(&text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AddressConfig, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn a_network_is_named_by_its_prefix_or_by_one_address() {
        let config = read("trusted_proxies = ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32']").unwrap();
        assert_eq!(read("trusted_proxies = '10.0.0.0/8,192.0.2.1, 2001:db8::/32'").unwrap(), config);
        for (address, trusted) in [
            ("10.1.2.3", true),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("2001:db8:1::1", true),
            ("127.0.0.1", false),
        ] {
            assert_eq!(config.trusts(address.parse().unwrap()), trusted, "{address}");
        }
        for (prefix, expected) in [
            ("10.1.2.0/24", true),
            ("192.0.2.0/24", true),
            ("192.0.3.0/24", false),
            ("127.0.0.0/24", true),
            ("::/48", true),
            ("2001:db9::/48", false),
        ] {
            assert_eq!(config.expects_many(&prefix.parse().unwrap()), expected, "{prefix}");
        }
        for odd in ["'10.0.0.0/33'", "'proxy.example'", "''"] {
            assert!(read(&format!("trusted_proxies = [{odd}]")).is_err(), "{odd}");
        }
        assert!(read("ipv6_prefix = 0").unwrap().check().is_err());
        assert!(read("connections = 0").unwrap().check().is_err());
        assert!(
            read("networks = [{ cidr = '10.0.0.0/8', connections = 0, connects_per_second = 1 }]")
                .unwrap()
                .check()
                .is_err()
        );
        assert!(AddressConfig::default().check().is_ok());
    }
}
