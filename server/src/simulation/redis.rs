//! A Redis in memory, as far as the store's verbs need one: a dozen commands with the semantics that its documentation
//! gives them (`ZADD … GT`, ids of streams that only rise, `HSETNX`).

use std::collections::BTreeMap;

/// What a command is answered with, in RESP2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Nothing,
    Whole(usize),
    Error(&'static str),
    Bulk(Vec<u8>),
    Array(Vec<Reply>),
}

/// Everything it remembers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Redis {
    hashes: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    sets: BTreeMap<String, BTreeMap<String, u64>>,
    streams: BTreeMap<String, Stream>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stream {
    last: u32,
    entries: BTreeMap<u32, Vec<u8>>,
}

/// What `INFO` says in any section.
const INFO: &str = "role:master\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n";
/// Longest stream.
const KEPT: usize = 600;

impl Redis {
    /// Does `command`. A read that would block finds nothing; who asks again later is for the caller to see to.
    pub(super) fn answer(&mut self, command: &[Vec<u8>]) -> Reply {
        let words: Vec<_> = command.iter().map(|word| String::from_utf8_lossy(word)).collect();
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        match words[..] {
            ["INFO", ..] => Reply::Bulk(INFO.into()),
            ["EXPIRE", ..] => Reply::Whole(1),
            ["HSETNX", key, field, _] => {
                let hash = self.hashes.entry(key.into()).or_default();
                let is_new = !hash.contains_key(field);
                hash.entry(field.into()).or_insert_with(|| command[3].clone());
                Reply::Whole(is_new.into())
            }
            ["HSET", key, field, _] => {
                self.hashes.entry(key.into()).or_default().insert(field.into(), command[3].clone());
                Reply::Whole(1)
            }
            ["HGETALL", key] => {
                let fields = self.hashes.get(key).into_iter().flatten();
                Reply::Array(fields.flat_map(|(field, value)| [bulk(field), Reply::Bulk(value.clone())]).collect())
            }
            ["ZADD", _, "XX", "GT", "CH", ..] => Reply::Whole(0),
            ["ZADD", key, "GT", "CH", ref members @ ..] => {
                let set = self.sets.entry(key.into()).or_default();
                let mut changed = 0;
                for pair in members.chunks_exact(2) {
                    let score = pair[0].parse().expect("a whole score");
                    let before = set.get(pair[1]).copied();
                    if before.is_none_or(|before| before < score) {
                        set.insert(pair[1].into(), score);
                        changed += 1;
                    }
                }
                Reply::Whole(changed)
            }
            ["ZRANGE", key, "0", "-1", "WITHSCORES"] => {
                let members = self.sets.get(key).into_iter().flatten();
                Reply::Array(members.flat_map(|(member, score)| [bulk(member), bulk(&score.to_string())]).collect())
            }
            ["XADD", _, "NOMKSTREAM", ..] => Reply::Nothing,
            ["XADD", key, "MAXLEN", "~", _, id, _, _] => {
                let number = number_of(id);
                let stream = self.streams.entry(key.into()).or_default();
                if number <= stream.last {
                    return Reply::Error(
                        "ERR The ID specified in XADD is equal or smaller than the target stream top item",
                    );
                }
                stream.last = number;
                stream.entries.insert(number, command[7].clone());
                while stream.entries.len() > KEPT {
                    stream.entries.pop_first();
                }
                bulk(id)
            }
            ["XREVRANGE", key, "+", "-", "COUNT", "1"] => {
                let newest = self.streams.get(key).and_then(|stream| stream.entries.last_key_value());
                Reply::Array(newest.into_iter().map(entry).collect())
            }
            ["XREAD", "COUNT", ..] => Reply::Nothing,
            ["XREAD", "BLOCK", _, "COUNT", count, "STREAMS", key, after] => {
                let after = number_of(after);
                let stream = self.streams.get(key).into_iter().flat_map(|stream| stream.entries.range(after + 1..));
                let entries: Vec<Reply> = stream.take(count.parse().expect("a count")).map(entry).collect();
                if entries.is_empty() {
                    return Reply::Nothing;
                }
                Reply::Array(vec![Reply::Array(vec![bulk(key), Reply::Array(entries)])])
            }
            _ => panic!("a command that no verb needs: {words:?}"),
        }
    }
}

fn number_of(id: &str) -> u32 {
    id.strip_suffix("-0").and_then(|number| number.parse().ok()).expect("the id of a beat")
}

fn entry((number, beat): (&u32, &Vec<u8>)) -> Reply {
    let fields = Reply::Array(vec![bulk("b"), Reply::Bulk(beat.clone())]);
    Reply::Array(vec![bulk(&format!("{number}-0")), fields])
}

fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.into())
}

impl Reply {
    /// Appends it as it goes over the wire.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nothing => out.extend_from_slice(b"$-1\r\n"),
            Self::Whole(number) => out.extend_from_slice(format!(":{number}\r\n").as_bytes()),
            Self::Error(why) => out.extend_from_slice(format!("-{why}\r\n").as_bytes()),
            Self::Bulk(bytes) => {
                out.extend_from_slice(format!("${}\r\n", bytes.len()).as_bytes());
                out.extend_from_slice(bytes);
                out.extend_from_slice(b"\r\n");
            }
            Self::Array(items) => {
                out.extend_from_slice(format!("*{}\r\n", items.len()).as_bytes());
                items.iter().for_each(|item| item.encode(out));
            }
        }
    }
}
