//! Tickets that do not hold, in each place where one may be shown.

use beat_core::{Ticket, TicketKey, TicketRole};

use super::{Row, Seen, Way, at};
use crate::harness::{self, SECRET, now_s, signed};

/// The event `demo`, for everybody, and `asks`, for who has a ticket, with so many teams each.
pub(super) fn two_events(teams: usize) -> String {
    let teams: Vec<_> = (0..teams).map(|nth| format!("{{ code = 'T{nth}', name = 'Team {nth}' }}")).collect();
    let event = |id: &str, open: bool| {
        format!(
            "[[events]]\nid = '{id}'\nname = '{id}'\nanonymous = {open}\npublic_feed = {open}\nteams = [{}]\n",
            teams.join(", ")
        )
    };
    format!("tickets.keys = [{{ id = 'k', secret = '{SECRET}' }}]\n{}{}", event("demo", true), event("asks", false))
}

fn fan() -> Ticket {
    fan_called("u-4711")
}

/// A fan may come again twice a second: each row that lets one in has one of its own.
fn fan_called(name: &str) -> Ticket {
    Ticket { event: "asks".parse().unwrap(), ..harness::fan(name) }
}

fn display() -> Ticket {
    Ticket { event: "asks".parse().unwrap(), ..harness::holder(TicketRole::Display, "wall-1") }
}

/// With one character turned into another.
fn turned(ticket: &str, at: usize) -> String {
    let mut letters = ticket.as_bytes().to_vec();
    letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(letters).unwrap()
}

/// Of a fan, a display: what is wrong, the ticket, the code, and the status where it is asked for in HTTP.
fn bad(good: &Ticket, other: &Ticket) -> Vec<(&'static str, String, u16, u16)> {
    let whole = signed(good);
    let by = |id: &str, secret: &str| TicketKey::new(id, secret).unwrap().sign(good);
    vec![
        ("expired", signed(&Ticket { expires_s: now_s(), ..good.clone() }), 4401, 401),
        ("early", signed(&Ticket { not_before_s: Some(now_s() + 300), ..good.clone() }), 4401, 401),
        ("forged", by("k", &"x".repeat(32)), 4501, 401),
        ("of a key nobody knows", by("other", SECRET), 4501, 401),
        ("turned in its key", turned(&whole, 0), 4501, 401),
        ("turned in what it says", turned(&whole, whole.len() / 3), 4501, 401),
        ("turned in its signature", turned(&whole, whole.len() - 10), 4501, 401),
        ("truncated", whole[..whole.len() - 4].to_owned(), 4501, 401),
        ("half", whole[..whole.len() / 2].to_owned(), 4501, 401),
        ("with more behind it", format!("{whole}AAAA"), 4501, 401),
        ("twice as long", format!("{whole}{whole}"), 4501, 401),
        ("endless", "A".repeat(4_000), 4501, 401),
        ("of no algorithm", "eyJhbGciOiJub25lIn0.eyJldmVudCI6ImFza3MifQ.".into(), 4501, 401),
        ("of another algorithm", "eyJhbGciOiJIUzUxMiJ9.eyJldmVudCI6ImFza3MifQ.AAAA".into(), 4501, 401),
        ("of no letter", String::new(), 4501, 401),
        ("of another event", signed(&Ticket { event: "demo".parse().unwrap(), ..good.clone() }), 4503, 403),
        ("of another role", signed(other), 4503, 403),
    ]
}

pub(super) fn rows() -> Vec<Row> {
    let row = |name, way, seen| Row { name, way, bytes: Vec::new(), seen, counted: None };
    let (fans, feed, beat) = ("/v1/events/asks/ws", "/v1/events/asks/feed?top=1", "/v1/events/asks/beat");
    let offered = |ticket: &str| format!("Sec-WebSocket-Protocol: cheer.v1, ticket.{ticket}\r\n");
    let cheer = "Sec-WebSocket-Protocol: cheer.v1\r\n";
    let asked = |name, address: String, more: String, status| Row {
        bytes: format!("GET {address} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n").into(),
        ..row(name, Way::Bare, Seen::Answer(status))
    };
    let mut rows = Vec::new();
    for (name, ticket, code, _) in bad(&fan(), &display()) {
        rows.push(row(name, at(fans, offered(&ticket)), Seen::Closed(code)));
        rows.push(row(name, at(format!("{fans}?ticket={ticket}"), cheer), Seen::Closed(code)));
        // A good one elsewhere does not mend it.
        let both = format!("{fans}?ticket={}", signed(&fan()));
        rows.push(row(name, at(both, offered(&ticket)), Seen::Closed(code)));
    }
    for (name, ticket, code, status) in bad(&display(), &fan()) {
        rows.push(row(name, at(format!("{feed}&ticket={ticket}"), ""), Seen::Closed(code)));
        rows.push(asked(name, format!("{beat}?ticket={ticket}"), String::new(), status));
        rows.push(asked(name, beat.into(), format!("Authorization: Bearer {ticket}\r\n"), status));
    }
    let (fan, display) = (signed(&fan()), signed(&display()));
    let twice = format!("Sec-WebSocket-Protocol: ticket.{fan}, ticket.{fan}\r\n");
    rows.extend([
        row("no ticket", at(fans, cheer), Seen::Closed(4501)),
        row("no ticket for a display", at(feed, ""), Seen::Closed(4501)),
        row("a ticket twice", at(fans, twice), Seen::Closed(4501)),
        row("a ticket twice in the query", at(format!("{fans}?ticket={fan}&ticket={fan}"), ""), Seen::Closed(4501)),
        row("a ticket by another name", at(format!("{fans}?Ticket={fan}"), ""), Seen::Closed(4501)),
        row("a good ticket offered", at(fans, offered(&signed(&fan_called("u-1")))), Seen::Lives),
        row(
            "a good ticket in the query",
            at(format!("{fans}?ticket={}", signed(&fan_called("u-2"))), cheer),
            Seen::Lives,
        ),
        row("a good ticket of a display", at(format!("{feed}&ticket={display}"), ""), Seen::Lives),
        asked("a good ticket for the beat", format!("{beat}?ticket={display}"), String::new(), 200),
    ]);
    rows
}
