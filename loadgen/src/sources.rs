//! Addresses of this machine to connect from: each has its own 28,000 or so ports for one gateway.

use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// They are used in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sources(Vec<IpAddr>);

impl Sources {
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
    fn what_is_no_address_is_refused() {
        for nonsense in ["", "127.0.0", "127.0.0.9-2", "127.0.0.2-300", "localhost", "::1-4"] {
            assert!(nonsense.parse::<Sources>().is_err(), "{nonsense}");
        }
    }
}
