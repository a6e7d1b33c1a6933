//! The wire of Make the Beat: bytes and JSON to types, and back.
//!
//! `PROTOCOL.md` beside this crate is the contract; this is its only Rust reading, used by the server and by the load
//! generator alike. It knows no socket, no clock and no roster: a team is an index in a frame and a code in JSON, and
//! whether either exists is for the caller to say.

mod close;
mod event;
mod feed;
mod frame;
mod json;
mod level;
pub mod scan;
pub mod varint;

pub use close::CloseCode;
pub use event::{EventDetail, EventId, EventList, EventState, EventSummary, EventTeams, InvalidId, Team, TeamCode};
pub use feed::{FeedMessage, FeedTeam};
pub use frame::{
    BeatHead, Cadence, ClientFrame, Delta, Flag, Flags, FrameError, Key, RECORDS_MAX, Record, Records, RecordsIn,
    ServerFrame,
};
pub use json::{ByTeam, ClientMessage, JsonError, ServerMessage, Welcome};
pub use level::{level_of, rate_of};
pub use varint::VALUE_MAX;

/// Subprotocol of binary frames; preferred where both are offered.
pub const SUBPROTOCOL_BINARY: &str = "cheer.v1";
/// Subprotocol of JSON text; the same as offering none.
pub const SUBPROTOCOL_JSON: &str = "cheer.v1.json";
/// No message of a fan is longer, in bytes: the longest CHEER is 49, its JSON with eight teams about 200.
pub const FAN_MESSAGE_BYTES_MAX: usize = 256;
