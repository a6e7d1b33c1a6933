//! The golden vectors, made independently of this code and read by the JavaScript tests as well.

#![expect(clippy::unwrap_used, reason = "a test")]

use beat_protocol::{BeatHead, Cadence, ClientFrame, Delta, Flags, Key, Record, Records, ServerFrame, level_of};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    good: Vec<Good>,
    refused_from_client: Vec<Refused>,
    levels: Vec<Level>,
}

#[derive(Deserialize)]
struct Good {
    name: String,
    hex: String,
    #[serde(flatten)]
    meaning: Meaning,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "UPPERCASE")]
enum Meaning {
    Cheer {
        records: Vec<(u16, u32)>,
    },
    Base {
        records: Vec<(u16, u32)>,
    },
    Marks {
        records: Vec<(u16, u32)>,
    },
    Key {
        #[serde(flatten)]
        head: Head,
        levels: Vec<u8>,
        totals: Vec<u64>,
    },
    Delta {
        #[serde(flatten)]
        head: Head,
        key: u32,
        levels: std::collections::BTreeMap<String, u8>,
    },
}

#[derive(Deserialize)]
struct Head {
    flags: Vec<beat_protocol::Flag>,
    beat: u32,
    cadence_ms: u32,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    hex: String,
    close: u16,
}

#[derive(Deserialize)]
struct Level {
    taps_per_second: f64,
    level: u8,
}

#[test]
fn every_good_vector_is_read_and_written_to_the_byte() {
    for Good { name, hex, meaning } in vectors().good {
        let bytes = bytes_of(&hex);
        let mut written = Vec::new();
        match meaning {
            Meaning::Cheer { records } => {
                let frame = ClientFrame::Cheer(records_of(&records));
                assert_eq!(ClientFrame::decode(&bytes), Ok(frame), "{name}");
                frame.encode(&mut written);
            }
            Meaning::Base { records } => {
                let frame = ClientFrame::Base(records_of(&records));
                assert_eq!(ClientFrame::decode(&bytes), Ok(frame), "{name}");
                frame.encode(&mut written);
            }
            Meaning::Marks { records } => written = server(&name, &bytes, &ServerFrame::Marks(records_of(&records))),
            Meaning::Key { head, levels, totals } => {
                written = server(&name, &bytes, &ServerFrame::Key(Key { head: head.meant(), levels, totals }));
            }
            Meaning::Delta { head, key, levels } => {
                let mut levels: Vec<(u16, u8)> =
                    levels.into_iter().map(|(team, level)| (team.parse().unwrap(), level)).collect();
                levels.sort_unstable();
                written = server(&name, &bytes, &ServerFrame::Delta(Delta { head: head.meant(), key, levels }));
            }
        }
        assert_eq!(written, bytes, "{name}");
    }
}

#[test]
fn every_refused_vector_knows_its_close_code() {
    for Refused { name, hex, close } in vectors().refused_from_client {
        let refusal = ClientFrame::decode(&bytes_of(&hex)).expect_err(&name);
        assert_eq!(refusal.close_code().as_u16(), close, "{name}");
    }
}

#[test]
fn levels_are_as_published() {
    for Level { taps_per_second, level } in vectors().levels {
        assert_eq!(level_of(taps_per_second), level, "{taps_per_second} taps per second");
    }
}

fn vectors() -> Vectors {
    let vectors: Vectors = serde_json::from_str(include_str!("../vectors/frames.json")).unwrap();
    assert!(!vectors.good.is_empty() && !vectors.refused_from_client.is_empty() && !vectors.levels.is_empty());
    vectors
}

fn server(name: &str, bytes: &[u8], frame: &ServerFrame) -> Vec<u8> {
    assert_eq!(ServerFrame::decode(bytes).as_ref(), Ok(frame), "{name}");
    let mut written = Vec::new();
    frame.encode(&mut written);
    written
}

fn records_of(records: &[(u16, u32)]) -> Records {
    Records::new(&records.iter().map(|&(team, total)| Record { team, total }).collect::<Vec<_>>()).unwrap()
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

impl Head {
    fn meant(self) -> BeatHead {
        let flags: Flags = self.flags.into_iter().collect();
        BeatHead { flags, beat: self.beat, cadence: Cadence::from_ms(self.cadence_ms) }
    }
}
