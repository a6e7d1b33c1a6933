//! A table of teams, as an organiser's spreadsheet writes it.

use std::collections::HashSet;

use beat_protocol::Team;
use beat_server::fuzzing;

/// A refusal names the line, the column or the team it is about. What is accepted is a roster, and is the same when another
/// program has written it again.
///
/// The first byte says what separates the columns: a comma, or a tab.
pub fn roster(bytes: &[u8]) {
    let Some((&separator @ (b',' | b'\t'), table)) = bytes.split_first() else { return };
    let Ok(text) = str::from_utf8(table) else { return };
    let teams = match fuzzing::roster(text, separator) {
        Ok(teams) => teams,
        Err(refusal) => return assert!(names_its_place(&refusal), "{refusal}"),
    };
    assert!((1..=usize::from(u16::MAX)).contains(&teams.len()));
    assert_eq!(teams.iter().map(|team| team.code).collect::<HashSet<_>>().len(), teams.len(), "each code once");
    for Team { code, color, .. } in &teams {
        assert!(
            (1..=12).contains(&code.as_str().len()) && code.as_str().bytes().all(|b| b.is_ascii_graphic()),
            "{code}"
        );
        assert!(color.len() == 7 && color.starts_with('#') && u32::from_str_radix(&color[1..], 16).is_ok(), "{color}");
    }
    let written = written(&teams, separator);
    assert_eq!(fuzzing::roster(&written, separator).as_ref(), Ok(&teams), "{written}");
}

fn names_its_place(refusal: &str) -> bool {
    ["line ", "column", "team "].iter().any(|place| refusal.contains(place)) || refusal.contains("teams, allowed are")
}

fn written(teams: &[Team], separator: u8) -> String {
    let mut table = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    let row = |table: &mut csv::Writer<Vec<u8>>, row: [&str; 4]| table.write_record(row).expect("memory takes it");
    row(&mut table, ["code", "name", "flag", "color"]);
    for Team { code, name, flag, color } in teams {
        row(&mut table, [code.as_str(), name, flag, color]);
    }
    String::from_utf8(table.into_inner().expect("memory takes it")).expect("text stays text")
}
