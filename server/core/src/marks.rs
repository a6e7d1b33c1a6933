//! The highest total a session has stated for each team.
//!
//! Knows nothing of rates or of what counts; only what is new, and which teams are the session's eight.

use std::collections::BTreeMap;

use beat_protocol::{RECORDS_MAX, Record, Records};

use crate::attendance::{Heard, Window};

/// Teams whose taps count in one session: as many as MARKS and BASE can name in one frame.
pub const TEAMS_MAX: usize = RECORDS_MAX;

/// What a session has stated for one team.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    total: u32,
    team: u16,
    /// Whether a CHEER has named the team, from which on BASE is ignored, and when its taps counted last.
    pub(crate) heard: Heard,
}

/// The marks of one session: eight in place, the rest on the heap once there is one.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    first: [Mark; TEAMS_MAX],
    /// Never counted, but kept: without them a repeated frame would be received, and shadowed, twice. Bounded by the
    /// roster, since the caller lets no other index in.
    #[expect(clippy::box_collection, reason = "8 bytes in every session instead of 24 for what almost none has")]
    beyond: Option<Box<BTreeMap<u16, Mark>>>,
    len: u8,
    exact: bool,
}

impl Marks {
    /// From now on BASE has nothing to add.
    pub(crate) fn be_exact(&mut self) {
        self.exact = true;
    }

    /// Raises marks to what was stated elsewhere, except where this session knows better.
    pub(crate) fn base(&mut self, records: impl IntoIterator<Item = Record>) {
        if self.exact {
            return;
        }
        for record in records {
            let (mark, _) = self.of(record.team);
            if !mark.heard.is_any() {
                mark.total = mark.total.max(record.total);
            }
        }
    }

    /// Raises the mark of `team` to `total` by a CHEER at `window`; returns by how much, whether the team is one of the
    /// session's [`TEAMS_MAX`], and the mark.
    pub(crate) fn cheer(&mut self, team: u16, total: u32, window: Window) -> (u32, bool, &mut Mark) {
        let (mark, has_place) = self.of(team);
        let new = total.saturating_sub(mark.total);
        mark.total += new;
        mark.heard.name(window);
        (new, has_place, mark)
    }

    /// The marks of the session's teams, in the order they came; `None` before the first.
    pub(crate) fn records(&self) -> Option<Records> {
        let mut records = [Record::default(); TEAMS_MAX];
        let kept = &self.first[..usize::from(self.len)];
        for (record, mark) in records.iter_mut().zip(kept) {
            *record = Record { team: mark.team, total: mark.total };
        }
        Records::new(&records[..kept.len()]).ok()
    }

    /// The mark of `team`, made at zero if need be, and whether it has one of the places.
    fn of(&mut self, team: u16) -> (&mut Mark, bool) {
        let new = Mark { team, ..Mark::default() };
        let len = usize::from(self.len);
        match self.first[..len].iter().position(|mark| mark.team == team) {
            Some(at) => (&mut self.first[at], true),
            None if len < TEAMS_MAX => {
                self.len += 1;
                self.first[len] = new;
                (&mut self.first[len], true)
            }
            None => (self.beyond.get_or_insert_default().entry(team).or_insert(new), false),
        }
    }
}
