use std::os::unix::net::UnixStream;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use rustls::crypto::cipher::{MessageEncrypter, OutboundPlainMessage};
use rustls::crypto::ring;
use rustls::{
    ClientConfig, ClientConnection, ConnectionTrafficSecrets, ContentType, ProtocolVersion, RootCertStore, ServerConfig,
};
use socket2::SockRef;

use super::super::outbox::{Outbox, Wrote};
use super::super::wire::Wire;
use super::*;

/// A client over a socket with room for little.
struct Client {
    tls: ClientConnection,
    socket: UnixStream,
}

fn pair() -> (Wire, Client) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap().der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let mut client = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.enable_secret_extraction = true;
    let server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.serialize_der().try_into().unwrap())
        .unwrap();
    let mut client = ClientConnection::new(client.into(), "localhost".try_into().unwrap()).unwrap();
    let mut server = ServerConnection::new(server.into()).unwrap();
    while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).unwrap();
        }
        server.read_tls(&mut &flight[..]).unwrap();
        server.process_new_packets().unwrap();
        flight.clear();
        while server.wants_write() {
            server.write_tls(&mut flight).unwrap();
        }
        client.read_tls(&mut &flight[..]).unwrap();
        client.process_new_packets().unwrap();
    }
    let (ours, theirs) = UnixStream::pair().unwrap();
    for socket in [&ours, &theirs] {
        socket.set_nonblocking(true).unwrap();
        SockRef::from(socket).set_send_buffer_size(8_192).unwrap();
    }
    (Wire::secured(ours.into(), server), Client { tls: client, socket: theirs })
}

