//! The layers of the configuration, laid over one another as TOML before they get their types.

use std::ffi::OsString;
use std::path::Path;

use super::{Config, ConfigError};

/// One value from outside the file, and where it came from.
#[derive(Debug, PartialEq)]
pub(super) struct Setting {
    pub(super) origin: String,
    pub(super) path: Vec<String>,
    pub(super) value: String,
}

/// Names that belong to the environment layer all begin so.
const PREFIX: &str = "BEAT_";
/// Read by the flags, not a key of the file.
const CONFIG_FILE: &str = "BEAT_CONFIG";

/// Keys that have no default to be found by.
const WITHOUT_DEFAULT: [&[&str]; 3] = [&["admin_token_file"], &["tls", "certificate"], &["tls", "key"]];

/// Reads the file.
pub(super) fn read_file(path: &Path) -> Result<toml::Table, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    parse(path, &text)
}

/// Reads the `text` of the file, and refuses what it does not know by name and line.
pub(super) fn parse(path: &Path, text: &str) -> Result<toml::Table, ConfigError> {
    let refused = |source: toml::de::Error| {
        // A refusal shows the line that is at fault: not where a secret may stand in it.
        if source.to_string().contains("secret") {
            let line = 1 + source.span().map_or(0, |span| text[..span.start].matches('\n').count());
            let origin = format!("{}, line {line}", path.display());
            return ConfigError::Setting {
                origin,
                why: "not understood, and not shown: a secret may be part of it".into(),
            };
        }
        ConfigError::File { path: path.to_owned(), source: Box::new(source) }
    };
    toml::from_str::<Config>(text).map_err(refused)?;
    text.parse().map_err(refused)
}

/// The settings among `variables`; a `BEAT_…` that names no key is refused.
pub(super) fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Vec<Setting>, ConfigError> {
    let known: Vec<(String, Vec<String>)> = known_keys().into_iter().map(|path| (variable_of(&path), path)).collect();
    let mut settings = Vec::new();
    for (name, value) in variables {
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with(PREFIX) || name == CONFIG_FILE || is_service_link(&name) {
            continue;
        }
        let Some((_, path)) = known.iter().find(|(variable, _)| *variable == name) else {
            let known = known.into_iter().map(|(variable, _)| variable).collect::<Vec<_>>().join(", ");
            return Err(ConfigError::UnknownVariable { name, known });
        };
        match value.into_string() {
            Ok(value) => settings.push(Setting { origin: name, path: path.clone(), value }),
            Err(_) => return Err(ConfigError::Setting { origin: name, why: "not UTF-8 text".into() }),
        }
    }
    Ok(settings)
}

/// Kubernetes tells every container of a service called `beat-server` its `BEAT_SERVER_SERVICE_HOST`, `BEAT_SERVER_PORT`
/// and so on; no key of ours looks like these.
fn is_service_link(name: &str) -> bool {
    name.contains("_SERVICE_") || name.contains("_PORT_") || name.ends_with("_PORT")
}

/// Lays `settings` over `file`, in their order, and gives the whole its types.
pub(super) fn merge(mut file: toml::Table, settings: impl Iterator<Item = Setting>) -> Result<Config, ConfigError> {
    let mut config = file.clone().try_into().expect("it was parsed as such");
    let defaults = defaults();
    for Setting { origin, path, value } in settings {
        let typed =
            typed_like(&defaults, &path, value).map_err(|why| ConfigError::Setting { origin: origin.clone(), why })?;
        insert(&mut file, &path, typed);
        // One at a time, so that a refusal is its own.
        config = file
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| ConfigError::Setting { origin, why: error.message().to_owned() })?;
    }
    Ok(config)
}

