//! Which fans are due on a beat: each on every fifth, a fifth of them on each.
//!
//! Knows no socket; whether a fan can be written to is another matter.

/// A fan gets every fifth beat: two a second at 100 ms.
pub const BEATS_PER_FAN_FRAME: u32 = 5;

/// When one fan is due next.
///
/// A fan is due when [`BEATS_PER_FAN_FRAME`] numbers have passed. Where numbers skip (another conductor) all fans are
/// due at once; each then returns to its own turn, up to four numbers early, since otherwise all would stay due on the
/// same beat for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    due_from: u32,
}

impl Turn {
    /// The turn of a shard's `nth` fan, who was just given the beat `latest`: due one to five numbers later.
    pub fn of_nth(nth: u32, latest: u32) -> Self {
        Self { due_from: latest + 1 + nth % BEATS_PER_FAN_FRAME }
    }

    /// Whether the fan is due on `beat`; if so it takes its turn.
    pub fn take(&mut self, beat: u32) -> bool {
        let Some(late) = beat.checked_sub(self.due_from) else { return false };
        self.due_from = beat - late % BEATS_PER_FAN_FRAME + BEATS_PER_FAN_FRAME;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_fans_is_due_on_each_beat_and_each_fan_on_every_fifth() {
        let mut fans: Vec<_> = (0..100).map(|nth| Turn::of_nth(nth, 41)).collect();
        let mut last = vec![None; fans.len()];
        for beat in 42..142 {
            let due: Vec<_> = (0..fans.len()).filter(|&nth| fans[nth].take(beat)).collect();
            assert_eq!(due.len(), 20, "on beat {beat}");
            for nth in due {
                assert!(last[nth].is_none_or(|last| beat == last + BEATS_PER_FAN_FRAME));
                last[nth] = Some(beat);
            }
        }
    }

    #[test]
    fn after_a_gap_all_are_due_once_and_then_a_fifth_on_each_beat_again() {
        for skipped in [5, 6, 9, 10, 1_003] {
            let mut fans: Vec<_> = (0..100).map(|nth| Turn::of_nth(nth, 7)).collect();
            let mut due_on = |beat| fans.iter_mut().filter_map(|turn| turn.take(beat).then_some(())).count();
            assert_eq!(due_on(7 + skipped), 100);
            assert_eq!(due_on(7 + skipped), 0, "nobody twice on one beat");
            for beat in 8 + skipped..40 + skipped {
                assert_eq!(due_on(beat), 20, "{skipped} skipped, on beat {beat}");
            }
        }
    }

    #[test]
    fn a_beat_of_the_past_is_nobodys_turn() {
        let mut turn = Turn::of_nth(0, 100);
        assert!(!turn.take(3));
        assert!(turn.take(105));
    }
}
