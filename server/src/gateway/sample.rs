//! Which prefixes an event's taps come from on one shard: a few reads, drawn by chance, speak for all.
//!
//! Off the way of a tap but for one number to count down. Knows nothing of what share is too much.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::dice;

/// Of so many reads one is looked at. One that brings many frames counts with all of them, and is drawn no more often.
pub(crate) const ONE_IN: u32 = 16;
/// Pairs of a prefix and a team that are told apart within a window: 300 KB. Whose share is worth a look is among the first.
const PAIRS_MAX: usize = 4_096;

/// How much of an address is its neighbourhood's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lengths {
    pub(crate) ipv4: u8,
    pub(crate) ipv6: u8,
}

/// What was drawn since somebody took it.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    /// Taps that count, by where they are from and the index of their team.
    pub(crate) taps: HashMap<(IpNet, u16), u64>,
    /// Those of pairs that found no place, by team.
    pub(crate) beyond: HashMap<u16, u64>,
}

/// The sample of one event.
pub(super) struct Sample {
    lengths: Lengths,
    left: Cell<u32>,
    drawn: RefCell<Drawn>,
}

impl Lengths {
    /// The neighbourhood of an address.
    pub(crate) fn prefix_of(self, address: IpAddr) -> IpNet {
        let length = if address.is_ipv4() { self.ipv4 } else { self.ipv6 };
        IpNet::new(address, length).map_or_else(|_| IpNet::from(address), |net| net.trunc())
    }
}

impl Sample {
    pub(super) fn new(lengths: Lengths) -> Self {
        Self { lengths, left: Cell::new(ONE_IN), drawn: RefCell::default() }
    }

    /// Whether the next read is to be looked at.
    #[inline]
    pub(super) fn draws(&self) -> bool {
        let left = self.left.get() - 1;
        self.left.set(left);
        left == 0 && self.draw_again()
    }

    /// By chance, so that nobody slips through between two draws.
    #[cold]
    fn draw_again(&self) -> bool {
        self.left.set(dice::random_range(1..2 * ONE_IN));
        true
    }

    /// Taps from `address` counted for `team`.
    #[cold]
    pub(super) fn note(&self, address: IpAddr, team: u16, taps: u32) {
        let Drawn { taps: known, beyond } = &mut *self.drawn.borrow_mut();
        let pair = (self.lengths.prefix_of(address), team);
        let has_place = known.len() < PAIRS_MAX || known.contains_key(&pair);
        *if has_place { known.entry(pair).or_default() } else { beyond.entry(team).or_default() } += u64::from(taps);
    }

    /// What was drawn so far; from now on it begins anew.
    pub(super) fn take(&self) -> Drawn {
        self.drawn.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: Lengths = Lengths { ipv4: 24, ipv6: 48 };

    #[test]
    fn neighbours_are_counted_together_and_teams_apart() {
        let sample = Sample::new(LENGTHS);
        for (address, team, taps) in
            [("192.0.2.1", 0, 3), ("192.0.2.250", 0, 4), ("192.0.2.1", 1, 5), ("2001:db8:1:2::9", 0, 6)]
        {
            sample.note(address.parse().unwrap(), team, taps);
        }
        let drawn = sample.take();
        let of = |prefix: &str, team| drawn.taps.get(&(prefix.parse().unwrap(), team)).copied();
        assert_eq!(
            [of("192.0.2.0/24", 0), of("192.0.2.0/24", 1), of("2001:db8:1::/48", 0)],
            [Some(7), Some(5), Some(6)]
        );
        assert!(sample.take().taps.is_empty(), "it begins anew");
    }

    #[test]
    fn who_comes_from_everywhere_takes_no_more_memory_and_hides_nobody_who_was_there() {
        let sample = Sample::new(LENGTHS);
        sample.note("192.0.2.1".parse().unwrap(), 0, 1);
        for n in 0..100_000u32 {
            sample.note(IpAddr::from((n << 8).to_be_bytes()), 0, 1);
        }
        sample.note("192.0.2.1".parse().unwrap(), 0, 1);
        let drawn = sample.take();
        assert_eq!(drawn.taps.len(), PAIRS_MAX);
        assert!(drawn.taps[&("192.0.2.0/24".parse().unwrap(), 0)] >= 2);
        assert_eq!(drawn.taps.values().sum::<u64>() + drawn.beyond[&0], 100_002, "none is lost");
    }

    #[test]
    fn one_read_in_sixteen_is_drawn_and_none_can_be_foreseen() {
        let sample = Sample::new(LENGTHS);
        let draws: Vec<bool> = (0..160_000).map(|_| sample.draws()).collect();
        let drawn = draws.iter().filter(|drawn| **drawn).count();
        // 10,000 with a standard deviation of 56.
        assert!((9_500..10_500).contains(&drawn), "{drawn}");
        let every_sixteenth = draws.iter().skip(15).step_by(16).filter(|drawn| **drawn).count();
        assert!(every_sixteenth < 1_000, "{every_sixteenth} of 10,000 at the same step");
    }
}
