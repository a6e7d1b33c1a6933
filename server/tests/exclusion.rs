//! Whom an operator excludes, whose taps count no more, and who sees no difference.

use beat_core::{Ticket, TicketRole};
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{
    Fan, Page, Raw, Redis, Server, Setup, Speech, Wish, fan, holder, masked, request, signed, ticket_keys, until,
};

const WS: &str = "/v1/events/demo/ws";

/// Teams; tickets for who has one; a proxy on this machine that is believed.
fn setup() -> Setup {
    let teams = (0..4).map(|n| format!("{{ code = 'T{n}', name = 'Team {n}' }}")).collect::<Vec<_>>().join(", ");
    Setup::plain().shards(2).tireless().file(&format!(
        "[addresses]\ntrusted_proxies = ['127.0.0.1']\n{}anonymous = true\npublic_feed = true\n\
         [[events]]\nid = 'demo'\nname = 'Demo'\nteams = [{teams}]\n",
        ticket_keys()
    ))
}

async fn post(server: &Server, deed: &str, query: &str) -> Page {
    request(server.admin, Method::POST, &format!("/v1/events/demo/{deed}?{query}"), &[]).await
}

async fn done(server: &Server, deed: &str, query: &str) -> Value {
    let page = post(server, deed, query).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    page.json()
}

/// What stands in the list: whom, in the order of the list.
async fn listed(server: &Server, which: &str) -> Vec<String> {
    let list = request(server.admin, Method::GET, "/v1/events/demo/excluded", &[]).await.json();
    let whom = |decision: &Value| decision["fan"].as_str().or(decision["prefix"].as_str()).unwrap().to_owned();
    list[which].as_array().unwrap().iter().map(whom).collect()
}

/// A fan who has tapped so often in its session.
struct Thumb {
    fan: Fan,
    total: u32,
}

impl Thumb {
    async fn on(server: &Server, wish: Wish) -> Self {
        Self { fan: wish.join(server).await, total: 0 }
    }

    /// Taps five times for T0; how many of them count.
    async fn counts(&mut self, server: &Server) -> f64 {
        let fates = async || (server.taps("counted").await, server.taps("shadowed").await);
        let before = fates().await;
        self.total += 5;
        self.fan.cheer(&[(0, self.total)]).await;
        let after = until("five taps are received", async || {
            let now = fates().await;
            (now.0 + now.1 - before.0 - before.1 == 5.0).then_some(now)
        })
        .await;
        after.0 - before.0
    }
}

fn from(address: &str) -> Wish {
    Wish::new(Speech::Binary).on_behalf_of(address)
}

fn named(name: &str) -> Wish {
    Wish::new(Speech::Binary).ticket(&signed(&fan(name)))
}

#[tokio::test]
async fn taps_of_an_excluded_prefix_count_no_more_on_open_sockets_and_on_new_ones() {
    let server = setup().start().await;
    let mut inside = Vec::new();
    // On both shards, in either encoding.
    for address in ["203.0.113.1", "203.0.113.77", "203.0.113.200", "203.0.113.5"] {
        inside.push(Thumb::on(&server, from(address)).await);
    }
    inside.push(Thumb::on(&server, Wish::new(Speech::Json).on_behalf_of("203.0.113.9")).await);
    let mut outside = Thumb::on(&server, from("203.0.114.1")).await;
    for thumb in &mut inside {
        assert_eq!(thumb.counts(&server).await, 5.0);
    }
    let decision = done(&server, "exclude", "prefix=203.0.113.7/24&why=a+script").await;
    assert_eq!((&decision["prefix"], &decision["why"]), (&"203.0.113.0/24".into(), &"a script".into()));
    inside.push(Thumb::on(&server, from("203.0.113.2")).await);
    for thumb in &mut inside {
        assert_eq!(thumb.counts(&server).await, 0.0);
    }
    assert_eq!(outside.counts(&server).await, 5.0);
    assert_eq!(Thumb::on(&server, from("2001:db8::1")).await.counts(&server).await, 5.0);
    assert_eq!(server.taps("counted").await, 35.0, "what has been counted is not taken back");
    assert_eq!(server.metric("beat_excluded", &[]).await, Some(1.0));

    done(&server, "readmit", "prefix=203.0.113.0/24&why=a+mistake").await;
    for thumb in &mut inside {
        assert_eq!(thumb.counts(&server).await, 5.0);
    }
    assert_eq!((listed(&server, "excluded").await, listed(&server, "readmitted").await.len()), (vec![], 1));
    assert_eq!(server.metric("beat_excluded", &[]).await, Some(0.0));
}

