//! Answers and their bodies.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use xxhash_rust::xxh3::xxh3_64;

use super::gzip;

/// A whole answer, or one that goes on for as long as the client reads.
pub(crate) type Body = Either<Full<Bytes>, StreamBody<Endless>>;

/// Bytes as they come.
pub(crate) type Endless = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>>>>;

/// A sentence, for people.
pub(super) fn text(status: StatusCode, sentence: &str) -> Response<Body> {
    let mut response = page(format!("{sentence}\n").into(), "text/plain; charset=utf-8", "no-store");
    *response.status_mut() = status;
    response
}

/// Not now: come back in a second.
pub(super) fn overloaded(sentence: &str) -> Response<Body> {
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, sentence);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Who asks has as much as it may: come back later.
pub(super) fn crowded() -> Response<Body> {
    let mut response = text(StatusCode::TOO_MANY_REQUESTS, "too many connections of this address, or of this fan");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// A page of `media_type`.
pub(super) fn page(bytes: Bytes, media_type: &'static str, cache_control: &'static str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(bytes)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A page with a tag over all its bytes, gzipped for who reads that; 304 to who has it already. `name` is what it is kept
/// by.
pub(super) fn tagged<B>(
    request: &Request<B>,
    name: &str,
    bytes: Bytes,
    media_type: &'static str,
    cache_control: &'static str,
) -> Response<Body> {
    let hash = xxh3_64(&bytes);
    let squeezed = gzip::is_accepted(request.headers()).then(|| gzip::gzipped(name, hash, &bytes)).flatten();
    let is_squeezed = squeezed.is_some();
    let bytes = squeezed.unwrap_or(bytes);
    // Each form has a tag of its own: to a cache between us and a client they are two answers.
    let tag = if is_squeezed { format!("\"{hash:016x}-gzip\"") } else { format!("\"{hash:016x}\"") };
    let has_it = has(request, &tag);
    let mut response = page(if has_it { Bytes::new() } else { bytes }, media_type, cache_control);
    if has_it {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if is_squeezed && !has_it {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::ETAG, tag.parse().expect("hex digits in quotes"));
    response
}

fn has<B>(request: &Request<B>, tag: &str) -> bool {
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}
