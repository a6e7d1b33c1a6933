//! A configuration that cannot be used is refused by name, with exit code 64; what stands in the way by exit code 1.

use tokio::process::Command;

use crate::harness::{Fan, Setup, get, run_to_end};

/// Exit code and what was said on stderr, which is one line.
async fn refusal(command: &mut Command) -> (Option<i32>, String) {
    let output = run_to_end(command).await;
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

async fn is_refused(setup: &Setup, code: i32, words: &[&str]) {
    let (ended, said) = refusal(&mut setup.command()).await;
    assert_eq!(ended, Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said:?}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

#[tokio::test]
async fn a_bad_file_is_refused_by_key_and_line() {
    for (toml, words) in [
        ("\nshard = 2\n", &["shard", "line 2"][..]),
        ("[limits]\nframes = 2\n", &["frames", "line 2"]),
        ("[limits]\n\nconnections = 'many'\n", &["line 3", "connections"]),
        ("listen = 'localhost'\n", &["line 1", "listen"]),
        ("shards = 0\n", &["line 1"]),
        ("beat.interval_ms = 70\n", &["beat.interval_ms"]),
        ("[drain]\nwindow_ms = -1\n", &["line 2"]),
        ("[[events]]\nid = 'Not an id'\nname = 'x'\n", &["line 2", "Not an id"]),
        ("[[events]]\nid = 'a'\n", &["name"]),
        ("[[events]]\nid = 'a'\nname = 'A'\n[[events]]\nid = 'a'\nname = 'B'\n", &["events[1].id", "twice"]),
        ("[[events]]\nid = 'a'\nname = 'A'\nroster = 'none.csv'\n", &["events[0].roster", "none.csv"]),
        ("[[events]]\nid = 'a'\nname = 'A'\nopens_at = 2028-07-14T19:00:00\n", &["offset"]),
        ("this is no TOML", &["line 1"]),
    ] {
        let setup = Setup::plain().file(toml);
        is_refused(&setup, 64, &[&["beat-server: "], words].concat()).await;
    }
}

#[tokio::test]
async fn a_bad_roster_is_refused_by_its_line() {
    let event = "[[events]]\nid = 'a'\nname = 'A'\nroster = 'a.csv'\n";
    for (roster, words) in [
        ("code,name\nA,Ants\nB B,Bees\n", &["a.csv", "line 3"][..]),
        ("code,name\nA,Ants\nA,Apes\n", &["A stands twice"]),
        ("code,title\nA,Ants\n", &["title"]),
        ("", &["a.csv"]),
    ] {
        is_refused(&Setup::plain().file(event).beside("a.csv", roster), 64, words).await;
    }
}

#[tokio::test]
async fn a_bad_variable_is_refused_by_its_name() {
    for (name, value, words) in [
        ("BEAT_SHARD", "2", &["BEAT_SHARD: ", "BEAT_SHARDS"][..]),
        ("BEAT_LIMITS_FRAMES_BURST", "lots", &["BEAT_LIMITS_FRAMES_BURST: ", "lots"]),
        ("BEAT_LIMITS_FRAMES_BURST", "0", &["limits.frames_burst"]),
        ("BEAT_LISTEN", "8080", &["BEAT_LISTEN: "]),
        ("BEAT_LOG", "beat=loud", &["log"]),
        ("BEAT_CONFIG", "/nowhere/beat.toml", &["/nowhere/beat.toml"]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beat-server"));
        let (code, said) = refusal(command.env_clear().env(name, value)).await;
        assert_eq!(code, Some(64), "{name}={value}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said:?}");
    }
}

#[tokio::test]
async fn a_bad_flag_is_refused_by_its_name() {
    for (flags, words) in [
        (&["--shards", "0"][..], &["--shards: "][..]),
        (&["--listen", "nowhere"], &["--listen: "]),
        (&["--store", "mysql://host"], &["--store: ", "embedded:PATH"]),
        (&["--store", "redis://"], &["--store: ", "host"]),
        (&["--store", "redis+sentinel://h1:26379"], &["--store: ", "service"]),
        (&["--shart", "1"], &["--shart"]),
        (&["more"], &["more"]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beat-server"));
        let (code, said) = refusal(command.env_clear().args(flags)).await;
        assert_eq!(code, Some(64), "{flags:?}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said:?}");
    }
}

#[tokio::test]
async fn a_password_is_never_repeated() {
    // Nobody listens on port 1, and the other is no store at all.
    for (store, expected) in [("redis://fan:s3cret@127.0.0.1:1/", 1), ("postgres://fan:s3cret@127.0.0.1/", 64)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beat-server"));
        let (code, said) = refusal(command.env_clear().args(["--store", store])).await;
        assert_eq!(code, Some(expected), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[tokio::test]
async fn what_does_not_concern_us_in_the_environment_is_left_alone() {
    use std::os::unix::ffi::OsStrExt;

    let no_text = std::ffi::OsStr::from_bytes(b"\xff\xfe");
    let mut command = Setup::plain().command();
    let output = run_to_end(command.env("ODD", no_text).env(no_text, "x").arg("--check-config")).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn the_example_file_is_a_good_configuration() {
    let example = include_str!("../beat.example.toml");
    let output = run_to_end(Setup::plain().file(example).command().arg("--check-config")).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "the configuration is good\n");
}

#[tokio::test]
async fn help_and_version_go_to_stdout() {
    for (flag, word) in [("--help", "--check-config"), ("--version", "beat-server ")] {
        let output = run_to_end(Command::new(env!("CARGO_BIN_EXE_beat-server")).env_clear().arg(flag)).await;
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
        assert!(String::from_utf8(output.stdout).unwrap().contains(word));
    }
}

#[tokio::test]
async fn flags_stand_over_the_environment_and_that_over_the_file() {
    let setup =
        Setup::plain().file("shards = 3\nbeat.interval_ms = 200\nbeat.cadence_ms = 500\n[limits]\ntaps_burst = 99");
    let server = setup.set("shards", 2).set("beat.interval_ms", 50).start().await;
    let mut fan = Fan::join(&server).await;
    assert_eq!(fan.welcome.beat_ms, 50, "the environment stands over the file");
    assert_eq!(fan.beat().await.cadence_ms, 500, "the file stands over the defaults");
    let metrics = get(server.admin, "/metrics").await.text();
    assert!(metrics.contains("shard=\"1\"") && !metrics.contains("shard=\"2\""), "two shards");
    // Every start of these tests gives the addresses as flags.
    assert_ne!(server.fans.port(), 8080);
}

#[tokio::test]
async fn a_folder_in_use_is_refused() {
    let setup = Setup::ten_teams().kept();
    let server = setup.start().await;
    is_refused(&setup, 1, &["beat-server: ", "in use"]).await;
    drop(Fan::join(&server).await);
}

#[tokio::test]
async fn a_port_in_use_is_refused() {
    let server = Setup::ten_teams().shards(2).start().await;
    for (flag, address) in [("--listen", server.fans), ("--admin", server.admin)] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beat-server"));
        let free = if flag == "--listen" { "--admin" } else { "--listen" };
        command.env_clear().args(["--store", "memory", free, "127.0.0.1:0", flag, &address.to_string()]);
        let (code, said) = refusal(&mut command).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
    }
}
