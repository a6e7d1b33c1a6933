//! Answers and their bodies.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::Frame;
use xxhash_rust::xxh3::xxh3_64;

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

/// A page of `media_type`.
pub(super) fn page(bytes: Bytes, media_type: &'static str, cache_control: &'static str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(bytes)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A page with a tag over all its bytes; 304 to who has it already.
pub(super) fn tagged<B>(
    request: &Request<B>,
    bytes: Bytes,
    media_type: &'static str,
    cache_control: &'static str,
) -> Response<Body> {
    let tag = format!("\"{:016x}\"", xxh3_64(&bytes));
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let has_it = known.flat_map(|value| value.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.trim_start_matches("W/") == tag
    });
    let mut response = page(if has_it { Bytes::new() } else { bytes }, media_type, cache_control);
    if has_it {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    response.headers_mut().insert(header::ETAG, tag.parse().expect("hex digits in quotes"));
    response
}
