//! What each kind of reader can put together from the bytes it gets.

use std::path::Path;

use beat_core::{Opening, Totals};
use beat_protocol::FeedMessage;

use super::*;
use crate::clock::Clock;
use crate::config::EventConfig;
use crate::store::EventRecord;

const KEY_BEATS: u32 = 10;

fn event() -> Arc<Event> {
    let teams = "teams = [{code='A', name='Ants & <co>'}, {code='B', name='Bees'}, {code='C', name='Cats'}]";
    let mut config: EventConfig = toml::from_str(&format!("id = 'demo'\nname = 'Demo'\n{teams}")).unwrap();
    config.resolve(Path::new(".")).unwrap();
    let record = EventRecord { t0_ms: 1_000, opening: Opening::default() };
    Arc::new(Event::new(&config, record, 100, 1, Clock::start()))
}

fn beat(number: u32, phase: Phase, totals: [u64; 3], rates: [f64; 3]) -> Arc<Beat> {
    Arc::new(Beat {
        number,
        run: 1,
        phase,
        totals: Totals::from(totals.to_vec()),
        rates: rates.to_vec(),
        fans: vec![0, 3, 0],
    })
}

fn follow(before: Option<&Frames>, event: &Arc<Event>, beat: Arc<Beat>) -> Frames {
    Frames::following(before, event, beat, Cadence::from_ms(250), KEY_BEATS)
}

/// The messages in `bytes`, whose frames are all shorter than 64 KiB.
fn payloads(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    while let [_, len, rest @ ..] = bytes {
        let (len, rest) = match *len {
            126 => (usize::from(u16::from_be_bytes([rest[0], rest[1]])), &rest[2..]),
            short => (usize::from(short), rest),
        };
        payloads.push(rest[..len].to_vec());
        bytes = &rest[len..];
    }
    payloads
}

fn decode(bytes: &[u8]) -> Vec<ServerFrame> {
    payloads(bytes).iter().map(|payload| ServerFrame::decode(payload).unwrap()).collect()
}

#[test]
fn a_fan_who_holds_the_key_gets_a_delta_and_one_who_does_not_gets_both() {
    let event = event();
    let first = follow(None, &event, beat(7, Phase::Open, [1, 0, 0], [9.0, 0.0, 0.0]));
    let second = follow(Some(&first), &event, beat(8, Phase::Open, [2, 1, 0], [9.0, 99.0, 0.0]));
    let (bytes, held) = first.for_fan(Encoding::Binary, None);
    let [ServerFrame::Key(key)] = &decode(bytes)[..] else { panic!("{bytes:?}") };
    assert_eq!((key.head.beat, held, &key.levels, &key.totals), (7, 7, &vec![32, 0, 0], &vec![1, 0, 0]));

    let (bytes, held) = second.for_fan(Encoding::Binary, Some(7));
    let [ServerFrame::Delta(delta)] = &decode(bytes)[..] else { panic!("{bytes:?}") };
    assert_eq!((delta.head.beat, delta.key, held, delta.apply(&key.levels)), (8, 7, 7, vec![32, 64, 0]));

    let (bytes, held) = second.for_fan(Encoding::Binary, None);
    let [ServerFrame::Key(same), ServerFrame::Delta(same_delta)] = &decode(bytes)[..] else { panic!("{bytes:?}") };
    assert_eq!((same, same_delta, held), (key, delta, 7));
}

#[test]
fn a_key_is_renewed_in_time_and_whenever_a_difference_would_not_do() {
    let event = event();
    let mut frames = follow(None, &event, beat(1, Phase::Open, [0; 3], [0.0; 3]));
    let mut keys = Vec::new();
    for number in 2..=25 {
        frames = follow(Some(&frames), &event, beat(number, Phase::Open, [0; 3], [0.0; 3]));
        keys.push(frames.for_fan(Encoding::Binary, None).1);
    }
    keys.dedup();
    assert_eq!(keys, [1, 11, 21]);
    let mut next_run = beat(26, Phase::Open, [0; 3], [0.0; 3]);
    Arc::make_mut(&mut next_run).run = 2;
    frames = follow(Some(&frames), &event, next_run);
    assert_eq!(frames.for_fan(Encoding::Binary, Some(21)).1, 26);
}

