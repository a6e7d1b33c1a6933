//! Events open, close, open again, and everyone sees the same of it.

use std::time::{Duration, SystemTime};

use beat_protocol::{EventState, Flag};
use hyper::Method;

use crate::harness::{
    Display, End, Fan, Heard, Page, Raw, Server, Setup, Speech, Wish, get, masked, request, until, within,
};

/// Taps still count this long after a closing; the contract's number.
const GRACE: Duration = Duration::from_secs(5);

async fn turn(server: &Server, step: &str) -> Page {
    request(server.admin, Method::POST, &format!("/v1/events/demo/{step}"), &[]).await
}

/// The state as the list of events has it.
async fn state(server: &Server, id: &str) -> String {
    let list = get(server.fans, "/v1/events").await.json();
    let event = list["events"].as_array().unwrap().iter().find(|event| event["id"] == id).unwrap().clone();
    event["state"].as_str().unwrap().to_owned()
}

/// The event `demo` with two teams; `more` are further keys of it.
fn two_teams(more: &str) -> String {
    let teams = "teams = [{ code = 'T0', name = 'Ants' }, { code = 'T1', name = 'Bees', color = '#ffcc00' }]";
    format!("[[events]]\nid = 'demo'\nname = 'Demo'\n{teams}\n{more}\n")
}

/// A time of the wall, as a configuration file has it.
fn moment(from_now: Duration) -> String {
    jiff::Timestamp::try_from(SystemTime::now() + from_now).unwrap().to_string()
}

#[tokio::test]
async fn an_event_that_opens_with_the_service_counts_the_first_tap() {
    let server = Setup::plain().kept().file(&two_teams("")).start_at_once().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 3)]).await;
    assert_eq!(fan.welcome.state, EventState::Open);
    Display::watch(&server).await.until_total(3).await;
}

