//! Screens, lights and spreadsheets all read the same beat.

use std::collections::BTreeSet;

use hyper::Method;

use crate::harness::{Display, Fan, Page, Server, Setup, Shown, ShownTeam, Stream, get, request};

/// Some teams cheered, then silence, so that one beat is like the next.
async fn after_some_cheering(setup: Setup) -> Server {
    let server = setup.tireless().start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 5), (7, 40), (4, 40), (9, 7)]).await;
    Display::watch(&server).await.until("silence again", |shown| shown.total == 92 && shown.rate == 0.0).await;
    server
}

fn shown(page: &Page) -> Shown {
    serde_json::from_slice(&page.body).unwrap()
}

fn is_ranked(shown: &Shown) {
    let order = |team: &ShownTeam| (std::cmp::Reverse((team.rate.to_bits(), team.total)), team.code.clone());
    assert!(shown.teams.is_sorted_by_key(order), "{shown:?}");
    assert!(shown.teams.iter().map(|team| team.rank).eq(1..=u32::try_from(shown.teams.len()).unwrap()));
    let codes: BTreeSet<_> = shown.teams.iter().map(|team| &team.code).collect();
    assert_eq!(codes.len(), shown.teams.len());
}

#[tokio::test]
async fn ranks_are_unique_and_top_keeps_the_sums() {
    let server = after_some_cheering(Setup::ten_teams()).await;
    let whole = Display::watch(&server).await.next().await.unwrap();
    is_ranked(&whole);
    let order: Vec<_> = whole.teams.iter().map(|team| team.code.as_str()).collect();
    assert_eq!(order, ["T4", "T7", "T9", "T0", "T1", "T2", "T3", "T5", "T6", "T8"], "by total, then code");
    for (top, teams) in [(1, 1), (3, 3), (10, 10), (11, 10), (1_000_000, 10)] {
        let short = Display::at(&server, &format!("/v1/events/demo/feed?top={top}")).await.next().await.unwrap();
        assert_eq!((short.total, short.rate), (whole.total, whole.rate));
        assert_eq!(short.teams, whole.teams[..teams]);
        assert_eq!(shown(&get(server.fans, &format!("/v1/events/demo/beat?top={top}")).await).teams, short.teams);
    }
    for bad in ["0", "-1", "1.5", "all", ""] {
        assert_eq!(get(server.fans, &format!("/v1/events/demo/beat?top={bad}")).await.status.as_u16(), 400, "{bad:?}");
    }
}

#[tokio::test]
async fn who_cheers_stands_before_who_has_cheered() {
    let server = after_some_cheering(Setup::ten_teams()).await;
    let mut display = Display::watch(&server).await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(8, 2), (2, 3)]).await;
    let now = display.until("both are heard", |shown| shown.total == 97 && shown.rate > 4.0).await;
    is_ranked(&now);
    assert_eq!([now.teams[0].code.as_str(), now.teams[1].code.as_str()], ["T2", "T8"]);
    assert_eq!(now.teams[2].code, "T4");
}

#[tokio::test]
async fn every_format_says_the_same() {
    let server = after_some_cheering(Setup::ten_teams()).await;
    let page = async |format: &str| get(server.fans, &format!("/v1/events/demo/beat?format={format}")).await;
    let plain = get(server.fans, "/v1/events/demo/beat").await;
    let teams = shown(&plain).teams;
    assert_eq!(shown(&page("json").await).teams, teams);
    let rows: Vec<ShownTeam> = serde_json::from_slice(&page("rows").await.body).unwrap();
    assert_eq!(rows, teams);
    let table = page("csv").await;
    assert_eq!(table.text().lines().next(), Some("rank,code,name,total,rate,level,fans,intensity"));
    let table: Vec<ShownTeam> =
        csv::Reader::from_reader(&table.body[..]).deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(table, teams);
    assert_eq!(from_xml(&page("xml").await.text()), teams);
    assert_eq!(page("yaml").await.status.as_u16(), 400);
    for (format, media_type) in [
        ("json", "application/json"),
        ("rows", "application/json"),
        ("csv", "text/csv; charset=utf-8"),
        ("xml", "application/xml; charset=utf-8"),
    ] {
        let page = page(format).await;
        assert_eq!(page.header("content-type"), media_type);
        assert_eq!(page.header("cache-control"), "max-age=1", "{format}");
        assert_eq!(page.header("access-control-allow-origin"), "*", "{format}");
    }
}

fn from_xml(text: &str) -> Vec<ShownTeam> {
    let document = roxmltree::Document::parse(text).unwrap();
    assert_eq!(document.root_element().tag_name().name(), "beat");
    let team = |element: roxmltree::Node<'_, '_>| {
        let field = |name: &str| {
            let field = element.children().find(|child| child.has_tag_name(name)).unwrap();
            field.text().unwrap_or_default().to_owned()
        };
        ShownTeam {
            rank: field("rank").parse().unwrap(),
            code: field("code"),
            name: field("name"),
            total: field("total").parse().unwrap(),
            rate: field("rate").parse().unwrap(),
            level: field("level").parse().unwrap(),
            fans: field("fans").parse().unwrap(),
            intensity: field("intensity").parse().unwrap(),
        }
    };
    document.root_element().children().filter(roxmltree::Node::is_element).map(team).collect()
}

