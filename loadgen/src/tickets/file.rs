//! Tickets that the organiser's site made, from a file. They are read as far as that can be done without a key, so that a
//! file for another event is refused with its line before ten thousand fans are.

use std::path::Path;

use beat_protocol::{EventId, TeamCode};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::{Ticket, TicketsError};

/// By PROTOCOL.md.
const CHARACTERS_MAX: usize = 512;
const TAG_BYTES: usize = 32;

/// One fan's.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Given {
    pub(super) ticket: Ticket,
    /// The index of the only team it is for.
    pub(super) team: Option<u16>,
}

/// What of a ticket can be held against what is asked for.
#[derive(Deserialize)]
struct Says {
    event: String,
    role: String,
    team: Option<String>,
    exp: u64,
}

/// The text of a file. Its name stays out of the error: who mistakes the flag types the ticket itself.
pub(super) fn read(flag: &'static str, path: &Path) -> Result<String, TicketsError> {
    std::fs::read_to_string(path).map_err(|source| TicketsError::File { flag, source })
}

/// The tickets in `text`, one a line.
pub(super) fn fans(text: &str, event: &EventId, roster: &[TeamCode], now_s: u64) -> Result<Vec<Given>, TicketsError> {
    let given = |(at, line): (usize, &str)| {
        let refused = |why| TicketsError::Line { flag: "tickets", line: at + 1, why };
        let says = read_for(line, event, &["fan"], now_s).map_err(refused)?;
        let index = |team: String| {
            let index = roster.iter().position(|code| code.as_str() == team);
            let index = index.and_then(|index| u16::try_from(index).ok());
            index.ok_or_else(|| refused(format!("for the team {team}, which is not in the roster")))
        };
        Ok(Given { ticket: Ticket(line.into()), team: says.team.map(index).transpose()? })
    };
    lines(text).map(given).collect()
}

/// The one ticket in `text`.
pub(super) fn display(text: &str, event: &EventId, now_s: u64) -> Result<Ticket, TicketsError> {
    let refused = |line, why| TicketsError::Line { flag: "display-ticket", line, why };
    let mut lines = lines(text);
    let (at, line) = lines.next().ok_or_else(|| refused(1, "there is no ticket".to_owned()))?;
    if let Some((second, _)) = lines.next() {
        return Err(refused(second + 1, "one ticket is enough".to_owned()));
    }
    read_for(line, event, &["display", "operator"], now_s).map_err(|why| refused(at + 1, why))?;
    Ok(Ticket(line.into()))
}

/// Lines with something on them, and their places.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty())
}

/// What a ticket says, or why it will not do for one of these roles.
fn read_for(ticket: &str, event: &EventId, roles: &[&str], now_s: u64) -> Result<Says, String> {
    let says = says(ticket).ok_or("this is no ticket")?;
    if says.event != event.as_str() {
        return Err(format!("for the event {:?}, and --event is {event}", says.event));
    }
    if !roles.contains(&says.role.as_str()) {
        return Err(format!("for the role {:?}, and a {} is needed", says.role, roles[0]));
    }
    if says.exp <= now_s {
        return Err(format!("expired {} s ago", now_s - says.exp));
    }
    Ok(says)
}

/// Without its key nobody can tell whether it is a good one; the server will.
fn says(ticket: &str) -> Option<Says> {
    let bytes = BASE64URL_NOPAD.decode(ticket.as_bytes()).ok().filter(|_| ticket.len() <= CHARACTERS_MAX)?;
    let (signed, _) = bytes.split_last_chunk::<TAG_BYTES>()?;
    let (&id_length, rest) = signed.split_first()?;
    serde_json::from_slice(rest.get(usize::from(id_length)..)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(says: &str) -> String {
        let bytes = [&[1, b'k'][..], says.as_bytes(), &[0; TAG_BYTES]].concat();
        BASE64URL_NOPAD.encode(&bytes)
    }

    fn read(text: &str) -> Result<Vec<Given>, TicketsError> {
        fans(text, &"final".parse().unwrap(), &["JPN".parse().unwrap(), "BRA".parse().unwrap()], 1_000)
    }

    #[test]
    fn fans_have_the_tickets_in_order_and_those_of_one_team_cheer_for_it() {
        let any = ticket(r#"{"event":"final","role":"fan","fan":"a","exp":1001}"#);
        let one = ticket(r#"{"event":"final","role":"fan","fan":"b","team":"BRA","exp":1001}"#);
        let given = read(&format!("{any}\n\n  {one}\r\n")).unwrap();
        assert_eq!(given.iter().map(|given| given.team).collect::<Vec<_>>(), [None, Some(1)]);
        assert_eq!((&*given[0].ticket.0, &*given[1].ticket.0), (&*any, &*one));
    }

    #[test]
    fn what_will_not_do_is_told_with_its_line_and_never_shown() {
        let good = ticket(r#"{"event":"final","role":"fan","fan":"a","exp":1001}"#);
        for (says, why) in [
            (r#"{"event":"semi","role":"fan","fan":"a","exp":1001}"#, "for the event \"semi\""),
            (r#"{"event":"final","role":"display","id":"a","exp":1001}"#, "for the role \"display\""),
            (r#"{"event":"final","role":"fan","fan":"a","exp":1000}"#, "expired 0 s ago"),
            (r#"{"event":"final","role":"fan","fan":"a","team":"FRA","exp":1001}"#, "team FRA"),
            ("[]", "no ticket"),
        ] {
            let bad = ticket(says);
            let error = read(&format!("{good}\n{bad}\n")).unwrap_err().to_string();
            assert!(error.starts_with("--tickets, line 2: ") && error.contains(why), "{error}");
            assert!(!error.contains(&bad[..20]), "{error}");
        }
        for text in ["hunter2", &"A".repeat(2_000), "AAAA"] {
            let error = read(text).unwrap_err().to_string();
            assert_eq!(error, "--tickets, line 1: this is no ticket");
        }
    }

    #[test]
    fn a_display_shows_one_ticket() {
        let event = "final".parse().unwrap();
        let one = ticket(r#"{"event":"final","role":"display","id":"a","exp":1001}"#);
        assert_eq!(&*display(&format!("{one}\n"), &event, 1_000).unwrap().0, &*one);
        for text in [String::new(), format!("{one}\n{one}")] {
            assert!(matches!(display(&text, &event, 1_000), Err(TicketsError::Line { .. })));
        }
    }
}
