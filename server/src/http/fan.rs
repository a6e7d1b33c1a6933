//! The fan page in one answer: its style, its script, the words of its reader, and the event it is for.
//!
//! Whatever a page asks for costs a phone the way to the server and back, 150 ms on a slow network, and more where there
//! must first be a connection. So this one asks for nothing before its button can be tapped. It is kept by its tag like
//! any other answer: who has it already is told so.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use beat_protocol::EventState;
use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderValue, Request, Response, header};
use sha2::{Digest, Sha256};

use super::body::{self, Body};
use super::pages::{self, FAN, HTML, POLICY, REVALIDATE};
use super::{Query, events, join};
use crate::event::Event;
use crate::gateway::Gateway;

/// What the page is made of, all but the event.
#[derive(Debug)]
struct Frame {
    before: String,
    after: String,
    /// Names the script by its content: no other may run in the page.
    policy: HeaderValue,
}

const STYLE: (&str, &str) = ("<link rel=\"stylesheet\" href=\"/client/", "\" />");
const SCRIPT: (&str, &str) = ("<script type=\"module\" src=\"/client/", "\"></script>");
const EVENT: &str = "<script type=\"application/json\" id=\"info\">";

/// The page for the event that it is asked for; else for the first that is open, or else the first.
pub(super) fn page<B>(gateway: &Gateway, request: &Request<B>, query: &Query) -> Response<Body> {
    let language = language(request, query);
    let Some(frame) = frame(&language) else { return pages::asset(request, FAN) };
    let event = match query.value("event") {
        Some(id) => gateway.event(id),
        None => {
            let is_open = |event: &&Arc<Event>| event.state() == EventState::Open;
            gateway.events.iter().find(is_open).or(gateway.events.first())
        }
    };
    let told = event.map(|event| inert(&events::detail_json(event))).unwrap_or_default();
    let html = Bytes::from([&frame.before, &told, &frame.after].map(String::as_str).concat());
    let name = format!("/ {language} {}", event.map(|event| event.id.to_string()).unwrap_or_default());
    let mut response = body::tagged(request, &name, html, HTML, REVALIDATE);
    pages::guard(&mut response, frame.policy.clone());
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding, accept-language"));
    response
}

/// The first language of the reader that the page speaks, as its own `language.js` chooses.
fn language<B>(request: &Request<B>, query: &Query) -> String {
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|line| line.to_str().ok());
    let accepted = accepted.unwrap_or_default().split(',').map(|tag| tag.split(';').next().unwrap_or_default().trim());
    let languages = query.value("lang").into_iter().chain(accepted).filter_map(|tag| {
        let language = tag.split('-').next()?.to_ascii_lowercase();
        let is_a_name = language.bytes().all(|letter| letter.is_ascii_lowercase());
        (is_a_name && pages::read(&words(&language)).is_some()).then_some(language)
    });
    languages.into_iter().next().unwrap_or_else(|| "en".to_owned())
}

fn words(language: &str) -> String {
    format!("pages/fan/words/{language}.js")
}

/// Made once for each language; nothing where the page is written in a way that is not understood.
fn frame(language: &str) -> Option<Arc<Frame>> {
    static FRAMES: LazyLock<Mutex<HashMap<String, Arc<Frame>>>> = LazyLock::new(Mutex::default);
    pages::made(&FRAMES, language, || Frame::make(language).map(Arc::new))
}

impl Frame {
    fn make(language: &str) -> Option<Self> {
        let html = with_styles(&text(FAN)?)?;
        let (before, rest) = html.split_once(SCRIPT.0)?;
        let (path, after) = rest.split_once(SCRIPT.1)?;
        let script = join::joined_with(path, &words(language), pages::read)?;
        // It would end the element that it stands in.
        if ["</script", "<!--"].iter().any(|end| script.contains(end)) {
            return None;
        }
        let hash = BASE64.encode(&Sha256::digest(&script));
        let policy = format!("{POLICY}; script-src 'self' 'sha256-{hash}'").parse().ok()?;
        let html = format!("{before}<script type=\"module\">{script}</script>{after}");
        let (before, after) = html.split_once(EVENT)?;
        Some(Self { before: format!("{before}{EVENT}"), after: after.to_owned(), policy })
    }
}

/// The page with its style sheets in it.
fn with_styles(html: &str) -> Option<String> {
    let mut parts = html.split(STYLE.0);
    let mut page = parts.next()?.to_owned();
    for part in parts {
        let (path, rest) = part.split_once(STYLE.1)?;
        page.extend(["<style>\n", &text(path)?, "</style>", rest]);
    }
    Some(page)
}

fn text(path: &str) -> Option<String> {
    String::from_utf8(pages::read(path)?.into()).ok()
}

/// JSON that can stand in a page: an event's name is its owner's to choose, and ends no element.
fn inert(json: &str) -> String {
    json.replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_for_no_style_and_no_script() {
        for language in ["en", "fr", "es", "de", "ja", "zh", "ar", "pt", "hi"] {
            let Frame { before, after, policy } = Frame::make(language).unwrap();
            assert!(after.starts_with("</script>"), "the event is put into an element of its own: {after:.40}");
            let html = before + &after;
            assert!(!html.contains("<link rel=\"stylesheet\"") && !html.contains("<script type=\"module\" src="));
            let script = html.split_once("<script type=\"module\">").unwrap().1.split_once("</script>").unwrap().0;
            let words = format!("// {}\n", words(language));
            assert!(script.contains(&words), "{language}");
            let hash = BASE64.encode(&Sha256::digest(script));
            assert!(policy.to_str().unwrap().ends_with(&format!("script-src 'self' 'sha256-{hash}'")), "{policy:?}");
        }
    }

    #[test]
    fn no_name_of_an_event_ends_the_element_it_stands_in() {
        let told = inert(r#"{"name":"</script><script>alert(1)"}"#);
        assert!(!told.contains('<'), "{told}");
        let read: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(read["name"], "</script><script>alert(1)");
    }
}
