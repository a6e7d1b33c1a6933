//! Addresses of this machine to connect from: each has its own 28,000 or so ports for one gateway.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Half of 28,232, with some left for others.
const QUICK_PORTS: u32 = 12_000;

/// They are used in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sources(Vec<IpAddr>);

impl Sources {
    /// What `fans` need that connect to so many gateways at `gateway`, if that is on this machine, where every address of
    /// 127.0.0.0/8 is ours; elsewhere the system's choice.
    ///
    /// `connect` takes half of the ports, the even or the odd ones, at once; for the others it tries all of these first,
    /// which costs more than all else a fan does.
    pub(crate) fn on_loopback(gateway: IpAddr, gateways: usize, fans: u32) -> Self {
        let each = fans / u32::try_from(gateways).unwrap_or(u32::MAX);
        let needed = fans.div_ceil(QUICK_PORTS).min(100);
        if each <= QUICK_PORTS || !(gateway.is_loopback() && gateway.is_ipv4()) {
            return Self::default();
        }
        Self((1..=needed).map(|last| Ipv4Addr::from(0x7f00_0000 + last).into()).collect())
    }

    /// The one for the `turn`-th connection; the system's choice, if nobody made one.
    pub(crate) fn turn(&self, turn: u32) -> Option<IpAddr> {
        let turn = (turn as usize).checked_rem(self.0.len())?;
        self.0.get(turn).copied()
    }
}

impl FromStr for Sources {
    type Err = String;

    /// `127.0.0.2`, `127.0.0.2-9`, `::1`, or several with commas between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let all: Result<Vec<Vec<IpAddr>>, String> = text.split(',').map(range).collect();
        Ok(Self(all?.concat()))
    }
}

fn range(text: &str) -> Result<Vec<IpAddr>, String> {
    let nonsense = || format!("{text:?} is no address such as 127.0.0.2 or 127.0.0.2-9");
    let Some((first, last)) = text.split_once('-') else {
        return text.parse().map(|address| vec![address]).map_err(|_| nonsense());
    };
    let first: Ipv4Addr = first.parse().map_err(|_| nonsense())?;
    let [a, b, c, from] = first.octets();
    let to: u8 = last.parse().ok().filter(|&to| to >= from).ok_or_else(nonsense)?;
    Ok((from..=to).map(|d| Ipv4Addr::new(a, b, c, d).into()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_used_in_turn() {
        let sources: Sources = "127.0.0.2-4,::1".parse().unwrap();
        let turns: Vec<String> = (0..5).filter_map(|turn| sources.turn(turn)).map(|ip| ip.to_string()).collect();
        assert_eq!(turns, ["127.0.0.2", "127.0.0.3", "127.0.0.4", "::1", "127.0.0.2"]);
        assert_eq!(Sources::default().turn(3), None);
    }

    #[test]
    fn many_fans_on_loopback_get_addresses_of_their_own() {
        let few = Sources::on_loopback("127.0.0.1".parse().unwrap(), 1, 12_000);
        assert_eq!(few, Sources::default());
        let many = Sources::on_loopback("127.0.0.1".parse().unwrap(), 1, 30_000);
        assert_eq!(many, "127.0.0.1-3".parse().unwrap());
        let shared = Sources::on_loopback("127.0.0.1".parse().unwrap(), 3, 30_000);
        assert_eq!(shared, Sources::default(), "a port may be used once for each gateway");
        assert_eq!(Sources::on_loopback("192.0.2.1".parse().unwrap(), 1, 30_000), Sources::default());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for nonsense in ["", "127.0.0", "127.0.0.9-2", "127.0.0.2-300", "localhost", "::1-4"] {
            assert!(nonsense.parse::<Sources>().is_err(), "{nonsense}");
        }
    }
}
