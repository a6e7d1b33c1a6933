//! KEY, DELTA and MARKS, as a client reads them.

use beat_protocol::{Delta, Key, ServerFrame, VALUE_MAX};

/// What is decoded is encoded to the same bytes, and is a beat: a level and a total for every team, entries in order, a
/// DELTA that changes what it names and nothing else.
pub fn server_frame(bytes: &[u8]) {
    let Ok(frame) = ServerFrame::decode(bytes) else { return };
    let mut encoded = Vec::new();
    frame.encode(&mut encoded);
    assert_eq!(encoded, bytes);
    match &frame {
        ServerFrame::Key(key) => is_whole(key),
        ServerFrame::Delta(delta) => applies(delta, &levels([0, 10, 208][delta.key as usize % 3])),
        ServerFrame::Marks(records) => assert!((1..=8).contains(&records.len())),
    }
}

fn is_whole(key: &Key) {
    assert_eq!(key.levels.len(), key.totals.len());
    assert!(key.totals.iter().all(|&total| total <= VALUE_MAX));
    assert!((50..=4_000).contains(&key.head.cadence.as_ms()));
    let silence = vec![0; key.levels.len()];
    for (before, now) in [(&key.levels, &silence), (&silence, &key.levels)] {
        assert_eq!(&Delta::between(key.head, key.head.beat, before, now).apply(before), now);
    }
}

fn applies(delta: &Delta, key_levels: &[u8]) {
    assert!(delta.levels.is_sorted_by(|(team, _), (next, _)| team < next), "{delta:?}");
    let applied = delta.apply(key_levels);
    let teams = delta.levels.last().map_or(0, |&(team, _)| usize::from(team) + 1).max(key_levels.len());
    assert_eq!(applied.len(), teams);
    let mut named = delta.levels.iter().peekable();
    for (team, &level) in applied.iter().enumerate() {
        let expected = match named.next_if(|(named, _)| usize::from(*named) == team) {
            Some(&(_, level)) => level,
            None => key_levels.get(team).copied().unwrap_or(0),
        };
        assert_eq!(level, expected, "team {team}");
    }
    // Told again in as few words as possible, it is the same beat: silence at the end need not be named.
    let shortest = Delta::between(delta.head, delta.key, key_levels, &applied);
    assert!(shortest.levels.iter().all(|entry| delta.levels.binary_search(entry).is_ok()));
    let mut again = shortest.apply(key_levels);
    again.resize(teams, 0);
    assert_eq!(again, applied);
}

/// Levels of the KEY it builds on; some of its teams are silent.
fn levels(teams: u8) -> Vec<u8> {
    (0..teams).map(|team| team.wrapping_mul(7) % 5 * 51).collect()
}
