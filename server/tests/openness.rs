//! What is open to others is so because somebody said so, and operators say who they are.

use std::os::unix::fs::PermissionsExt;

use beat_core::{Ticket, TicketKey, TicketRole};
use hyper::Method;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::process::Command;

use crate::harness::{Raw, Setup, request, run_to_end, until, within};

const SECRET: &str = "a secret of the claims, 32 characters long";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Exit code, and what was said on stderr and stdout.
async fn ended(command: &mut Command) -> (Option<i32>, String, String) {
    let output = run_to_end(command).await;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stderr), text(output.stdout))
}

fn beat_server(folder: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beat-server"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(folder).args(args);
    command
}

/// The indented blocks of a refusal: what it tells to write.
fn blocks(refusal: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in refusal.lines() {
        match (line.strip_prefix("    "), blocks.last_mut().unwrap()) {
            (Some(code), block) => block.extend([code, "\n"]),
            (None, block) if !block.is_empty() => blocks.push(String::new()),
            _ => {}
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

#[tokio::test]
async fn who_listens_beyond_loopback_is_told_what_to_write_and_that_is_enough() {
    let folder = tempfile::TempDir::new().unwrap();
    let toml = folder.path().join("beat.toml");
    let start =
        |args: &[&str]| beat_server(folder.path(), &[&["--config", "beat.toml", "--check-config"], args].concat());
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.7:8080"] {
        std::fs::write(&toml, "").unwrap();
        let (code, said, _) = ended(&mut start(&["--listen", address])).await;
        assert_eq!(code, Some(64), "{said}");
        let blocks = blocks(&said);
        assert_eq!(blocks.len(), 2, "{said}");
        assert!(blocks[0].contains("keys") && blocks[1].contains("anonymous"), "{said}");
        std::fs::write(folder.path().join("ticket.key"), SECRET).unwrap();
        for block in blocks {
            std::fs::write(&toml, block).unwrap();
            let (code, said, _) = ended(&mut start(&["--listen", address])).await;
            assert_eq!(code, Some(0), "{said}");
        }
    }
    std::fs::write(&toml, "").unwrap();
    let (code, ..) = ended(start(&["--listen", "0.0.0.0:0"]).env("BEAT_TICKETS_ANONYMOUS", "true")).await;
    assert_eq!(code, Some(0));
    // One event that is forgotten is enough to refuse.
    let events = "[[events]]\nid = 'a'\nname = 'A'\nanonymous = true\n[[events]]\nid = 'b'\nname = 'B'\n";
    std::fs::write(&toml, events).unwrap();
    let (code, said, _) = ended(&mut start(&["--listen", "0.0.0.0:0"])).await;
    assert!(code == Some(64) && said.contains("at b"), "{said}");

    std::fs::write(&toml, "").unwrap();
    let (code, said, _) = ended(&mut start(&["--admin", "0.0.0.0:9600"])).await;
    assert_eq!(code, Some(64), "{said}");
    std::fs::write(folder.path().join("admin.token"), TOKEN).unwrap();
    std::fs::write(&toml, &blocks(&said)[0]).unwrap();
    let (code, said, _) = ended(&mut start(&["--admin", "0.0.0.0:9600"])).await;
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn it_does_not_start_where_it_would_refuse() {
    let mut command = beat_server(std::path::Path::new("/"), &["--listen", "0.0.0.0:0", "--store", "memory"]);
    let (code, said, printed) = ended(&mut command).await;
    assert_eq!((code, printed.as_str()), (Some(64), ""), "{said}");
}

#[tokio::test]
async fn operators_say_who_they_are() {
    let config = format!(
        "admin_token_file = 'admin.token'\ntickets.keys = [{{ id = 'k', secret = '{SECRET}' }}]\ntickets.anonymous = true\n\
         [[events]]\nid = 'demo'\nname = 'Demo'\n[[events]]\nid = 'other'\nname = 'Other'\n"
    );
    let server = Setup::plain().beside("admin.token", &format!("{TOKEN}\n")).file(&config).start().await;
    let status = async |method: Method, path: &str, headers: &[(&str, &str)]| {
        request(server.admin, method, path, headers).await.status.as_u16()
    };
    let token = format!("Bearer {TOKEN}");
    let operator = |role| {
        let ticket = Ticket {
            event: "demo".parse().unwrap(),
            role,
            fan: None,
            id: Some("ops".into()),
            team: None,
            not_before_s: None,
            expires_s: u64::MAX,
        };
        format!("Bearer {}", TicketKey::new("k", SECRET).unwrap().sign(&ticket))
    };
    let (ticket, display) = (operator(TicketRole::Operator), operator(TicketRole::Display));
    for path in ["/healthz", "/readyz"] {
        assert_eq!(status(Method::GET, path, &[]).await, 200);
    }
    for (said, expected) in [
        (None, 401),
        (Some("Bearer wrong"), 401),
        (Some(TOKEN), 401),
        (Some(display.as_str()), 401),
        (Some(ticket.as_str()), 401),
        (Some(token.as_str()), 200),
    ] {
        let headers: Vec<_> = said.map(|said| ("authorization", said)).into_iter().collect();
        assert_eq!(status(Method::GET, "/metrics", &headers).await, expected, "{said:?}");
    }
    let exclude = async |event: &str, said: &str| {
        let path = format!("/v1/events/{event}/exclude?fan=a&why=x");
        status(Method::POST, &path, &[("authorization", said)]).await
    };
    assert_eq!([exclude("demo", &display).await, exclude("other", &ticket).await], [401, 401]);
    assert_eq!([exclude("demo", &ticket).await, exclude("other", &token).await], [200, 200]);
    until("the log says who", async || {
        let log = server.log();
        ["who=\"ticket ops\"", "who=\"token\""].iter().all(|who| log.contains(who)).then_some(())
    })
    .await;
    let close = async |event: &str, said: &str| {
        status(Method::POST, &format!("/v1/events/{event}/close"), &[("authorization", said)]).await
    };
    assert_eq!(close("demo", "Bearer wrong").await, 401);
    assert_eq!(close("demo", &display).await, 401);
    assert_eq!(close("other", &ticket).await, 401);
    assert_eq!(close("nope", &ticket).await, 401);
    assert_eq!(close("demo", &ticket).await, 200);
    assert_eq!(close("other", &token).await, 200);
}

#[tokio::test]
async fn a_page_cannot_close_an_event_from_an_operator_s_browser() {
    let server = Setup::plain().start().await;
    let page = [("origin", "https://evil.example")];
    for (method, path) in [(Method::POST, "/v1/events/demo/close"), (Method::GET, "/metrics")] {
        assert_eq!(request(server.admin, method, path, &page).await.status.as_u16(), 403, "{path}");
    }
    assert_eq!(request(server.fans, Method::GET, "/v1/events/demo", &[]).await.json()["state"], "open");
}

#[tokio::test]
async fn operators_may_come_in_by_a_file_that_only_their_user_opens() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("admin.sock");
    let admin = format!("unix:{}", path.display());
    let flags = ["--listen", "127.0.0.1:0", "--store", "memory", "--admin", &admin];
    for _ in 0..2 {
        // The second finds the socket of the first, which was killed.
        let mut command = beat_server(folder.path(), &flags);
        let mut process = command.stdout(std::process::Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        within("the fans' address", lines.next_line()).await.unwrap();
        let line = within("the operators' address", lines.next_line()).await.unwrap().unwrap();
        assert_eq!(line, format!("admin   {admin}"));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let mut socket = UnixStream::connect(&path).await.unwrap();
        socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        within("an answer", socket.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        // One that lives is not pushed aside.
        let (code, said, _) = ended(&mut beat_server(folder.path(), &flags)).await;
        assert!(code == Some(1) && said.contains(&format!("cannot listen on {admin}")), "{said}");
        process.kill().await.unwrap();
    }
    // Nor is what is no socket.
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "something else").unwrap();
    assert_eq!(ended(&mut beat_server(folder.path(), &flags)).await.0, Some(1));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "something else");
}

#[tokio::test]
async fn a_request_for_another_host_is_misdirected() {
    let server = Setup::plain().set("hosts", "cheer.example,[::1]:8080").start().await;
    for (lines, expected) in [
        ("host: cheer.example\r\n", "200"),
        ("host: Cheer.Example:8443\r\n", "200"),
        ("host: [::1]:8080\r\n", "200"),
        ("host: evil.example\r\n", "421"),
        ("host: 127.0.0.1\r\n", "421"),
        // Not in the middle of an upgrade either.
        ("host: evil.example\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n", "421"),
    ] {
        for path in ["/", "/v1/events", "/v1/events/demo/beat"] {
            let mut raw = Raw::connect(server.fans).await;
            raw.send(format!("GET {path} HTTP/1.1\r\n{lines}\r\n")).await;
            let head = raw.head().await.unwrap();
            assert_eq!(head.split(' ').nth(1), Some(expected), "{path} of {lines:?}: {head}");
        }
    }
}

#[tokio::test]
async fn the_command_line_makes_tickets() {
    let keys = format!("tickets.keys = [{{ id = 'k', secret = '{SECRET}' }}]\n");
    let setup = Setup::ten_teams().beside("beat.toml", &format!("{keys}[[events]]\nid = 'demo'\nname = 'D'\n"));
    let server = setup.start().await;
    let make = async |args: &[&str]| {
        let mut command = setup.command();
        ended(command.arg("ticket").args(args)).await
    };
    let (code, said, ticket) = make(&["--event", "demo", "--role", "fan", "--team", "JPN", "--for", "5m"]).await;
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let line = format!("Sec-WebSocket-Protocol: ticket.{}\r\n", ticket.trim_end());
    let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/demo/ws", &line, b"").await;
    let welcome: serde_json::Value = serde_json::from_slice(&raw.frame().await.unwrap().1).unwrap();
    assert_eq!(welcome["welcome"]["team"], "JPN");

    let (_, _, ticket) = make(&["--event", "demo", "--role", "display"]).await;
    let path = format!("/v1/events/demo/beat?ticket={}", ticket.trim_end());
    assert_eq!(request(server.fans, Method::GET, &path, &[]).await.status.as_u16(), 200);

    for (args, words) in [
        (&["--event", "nope", "--role", "fan"][..], "nope"),
        (&["--event", "demo", "--role", "king"], "fan, display or operator"),
        (&["--event", "demo", "--role", "fan", "--team", "XXX"], "XXX"),
        (&["--event", "demo", "--role", "display", "--team", "JPN"], "--team"),
        (&["--event", "demo", "--role", "fan", "--for", "soon"], "2h"),
        (&["--role", "fan"], "--event"),
    ] {
        let (code, said, printed) = make(args).await;
        assert!(code == Some(64) && said.contains(words) && printed.is_empty(), "{args:?}: {said}");
    }
    let plain = Setup::plain();
    let (code, said, _) = ended(plain.command().args(["ticket", "--event", "demo", "--role", "fan"])).await;
    assert!(code == Some(64) && said.contains("tickets.keys"), "{said}");
}

/// What `docs/tickets.md` shows in that language.
fn example(language: &str) -> String {
    let page = include_str!("../../docs/tickets.md");
    let (_, code) = page.split_once(&format!("```{language}\n")).unwrap();
    code.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_examples_of_other_languages_make_tickets() {
    let config =
        "tickets.keys = [{ id = '1', secret_file = 'ticket.key' }]\n[[events]]\nid = 'final'\nname = 'Final'\n";
    let secret = "c29tZXRoaW5nIHRoYXQgb3BlbnNzbCBjb3VsZCBoYXZlIHNhaWQ=\n";
    let server = Setup::plain().beside("ticket.key", secret).file(config).start().await;
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("ticket.key"), secret).unwrap();
    for (language, program, name) in [("js", "node", "ticket.mjs"), ("python", "python3", "ticket.py")] {
        std::fs::write(folder.path().join(name), example(language)).unwrap();
        let mut command = Command::new(program);
        let (code, said, ticket) = ended(command.current_dir(folder.path()).arg(name)).await;
        assert_eq!(code, Some(0), "{said}");
        let line = format!("Sec-WebSocket-Protocol: cheer.v1, ticket.{}\r\n", ticket.trim_end());
        let mut raw = Raw::connect(server.fans).await.upgrade("/v1/events/final/ws", &line, b"").await;
        let (opcode, body) = raw.frame().await.unwrap();
        assert_eq!(opcode, 1, "{program}: {ticket} is refused: {body:?}");
        let welcome: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(welcome["welcome"]["team"], "JPN");
    }
}
