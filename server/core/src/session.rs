//! What one gateway knows of one client, and what of its taps counts.
//!
//! A client states running totals, so a frame may be lost, repeated or late without harm. Knows no socket and no event:
//! whether taps count at all is told with each frame, and an index outside the roster was refused before.

use beat_protocol::{Record, Records};

use crate::bucket::{Bucket, Rate};
use crate::marks::Marks;

/// Whether an event's taps count at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// They do, within the session's rate.
    Open,
    /// The event is not open, or no more: they are received, and that is all.
    Late,
}

/// What became of the new taps for one team; never of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Index in the event's roster.
    pub team: u16,
    /// They count.
    pub counted: u32,
    /// Beyond a human's rate, or for a ninth team: never counted.
    pub shadowed: u32,
    /// Received outside the event's opening: never counted.
    pub late: u32,
}

/// One client as its gateway knows it: the marks and the taps it has left. Times are milliseconds on one monotonic clock.
#[derive(Debug)]
pub struct Session {
    marks: Marks,
    taps: Bucket,
    resumed: bool,
}

impl Session {
    /// A client nobody here has heard of.
    pub fn new(taps: &Rate, now_ms: u64) -> Self {
        Self { marks: Marks::default(), taps: Bucket::new(taps, now_ms), resumed: false }
    }

    /// The client is back on another socket of this gateway: its marks are exact, BASE has nothing to add from now on.
    pub fn resume(&mut self) {
        self.resumed = true;
    }

    /// Takes in a BASE: what was stated elsewhere is not counted here.
    ///
    /// Ignored on a resumed session, and for a team after its first CHEER. Never lowers a mark. A team named here takes
    /// one of the session's places.
    pub fn base(&mut self, records: &[Record]) {
        if self.resumed {
            return;
        }
        for record in records {
            let (mark, _) = self.marks.of(record.team);
            if !mark.cheered {
                mark.total = mark.total.max(record.total);
            }
        }
    }

    /// Takes in a CHEER, and tells `out` for each of its records what became of the taps it adds.
    ///
    /// A total no higher than the mark adds none. `taps` is the rate the session was made with.
    pub fn cheer(
        &mut self,
        taps: &Rate,
        now_ms: u64,
        counting: Counting,
        records: &[Record],
        mut out: impl FnMut(Verdict),
    ) {
        for &Record { team, total } in records {
            let (mark, has_place) = self.marks.of(team);
            mark.cheered = true;
            let new = total.saturating_sub(mark.total);
            if new == 0 {
                continue;
            }
            mark.total = total;
            out(match counting {
                Counting::Late => Verdict { team, counted: 0, shadowed: 0, late: new },
                Counting::Open => {
                    let counted = if has_place { self.taps.take_up_to(taps, now_ms, new) } else { 0 };
                    Verdict { team, counted, shadowed: new - counted, late: 0 }
                }
            });
        }
    }

    /// The body of MARKS: the highest total taken in for each of the session's teams, by CHEER or by BASE, counted or
    /// not. `None` while there is none.
    pub fn marks(&self) -> Option<Records> {
        self.marks.records()
    }
}
