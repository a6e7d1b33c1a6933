//! What operators ask about who is excluded from an event, and what they are told.

use http::StatusCode;
use serde::Serialize;

use crate::event::Event;
use crate::exclusions::keep::DecisionError;
use crate::exclusions::{Decision, Subject};

/// A reason stands in a line of the log.
const WHY_BYTES_MAX: usize = 200;

/// A wish to exclude or to readmit.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) subject: Subject,
    pub(super) why: String,
}

/// Everything that was decided, as it is written.
#[derive(Serialize)]
pub(super) struct Listed<'a> {
    event: &'a str,
    excluded: Vec<&'a Decision>,
    readmitted: Vec<&'a Decision>,
}

impl Asked {
    /// Reads a query: either `fan` or `prefix`, and `why`.
    pub(super) fn read(query: &str) -> Result<Self, String> {
        let (mut subjects, mut whys) = (Vec::new(), Vec::new());
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "fan" => subjects.push(Subject::fan(&value).map_err(|why| format!("fan: {why}"))?),
                "prefix" => subjects.push(Subject::prefix(&value).map_err(|why| format!("prefix: {why}"))?),
                "why" => whys.push(value.into_owned()),
                other => return Err(format!("{other:?} is none of fan, prefix and why")),
            }
        }
        let one_of = |what: &str| format!("say {what}, once: ?prefix=192.0.2.0/24&why=a+script, or ?fan=u-4711&why=…");
        let (Some(subject), None) = (subjects.pop(), subjects.pop()) else { return Err(one_of("a fan or a prefix")) };
        let (Some(why), None) = (whys.pop(), whys.pop()) else { return Err(one_of("why")) };
        if !(1..=WHY_BYTES_MAX).contains(&why.len()) || why.contains(char::is_control) {
            return Err(format!("why: 1 to {WHY_BYTES_MAX} bytes on one line"));
        }
        Ok(Self { subject, why })
    }
}

/// The list for `event`, newest first.
pub(super) fn list<R>(event: &Event, write: impl FnOnce(&Listed<'_>) -> R) -> R {
    let exclusions = event.excluded();
    let mut decisions: Vec<_> = exclusions.decisions().collect();
    decisions.sort_unstable_by(|one, other| other.cmp(one));
    let (excluded, readmitted) = decisions.into_iter().partition(|decision| decision.excludes);
    write(&Listed { event: event.id.as_str(), excluded, readmitted })
}

/// What a decision that was not taken is answered with.
pub(super) fn status(error: &DecisionError) -> StatusCode {
    match error {
        DecisionError::Store(_) | DecisionError::Unsure(_) => StatusCode::SERVICE_UNAVAILABLE,
        DecisionError::Excluded(_) | DecisionError::NotExcluded(_) | DecisionError::TooMany => StatusCode::CONFLICT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_names_one_subject_and_a_reason() {
        for (query, subject, why) in [
            ("prefix=192.0.2.7/24&why=a+script", "prefix:192.0.2.0/24", "a script"),
            ("why=%C3%BC&fan=u%264711", "fan:u&4711", "ü"),
            ("prefix=2001:db8::1&why=x", "prefix:2001:db8::1/128", "x"),
        ] {
            let asked = Asked::read(query).unwrap();
            assert_eq!((asked.subject.to_string().as_str(), asked.why.as_str()), (subject, why));
        }
        for (query, words) in [
            ("", "say a fan or a prefix"),
            ("fan=a", "say why"),
            ("why=x", "say a fan or a prefix"),
            ("fan=a&prefix=192.0.2.0/24&why=x", "once"),
            ("fan=a&why=x&why=y", "once"),
            ("fan=&why=x", "fan: "),
            ("prefix=192.0.2.0/40&why=x", "prefix: "),
            ("fan=a&why=", "why: "),
            ("fan=a&why=x%0Ay", "why: "),
            ("fan=a&why=x&team=JPN", "\"team\""),
        ] {
            let why = Asked::read(query).unwrap_err();
            assert!(why.contains(words), "{query}: {why}");
        }
    }
}
