//! Totals belong to team codes: a roster may change between two starts, and no tap goes to another team.

use crate::harness::{Display, Fan, Server, Setup, get};

/// The same data with these teams from now on.
async fn with(setup: &Setup, codes: &[&str]) -> Server {
    let teams: Vec<_> = codes.iter().map(|code| format!("{{ code = '{code}', name = 'Team {code}' }}")).collect();
    let toml = format!("[[events]]\nid = 'demo'\nname = 'Demo'\nteams = [{}]", teams.join(", "));
    setup.clone().beside("beat.toml", &toml).start().await
}

async fn tag(server: &Server) -> String {
    get(server.fans, "/v1/events/demo").await.json()["roster"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn totals_follow_their_codes_through_every_change() {
    let setup = Setup::ten_teams().kept();
    let server = with(&setup, &["ANT", "BEE"]).await;
    let first = tag(&server).await;
    Fan::join(&server).await.cheer(&[(0, 3), (1, 5)]).await;
    Display::watch(&server).await.until_total(8).await;
    server.kill().await;

    // It grows at its end.
    let server = with(&setup, &["ANT", "BEE", "CAT"]).await;
    assert_ne!(tag(&server).await, first, "another tag, another roster");
    Fan::join(&server).await.cheer(&[(2, 2)]).await;
    let shown = Display::watch(&server).await.until_total(10).await;
    assert_eq!([shown.total_of("ANT"), shown.total_of("BEE"), shown.total_of("CAT")], [3, 5, 2]);
    server.kill().await;

    // It is put in another order, and one team is gone: its totals are refused, and counted as refused.
    let server = with(&setup, &["CAT", "ANT"]).await;
    let shown = Display::watch(&server).await.next().await.unwrap();
    assert_eq!((shown.total, shown.total_of("CAT"), shown.total_of("ANT")), (5, 2, 3));
    assert!(server.metric("beat_joins_refused_total", &[]).await.unwrap() > 0.0);
    server.kill().await;

    // And it is back.
    let server = with(&setup, &["BEE", "CAT", "ANT"]).await;
    let shown = Display::watch(&server).await.next().await.unwrap();
    assert_eq!((shown.total, shown.total_of("BEE")), (10, 5));
    assert_ne!(tag(&server).await, first);
    server.kill().await;

    let server = with(&setup, &["ANT", "BEE"]).await;
    assert_eq!(tag(&server).await, first, "the same teams have the same tag");
}
