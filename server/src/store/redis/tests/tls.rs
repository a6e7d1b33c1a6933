//! TLS: with the authority that was named, and no other.

use std::path::Path;
use std::process::Command;

use super::server::Server;
use super::*;

#[tokio::test]
async fn a_server_is_known_by_the_authority_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for binary in binaries() {
        let plain = Server::start(&binary, &[]);
        let port = super::server::free_port();
        let settings = [
            ["tls-cert-file", &file("server.pem")],
            ["tls-key-file", &file("server.key")],
            ["tls-ca-cert-file", &file("ca.pem")],
            ["tls-auth-clients", "no"],
            ["tls-port", &port.to_string()],
        ];
        let command = [&["CONFIG", "SET"], &settings.concat()[..]].concat();
        if plain.try_cli(&command).await.is_err() {
            // A server may be built without; Debian's is not.
            assert!(!binary.ends_with("redis-server"), "no TLS in {}", binary.display());
            continue;
        }
        let store = open(&format!("rediss://localhost:{port}/0?ca={}", file("ca.pem"))).await;
        store.join(&event(), 1, vector(GATEWAY, 5, &[("JPN", 9)])).await.unwrap();
        assert_eq!(store.gateways(&event(), 1).await.unwrap(), [vector(GATEWAY, 5, &[("JPN", 9)])]);
        assert_eq!(store.next(&event(), 1, 0).await.unwrap(), None);
        for (query, word) in [
            ("".to_owned(), "certificate"),
            (format!("?ca={}", file("other.pem")), "certificate"),
            ("?ca=/nowhere.pem".to_owned(), "/nowhere.pem"),
        ] {
            let refusal = refusable(&format!("rediss://localhost:{port}/0{query}")).await;
            let refusal = refusal.map(drop).unwrap_err().to_string();
            assert!(refusal.contains(word), "{query}: {refusal}");
        }
    }
}

/// Two authorities, and a server's certificate signed by the first.
fn certify(folder: &Path) {
    for name in ["ca", "other"] {
        let subject = format!("/CN={name}");
        let (key, pem) = (format!("{name}.key"), format!("{name}.pem"));
        let key_and_pem = ["-keyout", &key, "-out", &pem, "-subj", &subject, "-days", "2"];
        openssl(
            folder,
            &[&["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"], &key_and_pem[..]]
                .concat(),
        );
    }
    let request = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    openssl(
        folder,
        &[&request[..], &["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost"]].concat(),
    );
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    let sign = ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(folder, &[&sign[..], &["-extfile", "names", "-out", "server.pem", "-days", "2"]].concat());
}

fn openssl(folder: &Path, args: &[&str]) {
    let done = Command::new("openssl").args(args).current_dir(folder).output();
    let done = done.expect("these tests need openssl, of Debian's package of that name");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
