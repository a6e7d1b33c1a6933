//! Whose marks are where: every session of this gateway, and the marks of those whose socket is gone.
//!
//! Marks have one owner at a time: the shard that reads the session's socket, or this registry while there is none.
//! Locked when a connection begins or ends, never for a tap.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use beat_core::Session;
use data_encoding::BASE64URL_NOPAD;

/// 128 random bits; who knows them may continue the session, so they are never logged.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId([u8; 16]);

impl SessionId {
    /// 128 bits, six to a character.
    const CHARACTERS: usize = 22;

    fn random() -> Self {
        Self(rand::random())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(…)")
    }
}

impl FromStr for SessionId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut bytes = [0; 16];
        if text.len() != Self::CHARACTERS {
            return Err(());
        }
        BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes).map(|_| Self(bytes)).map_err(|_| ())
    }
}

/// The registry.
pub(crate) struct Sessions {
    keep_ms: u64,
    resting_max: usize,
    places: Mutex<Places>,
}

#[derive(Default)]
struct Places {
    by_id: HashMap<SessionId, Place>,
    /// Who came to rest when, oldest first. An entry whose session has moved on since is skipped.
    resting: VecDeque<(u64, SessionId)>,
    resting_count: usize,
}

struct Place {
    event: usize,
    holder: Holder,
}

enum Holder {
    /// The shard that reads the session's socket.
    Shard(usize),
    /// Nobody: the marks are here.
    Rest { since_ms: u64, session: Box<Session> },
}

/// What became of the wish to continue a session.
pub(crate) enum Claim {
    /// Nobody knows it (any more), or it belongs to another event.
    Unknown,
    /// It rested, and is the claimant's now.
    Taken(Box<Session>),
    /// It lives on this shard, which must hand it over.
    LivesOn(usize),
}

impl Sessions {
    pub(crate) fn new(keep: Duration, resting_max: usize) -> Self {
        let keep_ms = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        Self { keep_ms, resting_max, places: Mutex::default() }
    }

    /// A new session on `shard`.
    pub(crate) fn begin(&self, shard: usize, event: usize) -> SessionId {
        let id = SessionId::random();
        self.lock().by_id.insert(id, Place { event, holder: Holder::Shard(shard) });
        id
    }

    /// Continues `id` on `shard`, if that can be done at once.
    pub(crate) fn claim(&self, id: SessionId, shard: usize, event: usize, now_ms: u64) -> Claim {
        let mut places = self.lock();
        places.forget(now_ms, self.keep_ms, self.resting_max);
        let Some(place) = places.by_id.get_mut(&id).filter(|place| place.event == event) else {
            return Claim::Unknown;
        };
        match std::mem::replace(&mut place.holder, Holder::Shard(shard)) {
            Holder::Shard(owner) => {
                place.holder = Holder::Shard(owner);
                Claim::LivesOn(owner)
            }
            Holder::Rest { session, .. } => {
                places.resting_count -= 1;
                Claim::Taken(session)
            }
        }
    }

    /// The claimant on `shard` has the session that lived elsewhere.
    pub(crate) fn moved(&self, id: SessionId, shard: usize) {
        if let Some(place) = self.lock().by_id.get_mut(&id) {
            place.holder = Holder::Shard(shard);
        }
    }

    /// The session's socket is gone; its marks stay for a while.
    pub(crate) fn rest(&self, id: SessionId, session: Session, now_ms: u64) {
        let mut places = self.lock();
        let Some(place) = places.by_id.get_mut(&id) else { return };
        place.holder = Holder::Rest { since_ms: now_ms, session: Box::new(session) };
        places.resting.push_back((now_ms, id));
        places.resting_count += 1;
        places.forget(now_ms, self.keep_ms, self.resting_max);
    }

    /// Sessions whose socket is gone, and whose marks are still here.
    pub(crate) fn resting(&self) -> usize {
        self.lock().resting_count
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.places.lock().expect("no holder of this lock panics")
    }
}

impl Places {
    /// Drops the marks that rested too long, and the oldest where there are too many: evicted means BASE.
    fn forget(&mut self, now_ms: u64, keep_ms: u64, resting_max: usize) {
        while let Some(&(rested_ms, id)) = self.resting.front() {
            let holder = self.by_id.get(&id).map(|place| &place.holder);
            let current = matches!(holder, Some(Holder::Rest { since_ms, .. }) if *since_ms == rested_ms);
            if current {
                if self.resting_count <= resting_max && now_ms.saturating_sub(rested_ms) <= keep_ms {
                    return;
                }
                self.by_id.remove(&id);
                self.resting_count -= 1;
            }
            self.resting.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use beat_core::Rate;

    use super::*;

    const KEEP: Duration = Duration::from_secs(60);

    fn session() -> Session {
        Session::new(&Rate::TAPS, 0)
    }

    #[test]
    fn marks_rest_for_a_minute_and_belong_to_their_event() {
        let sessions = Sessions::new(KEEP, 10);
        let id = sessions.begin(0, 0);
        assert!(matches!(sessions.claim(id, 1, 0, 5), Claim::LivesOn(0)));
        sessions.rest(id, session(), 1_000);
        assert!(matches!(sessions.claim(id, 1, 7, 1_001), Claim::Unknown));
        assert!(matches!(sessions.claim(id, 1, 0, 61_000), Claim::Taken(_)));
        sessions.rest(id, session(), 100_000);
        assert!(matches!(sessions.claim(id, 1, 0, 160_001), Claim::Unknown));
        assert_eq!(sessions.resting(), 0);
    }

    #[test]
    fn the_oldest_are_forgotten_where_too_many_rest() {
        let sessions = Sessions::new(KEEP, 2);
        let ids: Vec<_> = (0..3).map(|_| sessions.begin(0, 0)).collect();
        for &id in &ids {
            sessions.rest(id, session(), 1);
        }
        assert_eq!(sessions.resting(), 2);
        assert!(matches!(sessions.claim(ids[0], 0, 0, 2), Claim::Unknown));
        assert!(matches!(sessions.claim(ids[2], 0, 0, 2), Claim::Taken(_)));
    }

    #[test]
    fn one_that_comes_and_goes_leaves_nothing_behind() {
        let sessions = Sessions::new(KEEP, 2);
        let id = sessions.begin(0, 0);
        for now_ms in 0..1_000 {
            sessions.rest(id, session(), now_ms);
            assert!(matches!(sessions.claim(id, 0, 0, now_ms), Claim::Taken(_)));
        }
        sessions.rest(id, session(), 1_000);
        let places = sessions.lock();
        assert_eq!((places.by_id.len(), places.resting.len()), (1, 1));
    }

    #[test]
    fn an_id_is_22_characters_and_survives_the_way_back() {
        let id = SessionId::random();
        assert_eq!(id.to_string().len(), SessionId::CHARACTERS);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "short", "22 characters but no id", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(bad.parse::<SessionId>(), Err(()), "{bad:?}");
        }
    }
}
