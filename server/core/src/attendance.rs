//! How many fans cheer for each team, counted by windows of ten seconds: each fan once in a window, at its first tap in it.
//!
//! So the way of a tap compares two numbers that are at hand, and writes only once in ten seconds for a fan. Knows no
//! session and no gateway.

use std::sync::atomic::{AtomicU64, Ordering};

/// Length of a window, in milliseconds: longer than the pauses of who cheers by claps and chants, shorter than a quarrel
/// over what "now" means.
pub const WINDOW_MS: u64 = 10_000;

/// One window of ten seconds, by its number since the process began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window(u32);

impl Window {
    /// The window that `now_ms` is in.
    pub fn at(now_ms: u64) -> Self {
        Self(u32::try_from(now_ms / WINDOW_MS).unwrap_or(u32::MAX))
    }
}

/// What a mark remembers of a team's CHEERs: whether there was one, and the window of the last that counted.
///
/// Fifteen bits of the window's number and one for the first of it: who comes back to the very same bits has been silent
/// for 91 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard(u16);

impl Heard {
    /// Whether any CHEER has named the team.
    pub(crate) fn is_any(self) -> bool {
        self != Self::default()
    }

    /// A CHEER names the team at `window`, and has not counted yet.
    pub(crate) fn name(&mut self, window: Window) {
        if !self.is_any() {
            *self = Self::of(Window(window.0.wrapping_sub(1)));
        }
    }

    /// Taps count at `window`; whether they are the first in it.
    pub(crate) fn count(&mut self, window: Window) -> bool {
        let is_first = *self != Self::of(window);
        if is_first {
            *self = Self::of(window);
        }
        is_first
    }

    fn of(Window(number): Window) -> Self {
        Self(u16::try_from(number & 0x7fff).unwrap_or(0) << 1 | 1)
    }
}

/// The fans of one team on one shard, in the window now and in the one before.
///
/// Written by the shard alone, read by whoever flushes: each word is a window and its fans, so that none is ever read by
/// half.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    now: AtomicU64,
    before: AtomicU64,
}

/// Fans in the last whole window, and so far in the one that is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attendance {
    before: u32,
    now: u32,
}

impl Seats {
    /// One fan more at `window`, which never falls. For the owning shard only.
    pub(crate) fn take(&self, window: Window) {
        let word = self.now.load(Ordering::Relaxed);
        let (of, fans) = unpack(word);
        if of == window {
            self.now.store(pack(window, fans.saturating_add(1)), Ordering::Relaxed);
        } else {
            self.before.store(word, Ordering::Relaxed);
            // Who sees the new window finds the one before in its place.
            self.now.store(pack(window, 1), Ordering::Release);
        }
    }

    /// The attendance as of `window`.
    pub(crate) fn attendance(&self, window: Window) -> Attendance {
        let now = unpack(self.now.load(Ordering::Acquire));
        let before = unpack(self.before.load(Ordering::Relaxed));
        let fans_of = |wanted: Window| {
            [now, before].iter().filter(|(of, _)| *of == wanted).map(|(_, fans)| *fans).max().unwrap_or(0)
        };
        Attendance { before: window.0.checked_sub(1).map_or(0, |last| fans_of(Window(last))), now: fans_of(window) }
    }
}

impl Attendance {
    /// Both together: of other fans.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { before: self.before.saturating_add(other.before), now: self.now.saturating_add(other.now) }
    }

    /// The fans who cheer: those of the last whole window, or of this one as soon as they are more.
    ///
    /// So the number does not fall to nothing where a window begins, a crowd that comes is counted as it taps, and one that
    /// has gone is forgotten after ten to twenty seconds.
    pub fn fans(self) -> u32 {
        self.before.max(self.now)
    }
}

fn pack(Window(number): Window, fans: u32) -> u64 {
    u64::from(number) << 32 | u64::from(fans)
}

fn unpack(word: u64) -> (Window, u32) {
    let half = |half: u64| u32::try_from(half & u64::from(u32::MAX)).unwrap_or(0);
    (Window(half(word >> 32)), half(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fan_is_counted_once_in_a_window_and_again_in_the_next() {
        let mut heard = Heard::default();
        heard.name(Window::at(0));
        assert!(heard.is_any(), "also in the very first window");
        for (now_ms, is_first) in [(0, true), (9_999, false), (10_000, true), (10_001, false), (35_000, true)] {
            assert_eq!(heard.count(Window::at(now_ms)), is_first, "at {now_ms}");
            heard.name(Window::at(now_ms));
        }
    }

    #[test]
    fn attendance_is_that_of_the_last_whole_window_until_this_one_has_more() {
        let seats = Seats::default();
        let fans_at = |now_ms| seats.attendance(Window::at(now_ms)).fans();
        assert_eq!(fans_at(0), 0);
        for now_ms in [0, 5_000, 9_999] {
            seats.take(Window::at(now_ms));
        }
        assert_eq!((fans_at(9_999), fans_at(10_000), fans_at(19_999), fans_at(20_000)), (3, 3, 3, 0));
        seats.take(Window::at(12_000));
        assert_eq!(fans_at(12_000), 3);
        (0..3).for_each(|_| seats.take(Window::at(13_000)));
        assert_eq!((fans_at(13_000), fans_at(20_000), fans_at(30_000)), (4, 4, 0));
        seats.take(Window::at(55_000));
        assert_eq!(fans_at(55_000), 1, "what was before a silence is forgotten");
    }

    #[test]
    fn a_reader_never_sees_a_crowd_vanish_as_a_window_begins() {
        const FANS: u32 = 40;
        let seats = Seats::default();
        (0..FANS).for_each(|_| seats.take(Window(0)));
        let clock = AtomicU64::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for number in 1..2_000 {
                    clock.store(number, Ordering::Release);
                    (0..FANS).for_each(|_| seats.take(Window(u32::try_from(number).unwrap())));
                }
                clock.store(u64::MAX, Ordering::Release);
            });
            loop {
                let number = clock.load(Ordering::Acquire);
                if number == u64::MAX {
                    break;
                }
                let fans = seats.attendance(Window(u32::try_from(number).unwrap())).fans();
                let is_over = clock.load(Ordering::Acquire) != number;
                assert!(fans == FANS || is_over, "{fans} in window {number}");
            }
        });
    }
}
