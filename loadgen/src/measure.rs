//! How long everything took: the crowd's taps and beats, the display feed, and this program itself.

pub(crate) mod spans;
pub(crate) mod feed;
pub(crate) mod watch;
pub(crate) mod display;
pub(crate) mod latency;
pub(crate) mod stretches;
pub(crate) mod timeline;
pub(crate) mod watchdog;
pub(crate) mod vitals;
pub(crate) mod cpu;
