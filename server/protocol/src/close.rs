//! Why a WebSocket was closed, and whether coming back makes sense.

/// A close code of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The peer is done.
    Normal = 1000,
    /// The bytes were not WebSocket as RFC 6455 has it.
    ProtocolError = 1002,
    /// Text on a binary connection or the other way round.
    WrongKind = 1003,
    /// Text that is not UTF-8, or not JSON at all.
    BadText = 1007,
    /// More bytes or control frames than the server allows.
    TooMuch = 1008,
    /// A message over [`crate::FAN_MESSAGE_BYTES_MAX`].
    TooLong = 1009,
    /// This gateway restarts; the reason says when to come back.
    Restart = 1012,
    /// Overloaded; the reason says when to come back.
    Overloaded = 1013,
    /// The ticket expired: get a new one.
    TicketExpired = 4401,
    /// The client does not read what it is sent.
    TooSlow = 4408,
    /// More frames a second than the server allows.
    TooManyFrames = 4429,
    /// A message that is well formed as WebSocket but not as this contract.
    Malformed = 4500,
    /// The ticket was never valid.
    TicketInvalid = 4501,
    /// This origin, event or role is not for this client.
    NotAllowed = 4503,
    /// There is no event of that name.
    NoSuchEvent = 4504,
    /// The session was opened on another socket.
    SessionTaken = 4509,
    /// The event has closed; the final tally was sent.
    EventClosed = 4510,
}

impl CloseCode {
    /// The code as it travels in the close frame.
    pub fn as_u16(self) -> u16 {
        self as u16
    }

    /// Whether a client that receives `code` should reconnect (with backoff), for any code, listed here or not.
    pub fn invites_reconnect(code: u16) -> bool {
        !matches!(code, 1000 | 1002 | 1003 | 1007 | 1009 | 4500..=4999)
    }

    /// The reason that goes with [`CloseCode::Restart`] and [`CloseCode::Overloaded`].
    pub fn retry_reason(retry_ms: u32) -> String {
        format!("{{\"retry_ms\":{retry_ms}}}")
    }
}
