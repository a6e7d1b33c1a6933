//! What one gateway knows of every gateway's totals, and what the store has forgotten of that.
//!
//! Whoever reads keeps the maximum, so that a store that comes back empty, or as a stale replica, takes nothing back:
//! it is told again. Reads and writes nothing itself.

use std::collections::BTreeMap;

use beat_core::Incarnation;
use beat_protocol::{TeamCode, VALUE_MAX};
use redis::Value;

use super::keys::{CONFIRMED, SUM, TICK};
use super::route::text;
use crate::store::Vector;

/// Forgotten vectors looked after at a time, so that an empty store is told within seconds and not at once by all.
const FORGOTTEN_AT_A_TIME: usize = 8;

/// What a gateway said of its fans so long before its newest totals is no longer so: it says it anew each second, which
/// is twenty ticks at most.
const FANS_HOLD_TICKS: u64 = 60;

/// A sorted set's members and scores, as far as they make sense.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scores {
    pub(super) of: Vec<(String, u64)>,
    /// Members whose score is not a whole number from 0 to [`VALUE_MAX`]: no gateway wrote it, and `GT` would keep a
    /// correction out.
    pub(super) refused: Vec<String>,
}

/// The vectors of one run.
#[derive(Debug, Default)]
pub(super) struct Vectors {
    known: BTreeMap<Incarnation, Vector>,
    /// What each has said of its fans, and at which tick.
    fans: BTreeMap<Incarnation, (u64, Vec<(TeamCode, u32)>)>,
    /// Whose turn it was last to be compared with the store.
    audited: Option<Incarnation>,
    /// The registry as it was when those that stopped were looked for last.
    seen: BTreeMap<Incarnation, u64>,
}

/// What the store has lost of one vector.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forgotten {
    pub(super) incarnation: Incarnation,
    /// Members of the vector with what they were.
    pub(super) members: Vec<(String, u64)>,
    /// For the registry.
    pub(super) tick: u64,
}

impl Scores {
    /// Reads the answer to `ZRANGE … WITHSCORES`; `None` if it is something else.
    pub(super) fn read(answer: &Value) -> Option<Self> {
        let Value::Array(flat) = answer else { return None };
        let mut scores = Self::default();
        for pair in flat.chunks_exact(2) {
            let member = text(&pair[0]).unwrap_or("").to_owned();
            match text(&pair[1]).and_then(whole) {
                Some(score) => scores.of.push((member, score)),
                None => scores.refused.push(member),
            }
        }
        Some(scores)
    }
}

impl Vectors {
    /// Which vectors to read: those that moved, the next to be audited, and some of those that `registry` forgot.
    pub(super) fn due(&mut self, registry: &BTreeMap<Incarnation, u64>) -> Vec<Incarnation> {
        let tick_of = |incarnation| self.known.get(incarnation).map(|vector: &Vector| vector.tick);
        let mut due: Vec<_> =
            registry.iter().filter(|(who, tick)| tick_of(who) < Some(**tick)).map(|(who, _)| *who).collect();
        let forgotten = self.known.values().filter(|vector| registry.get(&vector.incarnation) < Some(&vector.tick));
        due.extend(forgotten.take(FORGOTTEN_AT_A_TIME).map(|vector| vector.incarnation));
        due.extend(self.next_audited().filter(|who| !due.contains(who)));
        due
    }

    /// Which vectors to read where only those of gateways that have stopped matter: their tick has not moved since this
    /// was asked last, and what they counted is not known here, or forgotten by `registry`.
    pub(super) fn stopped(&mut self, registry: &BTreeMap<Incarnation, u64>) -> Vec<Incarnation> {
        let has_stopped = |who: &Incarnation, tick: &u64| self.seen.get(who) == Some(tick) && self.tick(*who) < *tick;
        let mut due: Vec<_> =
            registry.iter().filter(|(who, tick)| has_stopped(who, tick)).map(|(who, _)| *who).collect();
        let forgotten = self.known.values().filter(|vector| registry.get(&vector.incarnation) < Some(&vector.tick));
        due.extend(forgotten.take(FORGOTTEN_AT_A_TIME).map(|vector| vector.incarnation));
        due.extend(self.next_audited().filter(|who| !due.contains(who)));
        self.seen.clone_from(registry);
        due
    }

    fn next_audited(&mut self) -> Option<Incarnation> {
        let after = |last| self.known.range((std::ops::Bound::Excluded(last), std::ops::Bound::Unbounded)).next();
        let next = self.audited.and_then(after).or_else(|| self.known.iter().next());
        self.audited = next.map(|(who, _)| *who);
        self.audited
    }

