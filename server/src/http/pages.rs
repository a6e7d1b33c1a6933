//! The fan page, the arena page and the modules they load: built into the binary, as they lie in `client-js/`.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use rust_embed::RustEmbed;

use super::body::{self, Body};
use super::not_found;

#[derive(RustEmbed)]
#[folder = "../client-js/"]
#[include = "src/*"]
#[include = "pages/*"]
struct Client;

/// Our pages load only what we serve, and talk to any gateway.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; \
                      style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(super) fn fan<B>(request: &Request<B>) -> Response<Body> {
    asset(request, "pages/fan/fan.html")
}

pub(super) fn arena<B>(request: &Request<B>) -> Response<Body> {
    asset(request, "pages/arena/arena.html")
}

pub(super) fn asset<B>(request: &Request<B>, path: &str) -> Response<Body> {
    let Some(file) = Client::get(path) else { return not_found("there is nothing at this address") };
    let bytes = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    };
    let mut response = body::tagged(request, bytes, media_type(path), "no-cache");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
