//! How the generator itself fares: its CPU, the machine's, and whether anything stood still.

use std::fs;

use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::books::ledger::Ledger;
use crate::clock::{Clock, Nanos, SECOND, as_seconds};
use crate::measure::spans::Spans;
use crate::measure::watchdog::Watchdog;

/// One process under observation, by the thread that looks after it.
#[derive(Debug)]
pub(crate) struct Vitals {
    watchdog: Watchdog,
    cpu_then: Nanos,
    /// Within the measured phases.
    cpu: Nanos,
    machine: Machine,
    longest_silence: Nanos,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Fared {
    pub(crate) hiccups: Spans,
    pub(crate) cpu_seconds: f64,
    pub(crate) machine_busy: f64,
    pub(crate) longest_silence: Nanos,
    pub(crate) resident_bytes: u64,
}

impl Vitals {
    pub(crate) fn start(clock: Clock) -> std::io::Result<Self> {
        Ok(Self {
            watchdog: Watchdog::start(clock)?,
            cpu_then: cpu(ClockId::ProcessCPUTime),
            cpu: 0,
            machine: Machine::default(),
            longest_silence: 0,
        })
    }

    /// A look in passing; returns the latest wake-up since the last. `quietest` is how long the quietest of those who
    /// should speak has said nothing.
    pub(crate) fn look(&mut self, now: Nanos, measured: bool, quietest: Nanos) -> Nanos {
        let cpu_now = cpu(ClockId::ProcessCPUTime);
        if measured {
            self.cpu += cpu_now - self.cpu_then;
            self.longest_silence = self.longest_silence.max(quietest);
        }
        self.cpu_then = cpu_now;
        self.machine.look(now, measured);
        self.watchdog.worst_lately()
    }

    /// The end of it.
    pub(crate) fn stop(self) -> Fared {
        Fared {
            hiccups: self.watchdog.stop(),
            cpu_seconds: as_seconds(self.cpu),
            machine_busy: self.machine.busy_share(),
            longest_silence: self.longest_silence,
            resident_bytes: resident_bytes().unwrap_or(0),
        }
    }
}

impl Fared {
    /// Into the book of this process.
    pub(crate) fn note(&self, ledger: &mut Ledger) {
        ledger.hiccups.add(&self.hiccups);
        ledger.cpu_seconds += self.cpu_seconds;
        ledger.resident_bytes += self.resident_bytes;
    }
}

/// How much of a core one thread uses, second by second.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadLoad {
    then: Option<(Nanos, Nanos)>,
}

impl ThreadLoad {
    /// To be asked by the thread itself, often: the share of a core it used since last time, once a second has passed.
    pub(crate) fn look(&mut self, now: Nanos) -> Option<f64> {
        let Some((then, cpu_then)) = self.then else {
            self.then = Some((now, cpu(ClockId::ThreadCPUTime)));
            return None;
        };
        if now < then + SECOND {
            return None;
        }
        let cpu_now = cpu(ClockId::ThreadCPUTime);
        self.then = Some((now, cpu_now));
        Some(as_seconds(cpu_now - cpu_then) / as_seconds(now - then))
    }
}

/// All cores, by the kernel's own account in ticks.
#[derive(Debug, Default)]
struct Machine {
    asked: Nanos,
    then: Option<(u64, u64)>,
    busy: u64,
    all: u64,
}

impl Machine {
    fn look(&mut self, now: Nanos, measured: bool) {
        if self.then.is_some() && now < self.asked + SECOND {
            return;
        }
        self.asked = now;
        let read = fs::read_to_string("/proc/stat").ok().and_then(|text| ticks(&text));
        if let (Some((busy_then, all_then)), Some((busy, all)), true) = (self.then, read, measured) {
            self.busy += busy.saturating_sub(busy_then);
            self.all += all.saturating_sub(all_then);
        }
        self.then = read;
    }

    /// Where the kernel does not say, none.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    fn busy_share(&self) -> f64 {
        if self.all == 0 { 0.0 } else { self.busy as f64 / self.all as f64 }
    }
}

/// Busy and all ticks of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
fn ticks(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|word| word.parse().ok()).collect();
    let all: u64 = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((all - idle, all))
}

/// The most memory this process ever had.
fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

fn cpu(clock: ClockId) -> Nanos {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    u64::try_from(tv_sec).unwrap_or(0) * SECOND + u64::try_from(tv_nsec).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_account_is_read_as_busy_and_all() {
        assert_eq!(ticks("cpu  10 1 5 100 20 2 3 4 99 99\ncpu0 1 1 1"), Some((25, 145)));
        assert_eq!(ticks("intr 1"), None);
        assert!(resident_bytes().is_some_and(|bytes| bytes > 100_000));
    }

    #[test]
    fn a_thread_that_computes_uses_its_core_and_is_asked_once_a_second() {
        let (clock, mut load) = (Clock::start(), ThreadLoad::default());
        assert_eq!(load.look(clock.now()), None);
        assert_eq!(load.look(clock.now()), None);
        let share = load.look(clock.now() + SECOND);
        assert!(share.is_some_and(|share| (0.0..1.1).contains(&share)), "{share:?}");
    }
}
