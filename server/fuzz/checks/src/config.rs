//! The configuration, as an operator writes it.

use beat_server::fuzzing::Configuration;

/// A refusal names the line, the key or the variable it is about. What is accepted means the same when it is written
/// again by other hands, and when it is written out with all its defaults.
///
/// The text of the file ends at the first zero byte; behind that stand variables, each up to the next.
pub fn config(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (file, beside) = text.split_once('\0').unwrap_or((text, ""));
    let variables: Vec<(&str, &str)> = beside.split('\0').filter_map(|variable| variable.split_once('=')).collect();
    let read = match Configuration::read(file, &variables) {
        Ok(read) => read,
        Err(refusal) => return assert!(names_its_place(&refusal, &variables), "{refusal}"),
    };
    let table: toml::Table = file.parse().expect("it was read");
    let again = toml::to_string(&table).expect("what was read can be written");
    assert_eq!(Configuration::read(&again, &variables).as_ref(), Ok(&read), "{again}");
    let written = read.written();
    // A password is never repeated.
    if written.contains('…') {
        return;
    }
    match Configuration::read(&written, &[]) {
        Ok(again) => assert_eq!(again.with_the_rest_of(&read), read, "{written}"),
        // Who may come in, and with which key, is said where it is not written.
        Err(refusal) => assert!(["listen: ", "tickets."].iter().any(|key| refusal.starts_with(key)), "{refusal}"),
    }
}

fn names_its_place(refusal: &str, variables: &[(&str, &str)]) -> bool {
    let is_key =
        |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.[]".contains(&b));
    let says = |name: &str| refusal.strip_prefix(name).is_some_and(|rest| rest.starts_with(": "));
    match refusal.split_once(": ") {
        Some(("beat.toml", why)) => why.contains(" at line "),
        // Where a secret may stand, no more is said.
        Some((name, _)) if name.starts_with("beat.toml, line ") => true,
        Some((name, _)) if is_key(name) => true,
        _ => variables.iter().any(|(variable, _)| says(variable)),
    }
}
