//! What displays read: one message a beat, ranked, as JSON, server-sent event, rows, CSV or XML.

use std::cmp::Reverse;
use std::sync::OnceLock;

use beat_core::{Beat, intensity};
use beat_protocol::{FeedMessage, FeedTeam, Flags};
use bytes::Bytes;
use serde::Serialize;

use super::Message;
use crate::event::Event;

/// How `/beat` and `/feed` can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One object.
    Json,
    /// The same as a server-sent event.
    Event,
    /// Just the array of teams.
    Rows,
    /// One line per team.
    Csv,
    /// One element per team.
    Xml,
}

impl Format {
    /// The format of that name in a query.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "rows" => Some(Self::Rows),
            "csv" => Some(Self::Csv),
            "xml" => Some(Self::Xml),
            _ => None,
        }
    }

    /// Its media type.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Json | Self::Rows => "application/json",
            Self::Event => "text/event-stream",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xml => "application/xml; charset=utf-8",
        }
    }
}

/// The message's JSON, made once however many displays want however few of its teams.
#[derive(Default)]
pub(crate) struct Shown {
    json: OnceLock<Ranked>,
    framed: OnceLock<Bytes>,
}

/// The whole message; a shorter one is a prefix of it and a tail.
struct Ranked {
    json: Bytes,
    /// Where a message of so many teams ends, less its tail.
    ends: Vec<usize>,
}

const TAIL: &[u8] = b"]}";

impl Shown {
    /// The message with its first `top` teams, or all of them.
    pub(super) fn json<'a>(&self, message: impl FnOnce() -> FeedMessage<'a>, top: Option<usize>) -> Bytes {
        let ranked = self.json.get_or_init(|| Ranked::new(message()));
        match top {
            Some(top) if top < ranked.ends.len() => [&ranked.json[..ranked.ends[top]], TAIL].concat().into(),
            _ => ranked.json.clone(),
        }
    }

    /// The whole message, framed for WebSocket.
    pub(super) fn framed<'a>(&self, message: impl FnOnce() -> FeedMessage<'a>) -> Bytes {
        self.framed.get_or_init(|| Message::Text(&self.json(message, None)).framed()).clone()
    }
}

impl Ranked {
    fn new(message: FeedMessage<'_>) -> Self {
        let (teams, head) = {
            let FeedMessage { teams, .. } = message;
            (teams, FeedMessage { teams: Vec::new(), ..message })
        };
        let mut json = to_json(&head);
        json.truncate(json.len() - TAIL.len());
        let mut ends = vec![json.len()];
        for (at, team) in teams.iter().enumerate() {
            if at > 0 {
                json.push(b',');
            }
            json.extend(to_json(team));
            ends.push(json.len());
        }
        json.extend_from_slice(TAIL);
        Self { json: json.into(), ends }
    }
}

/// `beat` as displays see it: ranked by rate and total descending, then code; ranks are unique.
pub(super) fn message<'a>(event: &'a Event, beat: &Beat, levels: &[u8], flags: Flags, at_ms: u64) -> FeedMessage<'a> {
    let mut teams: Vec<FeedTeam<'_>> = (event.roster.teams().iter().zip(beat.totals.as_slice()))
        .zip(beat.rates.iter().zip(levels))
        .enumerate()
        .map(|(at, ((team, &total), (&rate, &level)))| FeedTeam {
            rank: 0,
            code: team.code,
            name: team.name.as_str().into(),
            total,
            rate,
            level,
            fans: beat.fans_of(at),
            intensity: intensity(rate, beat.fans_of(at)),
        })
        .collect();
    teams.sort_by(|a, b| {
        b.rate.total_cmp(&a.rate).then_with(|| (Reverse(a.total), a.code).cmp(&(Reverse(b.total), b.code)))
    });
    for (rank, team) in (1..).zip(&mut teams) {
        team.rank = rank;
    }
    FeedMessage {
        beat: beat.number,
        at_ms,
        event: event.id.clone(),
        state: beat.phase.public(),
        flags: flags.names(),
        total: beat.total(),
        rate: beat.rate(),
        teams,
    }
}

/// One server-sent event; its id is the beat's number.
pub(super) fn server_sent(number: u32, json: &[u8]) -> Bytes {
    [format!("id: {number}\ndata: ").as_bytes(), json, b"\n\n"].concat().into()
}

/// Just the array: what vMix reads.
pub(super) fn rows(message: &FeedMessage<'_>, top: Option<usize>) -> Bytes {
    to_json(&first(message, top)).into()
}

/// One line per team, under the fields' names.
pub(super) fn csv(message: &FeedMessage<'_>, top: Option<usize>) -> Bytes {
    let mut table = csv::Writer::from_writer(Vec::new());
    for team in first(message, top) {
        table.serialize(team).expect("memory takes every row");
    }
    table.into_inner().expect("memory takes every row").into()
}

/// `<beat><team><rank>1</rank>…</team></beat>`
pub(super) fn xml(message: &FeedMessage<'_>, top: Option<usize>) -> Bytes {
    use std::fmt::Write;

    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<beat>");
    for FeedTeam { rank, code, name, total, rate, level, fans, intensity } in first(message, top) {
        let (code, name) = (escaped(code.as_str()), escaped(name));
        write!(
            text,
            "<team><rank>{rank}</rank><code>{code}</code><name>{name}</name>\
             <total>{total}</total><rate>{rate:?}</rate><level>{level}</level>\
             <fans>{fans}</fans><intensity>{intensity:?}</intensity></team>"
        )
        .expect("memory takes every element");
    }
    text.push_str("</beat>\n");
    text.into()
}

/// Text as XML content. What XML cannot hold at all becomes a replacement character.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

fn first<'a, 'b>(message: &'b FeedMessage<'a>, top: Option<usize>) -> &'b [FeedTeam<'a>] {
    &message.teams[..top.unwrap_or(usize::MAX).min(message.teams.len())]
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("a feed message is plain values")
}
