//! One request, one answer.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::within;

/// A whole answer.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An answer that goes on.
pub(crate) struct Stream {
    pub(crate) headers: HeaderMap,
    body: Incoming,
    seen: String,
}

impl Page {
    /// The value of a header, or the empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// `GET path`.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Page {
    request(address, Method::GET, path, &[]).await
}

/// Any request without a body.
pub(crate) async fn request(address: SocketAddr, method: Method, path: &str, headers: &[(&str, &str)]) -> Page {
    let answer = send(address, method, path, headers).await;
    let (head, body) = answer.into_parts();
    let body = within("the end of an answer", body.collect()).await.unwrap().to_bytes();
    Page { status: head.status, headers: head.headers, body }
}

impl Stream {
    /// Server-sent events of `path`.
    pub(crate) async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let headers = [headers, &[("accept", "text/event-stream")]].concat();
        let answer = send(address, Method::GET, path, &headers).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let (head, body) = answer.into_parts();
        Self { headers: head.headers, body, seen: String::new() }
    }

    /// The next block of lines, up to a blank one.
    pub(crate) async fn block(&mut self) -> String {
        self.try_block().await.expect("the stream goes on")
    }

    /// The same, where the stream may end.
    pub(crate) async fn try_block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.seen.split_once("\n\n") {
                let block = block.to_owned();
                self.seen = rest.to_owned();
                return Some(block);
            }
            let frame = within("the stream goes on", self.body.frame()).await?.unwrap();
            self.seen.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }
}

async fn send(address: SocketAddr, method: Method, path: &str, headers: &[(&str, &str)]) -> http::Response<Incoming> {
    within("an answer", async {
        let socket = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
        tokio::spawn(async move {
            // Ends with the answer, or with the test.
            drop(connection.await);
        });
        let mut request = Request::builder().method(method).uri(path).header("host", address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap()
    })
    .await
}
