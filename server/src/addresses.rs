//! How many connections one address has, and how fast it makes new ones; and of a fan whose ticket names it what it may tap.
//!
//! Such a fan is counted by that name instead of its address: a stadium behind one address is the normal case. Locked
//! when a connection begins or ends, never for a tap. Loopback counts only where a network of the configuration says so.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard};

use beat_core::{Bucket, Rate, SharedBucket};

use crate::config::{AddressConfig, Share};

/// The book.
pub(crate) struct Addresses {
    config: AddressConfig,
    /// What one fan may tap.
    taps: Rate,
    /// Fans' names are kept as hashes, which nobody outside can foresee.
    names: RandomState,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    standings: HashMap<Key, Standing>,
    /// Looked through for who can be forgotten once it has grown to this.
    look_at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// An IPv4 address, or the network part of an IPv6 one.
    Address(IpAddr),
    Fan(FanKey),
}

/// What stands for a fan's name in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FanKey(u64);

/// Who cheers, as far as anybody here knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// Where from: the address at the other end, or whom a trusted proxy speaks for.
    pub(crate) address: IpAddr,
    /// By its ticket, where it has one.
    pub(crate) fan: Option<FanKey>,
}

/// A fan whose ticket names it.
pub(crate) struct Named {
    pub(crate) key: FanKey,
    /// What all its sessions here may tap, together: whoever comes back has no more than it left.
    pub(crate) taps: Arc<SharedBucket>,
}

struct Standing {
    open: u32,
    connects: Bucket,
    last_ms: u64,
    /// Of a fan.
    taps: Option<Arc<SharedBucket>>,
}

/// No book shorter than this is looked through.
const LOOK_AT_LEAST: usize = 1_024;

/// Who is told to come back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// It has as many connections as it may.
    Open,
    /// It makes new ones faster than it may.
    Connects,
}

impl Crowded {
    /// The word for it in metrics.
    fn cause(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Connects => "connects",
        }
    }
}

/// One connection's place in the book, given back when dropped.
pub(crate) struct Stand {
    addresses: Arc<Addresses>,
    key: Key,
}

#[cfg(test)]
impl FanKey {
    pub(crate) fn of(key: u64) -> Self {
        Self(key)
    }
}

impl Addresses {
    /// An empty book.
    pub(crate) fn new(config: AddressConfig, taps: Rate) -> Arc<Self> {
        let book = Mutex::new(Book { look_at: LOOK_AT_LEAST, ..Book::default() });
        Arc::new(Self { config, taps, names: RandomState::new(), book })
    }

    /// A connection of `address` begins. Nothing, where its address is not counted.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now_ms: u64) -> Result<Option<Stand>, Crowded> {
        let address = address.to_canonical();
        match self.config.share_of(address) {
            None => Ok(None),
            Some(share) => {
                self.take(Key::Address(self.part_of(address)), share, now_ms, |_| ()).map(|(stand, ())| Some(stand))
            }
        }
    }

    /// A fan of this name begins.
    pub(crate) fn enter_fan(self: &Arc<Self>, name: &str, now_ms: u64) -> Result<(Stand, Named), Crowded> {
        let key = self.key_of(name);
        let taps_of = |standing: &mut Standing| {
            let taps = standing.taps.get_or_insert_with(|| Arc::new(SharedBucket::new(&self.taps, now_ms)));
            Arc::clone(taps)
        };
        let (stand, taps) = self.take(Key::Fan(key), self.config.share_of_fan(), now_ms, taps_of)?;
        Ok((stand, Named { key, taps }))
    }

    /// What stands for this name.
    pub(crate) fn key_of(&self, name: &str) -> FanKey {
        FanKey(self.names.hash_one(name))
    }

    fn take<T>(
        self: &Arc<Self>,
        key: Key,
        share: Share,
        now_ms: u64,
        look: impl FnOnce(&mut Standing) -> T,
    ) -> Result<(Stand, T), Crowded> {
        let rate = share.connects();
        let mut book = self.lock();
        book.forget(&self.taps, now_ms);
        let standing = book.standings.entry(key).or_insert_with(|| Standing::new(&rate, now_ms));
        standing.last_ms = now_ms;
        // Who finds no place spends nothing: a request that is read twice asks twice.
        if standing.open >= share.connections {
            return Err(counted(Crowded::Open));
        }
        if !standing.connects.take(&rate, now_ms, 1) {
            return Err(counted(Crowded::Connects));
        }
        standing.open += 1;
        let seen = look(standing);
        drop(book);
        Ok((Stand { addresses: Arc::clone(self), key }, seen))
    }

    /// What stands for an address: whoever has one of an IPv6 network can have all of it.
    fn part_of(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let left_out = 128 - u32::from(self.config.ipv6_prefix);
                let kept = u128::MAX.checked_shl(left_out).unwrap_or(0);
                Ipv6Addr::from(u128::from(address) & kept).into()
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("no holder of this lock panics")
    }
}