#[tokio::test]
async fn each_event_has_its_own_roster_and_its_own_totals() {
    let other = "[[events]]\nid = 'other'\nname = 'Other'\nroster = 'other.csv'\nopens_at = 'operator'";
    let server = Setup::plain()
        .file(&format!("{}{other}", two_teams("")))
        .beside("other.csv", "name,code,flag,color\nCats,T0,🐈,#00ff00\nDogs,T1,,\nEels,T2,,\n")
        .start()
        .await;
    assert_eq!((state(&server, "demo").await.as_str(), state(&server, "other").await.as_str()), ("open", "scheduled"));
    let names = async |id: &str| -> Vec<String> {
        let detail = get(server.fans, &format!("/v1/events/{id}")).await.json();
        detail["teams"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("demo").await, ["Ants", "Bees"]);
    assert_eq!(names("other").await, ["Cats", "Dogs", "Eels"]);
    let cats = get(server.fans, "/v1/events/other").await.json()["teams"][0].clone();
    assert_eq!((cats["flag"].as_str(), cats["color"].as_str()), (Some("🐈"), Some("#00ff00")));

    let opened = request(server.admin, Method::POST, "/v1/events/other/open", &[]).await;
    assert_eq!(opened.status.as_u16(), 200);
    let mut here = Fan::join(&server).await;
    let mut there = Wish::new(Speech::Json).event("other").join(&server).await;
    here.cheer(&[(1, 4)]).await;
    there.cheer(&[(1, 2), (2, 1)]).await;
    let shown = Display::watch(&server).await.until_total(4).await;
    assert_eq!((shown.total_of("T1"), shown.teams[0].name.as_str()), (4, "Bees"));
    let shown = Display::at(&server, "/v1/events/other/feed").await.until_total(3).await;
    assert_eq!((shown.event.as_str(), shown.total_of("T1"), shown.total_of("T2")), ("other", 2, 1));
    // An index that the other roster has is unknown here.
    here.cheer(&[(2, 1)]).await;
    assert_eq!(here.close().await.0, 4500);
}

#[tokio::test]
async fn taps_before_the_opening_are_late_and_its_beats_come_already() {
    let server = Setup::plain().file(&two_teams("opens_at = 'operator'")).start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    assert_eq!(fan.welcome.state, EventState::Scheduled);
    fan.cheer(&[(0, 5)]).await;
    until("the taps are late", async || (server.taps("late").await == 5.0).then_some(())).await;
    let before = display.until("a scheduled event beats", |shown| shown.state == "scheduled").await;
    assert_eq!(before.total, 0);

    let opened = turn(&server, "open").await;
    assert_eq!((opened.status.as_u16(), opened.json()["state"].as_str()), (200, Some("open")));
    assert_eq!(turn(&server, "open").await.status.as_u16(), 409, "it is open already");
    fan.cheer(&[(0, 7)]).await;
    let shown = display.until_total(2).await;
    assert_eq!(shown.state, "open");
    assert_eq!((server.taps("counted").await, server.taps("late").await), (2.0, 5.0));
}

#[tokio::test]
async fn the_timetable_opens_and_closes() {
    let opens = Duration::from_millis(1_500);
    let closes = Duration::from_millis(2_700);
    let times = format!("opens_at = {}\ncloses_at = {}", moment(opens), moment(closes));
    let server = Setup::plain().file(&two_teams(&times)).start().await;
    let detail = get(server.fans, "/v1/events/demo").await.json();
    let told = ["opens_at_ms", "closes_at_ms"].map(|key| detail[key].as_u64().unwrap());
    assert!((1_200..1_300).contains(&(told[1] - told[0])), "fans are told when: {told:?}");
    let mut display = Display::watch(&server).await;
    assert_eq!(display.next().await.unwrap().state, "scheduled");
    display.until("it opens by itself", |shown| shown.state == "open").await;
    Fan::join(&server).await.cheer(&[(0, 1)]).await;
    display.until_total(1).await;
    display.until("it closes by itself", |shown| shown.state == "closed").await;
    assert_eq!(turn(&server, "close").await.status.as_u16(), 409, "it is closed already");
}

#[tokio::test]
async fn the_last_taps_count_for_five_seconds_and_then_the_tally_stands() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 5)]).await;
    display.until_total(5).await;
    let closed = std::time::Instant::now();
    assert_eq!(turn(&server, "close").await.json()["state"], "closed");
    display.until("displays see it close", |shown| shown.state == "closed" && shown.flags.is_empty()).await;
    fan.cheer(&[(0, 9)]).await;
    display.until_total(9).await;

    // The final tally: to fans as a KEY, and then they are sent home.
    let Heard::Beat(last) = last_before_close(&mut fan).await else { panic!("a KEY before the close") };
    assert!(closed.elapsed() >= GRACE, "{:?}", closed.elapsed());
    assert_eq!((last.flags, last.totals.unwrap()["T0"]), (vec![Flag::Closed], 9));
    let tally = display.until("displays stay and see the tally", |shown| shown.flags == ["closed"]).await;
    assert_eq!((tally.total, tally.state.as_str()), (9, "closed"));

    // Who comes later gets the same, and the taps are late.
    for speech in [Speech::Binary, Speech::Json] {
        let mut late = Wish::new(speech).join(&server).await;
        assert_eq!(late.welcome.state, EventState::Closed);
        let Heard::Beat(first) = late.hear().await else { panic!("a KEY first") };
        assert_eq!((first.flags, first.totals.unwrap()["T0"]), (vec![Flag::Closed], 9));
        assert_eq!(late.close().await.0, 4510);
    }
    let cheer = masked(0x1, br#"{"cheer":{"T4":3}}"#);
    let mut late = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", "", &cheer).await;
    assert_eq!(late.end().await, End::Closed(4510));
    until("the taps are late", async || (server.taps("late").await == 3.0).then_some(())).await;
    let on = display.until("and the tally goes on", |shown| shown.beat > tally.beat + 10).await;
    assert_eq!((on.total, on.flags), (9, vec!["closed".to_owned()]));
}

/// Reads up to the close with 4510, and returns what came just before it.
async fn last_before_close(fan: &mut Fan) -> Heard {
    let mut last = fan.hear().await;
    within("the event sends its fans home", async {
        loop {
            match fan.hear().await {
                Heard::Closed(4510, _) => return last,
                heard @ Heard::Beat(_) => last = heard,
                other => panic!("{other:?}"),
            }
        }
    })
    .await
}