#[tokio::test]
async fn taps_of_an_excluded_fan_count_no_more_wherever_it_is_and_in_whichever_session() {
    let server = setup().start().await;
    let mut out = [Thumb::on(&server, named("out")).await, Thumb::on(&server, named("out")).await];
    let mut other = Thumb::on(&server, named("other")).await;
    done(&server, "exclude", "fan=out&why=a+script").await;
    for thumb in &mut out {
        assert_eq!(thumb.counts(&server).await, 0.0);
    }
    assert_eq!(other.counts(&server).await, 5.0);
    let [Thumb { fan, total }, _] = out;
    let session = fan.welcome.session.clone();
    drop(fan);
    let mut back = Thumb { fan: named("out").session(&session).join(&server).await, total };
    assert!(back.fan.welcome.resumed);
    assert_eq!(back.fan.marks().await, [(0, 5)], "the marks are whatever was taken in");
    assert_eq!(back.counts(&server).await, 0.0);
    // One team of its own is no way round it, and no team of others comes with it.
    let only = signed(&Ticket { team: Some("T0".parse().unwrap()), ..crate::harness::fan("out") });
    assert_eq!(Thumb::on(&server, Wish::new(Speech::Binary).ticket(&only)).await.counts(&server).await, 0.0);
    done(&server, "readmit", "fan=out&why=spoke+to+it").await;
    assert_eq!(back.counts(&server).await, 5.0);
}

/// Everything that a server says to one who says this, up to its goodbye, without what is chance or time: the session's
/// id, and beats.
async fn transcript(server: &Server, address: &str, ticket: &str) -> Vec<(u8, Vec<u8>)> {
    let lines = format!("X-Forwarded-For: {address}\r\nSec-WebSocket-Protocol: cheer.v1, ticket.{ticket}\r\n");
    let mut raw = Raw::connect(server.fans).await;
    let mut said = Vec::new();
    for part in 0..3 {
        let session = said.iter().find_map(session_of).filter(|_| part > 0);
        let query = session.map_or(String::new(), |session| format!("?session={session}"));
        raw = raw.upgrade(&format!("{WS}{query}"), &lines, b"").await;
        match part {
            0 => {
                raw.send(masked(2, &[2, 1, 0, 7, 0, 0, 0])).await;
                raw.send(masked(2, &[1, 1, 0, 9, 0, 0, 0, 2, 0, 200, 0, 0, 0])).await;
                raw.send(masked(9, b"ping")).await;
                said.extend(up_to(&mut raw, |opcode| opcode == 0xa).await);
            }
            1 => {
                raw.send(masked(2, &[1, 2, 0, 201, 0, 0, 0])).await;
                // Its answer says that the frame before it was taken in.
                raw.send(masked(9, b"ping")).await;
                said.extend(up_to(&mut raw, |opcode| opcode == 0xa).await);
            }
            // A team that is not there.
            _ => {
                raw.send(masked(2, &[1, 99, 0, 1, 0, 0, 0])).await;
                said.extend(up_to(&mut raw, |opcode| opcode == 0x8).await);
            }
        }
        raw = Raw::connect(server.fans).await;
    }
    let is_beat = |payload: &[u8]| matches!(payload.first(), Some(0x81 | 0x82));
    said.retain(|(opcode, payload)| *opcode != 2 || !is_beat(payload));
    for (opcode, payload) in &mut said {
        if let Some(session) = session_of(&(*opcode, payload.clone())) {
            *payload = String::from_utf8(payload.clone()).unwrap().replace(&session, "<session>").into_bytes();
        }
    }
    said
}

fn session_of((opcode, payload): &(u8, Vec<u8>)) -> Option<String> {
    let welcome: Value = (*opcode == 1).then(|| serde_json::from_slice(payload).unwrap())?;
    Some(welcome["welcome"]["session"].as_str().unwrap().to_owned())
}

async fn up_to(raw: &mut Raw, is_last: impl Fn(u8) -> bool) -> Vec<(u8, Vec<u8>)> {
    let mut said = Vec::new();
    loop {
        let (opcode, payload) = raw.frame().await.unwrap();
        said.push((opcode, payload));
        if is_last(opcode) {
            return said;
        }
    }
}

#[tokio::test]
async fn who_is_excluded_is_answered_like_anybody_else() {
    let server = setup().start().await;
    done(&server, "exclude", "prefix=203.0.113.0/24&why=a+script").await;
    done(&server, "exclude", "fan=out&why=a+script").await;
    let [honest, ticket] = ["honest", "out"].map(|name| signed(&fan(name)));
    let seen = transcript(&server, "198.51.100.1", &honest).await;
    assert_eq!(seen.len(), 2 + 3 + 3, "{seen:?}");
    let marks = seen.iter().find(|(_, payload)| payload.first() == Some(&0x83)).expect("marks");
    assert_eq!(marks.1[1..], [1, 0, 9, 0, 0, 0, 2, 0, 200, 0, 0, 0]);
    let counted = server.taps("counted").await;
    assert_eq!(counted, 2.0 + 200.0 + 1.0);
    assert_eq!(transcript(&server, "198.51.100.1", &ticket).await, seen);
    assert_eq!(transcript(&server, "203.0.113.1", &signed(&fan("another"))).await, seen);
    assert_eq!((server.taps("counted").await, server.taps("shadowed").await), (counted, 2.0 * counted));
}

