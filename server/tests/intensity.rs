//! How many fans cheer for each team, and how hard each: from the tap to the display feed.

use futures_util::future::join_all;

use crate::harness::{Display, Fan, Meeting, Setup, Shown, ShownTeam, Speech, Wish};

/// Silent fans that are added to each team's own; the contract's number.
const SILENT: f64 = 10.0;

fn team<'a>(shown: &'a Shown, code: &str) -> &'a ShownTeam {
    shown.teams.iter().find(|team| team.code == code).unwrap()
}

fn fans_of(shown: &Shown, code: &str) -> u32 {
    team(shown, code).fans
}

/// Anybody can do the sum from the message itself.
fn follows_from_the_message(shown: &Shown) {
    for team in &shown.teams {
        let intensity = (team.rate / (f64::from(team.fans) + SILENT) * 100.0).round() / 100.0;
        assert_eq!(team.intensity, intensity, "{team:?}");
    }
}

#[tokio::test]
async fn a_fan_is_counted_once_for_each_team_however_often_it_taps_or_comes_back() {
    let server = Setup::ten_teams().shards(2).start().await;
    let mut display = Display::watch(&server).await;
    let mut fans = join_all((0..5).map(|_| Fan::join(&server))).await;
    for fan in &mut fans[..3] {
        fan.cheer(&[(0, 4)]).await;
        fan.cheer(&[(0, 6), (1, 1)]).await;
    }
    fans[3].cheer(&[(1, 12)]).await;
    // States what it tapped elsewhere, and nothing since.
    fans[4].base(&[(0, 70)]).await;
    fans[4].cheer(&[(0, 70)]).await;
    let shown = display.until("all who tap are there", |shown| fans_of(shown, "T1") == 4).await;
    follows_from_the_message(&shown);
    assert_eq!((fans_of(&shown, "T0"), fans_of(&shown, "T1"), fans_of(&shown, "T2")), (3, 4, 0));
    assert!(team(&shown, "T0").intensity > 0.0, "{shown:?}");

    let mut back = Wish::new(Speech::Binary);
    back.session = Some(fans[0].welcome.session.clone());
    let mut back = back.join(&server).await;
    assert!(back.welcome.resumed);
    back.cheer(&[(0, 9)]).await;
    let total = shown.total + 3;
    let shown = display.until("its taps are there", |shown| shown.total == total).await;
    assert_eq!(fans_of(&shown, "T0"), 3, "who comes back is no other");
}

#[tokio::test]
async fn fewer_fans_who_tap_harder_are_ranked_behind_by_rate_and_ahead_by_intensity() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut many = join_all((0..40).map(|_| Fan::join(&server))).await;
    let mut few = join_all((0..4).map(|_| Fan::join(&server))).await;
    for fan in &mut many {
        fan.cheer(&[(0, 2)]).await;
    }
    for fan in &mut few {
        fan.cheer(&[(1, 16)]).await;
    }
    let shown = display.until("all of them", |shown| (fans_of(shown, "T0"), fans_of(shown, "T1")) == (40, 4)).await;
    follows_from_the_message(&shown);
    assert_eq!((shown.teams[0].code.as_str(), shown.teams[1].code.as_str()), ("T0", "T1"), "80 taps are more than 64");
    assert!(team(&shown, "T1").intensity > team(&shown, "T0").intensity, "{shown:?}");
}

#[tokio::test]
async fn fans_of_all_gateways_are_counted_together_and_those_of_a_dead_one_no_more() {
    let mut meeting = Meeting::new().await;
    let mut fans = Vec::new();
    for gateway in &meeting.gateways {
        let mut here = join_all((0..2).map(|_| Fan::join(gateway))).await;
        for fan in &mut here {
            fan.cheer(&[(0, 5)]).await;
        }
        fans.push(here);
    }
    for gateway in &meeting.gateways {
        let mut display = Display::watch(gateway).await;
        let shown = display.until("six fans at every gateway", |shown| fans_of(shown, "T0") == 6).await;
        follows_from_the_message(&shown);
    }
    let conductor = meeting.conductor().await;
    let dead = meeting.gateways.remove((conductor + 1) % meeting.gateways.len());
    dead.kill().await;
    let mut display = Display::watch(&meeting.gateways[0]).await;
    let shown = display.until("its fans are gone", |shown| fans_of(shown, "T0") == 4).await;
    assert_eq!(shown.total, 30, "and its taps stand");
    let conductor = meeting.gateways.remove(meeting.conductor().await);
    conductor.kill().await;
    let mut display = Display::watch(&meeting.gateways[0]).await;
    let shown = display.until("another conducts, and counts anew", |shown| fans_of(shown, "T0") == 2).await;
    assert_eq!(shown.total, 30);
}
