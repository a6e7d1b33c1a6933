//! Whether a closed run's tally can be final: every gateway that counted for it has confirmed that it adds nothing more,
//! or has been silent for so long that it is gone.

use std::collections::HashMap;

use beat_core::Incarnation;

use crate::store::Vector;

/// A gateway whose tick stands still for so long is gone: what it has not flushed by then is lost with it.
const GONE_AFTER_MS: u64 = 5_000;

/// What the conductor has heard of each gateway since it conducts.
#[derive(Default)]
pub(super) struct Quorum {
    /// The last tick, and since when it stands.
    ticks: HashMap<Incarnation, (u64, u64)>,
}

impl Quorum {
    /// Whether all of `vectors`, as read at `now_ms`, are complete.
    pub(super) fn all_confirmed(&mut self, vectors: &[Vector], now_ms: u64) -> bool {
        let mut all = true;
        for vector in vectors {
            let (tick, since_ms) = self.ticks.entry(vector.incarnation).or_insert((vector.tick, now_ms));
            if *tick != vector.tick {
                (*tick, *since_ms) = (vector.tick, now_ms);
            }
            all &= vector.confirmed || now_ms - *since_ms >= GONE_AFTER_MS;
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(incarnation: u64, tick: u64, confirmed: bool) -> Vector {
        Vector { incarnation: Incarnation(incarnation), tick, totals: Vec::new(), sum: 0, fans: None, confirmed }
    }

    #[test]
    fn a_gateway_that_lives_is_waited_for_and_one_that_is_gone_is_not() {
        let mut quorum = Quorum::default();
        for (now_ms, tick) in (0..20_000).step_by(100).zip(1..) {
            assert!(!quorum.all_confirmed(&[vector(1, 9, true), vector(2, tick, false)], now_ms));
        }
        assert!(quorum.all_confirmed(&[vector(1, 9, true), vector(2, 300, true)], 20_000));
        assert!(!quorum.all_confirmed(&[vector(1, 9, true), vector(3, 4, false)], 20_000));
        assert!(!quorum.all_confirmed(&[vector(1, 9, true), vector(3, 4, false)], 24_999));
        assert!(quorum.all_confirmed(&[vector(1, 9, true), vector(3, 4, false)], 25_000));
    }
}