#[tokio::test]
async fn an_exclusion_outlives_the_process() {
    let setup = setup().kept();
    let server = setup.start().await;
    for query in ["prefix=203.0.113.0/24&why=x", "fan=out&why=x", "fan=back&why=x"] {
        done(&server, "exclude", query).await;
    }
    done(&server, "readmit", "fan=back&why=x").await;
    server.kill().await;
    let server = setup.start().await;
    assert_eq!(listed(&server, "excluded").await, ["out", "203.0.113.0/24"]);
    assert_eq!(listed(&server, "readmitted").await, ["back"]);
    for (wish, counts) in
        [(from("203.0.113.3"), 0.0), (named("out"), 0.0), (named("back"), 5.0), (from("203.0.112.3"), 5.0)]
    {
        assert_eq!(Thumb::on(&server, wish).await.counts(&server).await, counts);
    }
}

/// Waits until a gateway has heard who is excluded, and a thumb there feels it.
async fn until_heard(server: &Server, excluded: &[&str], thumb: &mut Thumb, counts: f64) {
    until("the decision is heard", async || (listed(server, "excluded").await == excluded).then_some(())).await;
    // Its shard has heard of it a moment later.
    until("its taps count so", async || (thumb.counts(server).await == counts).then_some(())).await;
}

#[tokio::test]
async fn an_exclusion_holds_at_every_gateway_and_a_readmission_stands_above_it() {
    let mut redis = Redis::start().await;
    let setup = setup().meeting_in(&redis);
    let (one, other) = (setup.start().await, setup.start().await);
    let mut here = Thumb::on(&one, named("out")).await;
    let mut there = Thumb::on(&other, named("out")).await;
    done(&one, "exclude", "fan=out&why=a+script").await;
    assert_eq!(here.counts(&one).await, 0.0, "where it was decided it holds at once");
    until_heard(&other, &["out"], &mut there, 0.0).await;
    let refused = post(&other, "exclude", "fan=out&why=again").await;
    assert_eq!((refused.status, refused.text()), (StatusCode::CONFLICT, "fan:out is excluded already\n".into()));

    // A store that comes back empty is told again, and a gateway that knew nothing learns it there.
    redis = redis.restart_empty().await;
    until("the store is told again", async || (redis.say("HLEN beat:{demo}:excluded").await == ":1").then_some(()))
        .await;
    let late = setup.start().await;
    assert_eq!(listed(&late, "excluded").await, ["out"]);
    assert_eq!(Thumb::on(&late, named("out")).await.counts(&late).await, 0.0);

    // Undone elsewhere; and whatever old word comes late after that.
    done(&late, "readmit", "fan=out&why=a+mistake").await;
    until_heard(&one, &[], &mut here, 5.0).await;
    until_heard(&other, &[], &mut there, 5.0).await;
    redis = redis.restart_empty().await;
    until("the store is told again", async || (redis.say("HLEN beat:{demo}:excluded").await == ":1").then_some(()))
        .await;
    redis.say("HSET beat:{demo}:excluded 7:out:fan:out {\"who\":\"x\",\"why\":\"x\"}").await;
    redis.say("HSET beat:{demo}:excluded nonsense x").await;
    until("it is heard, and counted as nonsense", async || one.metric("beat_joins_refused_total", &[]).await).await;
    assert_eq!((here.counts(&one).await, there.counts(&other).await), (5.0, 5.0));
}

#[tokio::test]
async fn without_its_store_nothing_is_decided() {
    let redis = Redis::start().await;
    let server = setup().meeting_in(&redis).start().await;
    drop(redis);
    let mut thumb = Thumb::on(&server, named("out")).await;
    let page = post(&server, "exclude", "fan=out&why=x").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.text());
    assert!(page.text().contains("nothing was done"), "{}", page.text());
    assert_eq!(thumb.counts(&server).await, 5.0);
}

#[tokio::test]
async fn of_what_the_store_does_not_confirm_nobody_is_told_that_it_was_not_done() {
    let redis = Redis::start().await;
    let server = setup().meeting_in(&redis).start().await;
    assert_eq!(redis.say("ACL SETUSER default -hsetnx").await, "+OK");
    let page = post(&server, "exclude", "fan=out&why=x").await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.text());
    assert!(page.text().contains("may have been done"), "{}", page.text());
    until("it stands in the log", async || server.log().contains("whom=\"fan:out\"").then_some(())).await;
}

