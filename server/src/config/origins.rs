//! Whose pages may open sockets and streams of an event.
//!
//! A browser says in `Origin` which page asks; nobody else has to. This keeps a stranger's page from cheering with its
//! visitors' hands. It is no lock: whoever writes a client of his own says what he likes, or nothing.

use http::{HeaderMap, header};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Beside the pages of the server's own host, which are always allowed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origins {
    /// These, as a browser writes them.
    Listed(Vec<String>),
    /// All of them.
    Any,
}

impl Default for Origins {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl Origins {
    /// Whether a request may be served, as far as the page that makes it goes.
    pub(crate) fn allow(&self, headers: &HeaderMap) -> bool {
        let (Self::Listed(listed), Some(origin)) = (self, headers.get(header::ORIGIN)) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        listed.iter().any(|listed| listed == origin) || is_own(headers, origin)
    }
}

/// Whether the page comes from the host that is asked; a proxy may have put another name into `Host`, and the one that
/// was asked for into `X-Forwarded-Host`. No page can set either.
fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    let Some((_, host)) = origin.split_once("://") else { return false };
    let named =
        [header::HOST.as_str(), "x-forwarded-host"].into_iter().filter_map(|name| headers.get(name)?.to_str().ok());
    named.filter_map(|hosts| hosts.split(',').next()).any(|named| named.trim().eq_ignore_ascii_case(host))
}

impl<'de> Deserialize<'de> for Origins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Written::deserialize(deserializer)? {
            Written::Word(word) if word == "any" => Ok(Self::Any),
            Written::Word(word) => {
                Err(D::Error::custom(format_args!("{word:?} is neither \"any\" nor a list of origins")))
            }
            Written::List(origins) => match origins.iter().find(|origin| !is_as_browsers_write(origin)) {
                None => Ok(Self::Listed(origins)),
                Some(odd) => Err(D::Error::custom(format_args!(
                    "{odd:?} is not an origin as browsers write it: \"https://club.example\", in lower case, with the port \
                     where it is not the scheme's own, and nothing behind; or \"null\", as pages from a disk have it"
                ))),
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Word(String),
    List(Vec<String>),
}

/// Another way of writing would never be equal to what a browser sends.
fn is_as_browsers_write(origin: &str) -> bool {
    if origin == "null" {
        return true;
    }
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    let is_default = matches!((scheme, host.rsplit_once(':')), ("http", Some((_, "80"))) | ("https", Some((_, "443"))));
    let fits = |text: &str, more: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || more.contains(letter))
    };
    fits(scheme, "+-.") && fits(host, "-._:[]") && !is_default
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read(value: &str) -> Result<Origins, toml::de::Error> {
        #[derive(Deserialize)]
        struct Table {
            origins: Origins,
        }
        toml::from_str::<Table>(&format!("origins = {value}")).map(|table| table.origins)
    }

    fn asked(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_page_is_let_in_from_its_own_host_and_from_where_the_list_says() {
        let listed = read("['https://club.example', 'null']").unwrap();
        let own = Origins::default();
        for (lines, by_default, by_list) in [
            (&[("host", "beat.example")][..], true, true),
            (&[("host", "beat.example"), ("origin", "https://beat.example")], true, true),
            (&[("host", "Beat.Example:8080"), ("origin", "http://beat.example:8080")], true, true),
            (&[("host", "beat.example"), ("origin", "http://beat.example:8080")], false, false),
            (
                &[("host", "10.0.0.7"), ("x-forwarded-host", "beat.example"), ("origin", "https://beat.example")],
                true,
                true,
            ),
            (&[("host", "beat.example"), ("origin", "https://club.example")], false, true),
            (&[("host", "beat.example"), ("origin", "http://club.example")], false, false),
            (&[("host", "beat.example"), ("origin", "https://club.example.evil.example")], false, false),
            (&[("host", "beat.example"), ("origin", "null")], false, true),
            (&[("host", "beat.example"), ("origin", "")], false, false),
        ] {
            let headers = asked(lines);
            assert_eq!((own.allow(&headers), listed.allow(&headers)), (by_default, by_list), "{lines:?}");
            assert!(Origins::Any.allow(&headers));
        }
    }

    #[test]
    fn an_origin_that_no_browser_would_send_is_refused_when_it_is_read() {
        assert_eq!(read("'any'").unwrap(), Origins::Any);
        assert!(read("['https://club.example:8443', 'http://[::1]:8080', 'capacitor://localhost']").is_ok());
        for odd in [
            "'some'",
            "['*']",
            "['club.example']",
            "['https://club.example/']",
            "['https://Club.example']",
            "['https://club.example:443']",
            "['https://*.club.example']",
            "['']",
        ] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }
}