#[test]
fn the_final_tally_comes_as_a_key_flagged_closed() {
    let event = event();
    let open = follow(None, &event, beat(1, Phase::Closed, [5, 0, 0], [1.0, 0.0, 0.0]));
    let last = follow(Some(&open), &event, beat(2, Phase::Final, [6, 0, 0], [0.0; 3]));
    let (bytes, _) = last.for_fan(Encoding::Binary, Some(1));
    let [ServerFrame::Key(key)] = &decode(bytes)[..] else { panic!("{bytes:?}") };
    assert!(key.head.flags.has(Flag::Closed) && !open.flags().has(Flag::Closed));
    assert_eq!(key.totals, [6, 0, 0]);
}

#[test]
fn a_stale_beat_keeps_its_number_and_builds_on_the_same_key() {
    let event = event();
    let fresh = follow(None, &event, beat(3, Phase::Open, [5, 0, 0], [1.0, 0.0, 0.0]));
    let stale = fresh.stale();
    let (bytes, held) = stale.for_fan(Encoding::Binary, Some(3));
    let [ServerFrame::Delta(delta)] = &decode(bytes)[..] else { panic!("{bytes:?}") };
    assert!(delta.head.flags.has(Flag::Stale));
    assert_eq!((delta.head.beat, delta.key, held, &delta.levels[..]), (3, 3, 3, &[][..]));
    let text = String::from_utf8(payloads(&stale.for_display(None)).remove(0)).unwrap();
    assert!(text.contains(r#""flags":["stale"]"#), "{text}");
}

#[test]
fn text_carries_totals_only_with_a_key() {
    let event = event();
    let frames = follow(None, &event, beat(4, Phase::Open, [5, 0, 2], [0.0, 0.0, 9.0]));
    let text = |held| String::from_utf8(payloads(frames.for_fan(Encoding::Json, held).0).remove(0)).unwrap();
    let beat = r#"{"beat":4,"at_ms":1400,"flags":[],"cadence_ms":250,"levels":{"C":32}"#;
    assert_eq!(text(Some(4)), format!("{beat}}}"));
    assert_eq!(text(None), format!(r#"{beat},"totals":{{"A":5,"B":0,"C":2}}}}"#));
}

#[test]
fn displays_are_ranked_and_a_shorter_message_keeps_the_sums() {
    let event = event();
    let frames = follow(None, &event, beat(4, Phase::Open, [7, 7, 2], [0.0, 0.0, 9.5]));
    let whole = frames.page(Format::Json, None);
    let whole: FeedMessage<'_> = serde_json::from_slice(&whole).unwrap();
    let ranked: Vec<_> = whole.teams.iter().map(|team| (team.rank, team.code.as_str().to_owned())).collect();
    assert_eq!(ranked, [(1, "C".to_owned()), (2, "A".to_owned()), (3, "B".to_owned())]);
    assert_eq!((whole.total, whole.rate), (16, 9.5));
    for top in 0..5 {
        let page = frames.page(Format::Json, Some(top));
        let shorter: FeedMessage<'_> = serde_json::from_slice(&page).unwrap();
        assert_eq!(shorter.teams, whole.teams[..top.min(3)]);
        assert_eq!((shorter.total, shorter.rate), (whole.total, whole.rate));
    }
}

#[test]
fn every_format_says_the_same() {
    let event = event();
    let frames = follow(None, &event, beat(4, Phase::Open, [7, 8, 2], [0.0, 1.0, 0.0]));
    let page = |format| String::from_utf8(frames.page(format, Some(2)).to_vec()).unwrap();
    assert_eq!(
        page(Format::Csv),
        "rank,code,name,total,rate,level,fans,intensity\n1,B,Bees,8,1.0,10,3,0.08\n2,A,Ants & <co>,7,0.0,0,0,0.0\n"
    );
    assert_eq!(
        page(Format::Rows),
        r#"[{"rank":1,"code":"B","name":"Bees","total":8,"rate":1.0,"level":10,"fans":3,"intensity":0.08},{"rank":2,"code":"A","name":"Ants & <co>","total":7,"rate":0.0,"level":0,"fans":0,"intensity":0.0}]"#
    );
    assert!(page(Format::Xml).contains("<team><rank>2</rank><code>A</code><name>Ants &amp; &lt;co&gt;</name><total>7</total><rate>0.0</rate><level>0</level><fans>0</fans><intensity>0.0</intensity></team></beat>"));
    assert!(page(Format::Event).starts_with("id: 4\ndata: {\"beat\":4,") && page(Format::Event).ends_with("}\n\n"));
}