    /// Joins what the store says of `incarnation` into what is known, and answers with what it has lost, and how many
    /// of its values were refused.
    pub(super) fn join(
        &mut self,
        incarnation: Incarnation,
        said: Scores,
        registered: Option<u64>,
    ) -> (Option<Forgotten>, usize) {
        let empty = || Vector { incarnation, tick: 0, totals: Vec::new(), sum: 0, fans: None, confirmed: false };
        let mut refused = said.refused;
        let mut now = empty();
        for (member, score) in said.of {
            match member.as_str() {
                TICK => now.tick = score,
                SUM => now.sum = score,
                CONFIRMED => now.confirmed = score > 0,
                code => match code.parse() {
                    Ok(code) => now.totals.push((code, score)),
                    Err(_) => refused.push(member),
                },
            }
        }
        now.totals.sort_unstable();
        let known = self.known.entry(incarnation).or_insert_with(empty);
        let mut members = Vec::new();
        if known.tick > now.tick {
            members.push((TICK.to_owned(), known.tick));
        }
        if known.sum > now.sum {
            members.push((SUM.to_owned(), known.sum));
        }
        if known.confirmed && !now.confirmed {
            members.push((CONFIRMED.to_owned(), 1));
        }
        members.extend(ahead(&known.totals, &now.totals).map(|(code, total)| (code.as_str().to_owned(), total)));
        members.retain(|(member, _)| !refused.contains(member));
        // The registry was read before the vector: what was stated in between is not forgotten.
        let is_forgotten = !members.is_empty() || registered < Some(known.tick);
        known.tick = known.tick.max(now.tick);
        known.sum = known.sum.max(now.sum);
        known.confirmed |= now.confirmed;
        known.totals = joined(&known.totals, &now.totals);
        let tick = known.tick;
        (is_forgotten.then_some(Forgotten { incarnation, members, tick }), refused.len())
    }

    /// Keeps what `incarnation` said of its fans at `tick`, unless it has said more since.
    pub(super) fn hear_of_fans(&mut self, incarnation: Incarnation, tick: u64, fans: Vec<(TeamCode, u32)>) {
        let known = self.fans.entry(incarnation).or_default();
        if tick >= known.0 {
            *known = (tick, fans);
        }
    }

    /// All that is known.
    pub(super) fn all(&self) -> Vec<Vector> {
        self.known.values().map(|vector| Vector { fans: self.fans_of(vector), ..vector.clone() }).collect()
    }

    fn fans_of(&self, vector: &Vector) -> Option<Vec<(TeamCode, u32)>> {
        let (tick, fans) = self.fans.get(&vector.incarnation)?;
        (tick + FANS_HOLD_TICKS >= vector.tick).then(|| fans.clone())
    }

    /// The tick up to which `incarnation` is known.
    pub(super) fn tick(&self, incarnation: Incarnation) -> u64 {
        self.known.get(&incarnation).map_or(0, |vector| vector.tick)
    }
}

/// The teams of which `a` says more than `b`; both sorted.
fn ahead<'a>(a: &'a [(TeamCode, u64)], b: &'a [(TeamCode, u64)]) -> impl Iterator<Item = (TeamCode, u64)> {
    let in_b = |code: &TeamCode| b.binary_search_by_key(code, |(code, _)| *code).ok().map(|at| b[at].1);
    a.iter().copied().filter(move |(code, total)| in_b(code) < Some(*total))
}

/// The higher total of each team, sorted.
fn joined(a: &[(TeamCode, u64)], b: &[(TeamCode, u64)]) -> Vec<(TeamCode, u64)> {
    let mut all = [a, b].concat();
    // The higher of two totals of a team comes first, and the first one stays.
    all.sort_unstable_by_key(|(code, total)| (*code, std::cmp::Reverse(*total)));
    all.dedup_by_key(|(code, _)| *code);
    all
}