#[tokio::test]
async fn names_that_need_escaping_survive_every_format() {
    let roster = "code,name\nT0,\"Kim, \"\"Ace\"\" <b> & 'Söhne' 🐜\"\nT1,Plain\n";
    let server = Setup::plain()
        .file("[[events]]\nid = 'demo'\nname = 'Demo'\nroster = 'odd.csv'")
        .beside("odd.csv", roster)
        .start()
        .await;
    let page = async |format: &str| get(server.fans, &format!("/v1/events/demo/beat?format={format}")).await;
    let name = "Kim, \"Ace\" <b> & 'Söhne' 🐜";
    assert_eq!(shown(&page("json").await).teams[0].name, name);
    assert_eq!(from_xml(&page("xml").await.text())[0].name, name);
    let table = page("csv").await;
    let first: ShownTeam = csv::Reader::from_reader(&table.body[..]).deserialize().next().unwrap().unwrap();
    assert_eq!(first.name, name);
}

#[tokio::test]
async fn server_sent_events_carry_the_same_feed() {
    let server = after_some_cheering(Setup::ten_teams()).await;
    for (path, teams) in [("/v1/events/demo/feed", 10), ("/v1/events/demo/feed?top=2", 2)] {
        let mut stream = Stream::open(server.fans, path, &[("last-event-id", "7")]).await;
        let header = |name: &str| stream.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("content-type").as_deref(), Some("text/event-stream"));
        assert_eq!(header("cache-control").as_deref(), Some("no-store"));
        assert_eq!(header("x-accel-buffering").as_deref(), Some("no"));
        assert_eq!(header("access-control-allow-origin").as_deref(), Some("*"));
        assert_eq!(stream.block().await, "retry: 1000");
        let mut last = 7;
        for _ in 0..5 {
            let block = stream.block().await;
            let lines: Vec<_> = block.lines().collect();
            let [id, data] = lines[..] else { panic!("{block:?}: unnamed events of one line of data") };
            let shown: Shown = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(id, format!("id: {}", shown.beat));
            assert!(shown.beat > last, "{} after {last}", shown.beat);
            assert_eq!((shown.total, shown.teams.len()), (92, teams));
            last = shown.beat;
        }
    }
    let nobody = request(server.fans, Method::GET, "/v1/events/nope/feed", &[("accept", "text/event-stream")]).await;
    assert_eq!(nobody.status.as_u16(), 404);
}

#[tokio::test]
async fn a_roster_is_asked_for_once_and_kept() {
    let server = Setup::ten_teams().start().await;
    let list = get(server.fans, "/v1/events").await;
    let event = &list.json()["events"][0];
    assert_eq!((&event["id"], &event["name"], &event["state"]), (&"demo".into(), &"Demo".into(), &"open".into()));
    let path = "/v1/events/demo";
    let page = get(server.fans, path).await;
    let detail = page.json();
    assert_eq!(detail["roster"], event["roster"]);
    let teams = detail["teams"].as_array().unwrap();
    assert!(teams.iter().enumerate().all(|(index, team)| team["code"] == format!("T{index}")), "in index order");
    assert!(teams.iter().all(|team| team["flag"].is_string() && team["color"].as_str().unwrap().starts_with('#')));
    assert_eq!((page.header("cache-control"), page.header("access-control-allow-origin")), ("no-cache", "*"));

    let tag = page.header("etag");
    for known in [tag.to_owned(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".into()] {
        let again = request(server.fans, Method::GET, path, &[("if-none-match", &known)]).await;
        assert_eq!((again.status.as_u16(), again.body.len(), again.header("etag")), (304, 0, tag), "{known}");
    }
    let other = request(server.fans, Method::GET, path, &[("if-none-match", "\"other\"")]).await;
    assert_eq!((other.status.as_u16(), &other.body), (200, &page.body));

    let roster = detail["roster"].as_str().unwrap();
    let kept = get(server.fans, &format!("{path}?roster={roster}")).await;
    assert!(kept.header("cache-control").contains("immutable"), "{}", kept.header("cache-control"));
    assert_eq!(kept.json()["teams"], detail["teams"]);
    assert_eq!(get(server.fans, &format!("{path}?roster=other")).await.header("cache-control"), "no-cache");
}

#[tokio::test]
async fn every_page_of_v1_may_be_read_from_any_origin() {
    let server = Setup::ten_teams().start().await;
    for path in ["/v1/events", "/v1/events/demo", "/v1/events/demo/beat", "/v1/events/nope", "/v1/events/demo/ws"] {
        let page = request(server.fans, Method::GET, path, &[("origin", "https://arena.example")]).await;
        assert_eq!(page.header("access-control-allow-origin"), "*", "{path}");
    }
}

#[tokio::test]
async fn the_pages_are_there_and_speak_for_themselves() {
    let server = Setup::plain().start().await;
    for path in ["/", "/arena/demo"] {
        let page = get(server.fans, path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(get(server.fans, "/arena/nope").await.status.as_u16(), 404);
    assert_eq!(get(server.fans, "/client/../../../etc/passwd").await.status.as_u16(), 404);
}
