//! The steps of a tap and of a beat, one by one: `cargo bench -p beat-benches --bench hot_paths`.
//!
//! Each says its throughput, and runs at the sizes with which it grows. What would make one lie is asserted beside it.

mod tap;
mod flush;
mod beat;

criterion::criterion_group!(benches, tap::decode, tap::count, tap::socket, flush::flush, beat::cut, beat::encode);
criterion::criterion_main!(benches);
