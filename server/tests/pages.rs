//! Pages and modules travel squeezed, are asked for again only when they have changed, and load in few round trips.

use std::io::Read;

use flate2::read::GzDecoder;
use hyper::Method;

use crate::harness::{Page, Server, Setup, get, request};

const MODULE: &str = "/client/src/client.js";

async fn ask(server: &Server, path: &str, headers: &[(&str, &str)]) -> Page {
    request(server.fans, Method::GET, path, headers).await
}

fn unpacked(page: &Page) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(&page.body[..]).read_to_end(&mut bytes).unwrap();
    bytes
}

/// The fan page comes with its reader's words.
fn vary(path: &str) -> &'static str {
    if path == "/" { "accept-encoding, accept-language" } else { "accept-encoding" }
}

#[tokio::test]
async fn what_is_squeezed_is_the_same_in_fewer_bytes() {
    let server = Setup::plain().start().await;
    for path in ["/", "/arena/demo", MODULE, "/client/src/index.js?joined", "/v1/events/demo"] {
        let plain = get(server.fans, path).await;
        let squeezed = ask(&server, path, &[("accept-encoding", "gzip, deflate, br")]).await;
        assert_eq!((plain.header("content-encoding"), squeezed.header("content-encoding")), ("", "gzip"), "{path}");
        assert_eq!(unpacked(&squeezed), plain.body, "{path}");
        assert!(squeezed.body.len() * 2 < plain.body.len(), "{path}: {} of {}", squeezed.body.len(), plain.body.len());
        for page in [&plain, &squeezed] {
            assert_eq!(page.header("vary"), vary(path), "{path}");
            assert_eq!(page.header("content-length"), page.body.len().to_string(), "{path}");
        }
        let again = ask(&server, path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(again.body, squeezed.body, "{path}");
    }
    let refused = ask(&server, MODULE, &[("accept-encoding", "gzip;q=0, br")]).await;
    assert_eq!(refused.header("content-encoding"), "");
}

#[tokio::test]
async fn each_form_has_its_own_tag_and_each_tag_its_own_form() {
    let server = Setup::plain().start().await;
    for path in ["/", MODULE, "/v1/events/demo"] {
        let forms: [&[(&str, &str)]; 2] = [&[], &[("accept-encoding", "gzip")]];
        let tags = [ask(&server, path, forms[0]).await, ask(&server, path, forms[1]).await]
            .map(|page| page.header("etag").to_owned());
        assert_ne!(tags[0], tags[1], "{path}");
        for (form, headers) in forms.iter().enumerate() {
            for (tag, known) in tags.iter().enumerate() {
                let page = ask(&server, path, &[headers, &[("if-none-match", known.as_str())][..]].concat()).await;
                let status = if form == tag { 304 } else { 200 };
                assert_eq!((page.status.as_u16(), page.header("etag")), (status, tags[form].as_str()), "{path}");
                assert_eq!((page.body.is_empty(), page.header("vary")), (form == tag, vary(path)), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_s_scripts_come_in_one_answer_that_may_be_kept_for_good() {
    let server = Setup::plain().start().await;
    for path in ["/client/pages/fan/fan.html", "/arena/demo", "/widget"] {
        let page = get(server.fans, path).await.text();
        for script in page.split("<script type=\"module\" src=\"").skip(1) {
            let address = script.split('"').next().unwrap();
            let script = get(server.fans, address).await;
            if !address.starts_with("/client/") {
                continue;
            }
            assert!(address.contains("?joined="), "{path}: {address}");
            assert!(!script.text().lines().any(|line| line.starts_with("import ")), "{path}: {address}");
            assert!(script.header("cache-control").contains("immutable"), "{path}: {}", script.header("cache-control"));
            // Under another tag it is what it is now, and is to be asked for again.
            let other = format!("{}?joined=0123456789abcdef", address.split('?').next().unwrap());
            let other = get(server.fans, &other).await;
            assert_eq!((other.header("cache-control"), &other.body), ("no-cache", &script.body));
        }
    }
    let module = get(server.fans, MODULE).await;
    assert!(module.text().contains("\nimport { "), "modules stay what they are at their own addresses");
    assert_eq!(module.header("cache-control"), "no-cache");
}

/// What the fan page says of its event.
fn told(page: &Page) -> Option<serde_json::Value> {
    let text = page.text();
    let (_, rest) = text.split_once("<script type=\"application/json\" id=\"info\">").unwrap();
    let told = rest.split_once("</script>").unwrap().0;
    (!told.is_empty()).then(|| serde_json::from_str(told).unwrap())
}

#[tokio::test]
async fn the_fan_page_comes_with_the_event_it_is_for() {
    let event = |id: &str, opens: &str| {
        format!(
            "[[events]]\nid = '{id}'\nname = '</script> {id}'\nopens_at = '{opens}'\n\
             teams = [{{ code = 'A', name = 'Ants' }}]\n"
        )
    };
    let server = Setup::plain().file(&[event("later", "operator"), event("now", "start")].concat()).start().await;
    for (path, id) in [("/", "now"), ("/?event=later", "later"), ("/?team=A", "now")] {
        let page = get(server.fans, path).await;
        let address = format!("/v1/events/{id}");
        let there: serde_json::Value = serde_json::from_slice(&get(server.fans, &address).await.body).unwrap();
        assert_eq!(told(&page), Some(there), "{path}");
    }
    assert_eq!(told(&get(server.fans, "/?event=nope").await), None);
    let before = get(server.fans, "/?event=later").await;
    let known = [("if-none-match", before.header("etag"))];
    assert_eq!(ask(&server, "/?event=later", &known).await.status.as_u16(), 304);
    request(server.admin, Method::POST, "/v1/events/later/open", &[]).await;
    let after = ask(&server, "/?event=later", &known).await;
    assert_eq!((after.status.as_u16(), told(&after).unwrap()["state"].as_str()), (200, Some("open")));
}

#[tokio::test]
async fn the_fan_page_asks_for_no_style_and_no_script_and_runs_no_other() {
    let server = Setup::plain().start().await;
    let page = get(server.fans, "/").await;
    let text = page.text();
    assert!(!text.contains("rel=\"stylesheet\"") && !text.contains(".js\""), "{text}");
    let policy = page.header("content-security-policy");
    let scripts = policy.split("; ").find(|part| part.starts_with("script-src ")).unwrap();
    assert!(scripts.starts_with("script-src 'self' 'sha256-") && !scripts.contains("unsafe"), "{scripts}");
}

#[tokio::test]
async fn the_fan_page_speaks_the_language_of_its_reader() {
    let server = Setup::plain().start().await;
    for (path, accepted, language) in [
        ("/", "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("/", "nl, PT-br;q=0.9", "pt"),
        ("/?lang=ja", "fr", "ja"),
        ("/?lang=../../secrets", "tlh", "en"),
        ("/", "", "en"),
    ] {
        let page = ask(&server, path, &[("accept-language", accepted)]).await.text();
        let spoken: Vec<_> = page.lines().filter(|line| line.starts_with("// pages/fan/words/")).collect();
        assert_eq!(spoken, [format!("// pages/fan/words/{language}.js")], "{path} {accepted}");
    }
}

#[tokio::test]
async fn the_arena_page_names_what_it_will_ask_for_first() {
    let server = Setup::plain().start().await;
    let page = get(server.fans, "/arena/demo").await;
    assert_eq!(page.header("link"), "</v1/events/demo>; rel=preload; as=fetch; crossorigin=anonymous");
    assert_eq!(get(server.fans, "/widget").await.header("link"), "");
}

#[tokio::test]
async fn what_a_browser_wants_at_the_root_is_there() {
    let server = Setup::plain().start().await;
    for (path, media_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/widget", "text/html; charset=utf-8"),
        ("/widget.js", "text/javascript; charset=utf-8"),
        ("/sw.js", "text/javascript; charset=utf-8"),
        ("/manifest.webmanifest", "application/manifest+json"),
        ("/icon.svg", "image/svg+xml"),
        (MODULE, "text/javascript; charset=utf-8"),
        ("/client/pages/shared/theme.css", "text/css; charset=utf-8"),
    ] {
        let page = get(server.fans, path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, media_type), "{path}");
        assert_eq!(
            (page.header("x-content-type-options"), page.header("cache-control")),
            ("nosniff", "no-cache"),
            "{path}"
        );
        assert_eq!(page.header("access-control-allow-origin"), "*", "{path}");
        assert!(page.header("content-security-policy").starts_with("default-src 'self'; "), "{path}");
    }
    for path in ["/client/package.json", "/client/tests/client.test.js", "/client/node_modules/vitest/package.json"] {
        assert_eq!(get(server.fans, path).await.status.as_u16(), 404, "{path}");
    }
}
