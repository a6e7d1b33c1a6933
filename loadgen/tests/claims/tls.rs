//! The same over TLS: every tap, every fault, and whom to believe.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::fake::{Fake, Faults};
use crate::load::{Ran, beat_load, beat_load_with};
use crate::refusals::unused_address;
use crate::server::Server;
use crate::sink::Sink;

/// What speaks TLS in front of a server that does not, under a name of its own making.
struct Secured {
    address: SocketAddr,
    /// With `ca.pem`, the certificate that is its own authority.
    folder: TempDir,
}

impl Secured {
    /// In front of `plain`, and called `name`.
    fn before(plain: &str, name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), made.cert.pem()).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (acceptor, plain) = (TlsAcceptor::from(Arc::new(config)), plain.to_owned());
        std::thread::spawn(move || runtime.block_on(serve(listener, acceptor, plain)));
        Self { address, folder }
    }

    fn ca(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }

    fn url(&self) -> String {
        format!("wss://{}", self.address)
    }

    /// `run`, where even the metrics are asked for over TLS.
    fn load(&self, words: &[&str]) -> Ran {
        let (url, admin, ca) = (self.url(), format!("https://{}", self.address), self.ca());
        let all = ["--url", &url, "--admin", &admin, "--ca", &ca, "-z", "2s", "--settle", "3s"];
        beat_load(&[&all[..], words].concat())
    }
}

async fn serve(listener: std::net::TcpListener, acceptor: TlsAcceptor, plain: String) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (acceptor, plain) = (acceptor.clone(), plain.clone());
        tokio::spawn(async move {
            let mut behind = TcpStream::connect(plain).await.unwrap();
            let mut stream = tokio::time::timeout(Duration::from_secs(3), acceptor.accept(stream)).await??;
            copy_bidirectional(&mut stream, &mut behind).await
        });
    }
}

fn fake(faults: Faults) -> (Fake, Secured) {
    let fake = Fake::start(faults);
    let secured = Secured::before(&fake.address.to_string(), "127.0.0.1");
    (fake, secured)
}

/// The crowd of `assert_exact`: sixty fans, 200 taps a second for two seconds.
const CROWD: [&str; 4] = ["-c", "60", "-q", "200"];

#[test]
fn every_tap_arrives_once_over_tls_carried_by_two_processes() {
    let (_fake, secured) = fake(Faults::default());
    let ran = secured.load(&[&CROWD[..], &["--procs", "2"]].concat());
    ran.assert_exact();
    assert!(!ran.says("INSECURE"), "{}", ran.report);
}

#[test]
fn a_server_that_speaks_tls_itself_counts_every_tap_beside_those_that_misbehave() {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let config = "[tls]\ncertificate = 'ca.pem'\nkey = 'key.pem'\n";
    let server =
        Server::start_at("https://127.0.0.1:0", config, &[("ca.pem", certificate.as_str()), ("key.pem", key.as_str())]);
    let ca = server.file("ca.pem");
    let words = ["-c", "60", "-q", "120", "-z", "4s", "--storm", "at=1s,lasts=1s", "--settle", "10s", "--procs", "2"];
    let cohorts = ["--garbage", "7", "--slow-readers", "2", "--half-open", "4", "--flood", "2", "--bots", "1"];
    let ran = server.load(&[&words[..], &cohorts, &["--ca", &ca]].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert!(ran.says("wss://127.0.0.1") && ran.says("RECONCILED  every tap"), "{}", ran.report);
    assert!(ran.says("honest fans  unhurt"), "{}", ran.report);
}

#[test]
fn sockets_cut_and_storms_lose_and_double_nothing_over_tls() {
    let (fake, secured) = fake(Faults { cuts_sockets_for: Some(Duration::from_secs(3)), ..Faults::default() });
    let storm = ["-c", "60", "-q", "100", "-z", "4s", "--storm", "at=1s,lasts=1s", "--settle", "10s"];
    let ran = secured.load(&storm);
    ran.assert_exact();
    assert!(ran.closes(1006) > 100, "{}", ran.report);
    assert_eq!(fake.base_frames(), 0, "who resumes needs no BASE");
}

#[test]
fn a_server_that_falls_silent_behind_tls_is_left_and_nothing_is_lost() {
    let (_fake, secured) = fake(Faults { falls_silent: true, ..Faults::default() });
    let ran = secured.load(&["-c", "60", "-z", "8s", "-q", "50", "--settle", "10s"]);
    ran.assert_exact();
    assert_eq!(ran.closes(1006), 60, "{}", ran.report);
}

#[test]
fn those_that_misbehave_do_so_behind_tls_as_well() {
    let sink = Sink::start(&[]);
    let secured = Secured::before(&sink.address, "127.0.0.1");
    let ran = secured.load(&["-c", "50", "-q", "100", "--garbage", "7", "--slow-readers", "3", "--half-open", "4"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    for words in ["an unmasked frame: closed with 1002", "a request that is none: 400", "honest fans  unhurt"] {
        assert!(ran.says(words), "{words:?} is not in:\n{}", ran.report);
    }
}

#[test]
fn a_certificate_is_believed_only_from_an_authority_that_is_and_for_the_name_that_was_asked() {
    let (fake, secured) = fake(Faults::default());
    let elsewhere = Secured::before(&fake.address.to_string(), "arena.example");
    let (admin, ca, others_ca) = (format!("http://{}", fake.address), secured.ca(), elsewhere.ca());
    let run = |url: &str, words: &[&str]| {
        beat_load(&[&["--url", url, "--admin", &admin, "-c", "5", "-q", "5", "-z", "1s"], words].concat())
    };
    for (url, words) in
        [(secured.url(), &[][..]), (secured.url(), &["--ca", &others_ca]), (elsewhere.url(), &["--ca", &others_ca])]
    {
        let ran = run(&url, words);
        assert_eq!(ran.code, 3, "{words:?}: {}", ran.report);
        assert!(ran.errors.contains("certificate") && ran.errors.contains("--ca FILE"), "{}", ran.errors);
    }
    let ran = run(&secured.url(), &["--ca", &ca]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    let ran = run(&elsewhere.url(), &["--insecure"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert!(ran.says("INSECURE  --insecure: no certificate was looked at"), "{}", ran.report);
}

#[test]
fn a_probe_tells_what_tls_took_and_the_books_are_read_over_it() {
    let sink = Sink::start(&[]);
    let secured = Secured::before(&sink.address, "127.0.0.1");
    let (url, admin, ca) = (secured.url(), format!("https://{}", secured.address), secured.ca());
    let ran = beat_load_with(&["probe", "--url", &url, "--ca", &ca]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
    assert!(ran.says("ms  fan: TLS"), "{}", ran.report);
    let ran = beat_load_with(&["verify", "--url", &url, "--admin", &admin, "--ca", &ca, "--lag", "300ms"]);
    assert_eq!(ran.code, 0, "{}{}", ran.report, ran.errors);
}

#[test]
fn what_is_no_authority_and_where_nobody_speaks_tls_is_told() {
    let (fake, secured) = fake(Faults::default());
    let ran = secured.load(&["--ca", "/nowhere/ca.pem"]);
    assert_eq!(ran.code, 3);
    assert!(ran.errors.contains("--ca /nowhere/ca.pem: "), "{}", ran.errors);
    let ran = beat_load(&["--url", &format!("wss://{}", fake.address)]);
    assert_eq!(ran.code, 3);
    assert!(ran.errors.contains("--url says where"), "{}", ran.errors);
    let ran = beat_load(&["--url", &format!("wss://{}", unused_address())]);
    assert_eq!(ran.code, 3);
}