/// A score that a gateway may have written: scores are doubles, exact up to 2^53.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole and within 0..2^53, where both are exact"
)]
fn whole(score: &str) -> Option<u64> {
    let score: f64 = score.parse().ok()?;
    (score.fract() == 0.0 && (0.0..=VALUE_MAX as f64).contains(&score)).then_some(score as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: Incarnation = Incarnation(7);

    #[test]
    fn only_whole_numbers_a_gateway_can_count_to_are_taken() {
        for (score, taken) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("9007199254740991", Some(VALUE_MAX)),
            ("9.007199254740991e15", Some(VALUE_MAX)),
            ("9007199254740992", None),
            ("-1", None),
            ("0.5", None),
            ("inf", None),
            ("nan", None),
            ("many", None),
        ] {
            assert_eq!(whole(score), taken, "{score}");
        }
    }

    #[test]
    fn whoever_reads_keeps_the_maximum_and_tells_what_was_lost() {
        let mut vectors = Vectors::default();
        assert_eq!(vectors.join(GATEWAY, said(&[(TICK, 5), ("JPN", 9), ("NED", 1)]), Some(5)), (None, 0));
        let stale = said(&[(TICK, 4), ("JPN", 8), ("NED", 2)]);
        let members = vec![(TICK.to_owned(), 5), ("JPN".to_owned(), 9)];
        let lost = Forgotten { incarnation: GATEWAY, members, tick: 5 };
        assert_eq!(vectors.join(GATEWAY, stale, Some(4)), (Some(lost), 0));
        let [known] = vectors.all().try_into().unwrap();
        assert_eq!((known.tick, totals(&known)), (5, vec![("JPN", 9), ("NED", 2)]));
    }

    #[test]
    fn what_was_stated_between_two_reads_is_not_forgotten() {
        let mut vectors = Vectors::default();
        for tick in [5, 6, 7] {
            assert_eq!(vectors.join(GATEWAY, said(&[(TICK, tick)]), Some(tick - 1)), (None, 0));
        }
        let lost = Forgotten { incarnation: GATEWAY, members: vec![], tick: 7 };
        assert_eq!(vectors.join(GATEWAY, said(&[(TICK, 7)]), None), (Some(lost), 0), "lost by the registry alone");
    }

    #[test]
    fn a_value_that_was_refused_is_not_fought_over() {
        let mut vectors = Vectors::default();
        vectors.join(GATEWAY, said(&[(TICK, 5), ("JPN", 9)]), Some(5));
        let mut poisoned = said(&[(TICK, 5)]);
        poisoned.refused.push("JPN".into());
        assert_eq!(vectors.join(GATEWAY, poisoned, Some(5)), (None, 1));
        assert_eq!(totals(&vectors.all()[0]), [("JPN", 9)]);
    }

    #[test]
    fn only_what_moved_is_read_and_each_is_audited_in_turn() {
        let mut vectors = Vectors::default();
        let registry: BTreeMap<_, _> = (1..=3).map(|who| (Incarnation(who), 5)).collect();
        assert_eq!(vectors.due(&registry), [1, 2, 3].map(Incarnation));
        for who in 1..=3 {
            vectors.join(Incarnation(who), said(&[(TICK, 5)]), Some(5));
        }
        for who in [1, 2, 3, 1] {
            assert_eq!(vectors.due(&registry), [Incarnation(who)]);
        }
        let moved = registry.iter().map(|(who, tick)| (*who, tick + u64::from(who.0 == 3))).collect();
        assert_eq!(vectors.due(&moved), [3, 2].map(Incarnation));
        assert_eq!(vectors.due(&BTreeMap::new()), [1, 2, 3].map(Incarnation), "all of them forgotten");
    }

    #[test]
    fn a_vector_of_which_the_store_forgot_a_team_is_not_whole_until_that_is_told_again() {
        let mut vectors = Vectors::default();
        vectors.join(GATEWAY, said(&[(TICK, 5), (SUM, 12), ("JPN", 9)]), Some(5));
        assert!(!vectors.all()[0].is_whole());
        vectors.join(GATEWAY, said(&[(TICK, 9), (SUM, 14), ("JPN", 11), ("NED", 3)]), Some(9));
        assert!(vectors.all()[0].is_whole());
    }

    #[test]
    fn of_fans_the_newest_word_holds_and_not_for_ever() {
        let mut vectors = Vectors::default();
        let fans = |fans| vec![("JPN".parse().unwrap(), fans)];
        vectors.join(GATEWAY, said(&[(TICK, 5)]), Some(5));
        for (tick, said) in [(5, 40), (7, 3), (6, 90)] {
            vectors.hear_of_fans(GATEWAY, tick, fans(said));
        }
        assert_eq!(vectors.all()[0].fans, Some(fans(3)));
        vectors.join(GATEWAY, said(&[(TICK, 7 + FANS_HOLD_TICKS)]), None);
        assert_eq!(vectors.all()[0].fans, Some(fans(3)));
        vectors.join(GATEWAY, said(&[(TICK, 8 + FANS_HOLD_TICKS)]), None);
        assert_eq!(vectors.all()[0].fans, None);
    }

    #[test]
    fn of_those_that_stopped_each_is_read_once_and_again_when_it_is_forgotten() {
        let mut vectors = Vectors::default();
        let registry: BTreeMap<_, _> = [(Incarnation(1), 5), (Incarnation(2), 5)].into();
        assert_eq!(vectors.stopped(&registry), [], "who has just been seen may go on");
        let moved: BTreeMap<_, _> = [(Incarnation(1), 5), (Incarnation(2), 25)].into();
        assert_eq!(vectors.stopped(&moved), [Incarnation(1)]);
        vectors.join(Incarnation(1), said(&[(TICK, 5), ("JPN", 9)]), Some(5));
        assert_eq!(vectors.stopped(&moved), [Incarnation(2), Incarnation(1)], "and one that is known is audited");
        vectors.join(Incarnation(2), said(&[(TICK, 25)]), Some(25));
        assert_eq!(vectors.stopped(&moved).len(), 1);
        assert_eq!(vectors.stopped(&BTreeMap::new()), [1, 2].map(Incarnation));
    }

    fn said(members: &[(&str, u64)]) -> Scores {
        Scores { of: members.iter().map(|(member, score)| ((*member).to_owned(), *score)).collect(), refused: vec![] }
    }

    fn totals(vector: &Vector) -> Vec<(&str, u64)> {
        vector.totals.iter().map(|(code, total)| (code.as_str(), *total)).collect()
    }
}