#[tokio::test]
async fn what_an_operator_does_stands_in_the_log_at_any_level() {
    let server = setup().set("log", "off").start().await;
    let ticket = signed(&holder(TicketRole::Operator, "crew-7"));
    let bearer = format!("Bearer {ticket}");
    let by_ticket = async |deed: &str| {
        let path = format!("/v1/events/demo/{deed}");
        request(server.admin, Method::POST, &path, &[("authorization", &bearer)]).await.status
    };
    assert_eq!(by_ticket("exclude?prefix=203.0.113.0/24&why=one%20%22script%22").await, 200);
    done(&server, "readmit", "prefix=203.0.113.0/24&why=a+mistake").await;
    assert_eq!(by_ticket("close").await, 200);
    // What was not done is not in it.
    assert_eq!(post(&server, "readmit", "fan=nobody&why=x").await.status, 409);
    assert_eq!(post(&server, "exclude", "fan=nobody").await.status, 400);
    let lines = until("three lines", async || {
        let log = server.log();
        let lines: Vec<_> = log.lines().filter(|line| line.contains("audit")).map(str::to_owned).collect();
        (lines.len() >= 3).then_some(lines)
    })
    .await;
    let said = [
        ["deed=\"exclude\"", "whom=\"prefix:203.0.113.0/24\"", "who=\"ticket crew-7\"", "why=\"one \\\"script\\\"\""],
        ["deed=\"readmit\"", "whom=\"prefix:203.0.113.0/24\"", "who=\"loopback\"", "why=\"a mistake\""],
        ["deed=\"close\"", "run=1", "who=\"ticket crew-7\"", "event=demo"],
    ];
    assert_eq!(lines.len(), said.len(), "{lines:?}");
    for (line, said) in lines.iter().zip(said) {
        assert!(said.iter().all(|word| line.contains(word)), "{line} has not all of {said:?}");
    }
    assert!(!server.log().contains(&ticket[..20]), "a ticket stands in no log");
    let list = request(server.admin, Method::GET, "/v1/events/demo/excluded", &[]).await.text();
    assert!(list.contains("\"who\":\"loopback\"") && list.contains("\"why\":\"a mistake\""), "{list}");
}

#[tokio::test]
async fn what_an_operator_does_is_done_whole_when_it_hangs_up() {
    let redis = Redis::start().await;
    let server = setup().meeting_in(&redis).start().await;
    let mut thumb = Thumb::on(&server, named("out")).await;
    assert_eq!(redis.say("CLIENT PAUSE 500 WRITE").await, "+OK");
    let mut operator = Raw::connect(server.admin).await;
    operator.send("POST /v1/events/demo/exclude?fan=out&why=x HTTP/1.1\r\nHost: x\r\n\r\n").await;
    drop(operator);
    until("it stands in the log", async || server.log().contains("whom=\"fan:out\"").then_some(())).await;
    assert_eq!(thumb.counts(&server).await, 0.0);
}

#[tokio::test]
async fn only_an_operator_decides() {
    let server = setup().start().await;
    assert_eq!(statuses(&server, &[]).await, [200, 200, 200]);
    assert_eq!(statuses(&server, &[("origin", "https://club.example")]).await, [403, 403, 403]);
    assert_eq!(request(server.admin, Method::GET, "/v1/events/demo/exclude", &[]).await.status, 405);
    assert_eq!(request(server.admin, Method::POST, "/v1/events/demo/excluded", &[]).await.status, 405);
    assert_eq!(request(server.admin, Method::GET, "/v1/events/nope/excluded", &[]).await.status, 404);
    assert_eq!(request(server.admin, Method::POST, "/v1/events/nope/exclude?fan=a&why=x", &[]).await.status, 404);
    for public in ["exclude?fan=a&why=x", "excluded"] {
        let page = request(server.fans, Method::GET, &format!("/v1/events/demo/{public}"), &[]).await;
        assert_eq!(page.status, 404, "not by the public port");
    }
}

/// What excluding, looking and readmitting are answered with.
async fn statuses(server: &Server, headers: &[(&str, &str)]) -> [u16; 3] {
    let ask = async |method, deed: &str| -> u16 {
        request(server.admin, method, &format!("/v1/events/demo/{deed}"), headers).await.status.as_u16()
    };
    [
        ask(Method::POST, "exclude?fan=a&why=x").await,
        ask(Method::GET, "excluded").await,
        ask(Method::POST, "readmit?fan=a&why=x").await,
    ]
}
