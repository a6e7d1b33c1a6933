//! What the kernel says of this machine; whatever it does not say is left out of the findings.

use std::fs::read_to_string;
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

/// Sleeps that are timed: a fifth of a second in all.
const SLEEPS: usize = 200;
const LOOKS: u32 = 10_000;

/// One machine.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    /// Open files a process may have: at first, and at most.
    pub(super) files: Option<(u64, u64)>,
    /// What that limit may be raised to.
    pub(super) files_max: Option<u64>,
    /// The first and the last port of outgoing connections.
    pub(super) ports: Option<(u16, u16)>,
    /// Bytes.
    pub(super) memory_free: Option<u64>,
    /// Connections the firewall keeps track of, where there is one.
    pub(super) tracked_max: Option<u64>,
    pub(super) cores: usize,
    /// Cores' worth of time this container may use.
    pub(super) quota: Option<f64>,
    /// Tasks that ran or waited, over the last minute.
    pub(super) load: Option<f64>,
    pub(super) clock_source: Option<String>,
    /// What one look at the clock costs.
    pub(super) look_cost: Duration,
    /// By how much a sleep of 1 ms is late: the median, and the most.
    pub(super) late: (Duration, Duration),
}

impl Machine {
    pub(super) fn look() -> Self {
        Self {
            files: rlimit::getrlimit(rlimit::Resource::NOFILE).ok(),
            files_max: number("/proc/sys/fs/nr_open"),
            ports: range(&text("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default()),
            memory_free: memory_free(&text("/proc/meminfo").unwrap_or_default()),
            tracked_max: number("/proc/sys/net/netfilter/nf_conntrack_max"),
            cores: available_parallelism().map_or(1, usize::from),
            quota: quota(&text("/sys/fs/cgroup/cpu.max").unwrap_or_default()),
            load: text("/proc/loadavg").and_then(|load| load.split(' ').next()?.parse().ok()),
            clock_source: text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            look_cost: look_cost(),
            late: late(),
        }
    }
}

fn text(path: &str) -> Option<String> {
    read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn number(path: &str) -> Option<u64> {
    text(path)?.parse().ok()
}

/// Two numbers with blanks between them.
fn range(text: &str) -> Option<(u16, u16)> {
    let mut ports = text.split_whitespace().map(str::parse);
    Some((ports.next()?.ok()?, ports.next()?.ok()?))
}

fn memory_free(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// `<microseconds> <of so many>`, or `max` for all of them.
fn quota(text: &str) -> Option<f64> {
    let (used, of) = text.split_once(' ')?;
    Some(used.parse::<f64>().ok()? / of.parse::<f64>().ok()?)
}

fn look_cost() -> Duration {
    let began = Instant::now();
    for _ in 0..LOOKS {
        std::hint::black_box(Instant::now());
    }
    began.elapsed() / LOOKS
}

fn late() -> (Duration, Duration) {
    const SLEEP: Duration = Duration::from_millis(1);
    let mut late: Vec<Duration> = (0..SLEEPS)
        .map(|_| {
            let began = Instant::now();
            sleep(SLEEP);
            began.elapsed().saturating_sub(SLEEP)
        })
        .collect();
    late.sort_unstable();
    (late[SLEEPS / 2], late[SLEEPS - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_writes_is_read() {
        assert_eq!(range("32768\t60999"), Some((32_768, 60_999)));
        assert_eq!(memory_free("MemTotal: 2 kB\nMemAvailable:   1024 kB\n"), Some(1 << 20));
        assert_eq!((quota("150000 100000"), quota("max 100000")), (Some(1.5), None));
    }

    #[test]
    fn this_machine_says_something_of_everything_that_decides() {
        let machine = Machine::look();
        assert!(machine.files.is_some() && machine.ports.is_some() && machine.memory_free.is_some(), "{machine:?}");
        assert!(machine.late.0 <= machine.late.1 && machine.look_cost > Duration::ZERO, "{machine:?}");
    }
}
