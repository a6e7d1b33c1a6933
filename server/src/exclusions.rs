//! Whom an operator has excluded from an event, and whom readmitted.
//!
//! Decisions are joined: of all that were taken on one subject the newest holds, so that they may be said in any order and
//! as often as anybody likes. Knows no store and no operator.

pub(crate) mod keep;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::Serialize;

use crate::addresses::{FanKey, Who};
use crate::config::network;

/// Subjects that may be excluded from one event at a time: gateways read all of them each second.
pub(crate) const EXCLUDED_MAX: usize = 1_000;
/// Fewer bits of an address are no neighbourhood but a part of the world.
const IPV4_BITS_MIN: u8 = 8;
const IPV6_BITS_MIN: u8 = 16;

/// Whom a decision is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Subject {
    /// A fan, by the name in its ticket.
    Fan(String),
    /// Whoever has one of these addresses.
    Prefix(IpNet),
}

/// One decision.
///
/// Ordered by number; of two with the same one that excludes stands above one that readmits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Decision {
    /// When it was taken, in milliseconds since 1970, and later than all that were known then.
    #[serde(rename = "at_ms")]
    pub(crate) number: u64,
    #[serde(skip)]
    pub(crate) excludes: bool,
    #[serde(flatten)]
    pub(crate) subject: Subject,
    /// Who took it.
    pub(crate) who: String,
    pub(crate) why: String,
}

/// All that is known for one event: the newest decision on each subject, and what to look for in a connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Exclusions {
    newest: BTreeMap<Subject, Decision>,
    fans: HashSet<FanKey>,
    prefixes: HashSet<IpNet>,
    /// Each length that any of them has.
    lengths: BTreeSet<u8>,
}

impl Exclusions {
    /// The same with more `decisions` joined in.
    pub(crate) fn joined(
        &self,
        decisions: impl IntoIterator<Item = Decision>,
        key_of: impl Fn(&str) -> FanKey,
    ) -> Self {
        let mut newest = self.newest.clone();
        for decision in decisions {
            match newest.get_mut(&decision.subject) {
                Some(known) if *known >= decision => {}
                Some(known) => *known = decision,
                None => drop(newest.insert(decision.subject.clone(), decision)),
            }
        }
        let mut joined = Self { newest, ..Self::default() };
        for decision in joined.newest.values().filter(|decision| decision.excludes) {
            match &decision.subject {
                Subject::Fan(name) => _ = joined.fans.insert(key_of(name)),
                Subject::Prefix(prefix) => {
                    joined.prefixes.insert(*prefix);
                    joined.lengths.insert(prefix.prefix_len());
                }
            }
        }
        joined
    }

    /// Whether the taps of this connection do not count.
    pub(crate) fn have(&self, who: &Who) -> bool {
        who.fan.is_some_and(|fan| self.fans.contains(&fan)) || self.have_address(who.address)
    }

    fn have_address(&self, address: IpAddr) -> bool {
        let prefixes = self.lengths.iter().filter_map(|length| IpNet::new(address, *length).ok());
        prefixes.into_iter().any(|prefix| self.prefixes.contains(&prefix.trunc()))
    }

    /// The newest decision on `subject`.
    pub(crate) fn on(&self, subject: &Subject) -> Option<&Decision> {
        self.newest.get(subject)
    }

    /// The newest decision on each subject.
    pub(crate) fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.newest.values()
    }

    /// How many subjects are excluded.
    pub(crate) fn standing(&self) -> usize {
        self.fans.len() + self.prefixes.len()
    }

    /// The number of a decision that is taken now.
    pub(crate) fn next_number(&self, wall_ms: u64) -> u64 {
        let last = self.newest.values().map(|decision| decision.number).max();
        last.map_or(wall_ms, |last| wall_ms.max(last.saturating_add(1)))
    }
}

impl Subject {
    /// A fan of this name.
    pub(crate) fn fan(name: &str) -> Result<Self, String> {
        match name.len() {
            1..=64 if !name.contains(char::is_control) => Ok(Self::Fan(name.to_owned())),
            _ => Err("the name of a fan, as tickets have it, is 1 to 64 bytes".into()),
        }
    }

    /// All of a prefix: what stands behind its bits is of no account.
    pub(crate) fn prefix(text: &str) -> Result<Self, String> {
        let prefix = canonical(network(text)?).trunc();
        let least = if matches!(prefix, IpNet::V4(_)) { IPV4_BITS_MIN } else { IPV6_BITS_MIN };
        if prefix.prefix_len() < least {
            return Err(format!("{prefix} is too much of the world: a prefix has /{least} at least"));
        }
        Ok(Self::Prefix(prefix))
    }
}

