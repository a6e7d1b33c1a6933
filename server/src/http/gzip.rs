//! The gzipped form of what is asked for again and again: made once, kept, and made anew when it has changed.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{LazyLock, Mutex, MutexGuard};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, header};

/// What fits into one packet is not faster for being shorter.
const WORTH_IT_BYTES: usize = 1_000;

/// By name: the hash of what was squeezed, and what came out, if that is shorter.
type Kept = HashMap<String, (u64, Option<Bytes>)>;

/// As many as there are files and events. A lock, but only pages wait for it, and only while one is looked up.
static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// `bytes`, whose hash is `hash`, gzipped; nothing where that would not be shorter.
pub(super) fn gzipped(name: &str, hash: u64, bytes: &[u8]) -> Option<Bytes> {
    if bytes.len() < WORTH_IT_BYTES {
        return None;
    }
    if let Some((_, squeezed)) = kept().get(name).filter(|(of, _)| *of == hash) {
        return squeezed.clone();
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let squeezed = encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory takes every byte");
    let squeezed = (squeezed.len() < bytes.len()).then(|| Bytes::from(squeezed));
    kept().insert(name.to_owned(), (hash, squeezed.clone()));
    squeezed
}

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().expect("no holder of this lock panics")
}

/// Whether a client says that it reads gzip (RFC 9110, section 12.5.3).
pub(super) fn is_accepted(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let mut codings = lines.flat_map(|line| line.split(',')).map(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        (name.trim(), weight)
    });
    let mut any = 0.0;
    codings
        .find_map(|(name, weight): (&str, f32)| {
            if name == "*" {
                any = weight;
            }
            name.eq_ignore_ascii_case("gzip").then_some(weight)
        })
        .unwrap_or(any)
        > 0.0
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_sent_only_to_who_says_that_it_reads_it() {
        for (said, accepted) in [
            ("gzip", true),
            ("br, GZIP;q=0.5, *;q=0", true),
            ("gzip, deflate, br, zstd", true),
            ("*", true),
            ("", false),
            ("identity", false),
            ("gzip;q=0", false),
            ("*, gzip; q=0", false),
            ("*;q=0", false),
            ("gzipped", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(said))]);
            assert_eq!(is_accepted(&headers), accepted, "{said:?}");
        }
        assert!(!is_accepted(&HeaderMap::new()));
    }

    #[test]
    fn what_has_changed_is_squeezed_anew_and_what_does_not_shrink_is_left() {
        let (before, after) = ("a".repeat(2_000), "b".repeat(3_000));
        let first = gzipped("a test of gzip", 1, before.as_bytes()).unwrap();
        assert!(first.len() < 100);
        assert_eq!(gzipped("a test of gzip", 1, before.as_bytes()).unwrap(), first);
        assert_ne!(gzipped("a test of gzip", 2, after.as_bytes()).unwrap(), first);
        assert_eq!(gzipped("a short one", 3, b"short"), None);
        let noise: Vec<u8> =
            (0..4_000_u64).map(|n| xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()).to_le_bytes()[0]).collect();
        assert_eq!(gzipped("noise", 4, &noise), None);
    }
}
