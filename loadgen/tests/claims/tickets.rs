//! Tickets, at a server that asks for them: made here or by the site, shown to the server and to nobody else.

use crate::load::beat_load_with;
use crate::server::Server;

const SECRET: &str = "only the server and the site know this";
const CONFIG: &str = "[tickets]\nkeys = [{ id = '1', secret_file = 'ticket.key' }]\n\
    [[events]]\nid = 'demo'\nname = 'Demo'\nteams = [\
    { code = 'JPN', name = 'Japan' }, { code = 'BRA', name = 'Brazil' }, { code = 'FRA', name = 'France' }]\n";

fn server() -> Server {
    Server::start(CONFIG, &[("ticket.key", SECRET), ("other.key", "another secret, which the server has not")])
}

/// Tickets of so many fans, as the server's own command makes them, in the file `tickets` beside the configuration.
fn given(server: &Server, fans: u32, more: &[&str]) -> Vec<String> {
    let words = ["ticket", "--config", "beat.toml", "--event", "demo", "--role", "fan", "--for", "1h"];
    let one = |fan: u32| server.says(&[&words[..], &["--fan", &format!("u-{fan}")], more].concat());
    let tickets: Vec<String> = (0..fans).map(one).collect();
    std::fs::write(server.file("tickets"), tickets.join("\n")).unwrap();
    tickets
}

/// Whether there is a ticket for this event in it, whoever made it: `event":"demo` in base64url, from each bit it may begin
/// at.
fn holds_a_ticket(text: &str) -> bool {
    ["ZXZlbnQiOiJkZW1v", "V2ZW50IjoiZGVtb", "dmVudCI6ImRlbW"].iter().any(|part| text.contains(part))
}

