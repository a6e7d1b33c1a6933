//! The program. Its story stands in lib.rs, where fuzzers find what strangers' bytes meet first, too.

fn main() -> std::process::ExitCode {
    beat_server::main()
}
