//! How many fans cheer for each team, on all gateways that are heard together.
//!
//! What a gateway says of its fans holds for as long as it goes on saying anything: totals stay, people do not.

use std::collections::HashMap;

use beat_core::Incarnation;

use crate::roster::Roster;
use crate::store::Vector;

/// A gateway whose tick stands still for so long is not heard; its fans are on their way to others.
const HEARD_FOR_MS: u64 = 2_000;

/// What the conductor has heard of each gateway.
#[derive(Default)]
pub(super) struct Heads {
    /// The last tick, and since when it stands.
    ticks: HashMap<Incarnation, (u64, u64)>,
}

impl Heads {
    /// The fans of each team of `roster`, by `vectors` as read at `now_ms`.
    pub(super) fn count(&mut self, vectors: &[Vector], roster: &Roster, now_ms: u64) -> Vec<u32> {
        let mut all = vec![0u32; roster.teams().len()];
        for vector in vectors {
            let (tick, since_ms) = self.ticks.entry(vector.incarnation).or_insert((vector.tick, now_ms));
            if *tick != vector.tick {
                (*tick, *since_ms) = (vector.tick, now_ms);
            }
            if now_ms - *since_ms >= HEARD_FOR_MS {
                continue;
            }
            for (code, fans) in vector.fans.iter().flatten() {
                if let Some(team) = roster.index_of(*code) {
                    let sum = &mut all[usize::from(team)];
                    *sum = sum.saturating_add(*fans);
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::EventConfig;

    #[test]
    fn fans_of_all_gateways_are_added_up_and_those_of_a_silent_one_are_forgotten() {
        let teams = "teams = [{code='A', name='Ants'}, {code='B', name='Bees'}]";
        let mut config: EventConfig = toml::from_str(&format!("id = 'demo'\nname = 'Demo'\n{teams}")).unwrap();
        config.resolve(Path::new(".")).unwrap();
        let roster = config.roster();
        let vector = |incarnation, tick, fans: &[(&str, u32)]| Vector {
            incarnation: Incarnation(incarnation),
            tick,
            totals: Vec::new(),
            sum: 0,
            fans: Some(fans.iter().map(|(code, fans)| (code.parse().unwrap(), *fans)).collect()),
            confirmed: false,
        };
        let mut heads = Heads::default();
        let silent = vector(1, 5, &[("B", 40)]);
        for now_ms in (0..4_000).step_by(100) {
            let lively = vector(2, now_ms, &[("A", 3), ("B", 2), ("NOBODY", 9)]);
            let nonsense = vector(3, now_ms, &[("A", u32::MAX)]);
            let fans = heads.count(&[silent.clone(), lively], &roster, now_ms);
            assert_eq!(fans, [3, if now_ms < 2_000 { 42 } else { 2 }], "at {now_ms}");
            assert_eq!(heads.count(&[nonsense.clone(), nonsense], &roster, now_ms), [u32::MAX, 0], "and never wraps");
        }
    }
}
