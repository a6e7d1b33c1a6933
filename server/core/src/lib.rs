//! The rules of Make the Beat: what of a tap counts, how totals join, what a beat says and who gets it when.
//!
//! The way of a tap: a [`Session`] judges it by its [`Rate`] and the marks, a shard's [`Tally`] counts it, gateways say
//! their [`Totals`], an [`Ensemble`] hears them all and cuts the [`Beat`], a fan gets it when it is its [`Turn`]. An
//! [`Opening`] says whether taps count at all, a [`Ticket`] who may tap.
//!
//! Nothing here knows a socket, a store, a clock, a thread or a roster: time is an argument, a team is an index, and
//! what to do about an answer is for the caller to decide.

mod attendance;
mod beat;
mod bucket;
mod cadence;
mod ensemble;
mod incarnation;
mod intensity;
mod marks;
mod opening;
mod election;
mod rates;
mod session;
mod tally;
mod ticket;
mod totals;
mod turn;

pub use attendance::{Attendance, WINDOW_MS, Window};
pub use beat::Beat;
pub use bucket::{Bucket, Rate, SharedBucket};
pub use cadence::cadence_for;
pub use election::{Duty, Election, SILENCES};
pub use ensemble::Ensemble;
pub use incarnation::{Incarnation, InvalidIncarnation};
pub use intensity::{SILENT_FANS, intensity};
pub use marks::TEAMS_MAX;
pub use opening::{GRACE_MS, Opening, OpeningError, Phase};
pub use session::{Counting, Session, Verdict};
pub use tally::{Fates, Tally};
pub use ticket::{TICKET_CHARACTERS_MAX, Ticket, TicketError, TicketKey, TicketKeyError, TicketKeys, TicketRole};
pub use totals::Totals;
pub use turn::{BEATS_PER_FAN_FRAME, Turn};