fn counted(crowded: Crowded) -> Crowded {
    metrics::counter!("beat_crowded_total", "cause" => crowded.cause()).increment(1);
    crowded
}

impl Standing {
    fn new(rate: &Rate, now_ms: u64) -> Self {
        Self { open: 0, connects: Bucket::new(rate, now_ms), last_ms: now_ms, taps: None }
    }

    /// Whether one that began anew would have no more than this, and nobody misses it.
    fn is_as_new(&self, taps: &Rate, now_ms: u64) -> bool {
        // A session at rest may come back to the bucket it left.
        let is_untapped = |bucket: &Arc<SharedBucket>| Arc::strong_count(bucket) == 1 && bucket.is_full(taps, now_ms);
        self.open == 0
            && now_ms.saturating_sub(self.last_ms) >= Share::REFILL_MS
            && self.taps.as_ref().is_none_or(is_untapped)
    }
}

impl Book {
    /// Drops who has nothing open and is as good as new. Looks only when there are twice as many as it kept last time, so
    /// that a connection costs the same however many there are.
    fn forget(&mut self, taps: &Rate, now_ms: u64) {
        if self.standings.len() < self.look_at {
            return;
        }
        self.standings.retain(|_, standing| !standing.is_as_new(taps, now_ms));
        self.look_at = LOOK_AT_LEAST.max(2 * self.standings.len());
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if let Some(standing) = self.addresses.lock().standings.get_mut(&self.key) {
            standing.open -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(toml: &str) -> Arc<Addresses> {
        Addresses::new(toml::from_str(toml).unwrap(), Rate::TAPS)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_connections_and_gets_a_place_back_with_each_that_ends() {
        let addresses = addresses("connections = 2");
        let first = addresses.enter(ip("192.0.2.1"), 0).unwrap();
        let _second = addresses.enter(ip("::ffff:192.0.2.1"), 0).unwrap();
        assert_eq!(addresses.enter(ip("192.0.2.1"), 0).err(), Some(Crowded::Open));
        let _other = addresses.enter(ip("192.0.2.2"), 0).unwrap();
        drop(first);
        assert!(addresses.enter(ip("192.0.2.1"), 0).is_ok());
    }

    #[test]
    fn an_address_makes_connections_only_so_fast() {
        let addresses = addresses("connects_per_second = 1");
        let connect = |now_ms| addresses.enter(ip("192.0.2.1"), now_ms).err();
        let at_once = [(); 6].map(|()| connect(0));
        assert_eq!(at_once, [None, None, None, None, None, Some(Crowded::Connects)]);
        assert_eq!([connect(1_000), connect(1_000)], [None, Some(Crowded::Connects)]);
    }

    #[test]
    fn who_finds_no_place_has_all_its_connects_when_there_is_one() {
        let addresses = addresses("connections_per_fan = 1");
        let (place, _) = addresses.enter_fan("a", 0).unwrap();
        for _ in 0..100 {
            assert_eq!(addresses.enter_fan("a", 0).err(), Some(Crowded::Open));
        }
        drop(place);
        assert!(addresses.enter_fan("a", 0).is_ok());
    }

    #[test]
    fn an_ipv6_address_is_counted_by_its_network() {
        let addresses = addresses("connections = 1");
        let _first = addresses.enter(ip("2001:db8:1:2::1"), 0).unwrap();
        assert_eq!(addresses.enter(ip("2001:db8:1:2:ffff::9"), 0).err(), Some(Crowded::Open));
        assert!(addresses.enter(ip("2001:db8:1:3::1"), 0).is_ok());
    }

    #[test]
    fn the_narrowest_network_that_is_named_has_its_own_limits_and_loopback_none() {
        let addresses = addresses(
            "connections = 1\nnetworks = [\n\
             { cidr = '203.0.113.0/24', connections = 3, connects_per_second = 100 },\n\
             { cidr = '203.0.113.7/32', connections = 2, connects_per_second = 100 },\n\
             { cidr = '127.0.0.9/32', connections = 1, connects_per_second = 100 }]",
        );
        let mut kept = Vec::new();
        let mut most = |address: &str| {
            let taken = (0..5).map_while(|_| addresses.enter(ip(address), 0).ok()).collect::<Vec<_>>();
            let count = taken.len();
            kept.extend(taken);
            count
        };
        assert_eq!(
            ["198.51.100.1", "203.0.113.1", "203.0.113.7", "127.0.0.1", "127.0.0.9", "::1"].map(&mut most),
            [1, 3, 2, 5, 1, 5]
        );
    }

    #[test]
    fn a_fan_is_counted_by_name() {
        let addresses = addresses("connections_per_fan = 2");
        let _places = [addresses.enter_fan("a", 0).unwrap(), addresses.enter_fan("a", 0).unwrap()];
        assert_eq!(addresses.enter_fan("a", 0).err(), Some(Crowded::Open));
        assert!(addresses.enter_fan("b", 0).is_ok());
    }

    #[test]
    fn a_fan_has_one_bucket_however_often_it_comes() {
        let addresses = addresses("");
        let taps_of = |name: &str, now_ms| addresses.enter_fan(name, now_ms).unwrap().1.taps;
        assert_eq!(taps_of("a", 0).take_up_to(&Rate::TAPS, 0, 20), 20);
        assert_eq!(taps_of("a", 0).take_up_to(&Rate::TAPS, 0, 20), 4, "what it left");
        assert_eq!(taps_of("b", 0).take_up_to(&Rate::TAPS, 0, 20), 20);
    }

    #[test]
    fn a_fan_is_not_forgotten_before_its_bucket_is_full_or_while_a_session_of_its_rests() {
        let addresses = addresses("");
        let come = |name: &str, now_ms| addresses.enter_fan(name, now_ms).unwrap();
        let others = |from: u32, now_ms| (from..from + 3_000).for_each(|n| drop(come(&format!("{n}"), now_ms)));
        let (stand, Named { taps, .. }) = come("a", 0);
        drop(stand);
        let (stand, Named { taps: resting, .. }) = come("b", 0);
        drop(stand);
        resting.take_up_to(&Rate::TAPS, 0, 24);
        // It taps to the last, long after it came.
        assert_eq!(taps.take_up_to(&Rate::TAPS, 60_000, 80), 80);
        drop(taps);
        others(0, 61_000);
        assert_eq!(come("a", 61_000).1.taps.take_up_to(&Rate::TAPS, 61_000, 80), 16);
        others(3_000, 120_000);
        others(6_000, 130_000);
        assert!(Arc::ptr_eq(&come("b", 130_000).1.taps, &resting));
        assert_eq!(come("a", 130_000).1.taps.take_up_to(&Rate::TAPS, 130_000, 80), 24, "as new");
    }

    #[test]
    fn who_is_gone_is_forgotten_and_who_is_there_is_not() {
        let addresses = addresses("connections = 1");
        let _kept = addresses.enter(ip("192.0.2.1"), 0).unwrap();
        for n in 0..100_000u32 {
            let address = IpAddr::from((0x0a00_0000 + n).to_be_bytes());
            drop(addresses.enter(address, u64::from(n)).unwrap());
        }
        assert!(addresses.lock().standings.len() < 40_000, "{}", addresses.lock().standings.len());
        assert_eq!(addresses.enter(ip("192.0.2.1"), 100_000).err(), Some(Crowded::Open));
    }
}