#[tokio::test]
async fn an_event_that_opens_again_starts_from_nothing_and_its_beats_rise() {
    let setup = Setup::ten_teams().kept();
    let server = setup.start().await;
    let mut display = Display::watch(&server).await;
    Fan::join(&server).await.cheer(&[(0, 8)]).await;
    display.until_total(8).await;
    turn(&server, "close").await;
    let tally = display.until("the tally", |shown| shown.flags == ["closed"]).await;
    let opened = turn(&server, "open").await;
    assert_eq!((opened.json()["state"].as_str(), opened.json()["run"].as_u64()), (Some("open"), Some(2)));
    let mut fan = Fan::join(&server).await;
    let again = display.until("it is open again", |shown| shown.state == "open").await;
    assert_eq!((again.total, again.rate, again.flags.len()), (0, 0.0, 0));
    assert!(again.beat > tally.beat, "{} after {}", again.beat, tally.beat);
    fan.cheer(&[(0, 2), (3, 1)]).await;
    let shown = display.until_total(3).await;
    assert_eq!(server.taps("counted").await, 11.0, "counters of the process go on");
    server.kill().await;

    let server = setup.start().await;
    let shown_again = Display::watch(&server).await.next().await.unwrap();
    assert_eq!((shown_again.total, shown_again.state.as_str()), (3, "open"), "the first run is not summed into it");
    assert!(shown_again.beat > shown.beat);
}

#[tokio::test]
async fn a_fan_who_stays_through_a_quick_reopening_counts_only_what_is_new() {
    let server = Setup::ten_teams().start().await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 6)]).await;
    display.until_total(6).await;
    turn(&server, "close").await;
    turn(&server, "open").await;
    display.until("run 2", |shown| shown.total == 0).await;
    fan.cheer(&[(0, 6)]).await;
    fan.cheer(&[(0, 8)]).await;
    display.until_total(2).await;
}

#[tokio::test]
async fn what_was_closed_stays_closed_over_a_restart() {
    let setup = Setup::ten_teams().kept();
    let server = setup.start().await;
    Fan::join(&server).await.cheer(&[(0, 4)]).await;
    Display::watch(&server).await.until_total(4).await;
    let closed = std::time::Instant::now();
    turn(&server, "close").await;
    server.kill().await;

    // What is left of the grace is still given, and then the tally becomes final here.
    let server = setup.start().await;
    assert_eq!(state(&server, "demo").await, "closed");
    let mut display = Display::watch(&server).await;
    let tally = display.until("the tally", |shown| shown.flags == ["closed"]).await;
    assert_eq!(tally.total, 4);
    assert!(closed.elapsed() >= GRACE, "{:?}", closed.elapsed());
    server.kill().await;

    let server = setup.start().await;
    let again = Display::watch(&server).await.next().await.unwrap();
    assert_eq!((again.total, again.flags), (4, vec!["closed".to_owned()]));
    let mut late = Fan::join(&server).await;
    assert!(matches!(last_before_close(&mut late).await, Heard::Beat(beat) if beat.flags == [Flag::Closed]));
}

#[tokio::test]
async fn operators_are_told_what_they_asked_for_wrongly() {
    let server = Setup::ten_teams().start().await;
    let post = async |path: &str| request(server.admin, Method::POST, path, &[]).await.status.as_u16();
    assert_eq!(post("/v1/events/nope/open").await, 404);
    assert_eq!(post("/v1/events/demo/boo").await, 404);
    assert_eq!(post("/metrics").await, 405);
    let got = get(server.admin, "/v1/events/demo/close").await;
    assert_eq!((got.status.as_u16(), got.header("allow")), (405, "POST"), "nothing is closed by a link");
    assert_eq!(request(server.fans, Method::POST, "/v1/events/demo/close", &[]).await.status.as_u16(), 405);
    assert_eq!(state(&server, "demo").await, "open");
}
