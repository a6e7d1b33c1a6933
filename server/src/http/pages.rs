//! The fan page, the arena page, the widget, and the modules they load: built into the binary, as they lie in `client-js/`.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use rust_embed::RustEmbed;
use xxhash_rust::xxh3::xxh3_64;

use super::body::{self, Body};
use super::{join, not_found};

/// A debug build reads them from disk at each request.
#[derive(RustEmbed)]
#[folder = "../client-js/"]
#[include = "src/*"]
#[include = "pages/*"]
#[include = "widget/*"]
struct Client;

/// Files that have an address of their own beside `/client/…`: what people type, and what a browser wants at the root.
const ADDRESSES: [(&str, &str); 5] = [
    // A service worker rules over the folder it is served from.
    ("sw.js", "pages/fan/sw.js"),
    ("manifest.webmanifest", "pages/fan/manifest.webmanifest"),
    ("icon.svg", "pages/fan/icon.svg"),
    ("widget", "widget/demo.html"),
    ("widget.js", "widget/widget.js"),
];

pub(super) const FAN: &str = "pages/fan/fan.html";
const ARENA: &str = "pages/arena/arena.html";

/// Our pages load only what we serve, and talk to any gateway.
pub(super) const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
                      style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The page at an address of its own, if `name` is one.
pub(super) fn named<B>(request: &Request<B>, name: &str) -> Option<Response<Body>> {
    let (_, path) = ADDRESSES.iter().find(|(address, _)| *address == name)?;
    Some(asset(request, path))
}

/// The arena page of an event.
///
/// It names what the page will ask for first, so that a browser asks while it still reads the script: a round trip less.
pub(super) fn arena<B>(request: &Request<B>, event: &str) -> Response<Body> {
    let mut page = asset(request, ARENA);
    let link = format!("</v1/events/{event}>; rel=preload; as=fetch; crossorigin=anonymous");
    page.headers_mut().append(header::LINK, link.parse().expect("an event's id fits a header"));
    page
}

/// The file at `path` in `client-js/`, if it is one that is served; with the query `joined` a module together with all
/// that it imports.
pub(super) fn asset<B>(request: &Request<B>, path: &str) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let is_joined = query == "joined" || query.starts_with("joined=");
    let name = if is_joined { format!("{path}?joined") } else { path.to_owned() };
    static FILES: LazyLock<Mutex<HashMap<String, Bytes>>> = LazyLock::new(Mutex::default);
    let Some(bytes) = made(&FILES, &name, || make(path, is_joined)) else {
        return not_found("there is nothing at this address");
    };
    // A page names the joined script by its content, so that who has it need not ask again.
    let is_named = query.strip_prefix("joined=").is_some_and(|tag| tag == tag_of(&bytes));
    let cache_control = if is_named { IMMUTABLE } else { REVALIDATE };
    let mut response = body::tagged(request, &name, bytes, media_type(path), cache_control);
    guard(&mut response, HeaderValue::from_static(POLICY));
    response
}

/// What a browser is told of any file: what it may load, and who may have it.
pub(super) fn guard(response: &mut Response<Body>, policy: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    // A ticket in a page's address is for nobody else.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Modules, and what they load, are for any page that embeds them.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
}

/// What is served, by its name: the files of a release never change, so there it is made once.
pub(super) fn made<Made: Clone>(
    known: &Mutex<HashMap<String, Made>>,
    name: &str,
    make: impl FnOnce() -> Option<Made>,
) -> Option<Made> {
    if cfg!(debug_assertions) {
        return make();
    }
    let known = || known.lock().expect("no holder of this lock panics");
    if let Some(made) = known().get(name) {
        return Some(made.clone());
    }
    let made = make()?;
    known().insert(name.to_owned(), made.clone());
    Some(made)
}

fn make(path: &str, is_joined: bool) -> Option<Bytes> {
    let bytes = read(path)?;
    match media_type(path) {
        JAVASCRIPT if is_joined => Some(join::joined(path, read).map_or(bytes, Bytes::from)),
        HTML => Some(with_joined_scripts(bytes)),
        _ => Some(bytes),
    }
}

/// A page whose module scripts are asked for joined; one that cannot be joined stays as it is.
fn with_joined_scripts(html: Bytes) -> Bytes {
    const SCRIPT: &str = "<script type=\"module\" src=\"/client/";
    let Ok(text) = std::str::from_utf8(&html) else { return html };
    let mut parts = text.split(SCRIPT);
    let mut page = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (path, rest) = part.split_once('"').unwrap_or((part, ""));
        let query = join::joined(path, read).map(|script| format!("?joined={}", tag_of(script.as_bytes())));
        page.extend([SCRIPT, path, query.as_deref().unwrap_or_default(), "\"", rest]);
    }
    page.into()
}

fn tag_of(bytes: &[u8]) -> String {
    format!("{:016x}", xxh3_64(bytes))
}

pub(super) fn read(path: &str) -> Option<Bytes> {
    Some(match Client::get(path)?.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    })
}

/// Ask again each time, and be told if nothing changed.
pub(super) const REVALIDATE: &str = "no-cache";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

pub(super) const HTML: &str = "text/html; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => HTML,
        Some("css") => "text/css; charset=utf-8",
        Some("js") => JAVASCRIPT,
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_of_every_page_can_be_joined() {
        let pages = Client::iter().filter(|path| path.ends_with(".html"));
        for page in pages {
            let html = make(&page, false).unwrap();
            let text = std::str::from_utf8(&html).unwrap();
            let scripts: Vec<_> = text.split("<script type=\"module\" src=\"/client/").skip(1).collect();
            assert!(scripts.iter().all(|script| script.contains(".js?joined=")), "{page}: {text}");
        }
        let sdk = join::joined("src/index.js", read).expect("the SDK can be joined");
        assert!(sdk.contains("{ connect: connect } = $$"), "{sdk}");
    }
}