/// Every key that holds one value, by the path that leads to it.
pub(super) fn known_keys() -> Vec<Vec<String>> {
    fn collect(table: &toml::Table, path: &[String], keys: &mut Vec<Vec<String>>) {
        for (name, value) in table {
            let path = [path, std::slice::from_ref(name)].concat();
            match value {
                toml::Value::Table(inner) => collect(inner, &path, keys),
                _ => keys.push(path),
            }
        }
    }

    let mut keys: Vec<_> = WITHOUT_DEFAULT.iter().map(|path| path.iter().map(ToString::to_string).collect()).collect();
    collect(&defaults(), &[], &mut keys);
    keys
}

fn defaults() -> toml::Table {
    toml::Table::try_from(Config::default()).expect("the defaults are plain values")
}

fn variable_of(path: &[String]) -> String {
    format!("{PREFIX}{}", path.join("_").to_ascii_uppercase())
}

fn typed_like(defaults: &toml::Table, path: &[String], value: String) -> Result<toml::Value, String> {
    let mut table = defaults;
    let (name, sections) = path.split_last().expect("a path has a name");
    for section in sections {
        table = table[section].as_table().expect("a section is a table");
    }
    match table.get(name) {
        Some(toml::Value::Integer(_)) => {
            value.parse().map(toml::Value::Integer).map_err(|_| format!("a whole number, not {value:?}"))
        }
        _ => Ok(toml::Value::String(value)),
    }
}

fn insert(table: &mut toml::Table, path: &[String], value: toml::Value) {
    match path {
        [name] => _ = table.insert(name.clone(), value),
        [section, rest @ ..] => {
            let inner = table.entry(section.clone()).or_insert_with(|| toml::Table::new().into());
            insert(inner.as_table_mut().expect("the file was checked against the same shape"), rest, value);
        }
        [] => unreachable!("a path has a name"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(origin: &str, path: &[&str], value: &str) -> Setting {
        Setting { origin: origin.into(), path: path.iter().map(ToString::to_string).collect(), value: value.into() }
    }

    #[test]
    fn a_later_layer_stands_over_an_earlier_one() {
        let file: toml::Table = "shards = 3\nlimits.frames_burst = 50".parse().unwrap();
        let settings =
            environment([("BEAT_SHARDS".into(), "4".into()), ("HOME".into(), "/".into())].into_iter()).unwrap();
        assert_eq!(settings, [setting("BEAT_SHARDS", &["shards"], "4")]);
        let flags = [setting("--shards", &["shards"], "5"), setting("--listen", &["listen"], "127.0.0.1:1")];
        let config = merge(file, settings.into_iter().chain(flags)).unwrap();
        assert_eq!((config.shards.get(), config.limits.frames_burst, config.listen.iter().count()), (5, 50, 1));
    }

    #[test]
    fn a_refusal_names_its_origin() {
        let link = ("BEAT_SERVER_PORT_80_TCP".into(), "tcp://10.0.0.7:80".into());
        assert_eq!(environment([link].into_iter()).unwrap(), []);
        let unknown = environment([("BEAT_SHARD".into(), "4".into())].into_iter()).unwrap_err();
        assert!(unknown.to_string().starts_with("BEAT_SHARD: no such setting; known are BEAT_"), "{unknown}");
        for (origin, path, value) in [
            ("--shards", &["shards"][..], "many"),
            ("--shards", &["shards"], "0"),
            ("BEAT_LISTEN", &["listen"], "localhost"),
            ("BEAT_STORE", &["store"], "mysql://"),
            ("BEAT_LIMITS_SESSION_MS", &["limits", "session_ms"], "-1"),
        ] {
            let refusal = merge(toml::Table::new(), [setting(origin, path, value)].into_iter()).unwrap_err();
            assert!(refusal.to_string().starts_with(&format!("{origin}: ")), "{refusal}");
        }
    }

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let mut names: Vec<_> = known_keys().iter().map(|path| variable_of(path)).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), known_keys().len());
        assert!(names.contains(&"BEAT_LIMITS_FRAMES_PER_SECOND".into()));
        assert!(!names.iter().any(|name| is_service_link(name)));
    }
}
