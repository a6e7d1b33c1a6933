//! Decisions on who is excluded, as they stand in a hash: a field says when, whether and whom, its value who and why.
//!
//! A field is never written twice, so that a late or repeated command changes nothing. Knows no Redis but its values.

use redis::Value;
use serde::{Deserialize, Serialize};

use super::route::text;
use crate::exclusions::Decision;

const OUT: &str = "out";
const BACK: &str = "back";

/// The value of a field.
#[derive(Serialize, Deserialize)]
struct Said<'a> {
    who: std::borrow::Cow<'a, str>,
    why: std::borrow::Cow<'a, str>,
}

/// The field of a decision, and its value.
pub(super) fn encode(Decision { number, excludes, subject, who, why }: &Decision) -> (String, String) {
    let word = if *excludes { OUT } else { BACK };
    let said = Said { who: who.into(), why: why.into() };
    (format!("{number}:{word}:{subject}"), serde_json::to_string(&said).expect("two texts"))
}

/// Reads the answer to `HGETALL`: the decisions, and how many fields made no sense.
pub(super) fn read(answer: &Value) -> (Vec<Decision>, usize) {
    let fields = match answer {
        Value::Array(flat) => flat.as_slice(),
        _ => &[],
    };
    let decisions: Vec<_> =
        fields.chunks_exact(2).filter_map(|pair| decode(text(&pair[0])?, text(&pair[1])?)).collect();
    let refused = fields.len() / 2 - decisions.len();
    (decisions, refused)
}

fn decode(field: &str, value: &str) -> Option<Decision> {
    let (number, rest) = field.split_once(':')?;
    let (word, subject) = rest.split_once(':')?;
    let number = number.parse().ok().filter(|number| *number <= beat_protocol::VALUE_MAX)?;
    let excludes = match word {
        OUT => true,
        BACK => false,
        _ => return None,
    };
    let Said { who, why } = serde_json::from_str(value).ok()?;
    Some(Decision { number, excludes, subject: subject.parse().ok()?, who: who.into_owned(), why: why.into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(fields: &[(&str, &str)]) -> Value {
        let flat = fields.iter().flat_map(|(field, value)| [field, value]);
        Value::Array(flat.map(|text| Value::BulkString((*text).into())).collect())
    }

    #[test]
    fn what_is_written_is_read() {
        for (excludes, subject) in
            [(true, "fan:u:4711"), (false, "prefix:2001:db8::/32"), (true, "prefix:192.0.2.0/24")]
        {
            let subject = subject.parse().unwrap();
            let decision =
                Decision { number: 1_790_000_000_000, excludes, subject, who: "a".into(), why: "\"b\"".into() };
            let (field, value) = encode(&decision);
            assert_eq!(read(&answer(&[(&field, &value)])), (vec![decision], 0));
        }
    }

    #[test]
    fn nonsense_is_counted_and_not_taken() {
        let said = r#"{"who":"a","why":"b"}"#;
        let fields = [
            ("7:out:fan:a", said),
            ("7:gone:fan:a", said),
            ("-7:out:fan:a", said),
            ("9007199254740993:out:fan:a", said),
            ("7:out:prefix:0.0.0.0/0", said),
            ("7:out", said),
            ("7:out:fan:a", "{}"),
        ];
        let (decisions, refused) = read(&answer(&fields));
        assert_eq!((decisions.len(), refused), (1, 6));
        assert_eq!(read(&Value::Nil), (vec![], 0));
    }
}
