#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| beat_checks::roster(bytes));
