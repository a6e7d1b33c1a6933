//! What the fuzzers claim about the wire, one function each: it takes any bytes, and panics where its claim does not hold.
//!
//! Here, and not in the fuzz targets, so that an ordinary test can make the same claims without a fuzzer.

mod client_frame;
mod json;
mod scan;
mod server_frame;

pub use client_frame::client_frame;
pub use json::json;
pub use scan::scan;
pub use server_frame::server_frame;
