//! What every store owes its callers, claimed of each of them through the same verbs.

use beat_core::Phase;
use tokio::join;

use super::*;
use crate::exclusions::Decision;
use crate::store::Embedded;

/// The embedded store, and one on each server.
async fn on_every_store(claim: impl AsyncFn(&dyn Store)) {
    claim(&Embedded::in_memory().unwrap()).await;
    on_each(async |_server, store| claim(&store).await).await;
}

#[tokio::test]
async fn a_join_never_takes_back_whatever_order_things_come_in() {
    on_every_store(async |store| {
        let said = [
            vector(GATEWAY, 5, &[("JPN", 9)]),
            vector(GATEWAY, 3, &[("JPN", 4), ("NED", 2)]),
            vector(GATEWAY, 6, &[]),
            vector(GATEWAY, 5, &[("JPN", 9)]),
            vector(OTHER, 1, &[("JPN", 1)]),
        ];
        for vector in said {
            store.join(&event(), 1, vector).await.unwrap();
        }
        let all = [vector(GATEWAY, 6, &[("JPN", 9), ("NED", 2)]), vector(OTHER, 1, &[("JPN", 1)])];
        assert_eq!(known(store, 1).await, all);
        assert_eq!(known(store, 2).await, [], "another run");
    })
    .await;
}

#[tokio::test]
async fn decisions_are_kept_as_they_were_said_however_often() {
    on_every_store(async |store| {
        let said = |number, excludes, subject: &str, why: &str| {
            let (subject, who) = (subject.parse().unwrap(), "ticket \"7\"".into());
            Decision { number, excludes, subject, who, why: why.into() }
        };
        let out = said(7, true, "fan:u:4711", "ü, \u{1f41c}");
        let back = said(9, false, "fan:u:4711", "x");
        let prefix = said(7, true, "prefix:2001:db8::/32", "x");
        assert_eq!(store.decide(&event(), &[]).await.unwrap(), []);
        assert_eq!(store.decide(&event(), &[back.clone(), prefix.clone()]).await.unwrap().len(), 2);
        for _ in 0..2 {
            let mut known = store.decide(&event(), &[out.clone(), prefix.clone()]).await.unwrap();
            known.sort();
            assert_eq!(known, [out.clone(), prefix.clone(), back.clone()]);
        }
        assert_eq!(store.decide(&"other".parse().unwrap(), &[]).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_confirmation_stays() {
    on_every_store(async |store| {
        store.join(&event(), 1, Vector { confirmed: true, ..vector(GATEWAY, 5, &[("JPN", 9)]) }).await.unwrap();
        store.join(&event(), 1, vector(GATEWAY, 6, &[("JPN", 9)])).await.unwrap();
        let [known] = known(store, 1).await.try_into().unwrap();
        assert!(known.confirmed);
    })
    .await;
}

#[tokio::test]
async fn of_fans_a_gateways_newest_word_holds_and_silence_changes_nothing() {
    on_every_store(async |store| {
        let fans =
            |fans: &[(&str, u32)]| Some(fans.iter().map(|(code, fans)| (code.parse().unwrap(), *fans)).collect());
        let says = async |tick, fans| {
            store.join(&event(), 1, Vector { fans, ..vector(GATEWAY, tick, &[("JPN", tick)]) }).await.unwrap();
            known(store, 1).await[0].fans.clone()
        };
        assert_eq!(says(5, fans(&[("JPN", 40), ("NED", 2)])).await, fans(&[("JPN", 40), ("NED", 2)]));
        assert_eq!(says(6, None).await, fans(&[("JPN", 40), ("NED", 2)]));
        assert_eq!(says(7, fans(&[("JPN", 3)])).await, fans(&[("JPN", 3)]), "it may fall");
        assert_eq!(says(6, fans(&[("JPN", 90)])).await, fans(&[("JPN", 3)]), "what comes late is old");
    })
    .await;
}

#[tokio::test]
async fn totals_are_exact_to_the_last_number_of_the_wire() {
    on_every_store(async |store| {
        let most = vector(GATEWAY, 1, &[("JPN", beat_protocol::VALUE_MAX), ("NED", beat_protocol::VALUE_MAX - 1)]);
        store.join(&event(), 1, most.clone()).await.unwrap();
        assert_eq!(known(store, 1).await, [most]);
    })
    .await;
}

#[tokio::test]
async fn a_number_is_given_once() {
    on_every_store(async |store| {
        assert_eq!(store.append(&event(), beat(7, 1)).await.unwrap(), Appended::Accepted);
        for number in [7, 6] {
            assert_eq!(store.append(&event(), beat(number, 1)).await.unwrap(), Appended::Taken);
        }
        assert_eq!(store.last_beat(&event(), 1).await.unwrap(), 7);
        assert_eq!(store.last_beat(&event(), 2).await.unwrap(), 7, "of the run before");
    })
    .await;
}

#[tokio::test]
async fn the_newest_beat_is_pushed_to_who_waits_and_silence_is_said() {
    on_every_store(async |store| {
        let began = Instant::now();
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), None);
        assert!(began.elapsed() >= Duration::from_millis(240), "{:?}", began.elapsed());
        for number in 1..=40 {
            store.append(&event(), beat(number, 1)).await.unwrap();
        }
        assert_eq!(store.next(&event(), 1, 3).await.unwrap(), Some(beat(40, 1)));
        let waiting = async { (store.next(&event(), 1, 40).await.unwrap(), Instant::now()) };
        let (((), appended), (pushed, seen)) = join!(
            async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                let appended = Instant::now();
                store.append(&event(), beat(41, 1)).await.unwrap();
                ((), appended)
            },
            waiting,
        );
        assert_eq!(pushed, Some(beat(41, 1)));
        assert!(seen - appended < Duration::from_millis(100), "{:?}", seen - appended);
    })
    .await;
}

#[tokio::test]
async fn an_event_only_ever_moves_forward() {
    on_every_store(async |store| {
        let at = |t0_ms, run, phase, since_ms| EventRecord { t0_ms, opening: Opening { run, phase, since_ms } };
        let advance = async |proposal| store.advance(&event(), proposal).await.unwrap();
        let never = EventRecord { t0_ms: 17, opening: Opening::default() };
        assert_eq!(advance(never).await, never);
        for (proposal, outcome) in [
            (at(18, 1, Phase::Open, 20), at(17, 1, Phase::Open, 20)),
            (at(17, 1, Phase::Closed, 30), at(17, 1, Phase::Closed, 30)),
            (at(17, 1, Phase::Open, 20), at(17, 1, Phase::Closed, 30)),
            (at(17, 2, Phase::Open, 40), at(17, 2, Phase::Open, 40)),
            (at(17, 1, Phase::Final, 50), at(17, 2, Phase::Open, 40)),
            (never, at(17, 2, Phase::Open, 40)),
        ] {
            assert_eq!(advance(proposal).await, outcome, "{proposal:?}");
        }
    })
    .await;
}

/// Every vector, in order.
async fn known(store: &dyn Store, run: u32) -> Vec<Vector> {
    let mut vectors = store.gateways(&event(), run).await.unwrap();
    vectors.sort_by_key(|vector| vector.incarnation);
    for vector in &mut vectors {
        vector.totals.sort_unstable();
    }
    vectors
}
