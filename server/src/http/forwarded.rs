//! Whom a trusted proxy speaks for.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::config::AddressConfig;

/// The address a request of `peer` comes from: where `peer` is a trusted proxy the last in `X-Forwarded-For` that is none.
///
/// What stands before that anybody may have written. A proxy that writes what is no address speaks for itself.
pub(super) fn client(headers: &HeaderMap, peer: IpAddr, config: &AddressConfig) -> IpAddr {
    let mut client = peer;
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    let mut hops = hops.into_iter().rev();
    while config.trusts(client)
        && let Some(address) = hops.next().and_then(|hop| address(hop.trim()))
    {
        client = address.to_canonical();
    }
    client
}

/// With a port or without.
fn address(hop: &str) -> Option<IpAddr> {
    hop.parse().or_else(|_| hop.parse().map(|hop: SocketAddr| hop.ip())).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_last_address_that_no_proxy_of_ours_has_is_whose_request_it_is() {
        let config: AddressConfig = toml::from_str("trusted_proxies = ['10.0.0.0/8', '2001:db8::1']").unwrap();
        for (peer, lines, expected) in [
            ("192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, 10.0.0.2,2001:db8::1"], "203.0.113.9"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::9]:4711"], "2001:db8::9"),
            ("10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
        ] {
            let headers = lines.iter().map(|line| ("x-forwarded-for".parse().unwrap(), HeaderValue::from_static(line)));
            let client = client(&headers.collect(), peer.parse().unwrap(), &config);
            assert_eq!(client, expected.parse::<IpAddr>().unwrap(), "{peer} with {lines:?}");
        }
    }
}
