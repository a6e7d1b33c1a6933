//! Who may come in, and where a live event may be held.

use super::*;

const RIGHTS: &str = include_str!("../../../../../deploy/redis.acl");

#[tokio::test]
async fn the_least_rights_are_enough_and_all_are_needed() {
    let rights = RIGHTS.lines().find(|line| line.starts_with("user beat")).unwrap().replace("change-me", "s3cret");
    for binary in binaries() {
        let server = Server::start(&binary, &[]);
        let words: Vec<&str> = rights.split_whitespace().collect();
        let set = [&["ACL", "SETUSER"], &words[1..]].concat();
        assert_eq!(server.cli(&set).await, Value::Okay);
        let url = format!("redis://beat:s3cret@127.0.0.1:{}/0", server.port);
        let store = open(&url).await;
        every_verb(&store).await.unwrap();
        for right in words.iter().filter(|word| word.starts_with('+')) {
            let right = right.trim_start_matches('+');
            let only_elsewhere = ["select", "asking", "cluster|slots"];
            if only_elsewhere.contains(&right) {
                continue;
            }
            server.cli(&["ACL", "SETUSER", "beat", &format!("-{right}")]).await;
            if right == "hset" {
                // How many fans cheer is told by it. Under a list of rights from before that, every tap counts as ever.
                every_verb(&refusable(&url).await.unwrap()).await.unwrap();
                server.cli(&["ACL", "SETUSER", "beat", "+hset"]).await;
                continue;
            }
            let refusal = match refusable(&url).await {
                Ok(store) => every_verb(&store).await.unwrap_err().to_string(),
                Err(refusal) => refusal.to_string(),
            };
            assert!(refusal.contains("deploy/redis.acl") && !refusal.contains("s3cret"), "{right}: {refusal}");
            server.cli(&["ACL", "SETUSER", "beat", &format!("+{right}")]).await;
        }
        server.cli(&["ACL", "SETUSER", "beat", "resetkeys", "~other:*"]).await;
        assert!(refusable(&url).await.map(drop).unwrap_err().to_string().contains("deploy/redis.acl"));
    }
}

#[tokio::test]
async fn the_file_of_rights_is_one_that_a_server_takes() {
    let file = tempfile::NamedTempFile::new().unwrap();
    // Nobody else comes in; but for whoever asks here whether it is up.
    assert!(RIGHTS.lines().any(|line| line == "user default off"));
    std::fs::write(file.path(), RIGHTS.replace("default off", "default on nopass ~* &* +@all")).unwrap();
    let composed = include_str!("../../../../../deploy/compose.yaml");
    let user = composed.lines().find_map(|line| line.split_once("redis://")?.1.split_once('@')).unwrap().0;
    for binary in binaries() {
        let server = Server::start(&binary, &["--aclfile", file.path().to_str().unwrap()]);
        let store = open(&format!("redis://{user}@127.0.0.1:{}", server.port)).await;
        every_verb(&store).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_cannot_serve_is_refused_before_the_first_fan() {
    for binary in binaries() {
        let server = Server::start(&binary, &["--maxmemory-policy", "allkeys-lru"]);
        let refusal = refusable(&server.url()).await.map(drop).unwrap_err().to_string();
        assert!(refusal.contains("set it to noeviction"), "{refusal}");
        server.cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
        server.cli(&["REPLICAOF", "127.0.0.1", "1"]).await;
        let refusal = refusable(&server.url()).await.map(drop).unwrap_err().to_string();
        assert!(refusal.contains("it is a replica"), "{refusal}");
        server.cli(&["REPLICAOF", "NO", "ONE"]).await;
        open(&server.url()).await;
        assert_eq!(server.cli(&["DBSIZE"]).await, Value::Int(0), "asking changed nothing");
        server.cli(&["CONFIG", "SET", "requirepass", "s3cret"]).await;
        for (credentials, word) in [("", "NOAUTH"), (":wr0ng@", "Password authentication failed")] {
            let url = format!("redis://{credentials}127.0.0.1:{}", server.port);
            let refusal = refusable(&url).await.map(drop).unwrap_err().to_string();
            assert!(refusal.contains(word) && !refusal.contains("wr0ng"), "{refusal}");
        }
    }
}

#[tokio::test]
async fn nobody_there_is_said_without_the_password() {
    let refusal = refusable("redis://beat:s3cret@127.0.0.1:1").await.map(drop).unwrap_err().to_string();
    assert!(refusal.contains("127.0.0.1:1") && !refusal.contains("s3cret"), "{refusal}");
}

async fn every_verb(store: &Redis) -> Result<(), StoreError> {
    let opened = Opening { run: 1, phase: Phase::Open, since_ms: 20 };
    store.advance(&event(), EventRecord { t0_ms: 17, opening: opened }).await?;
    let fans = Some(vec![("JPN".parse().unwrap(), 4)]);
    store.join(&event(), 1, Vector { fans, ..vector(GATEWAY, 5, &[("JPN", 9)]) }).await?;
    assert_eq!(store.gateways(&event(), 1).await?[0].totals.len(), 1);
    let last = store.last_beat(&event(), 1).await?;
    for number in [last + 1, last + 2] {
        store.append(&event(), beat(number, 1)).await?;
    }
    store.next(&event(), 1, last).await?;
    Ok(())
}