impl Client {
    /// Reads at most so much off the socket, and all that is in it.
    fn read(&mut self, most: usize, heard: &mut Vec<u8>) {
        drop(self.tls.read_tls(&mut (&self.socket).take(most as u64)));
        self.tls.process_new_packets().unwrap();
        drop(self.tls.reader().read_to_end(heard));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_goes_out_is_what_came_in_however_the_socket_cuts_it(
        frames in prop::collection::vec((any::<u8>(), 1usize..40_000), 1..60),
        reads in prop::collection::vec(1usize..20_000, 1..40),
    ) {
        let (wire, mut client) = pair();
        let outbox = Outbox::new(wire);
        let mut reads = reads.into_iter().cycle();
        let is_drained = || outbox.wire().is_drained();
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        for (byte, len) in frames {
            let frame = Bytes::from(vec![byte; len]);
                let was_drained = is_drained();
            match outbox.write(&frame) {
                Wrote::All => prop_assert!(is_drained()),
                // Taken whole, and only by a socket that had nothing to go out.
                Wrote::Part => prop_assert!(was_drained && !is_drained()),
                Wrote::Busy => {
                    prop_assert!(!was_drained);
                    client.read(reads.next().unwrap(), &mut heard);
                    outbox.drain();
                    continue;
                }
                Wrote::Shut => prop_assert!(false, "the peer is there"),
            }
            said.extend_from_slice(&frame);
        }
        outbox.goodbye("bye".into());
        said.extend_from_slice(b"bye");
        while heard.len() < said.len() {
            client.read(reads.next().unwrap(), &mut heard);
            outbox.drain();
        }
        prop_assert!(heard == said);
        // And the end is told: within TLS, and by the socket.
        while outbox.drain() == Wrote::Part {}
        client.read(usize::MAX, &mut heard);
        prop_assert_eq!(client.tls.reader().read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn what_comes_in_is_what_was_sent_however_it_is_cut(
        frames in prop::collection::vec((any::<u8>(), 1usize..600), 1..60),
        cuts in prop::collection::vec(1usize..5_000, 1..40),
        room in 1usize..3_000,
    ) {
        let (wire, mut client) = pair();
        let (mut said, mut records, mut heard) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (byte, len)) in frames.into_iter().enumerate() {
            client.tls.writer().write_all(&vec![byte; len]).unwrap();
            said.extend(vec![byte; len]);
            if at % 7 == 3 {
                client.tls.refresh_traffic_keys().unwrap();
            }
            while client.tls.wants_write() {
                client.tls.write_tls(&mut records).unwrap();
            }
        }
        let (mut cuts, mut raw, mut buffer) = (cuts.into_iter().cycle(), 0, vec![0; room]);
        let weight = records.len();
        let mut records = &records[..];
        while !records.is_empty() {
            let cut = cuts.next().unwrap().min(records.len());
            let Ok(sent) = client.socket.write(&records[..cut]) else { continue };
            records = &records[sent..];
            // As a connection does: until it is told that the kernel will tell of what comes.
            while let Some(received) = wire.receive(&mut buffer).unwrap() {
                heard.extend_from_slice(&buffer[..received.bytes]);
                raw += received.raw;
                if !received.more {
                    break;
                }
            }
        }
        prop_assert!(heard == said);
        prop_assert_eq!(raw, weight);
    }
}

#[test]
fn nothing_is_taken_in_while_ciphertext_is_to_go_out() {
    let (wire, mut client) = pair();
    assert_eq!(wire.send(&[7; 400_000]).unwrap(), 400_000);
    assert!(!wire.is_drained());
    assert_eq!(wire.send(b"more").unwrap(), 0);
    let mut heard = Vec::new();
    while !wire.flush().unwrap() {
        client.read(9_000, &mut heard);
    }
    assert_eq!(wire.send(b"more").unwrap(), 4);
}

#[test]
fn half_a_record_is_waited_for_and_what_is_none_ends_it_with_an_alert() {
    let mut buffer = [0; 1_024];
    let (wire, mut client) = pair();
    client.tls.writer().write_all(&[0; 16_000]).unwrap();
    let mut record = Vec::new();
    client.tls.write_tls(&mut record).unwrap();
    (&client.socket).write_all(&record[..7_000]).unwrap();
    while let Some(received) = wire.receive(&mut buffer).unwrap() {
        assert_eq!(received.bytes, 0);
    }
    let (wire, client) = pair();
    (&client.socket).write_all(&[0x17, 3, 3, 0, 20]).unwrap();
    (&client.socket).write_all(&[9; 20]).unwrap();
    assert!(until_the_end(&wire).is_err());
    assert!((&client.socket).read(&mut buffer).unwrap() > 0, "an alert");
}

/// Reads until there is nothing more, or it is over.
fn until_the_end(wire: &Wire) -> Result<(), Gone> {
    let mut buffer = [0; 1_024];
    while wire.receive(&mut buffer)?.is_some() {}
    Ok(())
}

/// Records that no library would write.
struct Forger {
    encrypter: Box<dyn MessageEncrypter>,
    nth: u64,
    socket: UnixStream,
}

impl Forger {
    fn in_place_of(client: Client) -> Self {
        let (nth, secrets) = client.tls.dangerous_extract_secrets().unwrap().tx;
        let ConnectionTrafficSecrets::Aes256Gcm { key, iv } = secrets else { panic!("another cipher") };
        let suite = ring::cipher_suite::TLS13_AES_256_GCM_SHA384.tls13().unwrap();
        Self { encrypter: suite.aead_alg.encrypter(key, iv), nth, socket: client.socket }
    }

    fn say(&mut self, typ: ContentType, payload: &[u8]) {
        let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload: payload.into() };
        let record = self.encrypter.encrypt(message, self.nth).unwrap().encode();
        self.nth += 1;
        self.socket.write_all(&record).unwrap();
    }
}

#[test]
fn who_says_nothing_at_length_is_let_go() {
    // A handshake message of 64 KiB, begun and continued.
    let (wire, client) = pair();
    let mut forger = Forger::in_place_of(client);
    forger.say(ContentType::Handshake, &[4, 0, 0xff, 0xff]);
    let mut held = 0;
    while until_the_end(&wire).is_ok() {
        forger.say(ContentType::Handshake, &[0; 1_000]);
        held += 1_000;
    }
    assert!((BARREN_BYTES_MAX..BARREN_BYTES_MAX + 2_000).contains(&held), "{held}");
    // Nothing, again and again.
    let (wire, client) = pair();
    let mut forger = Forger::in_place_of(client);
    let mut records = 0;
    while until_the_end(&wire).is_ok() {
        forger.say(ContentType::ApplicationData, &[]);
        records += 1;
        assert!(records < 100, "endless");
    }
}