#[test]
fn with_a_key_each_fan_of_each_process_has_a_ticket_and_so_have_those_that_misbehave() {
    let server = server();
    let key = format!("1:{}", server.file("ticket.key"));
    // Eight connections are what one fan may have: were the fans of both processes the same, half would be refused.
    let words = ["-c", "60", "-q", "120", "--procs", "2", "--garbage", "2", "--slow-readers", "2", "--bots", "1"];
    let ran = server.load(&[&words[..], &["--ticket-key", &key]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert!(ran.says("60 of 60 open"), "{}", ran.report);
    assert!(ran.says("tickets  one a fan, made with key 1, each for 2h; 0 expired"), "{}", ran.report);
    assert!(ran.says("RECONCILED"), "{}", ran.report);
}

#[test]
fn a_fan_whose_ticket_has_expired_gets_the_next_and_loses_nothing() {
    let server = server();
    let key = format!("1:{}", server.file("ticket.key"));
    let storm =
        ["-c", "40", "-q", "80", "-z", "4s", "--storm", "at=3s,lasts=1s", "--ticket-for", "1s", "--settle", "10s"];
    let ran = server.load(&[&storm[..], &["--ticket-key", &key]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert_eq!(ran.closes(4401), 40, "{}", ran.report);
    assert!(ran.says("each for 1s; 40 expired and were renewed"), "{}", ran.report);
    assert!(ran.says("RECONCILED") && !ran.says("errors, by whose fault"), "{}", ran.report);
}

#[test]
fn connections_that_are_ended_after_their_tickets_come_back_with_the_next_the_watched_feed_too() {
    let config = CONFIG.replacen("[tickets]", "[tickets]\noutlive_ms = 0", 1);
    let server = Server::start(&config, &[("ticket.key", SECRET)]);
    let key = format!("1:{}", server.file("ticket.key"));
    let words = ["-c", "40", "-q", "80", "-z", "9s", "--ticket-for", "2s", "--settle", "10s", "--ticket-key", &key];
    let ran = server.load(&words);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert!(ran.closes(4401) >= 40, "{}", ran.report);
    assert!(ran.says("RECONCILED") && !ran.says("errors, by whose fault"), "{}", ran.report);
}

#[test]
fn tickets_of_the_site_are_given_to_the_fans_in_order_and_bind_them_to_their_team() {
    let server = server();
    given(&server, 20, &["--team", "FRA"]);
    let display =
        server.says(&["ticket", "--config", "beat.toml", "--event", "demo", "--role", "display", "--id", "wall"]);
    std::fs::write(server.file("display"), display).unwrap();
    let (tickets, display) = (server.file("tickets"), server.file("display"));
    let ran = server.load(&["-c", "20", "-q", "40", "--tickets", &tickets, "--display-ticket", &display]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    let (all, of_team) = (ran.books("all"), ran.books("FRA"));
    assert!(all[0] > 40 && all[2] == all[0], "nothing was shadowed\n{}", ran.report);
    assert_eq!(all, of_team, "{}", ran.report);
}

#[test]
fn tickets_that_will_not_do_are_refused_before_anybody_connects_and_the_answer_says_what_would() {
    let server = server();
    let shown = given(&server, 3, &[]);
    let (tickets, other) = (server.file("tickets"), format!("1:{}", server.file("other.key")));
    let unknown = format!("9:{}", server.file("ticket.key"));
    let good = format!("1:{}", server.file("ticket.key"));
    let none = format!("1:{SECRET}");
    for (words, why) in [
        (&["-c", "5", "--tickets", &tickets][..], "3 lines with a ticket, and 5 are needed"),
        (&["-c", "2", "--bots", "2", "--tickets", &tickets], "4 are needed: 2 fans and 2 that misbehave"),
        (&["-c", "2", "--tickets", &tickets], "the display feed was closed with 4501, ticket invalid; --ticket-key"),
        (&["-c", "2"], "4501, ticket invalid; --ticket-key ID:FILE"),
        (&["-c", "2", "--ticket-key", &other], "closed with 4501"),
        (&["-c", "2", "--ticket-key", &unknown], "closed with 4501"),
        (&["-c", "2", "--ticket-key", &none], "--ticket-key: the file cannot be read"),
        (&["-c", "2", "--display-ticket", &shown[0]], "--display-ticket: the file cannot be read"),
        (&["-c", "2", "--ticket-key", &good, "--display-ticket", &tickets], "--display-ticket, line 2: one ticket"),
    ] {
        let ran = server.load(words);
        assert_eq!(ran.code, 3, "{words:?}: {}", ran.errors);
        assert!(ran.errors.contains(why), "{words:?}: {}", ran.errors);
        assert!(!ran.errors.contains(SECRET) && !shown.iter().any(|one| ran.errors.contains(one)), "{}", ran.errors);
    }
}

#[test]
fn no_secret_and_no_ticket_stands_in_anything_that_is_written() {
    let server = server();
    assert!(given(&server, 4, &[]).iter().all(|ticket| holds_a_ticket(ticket)));
    let files = ["run.json", "run.csv", "run.html", "run.txt", "run.hdr"].map(|name| server.file(name));
    let (key, tickets) = (format!("1:{}", server.file("ticket.key")), server.file("tickets"));
    let out: Vec<&str> = files.iter().flat_map(|file| ["-o", file]).collect();
    let display =
        server.says(&["ticket", "--config", "beat.toml", "--event", "demo", "--role", "display", "--id", "wall"]);
    std::fs::write(server.file("display"), display).unwrap();
    let display_file = server.file("display");
    for with in [&["--ticket-key", &key][..], &["--tickets", &tickets, "--display-ticket", &display_file]] {
        let ran = server.load(&[&["-c", "4", "-q", "8"], with, &out].concat());
        assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
        let written = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
        for text in written.chain([ran.report, ran.errors]) {
            assert!(!text.contains(SECRET), "{text}");
            assert!(!holds_a_ticket(&text), "{text}");
        }
    }
}

#[test]
fn a_probe_and_a_look_into_the_books_show_tickets_too() {
    let server = server();
    let (url, key) = (server.fans.replacen("http", "ws", 1), format!("1:{}", server.file("ticket.key")));
    let ran = beat_load_with(&["probe", "--url", &url, "--ticket-key", &key]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    let ran = beat_load_with(&["probe", "--url", &url]);
    assert_eq!(ran.code, 3, "{}", ran.report);
    assert!(ran.errors.contains("4501, ticket invalid; --ticket-key ID:FILE"), "{}", ran.errors);
    let books = ["verify", "--url", &url, "--admin", &server.admin, "--lag", "300ms"];
    let ran = beat_load_with(&[&books[..], &["--ticket-key", &key]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    let ran = beat_load_with(&books);
    assert_eq!(ran.code, 3, "{}", ran.report);
    assert!(ran.errors.contains("--display-ticket FILE"), "{}", ran.errors);
}

#[test]
fn a_plan_says_where_the_tickets_come_from() {
    let ran = beat_load_with(&["plan", "-c", "10", "--teams", "3", "--ticket-key", "1:nowhere", "--ticket-for", "10m"]);
    assert_eq!(ran.code, 0, "{}", ran.errors);
    assert!(ran.says("tickets   one a fan, made with key 1, each for 10m"), "{}", ran.report);
}
