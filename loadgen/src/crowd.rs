//! The fans, from one's own rules up to the processes that carry them all.
//!
//! `bucket` and `fan` decide what a fan may say and know no socket and no timer; `heard`, `wire`, `dial` and `line` are its way
//! to the server; a `seat` joins the two. A `worker` is a thread full of seats, with their times on its `wheel` and what they
//! did in its `book`; a `crew` is all of them, on threads of this process or in `procs` of their own.

pub(crate) mod bucket;
pub(crate) mod fan;
pub(crate) mod heard;
pub(crate) mod wire;
pub(crate) mod dial;
pub(crate) mod line;
pub(crate) mod sources;
pub(crate) mod seat;
pub(crate) mod book;
pub(crate) mod wheel;
pub(crate) mod worker;
pub(crate) mod crew;
pub(crate) mod procs;
