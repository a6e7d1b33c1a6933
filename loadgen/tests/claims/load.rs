//! Runs the program and reads its report.

use std::process::Command;

use crate::fake::Fake;

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) report: String,
    pub(crate) errors: String,
}

/// `beat-load run` with these words.
pub(crate) fn beat_load(words: &[&str]) -> Ran {
    beat_load_with(&[&["run"], words].concat())
}

/// `beat-load` with these words.
pub(crate) fn beat_load_with(words: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_beat-load")).args(words).output().unwrap();
    Ran {
        code: output.status.code().expect("not killed"),
        report: String::from_utf8(output.stdout).unwrap(),
        errors: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Sixty fans that tap 200 times a second for two seconds at `fake`.
pub(crate) fn crowd_at(fake: &Fake, more: &[&str]) -> Ran {
    let (url, admin) = (format!("ws://{}", fake.address), format!("http://{}", fake.address));
    let words = ["--url", &url, "--admin", &admin, "-c", "60", "-q", "200", "-z", "2s", "--settle", "3s"];
    beat_load(&[&words[..], more].concat())
}

impl Ran {
    /// The words of the report's line that begins with `name`.
    fn words(&self, name: &str) -> Vec<&str> {
        let line = self.report.lines().find_map(|line| line.trim_start().strip_prefix(name));
        line.unwrap_or_else(|| panic!("no line {name:?} in:\n{}{}", self.report, self.errors))
            .split_whitespace()
            .collect()
    }

    /// A team's columns (or those of "all"): due, sent, counted, shadowed, late, published, in doubt.
    pub(crate) fn books(&self, team: &str) -> [u64; 7] {
        let numbers: Vec<u64> = self.words(&format!("{team} ")).iter().map(|word| word.parse().unwrap()).collect();
        numbers.try_into().unwrap()
    }

    /// The longest tap to beat, in milliseconds.
    pub(crate) fn longest_ms(&self) -> f64 {
        let words = self.words("tap to beat");
        words[words.len() - 2].parse().unwrap()
    }

    /// Taps that were found in a beat.
    pub(crate) fn samples(&self) -> u64 {
        self.words("tap to beat").last().unwrap().parse().unwrap()
    }

    /// How many sockets ended with `code`.
    pub(crate) fn closes(&self, code: u16) -> u64 {
        let line = self.words("closes").join(" ");
        line.split(", ")
            .find_map(|close| close.strip_prefix(&format!("{code} x ")))
            .map_or(0, |times| times.parse().unwrap())
    }

    pub(crate) fn says(&self, words: &str) -> bool {
        self.report.contains(words)
    }

    /// Whether the verdict has a line about some team of the sink that ends so.
    pub(crate) fn verdict_names_a_team(&self, end: &str) -> bool {
        let verdict = self.report.split_once("NOT RECONCILED\n").map_or("", |(_, verdict)| verdict);
        verdict.lines().any(|line| line.trim().starts_with('T') && line.ends_with(end))
    }

    /// Every tap of the run arrived once, and there were enough to tell.
    #[track_caller]
    pub(crate) fn assert_exact(&self) {
        assert_eq!(self.code, 0, "{}{}", self.report, self.errors);
        let [due, sent, counted, shadowed, late, published, _] = self.books("all");
        assert!((250..600).contains(&due), "{due} taps are not about 400");
        assert_eq!([sent, counted, shadowed, late, published], [due, due, 0, 0, due], "{}", self.report);
        assert!(self.says("RECONCILED  every tap"));
        assert_eq!(self.samples(), due, "every tap has its latency\n{}", self.report);
    }
}
