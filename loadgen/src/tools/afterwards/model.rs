//! What a larger crowd would cost, reckoned from the costs of one frame, one beat and one fan.
//!
//! MODELLED: multiplication, not measurement. Every line shows its factors, so that whoever doubts one can put another in
//! its place. What it cannot know (network cards, a real kernel's queues, the day) is for a run to find out.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::AfterwardsError;
use crate::plan::shape::{however_many, per_second};
use crate::record::{self, Record};

const EXAMPLES: &str = "\
Examples:
  A hundred thousand fans, two million taps a second:
    beat-load model -c 100k -q 2M
  With the taps a frame and the bytes a beat of a run of yours:
    beat-load model -c 1M --from run.json
  With unit costs measured on your own machine:
    beat-load model -c 50k --frame-ns 1800 --beat-ns 6100 --fan-bytes 9000";

/// What `model` is told.
#[derive(clap::Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ModelArgs {
    /// How many fans: 800 or 100k.
    #[arg(short = 'c', long, value_name = "N", value_parser = however_many)]
    fans: u32,

    /// Taps per second of all of them; two for each fan without it.
    #[arg(short = 'q', long, value_name = "RATE", value_parser = per_second)]
    taps_per_second: Option<f64>,

    /// A record whose taps a frame, beats to a fan and bytes a beat are taken, instead of the values below.
    #[arg(long, value_name = "RECORD.json")]
    from: Option<PathBuf>,

    /// Taps in one CHEER frame.
    #[arg(long, value_name = "N", default_value_t = 6.0, value_parser = positive)]
    taps_per_frame: f64,

    /// Beats a second to each fan.
    #[arg(long, value_name = "N", default_value_t = 2.0, value_parser = positive)]
    beats_per_second: f64,

    /// Payload bytes of one beat to a fan.
    #[arg(long, value_name = "N", default_value_t = 300.0, value_parser = positive)]
    bytes_per_beat: f64,

    /// Server CPU for one CHEER frame that comes in singly. 2,568 ns were measured by the end-to-end bench (two virtual
    /// cores, 150,000 frames a second, loopback).
    #[arg(long, value_name = "NS", default_value_t = 2_568.0, value_parser = positive)]
    frame_ns: f64,

    /// Server CPU for one beat to one fan. 9,202 ns were measured by the same bench (10,000 fans, all else the process
    /// does included).
    #[arg(long, value_name = "NS", default_value_t = 9_202.0, value_parser = positive)]
    beat_ns: f64,

    /// Server memory for one fan; without it memory is left out, since no cost of it was measured here.
    #[arg(long, value_name = "BYTES", value_parser = positive)]
    fan_bytes: Option<f64>,

    /// Cores of one gateway.
    #[arg(long, value_name = "N", default_value_t = 8)]
    cores: u32,

    /// How much of them may be used; the rest is for what the model does not know.
    #[arg(long, value_name = "PERCENT", default_value_t = 60.0, value_parser = positive)]
    use_at_most: f64,
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.trim_end_matches('%').parse().map_err(|_| "not a number".to_owned())?;
    if number.is_finite() && number > 0.0 { Ok(number) } else { Err("more than nothing".to_owned()) }
}

/// TCP, IP and Ethernet around one small WebSocket frame: 20 + 12 + 20 + 18 + 2, and the acknowledgement's share.
const WIRE_BYTES: f64 = 110.0;

impl ModelArgs {
    #[expect(clippy::print_stdout, reason = "the answer is what is asked for")]
    pub(super) fn run(&self) -> Result<(), AfterwardsError> {
        let mut args = self.clone();
        if let Some(path) = &self.from {
            args.take_from(&record::read(path)?).map_err(AfterwardsError::Unlike)?;
        }
        print!("{}", args.text());
        Ok(())
    }

    /// What a run tells about demand; costs stay as they are given.
    fn take_from(&mut self, run: &Record) -> Result<(), String> {
        let (whole, seconds) = (run.measured(), run.measured_seconds());
        let fans = f64::from(run.set_up.fans);
        if whole.frames == 0 || whole.beats == 0 || seconds <= 0.0 {
            return Err("this run has no frames or no beats to learn from".to_owned());
        }
        self.taps_per_frame = float(whole.taps) / float(whole.frames);
        self.beats_per_second = float(whole.beats) / seconds / fans;
        self.bytes_per_beat = float(whole.bytes) / float(whole.beats);
        let taps_a_fan = float(whole.taps) / seconds / fans;
        self.taps_per_second = self.taps_per_second.or(Some(taps_a_fan * f64::from(self.fans)));
        Ok(())
    }

