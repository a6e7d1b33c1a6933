//! What the fuzzers claim of bytes from outside, one function each: it takes any bytes, and panics where its claim does not hold.
//!
//! Here, and not in the fuzz targets, so that an ordinary test can make the same claims without a fuzzer.

mod client_frame;
mod config;
mod handshake;
mod json;
mod roster;
mod scan;
mod server_frame;

pub use client_frame::client_frame;
pub use config::config;
pub use handshake::handshake;
pub use json::json;
pub use roster::roster;
pub use scan::scan;
pub use server_frame::server_frame;