/// IPv4 in the clothes of IPv6 is IPv4.
fn canonical(net: IpNet) -> IpNet {
    match (net.addr().to_canonical(), net.prefix_len().checked_sub(96)) {
        (IpAddr::V4(address), Some(bits)) if matches!(net, IpNet::V6(_)) => {
            Ipv4Net::new(address, bits).map_or(net, IpNet::V4)
        }
        _ => net,
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fan(name) => write!(f, "fan:{name}"),
            Self::Prefix(prefix) => write!(f, "prefix:{prefix}"),
        }
    }
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("fan", name)) => Self::fan(name),
            Some(("prefix", prefix)) => Self::prefix(prefix),
            _ => Err(format!("{text:?} is neither a fan nor a prefix")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::addresses::Addresses;

    fn decision(number: u64, excludes: bool, subject: &str) -> Decision {
        Decision { number, excludes, subject: subject.parse().unwrap(), who: "a token".into(), why: "bots".into() }
    }

    /// Fans by the length of their names.
    fn key_of(name: &str) -> FanKey {
        FanKey::of(u64::try_from(name.len()).unwrap())
    }

    fn of(decisions: impl IntoIterator<Item = Decision>) -> Exclusions {
        Exclusions::default().joined(decisions, key_of)
    }

    fn from(address: &str) -> Who {
        Who { address: address.parse().unwrap(), fan: None }
    }

    proptest! {
        #[test]
        fn joining_is_commutative_associative_and_idempotent(
            decisions in vec((0..4u64, any::<bool>(), 0..3usize), 0..12), cut in 0..12usize
        ) {
            let subjects = ["fan:a", "fan:bb", "prefix:192.0.2.0/24"];
            let decisions: Vec<_> =
                decisions.into_iter().map(|(number, out, at)| decision(number, out, subjects[at])).collect();
            let (one, other) = decisions.split_at(cut.min(decisions.len()));
            let both = of(decisions.clone());
            prop_assert_eq!(&of(one.to_vec()).joined(other.to_vec(), key_of), &both);
            prop_assert_eq!(&of(other.to_vec()).joined(one.to_vec(), key_of), &both);
            prop_assert_eq!(&both.joined(decisions, key_of), &both);
        }
    }

    #[test]
    fn the_newest_decision_holds_whenever_it_is_heard() {
        let (out, back) = (decision(1, true, "prefix:192.0.2.0/24"), decision(2, false, "prefix:192.0.2.0/24"));
        for decisions in [[out.clone(), back.clone()], [back.clone(), out.clone()]] {
            let exclusions = of(decisions);
            assert!(!exclusions.have(&from("192.0.2.7")));
            assert_eq!((exclusions.on(&out.subject), exclusions.standing()), (Some(&back), 0));
            assert_eq!((exclusions.next_number(0), exclusions.next_number(9)), (3, 9));
        }
        // Taken at once by two who had not heard of one another: to be out is the safer.
        assert!(of([Decision { number: 1, ..back }, out]).have(&from("192.0.2.7")));
    }

    #[test]
    fn a_connection_is_out_by_its_name_or_by_any_prefix_its_address_is_in() {
        let exclusions = of([
            decision(1, true, "fan:abc"),
            decision(2, true, "prefix:192.0.2.77/24"),
            decision(3, true, "prefix:198.51.100.4"),
            decision(4, true, "prefix:2001:db8:1::/48"),
            decision(5, true, "prefix:::ffff:203.0.113.0/120"),
        ]);
        for (address, is_out) in [
            ("192.0.2.1", true),
            ("192.0.3.1", false),
            ("198.51.100.4", true),
            ("198.51.100.5", false),
            ("2001:db8:1:2::9", true),
            ("2001:db8:2::9", false),
            ("203.0.113.9", true),
        ] {
            assert_eq!(exclusions.have(&from(address)), is_out, "{address}");
        }
        assert!(exclusions.have(&Who { fan: Some(key_of("abc")), ..from("192.0.3.1") }));
        assert!(!exclusions.have(&Who { fan: Some(key_of("abcd")), ..from("192.0.3.1") }));
        assert_eq!(exclusions.standing(), 5);
    }

    #[test]
    fn what_is_no_subject_is_told_why() {
        for (text, words) in [
            ("prefix:0.0.0.0/0", "too much"),
            ("prefix:2000::/8", "too much"),
            ("prefix:192.0.2.0/33", "no network"),
            ("prefix:everybody", "no network"),
            ("fan:", "1 to 64"),
            ("fan:a\nb", "1 to 64"),
            ("team:JPN", "neither"),
        ] {
            let why = text.parse::<Subject>().unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
        for text in ["fan:a:b", "prefix:192.0.2.0/24", "prefix:2001:db8::/32"] {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_name_has_one_key_in_a_process() {
        let addresses = Addresses::new(crate::config::AddressConfig::default(), beat_core::Rate::TAPS);
        assert_eq!(addresses.key_of("a"), addresses.enter_fan("a", 0).unwrap().1.key);
        assert_ne!(addresses.key_of("a"), addresses.key_of("b"));
    }
}
