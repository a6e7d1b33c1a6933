//! Whose fault an error is.
//!
//! A load test that blames the server for its own lack of ports teaches nothing, and one that calls a refusal by rule an
//! error cries wolf. So every socket that did not come about or did not end in peace is filed under one of four.

use crate::record::Fault;

/// What the operating system says when it is we who have no more: EMFILE, ENFILE, EADDRNOTAVAIL, ENOBUFS, ENOMEM, EAGAIN
/// (of `connect`: no free local port).
const OURS: [i32; 6] = [24, 23, 99, 105, 12, 11];

/// Of a socket that could not be made or used.
pub(crate) fn of_io(error: &std::io::Error) -> Fault {
    match error.raw_os_error() {
        Some(code) if OURS.contains(&code) => Fault::Generator,
        _ => Fault::Server,
    }
}

/// Of a close as it was received. 1006 stands for a socket that broke or fell silent.
pub(crate) fn of_close(code: u16) -> Fault {
    match code {
        // Our own goodbye, answered, and the end of the event, which comes to everybody.
        1000 | 4510 => Fault::Expected,
        // Rules and limits, and a restart that announced itself.
        1008 | 1012 | 1013 | 4401 | 4408 | 4429 | 4501 | 4503 | 4509 => Fault::Policy,
        // The contract says we did wrong. We are an honest client, so the server is mistaken, or we are: either way loud.
        _ => Fault::Server,
    }
}

/// Of a plain answer to a request for an upgrade.
pub(crate) fn of_status(status: u16) -> Fault {
    if matches!(status, 401 | 403 | 429 | 503) { Fault::Policy } else { Fault::Server }
}

/// What a close code means, for people.
pub(crate) fn meaning(code: u16) -> &'static str {
    match code {
        1000 => "normal",
        1002 => "protocol error",
        1003 => "wrong kind of frame",
        1005 => "closed without a code",
        1006 => "broken or silent",
        1007 => "bad text",
        1008 => "rate of bytes or control frames",
        1009 => "message too big",
        1012 => "planned restart",
        1013 => "overloaded",
        4401 => "ticket expired",
        4408 => "too slow to read",
        4429 => "too many frames",
        4500 => "malformed message",
        4501 => "ticket invalid",
        4503 => "not allowed",
        4504 => "no such event",
        4509 => "opened elsewhere",
        4510 => "event closed",
        _ => "",
    }
}

/// What may be done about it on this side, to be put behind the meaning.
pub(crate) fn advice(code: u16) -> &'static str {
    match code {
        4401 => "; is this machine's clock right? --ticket-key ID:FILE makes new ones, --ticket-for says for how long",
        4501 => {
            "; --ticket-key ID:FILE shows tickets of a key of the server's, its id and secret as they stand there; \
             --tickets FILE and --display-ticket FILE show those of the organiser's site"
        }
        4503 => "; tickets are for one --event and one role: fan, or display for the feed",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_out_of_files_or_ports_is_our_own_fault_and_a_refusal_by_rule_nobody_s() {
        for (code, fault) in
            [(24, Fault::Generator), (99, Fault::Generator), (111, Fault::Server), (104, Fault::Server)]
        {
            assert_eq!(of_io(&std::io::Error::from_raw_os_error(code)), fault, "{code}");
        }
        assert_eq!(of_io(&std::io::Error::other("eof")), Fault::Server);
        for (code, fault) in [
            (1000, Fault::Expected),
            (1006, Fault::Server),
            (1013, Fault::Policy),
            (4429, Fault::Policy),
            (4500, Fault::Server),
            (4510, Fault::Expected),
        ] {
            assert_eq!(of_close(code), fault, "{code}");
        }
    }
}
