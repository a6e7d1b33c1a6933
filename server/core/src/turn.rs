//! Which fans are due on a beat: each on every fifth, a fifth of them on each.
//!
//! Knows no socket; whether a fan can be written to is another matter.

/// A fan gets every fifth beat: two a second at 100 ms.
pub const BEATS_PER_FAN_FRAME: u32 = 5;

/// When one fan is due next.
///
/// A fan is due when [`BEATS_PER_FAN_FRAME`] numbers have passed. Where numbers skip (another conductor) all fans are due
/// at once; each then returns to its own turn, up to four numbers early, since otherwise all would stay due on the same
/// beat for good.
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
