//! What `beat-server` does about tallies beside serving: a key's public half, and whether a tally is what was signed.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::config::{Config, Flags};
use crate::tally::{FinalTally, PublicKey, SecretKey, Signer, TallyKey};

/// `EX_USAGE` of sysexits.h.
const USAGE: u8 = 64;
/// `EX_DATAERR`: what was given is no tally.
const NO_TALLY: u8 = 65;
/// `EX_NOINPUT`: nothing can be read there.
const NO_INPUT: u8 = 66;
/// It is a tally, and not what was signed.
const DOUBTED: u8 = 1;

/// A tally of 65,535 teams is shorter than this.
const TALLY_BYTES_MAX: u64 = 4 << 20;

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum TallyCommand {
    /// Print the public half of the key that tallies are signed with; a key that is not there yet is made
    TallyKey {
        /// The key's file [default: the one the configuration names]
        file: Option<PathBuf>,
    },
    /// Check a final tally: exits 0 if it is what was signed, 1 if not, 65 if it is no tally, 66 if it cannot be read
    VerifyTally {
        /// The tally, as /v1/events/{event}/tally gave it; `-` reads standard input
        file: PathBuf,
        /// The public key it must be signed with, as its owner published it [default: the one in the tally]
        #[arg(long, value_name = "HEX")]
        key: Option<PublicKey>,
    },
}

impl TallyCommand {
    /// Does it.
    pub(crate) fn run(&self, flags: &Flags) -> ExitCode {
        match self {
            Self::TallyKey { file } => tally_key(file.as_deref(), flags),
            Self::VerifyTally { file, key } => verify_tally(file, *key),
        }
    }
}

fn tally_key(file: Option<&Path>, flags: &Flags) -> ExitCode {
    let key = match file {
        Some(path) => SecretKey::load_or_make(path),
        None => match Config::load(flags) {
            Err(error) => return tell(&error.to_string(), USAGE),
            Ok(config) => match (&config.tally.key_file, config.store.folder()) {
                (TallyKey::File(path), _) => SecretKey::load(path),
                (TallyKey::WithStore, None) => return tell("tally.key_file: none is configured; name a file", USAGE),
                (TallyKey::WithStore, Some(folder)) => match std::fs::create_dir_all(folder) {
                    Err(error) => return tell(&format!("cannot make {}: {error}", folder.display()), DOUBTED),
                    Ok(()) => match Signer::new(&TallyKey::WithStore, Some(folder)) {
                        Ok(Signer::Key(key)) => Ok(key),
                        Ok(Signer::Unsigned(why)) => return tell(why, USAGE),
                        Err(error) => Err(error),
                    },
                },
            },
        },
    };
    match key {
        Ok(key) => say(&format!("{}\n", key.public())),
        Err(error) => tell(&error.to_string(), DOUBTED),
    }
}

fn verify_tally(file: &Path, key: Option<PublicKey>) -> ExitCode {
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(error) => return tell(&format!("cannot read {}: {error}", file.display()), NO_INPUT),
    };
    let tally: FinalTally = match serde_json::from_slice(&bytes) {
        Ok(tally) => tally,
        Err(error) => return tell(&format!("{} is no tally: {error}", file.display()), NO_TALLY),
    };
    match tally.check(key) {
        Err(doubt) => tell(&format!("NOT GOOD: {doubt}"), DOUBTED),
        Ok(named) => {
            let whose = match key {
                Some(_) => "signed with the key you gave",
                None => "signed with the key it names; whose that is, only its owner's publication tells",
            };
            say(&format!("good: {}\n{whose}: {named}\n", tally.headline()))
        }
    }
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match file == Path::new("-") {
        true => std::io::stdin().lock().take(TALLY_BYTES_MAX).read_to_end(&mut bytes)?,
        false => std::fs::File::open(file)?.take(TALLY_BYTES_MAX).read_to_end(&mut bytes)?,
    };
    Ok(bytes)
}

fn say(text: &str) -> ExitCode {
    let mut stdout = std::io::stdout().lock();
    let said = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if said.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(why: &str, code: u8) -> ExitCode {
    // Nothing left to do if even that cannot be printed.
    drop(writeln!(std::io::stderr(), "beat-server: {why}"));
    code.into()
}
