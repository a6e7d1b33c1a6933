//! The final tally, from the tap to a file that somebody checks without the service.

use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use hyper::{Method, StatusCode};
use tempfile::TempDir;

use crate::harness::{Display, Fan, Page, Server, Setup, get, request, run_to_end, until};

async fn turn(server: &Server, step: &str) {
    let page = request(server.admin, Method::POST, &format!("/v1/events/demo/{step}"), &[]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
}

async fn ask(server: &Server) -> Page {
    get(server.fans, "/v1/events/demo/tally").await
}

/// The tally, once it stands.
async fn stands(server: &Server) -> String {
    until("the tally stands", async || {
        let page = ask(server).await;
        (page.status == StatusCode::OK).then(|| page.text())
    })
    .await
}

/// Checks `text` as a file, with these flags.
async fn verify(text: &str, flags: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tally.json");
    std::fs::write(&file, text).unwrap();
    let mut command = Setup::plain().command();
    run_to_end(command.arg("verify-tally").arg(file).args(flags)).await
}

async fn code(text: &str, flags: &[&str]) -> Option<i32> {
    verify(text, flags).await.status.code()
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap()
}

#[tokio::test]
async fn what_an_operator_closed_anybody_can_check_and_nobody_can_change() {
    let setup = Setup::ten_teams().kept();
    let server = setup.start().await;
    let mut fan = Fan::join(&server).await;
    fan.cheer(&[(0, 7), (3, 12)]).await;
    Display::watch(&server).await.until_total(19).await;
    assert_eq!(ask(&server).await.status, StatusCode::NOT_FOUND, "not while it is open");
    turn(&server, "close").await;
    assert_eq!(ask(&server).await.status, StatusCode::NOT_FOUND, "nor while taps are under way");
    let text = stands(&server).await;
    let tally: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (tally["event"].as_str(), tally["run"].as_u64(), tally["total"].as_u64()),
        (Some("demo"), Some(1), Some(19))
    );
    let row = |at: usize| (tally["teams"][at]["code"].as_str().unwrap(), tally["teams"][at]["total"].as_u64().unwrap());
    assert_eq!((tally["teams"].as_array().unwrap().len(), row(0), row(3)), (10, ("T0", 7), ("T3", 12)));
    assert_eq!(tally["limits"]["taps_per_second"], 16);

    // The key as its owner publishes it, from the same configuration.
    let printed = run_to_end(setup.command().arg("tally-key")).await;
    let key = said(&printed).trim().to_owned();
    assert_eq!((printed.status.code(), tally["key"].as_str()), (Some(0), Some(&*key)));
    let good = verify(&text, &["--key", &key]).await;
    assert_eq!(good.status.code(), Some(0), "{}", said(&good));
    assert!(said(&good).contains("event demo, run 1: 19 taps for 10 teams"), "{}", said(&good));
    assert_eq!(code(&text, &[]).await, Some(0));

    let other = TempDir::new().unwrap();
    let other_file = other.path().join("other.key");
    let printed = run_to_end(Setup::plain().command().arg("tally-key").arg(&other_file)).await;
    let other_key = said(&printed).trim().to_owned();
    assert_eq!(std::fs::metadata(&other_file).unwrap().permissions().mode() & 0o777, 0o600);
    for (changed, flags, expected) in [
        (text.replace("\"total\":12", "\"total\":13"), &[][..], 1),
        (text.replace("\"total\":12", "\"total\":13").replace("\"total\":19", "\"total\":20"), &[], 1),
        (text.replace("\"T3\"", "\"\"").replace("\"T5\"", "\"T3\"").replace("\"\"", "\"T5\""), &[], 1),
        (text.replace("\"taps_per_second\":16", "\"taps_per_second\":15"), &[], 1),
        (text.replace(&key, &other_key), &[], 1),
        (text.replace("\"rehearsal\":false", "\"rehearsal\":true"), &[], 1),
        (text.clone(), &["--key", &other_key], 1),
        (text[..text.len() - 3].to_owned(), &[], 65),
        (String::new(), &[], 65),
        (text.replacen('{', "{\"winner\":\"T0\",", 1), &[], 65),
        (text.clone(), &["--key", "00"], 64),
    ] {
        let output = verify(&changed, flags).await;
        assert_eq!(output.status.code(), Some(expected), "{changed} {flags:?}: {}", said(&output));
    }
    let missing = run_to_end(Setup::plain().command().args(["verify-tally", "/no/such/tally"])).await;
    assert_eq!(missing.status.code(), Some(66));

    // Another life of the gateway says the same, to the last digit of the signature.
    server.kill().await;
    let server = setup.start().await;
    assert_eq!(stands(&server).await, text);
    // What is opened again has no tally, and its next one is another run's.
    turn(&server, "open").await;
    until("the open run is shown", async || (ask(&server).await.status == StatusCode::NOT_FOUND).then_some(())).await;
    turn(&server, "close").await;
    let next: serde_json::Value = serde_json::from_str(&stands(&server).await).unwrap();
    assert_eq!((next["run"].as_u64(), next["total"].as_u64()), (Some(2), Some(0)));
}

#[tokio::test]
async fn without_a_key_a_tally_says_that_it_is_not_signed() {
    let server = Setup::ten_teams().start().await;
    turn(&server, "close").await;
    let text = stands(&server).await;
    let tally: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&tally["key"], &tally["signature"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert!(tally["unsigned"].as_str().unwrap().contains("tally.key_file"), "{tally}");
    let doubted = verify(&text, &[]).await;
    assert_eq!(doubted.status.code(), Some(1), "{}", said(&doubted));
    assert!(said(&doubted).contains("not signed"), "{}", said(&doubted));
}

#[tokio::test]
async fn a_key_that_cannot_be_used_keeps_the_service_from_starting() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tally.key");
    let check =
        async || run_to_end(Setup::plain().set("tally.key_file", file.display()).command().arg("--check-config")).await;
    let missing = check().await;
    assert_eq!(missing.status.code(), Some(64));
    assert!(said(&missing).contains("tally.key_file: "), "{}", said(&missing));
    run_to_end(Setup::plain().command().arg("tally-key").arg(&file)).await;
    assert_eq!(check().await.status.code(), Some(0));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(check().await.status.code(), Some(64), "everybody on the machine could sign");
}
