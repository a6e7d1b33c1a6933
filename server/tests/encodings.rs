//! Binary and JSON tell every fan the same, and it is what displays are shown.

use std::collections::{BTreeMap, BTreeSet};

use beat_protocol::Flag;

use crate::harness::{Display, Fan, FanBeat, Server, Setup, Shown, Speech, Wish, until, within};

/// Lets three teams be heard at different rates for as long as `reading` goes on.
async fn while_cheering<T>(server: &Server, reading: impl Future<Output = T>) -> T {
    let mut crowd = Fan::join(server).await;
    let cheering = async {
        for total in 1u32.. {
            crowd.cheer(&[(0, total), (3, total * 10), (9, total * 100)]).await;
            tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        }
    };
    tokio::select! {
        () = cheering => unreachable!("the crowd never tires"),
        outcome = reading => outcome,
    }
}

/// What a fan and a display saw of the same time, as far as the display has seen it.
async fn seen_together(server: &Server, speech: Speech, fan_beats: usize) -> (Vec<FanBeat>, BTreeMap<u32, Shown>) {
    let mut display = Display::watch(server).await;
    let first = display.next().await.unwrap();
    let mut fan = Wish::new(speech).join(server).await;
    let mut heard = Vec::new();
    let from = first.beat;
    let mut shown = BTreeMap::from([(from, first)]);
    within("a fan and a display hear the same", async {
        while heard.len() < fan_beats {
            let beat = fan.beat().await;
            if beat.number < from {
                // The KEY of the welcome may be older than all that the display has seen.
                assert!(heard.is_empty() && beat.totals.is_some(), "{beat:?} after {heard:?}");
                continue;
            }
            heard.push(beat);
            while !shown.contains_key(&heard.last().unwrap().number) {
                let next = display.next().await.unwrap();
                shown.insert(next.beat, next);
            }
        }
    })
    .await;
    (heard, shown)
}

fn is_as_shown(heard: &[FanBeat], shown: &BTreeMap<u32, Shown>) {
    for beat in heard {
        let shown = &shown[&beat.number];
        assert_eq!(beat.levels, shown.levels(), "beat {}", beat.number);
        if let Some(totals) = &beat.totals {
            let sum: u64 = totals.values().sum();
            assert!(sum <= shown.total, "{totals:?} in {shown:?}");
        }
    }
    assert!(heard.iter().any(|beat| beat.levels.len() == 3), "the crowd was heard: {heard:?}");
}