    fn text(&self) -> String {
        let fans = f64::from(self.fans);
        let taps = self.taps_per_second.unwrap_or(fans * 2.0);
        let frames = taps / self.taps_per_frame;
        let beats = fans * self.beats_per_second;
        let (frame_cores, beat_cores) = (frames * self.frame_ns / 1e9, beats * self.beat_ns / 1e9);
        let all_cores = frame_cores + beat_cores;
        let usable = f64::from(self.cores) * self.use_at_most / 100.0;
        let gateways = (all_cores / usable).ceil().max(1.0);
        let egress = beats * (self.bytes_per_beat + WIRE_BYTES) * 8.0 / 1e9;
        let ingress = frames * WIRE_BYTES * 8.0 / 1e9;
        let mut text = String::new();
        let mut say = |name: &str, sum: String, result: String| {
            writeln!(text, "{name:>16}  {sum:<58} = {result}").expect("a string takes all");
        };
        say(
            "frames in",
            format!("{} taps/s / {:.2} taps a frame", count(taps), self.taps_per_frame),
            format!("{}/s", count(frames)),
        );
        say(
            "beats out",
            format!("{} fans x {:.2} beats/s", count(fans), self.beats_per_second),
            format!("{}/s", count(beats)),
        );
        say(
            "CPU for frames",
            format!("{}/s x {:.0} ns", count(frames), self.frame_ns),
            format!("{frame_cores:.2} cores"),
        );
        say("CPU for beats", format!("{}/s x {:.0} ns", count(beats), self.beat_ns), format!("{beat_cores:.2} cores"));
        say(
            "gateways",
            format!("{all_cores:.2} cores / ({} cores x {:.0} %)", self.cores, self.use_at_most),
            format!("{gateways:.0}"),
        );
        say("fans a gateway", format!("{} fans / {gateways:.0}", count(fans)), count(fans / gateways));
        say(
            "network out",
            format!("{}/s x ({:.0} + {WIRE_BYTES:.0} bytes) x 8", count(beats), self.bytes_per_beat),
            format!("{egress:.2} Gbit/s"),
        );
        say("network in", format!("{}/s x {WIRE_BYTES:.0} bytes x 8", count(frames)), format!("{ingress:.2} Gbit/s"));
        if let Some(bytes) = self.fan_bytes {
            say(
                "memory",
                format!("{} fans x {} bytes", count(fans), count(bytes)),
                format!("{:.2} GB", fans * bytes / 1e9),
            );
        }
        format!(
            "MODELLED, not measured: unit costs times numbers. Loopback costs; a network card adds its own.\n\n{text}\n\
             One more gateway than this, so that one may fail.\n"
        )
    }
}

/// Thousands apart.
fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a model")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::record::tests::steady;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        model: ModelArgs,
    }

    fn told(words: &[&str]) -> String {
        Alone::parse_from([&["model"], words].concat()).model.text()
    }

    #[test]
    fn every_result_stands_beside_its_factors() {
        let text =
            told(&["--fans", "100000", "--taps-per-second", "1200000", "--frame-ns", "2000", "--beat-ns", "5000"]);
        for line in [
            "1,200,000 taps/s / 6.00 taps a frame",
            "= 200,000/s",
            "200,000/s x 2000 ns",
            "= 0.40 cores",
            "= 1.00 cores",
            "1.40 cores / (8 cores x 60 %)",
        ] {
            assert!(text.contains(line), "no {line:?} in\n{text}");
        }
        assert!(text.starts_with("MODELLED"), "{text}");
        assert!(!text.contains("memory"), "nobody said what a fan takes");
    }

    #[test]
    fn a_run_lends_its_own_proportions() {
        let mut args = Alone::parse_from(["model", "--fans", "1000"]).model;
        args.take_from(&steady()).unwrap();
        assert_eq!((args.taps_per_frame, args.beats_per_second, args.bytes_per_beat), (4.0, 2.0, 20.0));
        assert!(args.taps_per_second.is_some_and(|taps| (3_333.0..3_334.0).contains(&taps)));
        let mut empty = steady();
        empty.phases.clear();
        assert!(args.take_from(&empty).is_err());
    }
}
