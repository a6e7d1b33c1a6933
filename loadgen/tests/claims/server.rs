//! A beat-server as its users run it: the program of this workspace, built first if it has to be. Nothing of its code is
//! used here.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::load::{Ran, beat_load};

/// A server that ends with its test, and the folder of its configuration.
pub(crate) struct Server {
    process: Child,
    pub(crate) fans: String,
    pub(crate) admin: String,
    pub(crate) folder: TempDir,
}

impl Server {
    /// With this configuration, and other files beside it.
    pub(crate) fn start(config: &str, beside: &[(&str, &str)]) -> Self {
        Self::start_at("127.0.0.1:0", config, beside)
    }

    /// The same, where fans find it at `listen`.
    pub(crate) fn start_at(listen: &str, config: &str, beside: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in beside.iter().chain(&[("beat.toml", config)]) {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut process = Command::new(program())
            .args(["--config", "beat.toml", "--listen", listen, "--admin", "127.0.0.1:0", "--store", "memory"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.as_mut().unwrap()).lines();
        let mut told = |name: &str| {
            let line = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with(name));
            let line = line.unwrap_or_else(|| panic!("the server did not say where {name} is"));
            line.split_whitespace().nth(1).unwrap().trim_end_matches('/').to_owned()
        };
        let (fans, admin) = (told("fans"), told("admin"));
        Self { process, fans, admin, folder }
    }

    /// `run` against its event `demo`.
    pub(crate) fn load(&self, words: &[&str]) -> Ran {
        let url = self.fans.replacen("http", "ws", 1);
        beat_load(&[&["--url", &url, "--admin", &self.admin, "-z", "2s", "--settle", "3s"], words].concat())
    }

    /// What `beat-server` says with these words, beside its configuration.
    pub(crate) fn says(&self, words: &[&str]) -> String {
        let output = Command::new(program()).args(words).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Where a file beside its configuration is.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _killed = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// The server of the same build: a program of another package is not built for these tests, unless one asks.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let own = Path::new(env!("CARGO_BIN_EXE_beat-load"));
        let released: &[&str] = if own.to_string_lossy().contains("/release/") { &["--release"] } else { &[] };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "-p", "beat-server"])
            .args(released)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.unwrap().success(), "beat-server does not build");
        own.with_file_name("beat-server")
    })
}