#[tokio::test]
async fn both_encodings_carry_the_levels_that_displays_show() {
    let server =
        Setup::ten_teams().tireless().set("beat.key_interval_ms", 900).set("beat.cadence_ms", 350).start().await;
    while_cheering(&server, async {
        let ((binary, binary_shown), (json, json_shown)) =
            tokio::join!(seen_together(&server, Speech::Binary, 8), seen_together(&server, Speech::Json, 8),);
        is_as_shown(&binary, &binary_shown);
        is_as_shown(&json, &json_shown);
        for heard in [binary, json] {
            assert!(heard.iter().any(|beat| beat.totals.is_some()), "some beats are a KEY");
            assert!(heard.iter().any(|beat| beat.totals.is_none()), "and not all are");
            assert!(heard.iter().all(|beat| beat.cadence_ms == 350 && beat.flags.is_empty()), "{heard:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_beat_of_a_rehearsal_says_that_it_is_one() {
    let events = "[[events]]\nid = 'demo'\nname = 'Demo'\nrehearsal = true\nteams = [{ code = 'A', name = 'A' }]";
    let server = Setup::plain().file(events).start().await;
    for speech in [Speech::Binary, Speech::Json] {
        let (heard, shown) = seen_together(&server, speech, 3).await;
        assert!(heard.iter().all(|beat| beat.flags.contains(&Flag::Rehearsal)), "{speech:?}: {heard:?}");
        assert!(shown.values().all(|beat| beat.flags.iter().any(|flag| flag == "rehearsal")), "{shown:?}");
    }
}

#[tokio::test]
async fn the_totals_of_a_key_are_those_of_its_beat() {
    // Every beat is a KEY.
    let server = Setup::ten_teams().tireless().set("beat.key_interval_ms", 100).start().await;
    while_cheering(&server, async {
        for speech in [Speech::Binary, Speech::Json] {
            let (heard, shown) = seen_together(&server, speech, 4).await;
            for beat in heard {
                let shown: BTreeMap<_, _> =
                    shown[&beat.number].teams.iter().map(|team| (team.code.clone(), team.total)).collect();
                assert_eq!(beat.totals, Some(shown), "{speech:?}, beat {}", beat.number);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn fans_get_every_fifth_beat_and_displays_each() {
    let server = Setup::ten_teams().start().await;
    // On a machine that is too busy to beat in time numbers skip, and every fan gets the next: then we look again.
    for _ in 0..5 {
        let (heard, shown) = seen_together(&server, Speech::Binary, 12).await;
        // The KEY of the welcome and what brings it up to date are no turn.
        let turns: Vec<u32> = heard.iter().map(|beat| beat.number).skip(3).collect();
        let numbers: Vec<u32> = shown.keys().copied().filter(|number| *number >= turns[0]).collect();
        if numbers.windows(2).all(|pair| pair[1] == pair[0] + 1) {
            assert!(turns.windows(2).all(|pair| pair[1] == pair[0] + 5), "{turns:?}");
            return;
        }
    }
    panic!("beats skipped all the time");
}

#[tokio::test]
async fn fans_take_turns() {
    let server = Setup::ten_teams().start().await;
    let mut fans = Vec::new();
    for _ in 0..5 {
        fans.push(Fan::join(&server).await);
    }
    let mut turns = BTreeSet::new();
    for fan in &mut fans {
        // The KEY of the welcome may come with a DELTA that brings it up to date; what comes third is a turn.
        for _ in 0..2 {
            fan.beat().await;
        }
        turns.insert(fan.beat().await.number % 5);
    }
    assert!(turns.len() >= 3, "all fans wait for the same beats: {turns:?}");
}

#[tokio::test]
async fn a_key_comes_once_in_its_interval() {
    let server = Setup::ten_teams().set("beat.interval_ms", 50).set("beat.key_interval_ms", 500).start().await;
    for speech in [Speech::Binary, Speech::Json] {
        let mut fan = Wish::new(speech).join(&server).await;
        let mut keys = Vec::new();
        within("four KEYs", async {
            while keys.len() < 4 {
                let beat = fan.beat().await;
                if beat.totals.is_some() {
                    keys.push(beat.number);
                }
            }
        })
        .await;
        // Ten beats, and up to five until it is the fan's turn; a busy machine may skip some.
        assert!(keys[1..].windows(2).all(|pair| (10..=20).contains(&(pair[1] - pair[0]))), "{speech:?}: {keys:?}");
    }
}

#[tokio::test]
async fn a_team_that_fell_silent_after_a_key_is_silent_in_the_deltas() {
    let server = Setup::ten_teams().tireless().set("beat.key_interval_ms", 2_500).start().await;
    let mut fan = Fan::join(&server).await;
    let mut total = 0;
    until("a KEY in which the team is loud", async || {
        total += 10;
        fan.cheer(&[(2, total), (6, total)]).await;
        let beat = fan.beat().await;
        (beat.totals.is_some() && beat.levels.len() == 2).then_some(())
    })
    .await;
    // Only one of them goes on; what comes until the next KEY is told as a difference.
    until("a DELTA in which one is silent", async || {
        total += 10;
        fan.cheer(&[(6, total)]).await;
        let beat = fan.beat().await;
        assert!(beat.totals.is_none(), "the next KEY came first: {beat:?}");
        (beat.levels.keys().map(String::as_str).eq(["T6"])).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_welcome_says_what_a_client_needs() {
    let server = Setup::ten_teams().start().await;
    let event = crate::harness::get(server.fans, "/v1/events/demo").await.json();
    let shown = Display::watch(&server).await.next().await.unwrap();
    for speech in [Speech::Binary, Speech::Json] {
        let welcome = Wish::new(speech).join(&server).await.welcome;
        assert_eq!((welcome.event.as_str(), welcome.roster.as_str()), ("demo", event["roster"].as_str().unwrap()));
        assert_eq!(welcome.state, beat_protocol::EventState::Open);
        assert_eq!((welcome.beat_ms, welcome.taps_per_second, welcome.teams_max), (100, 16, 8));
        assert_eq!(welcome.team, None);
        assert_eq!(shown.at_ms, welcome.t0_ms + u64::from(shown.beat) * 100);
    }
}

#[tokio::test]
async fn a_level_is_the_rate_of_the_last_second_and_silence_is_zero() {
    let server = Setup::ten_teams().tireless().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(5, 999)]).await;
    let loud = display.until("all of it within a second", |shown| shown.rate > 950.0).await;
    assert_eq!((loud.teams[0].code.as_str(), loud.teams[0].rank), ("T5", 1));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the contract's formula, by hand")]
    let level = (32.0 * (1.0 + loud.teams[0].rate).log10()).round() as u8;
    assert_eq!(loud.teams[0].level, level);
    let quiet = display.until("silence after a second", |shown| shown.rate == 0.0).await;
    assert!((8..=14).contains(&(quiet.beat - loud.beat)), "loud on {}, quiet on {}", loud.beat, quiet.beat);
    assert_eq!((quiet.total, quiet.levels().len()), (999, 0));
}
