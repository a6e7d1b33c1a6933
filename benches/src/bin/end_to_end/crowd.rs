//! Thousands of fans on one thread: opened, kept to a schedule, and emptied of what they are sent.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use beat_benches::one_tap_more;

use crate::book::{held_up, refuse};
use crate::listener::upgrade;
use crate::process::{Process, own_cpu_seconds};
use crate::secured::{Secured, Trust};
use crate::thumbs::Tap;

/// Behind its schedule by more, the crowd is the bottleneck.
const LAG_MAX: Duration = Duration::from_millis(50);
/// The same, by its own CPU.
const CPU_MAX: f64 = 0.9;
/// Told by the kernel at a time.
const EVENTS: usize = 1_024;
/// How long a crowd that does not tap looks away.
const REST: Duration = Duration::from_millis(1);
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The fans.
pub(crate) struct Crowd {
    fans: Vec<Fan>,
    /// Who taps next, where all do in turn.
    next: usize,
    /// Whom they believe, where they come by TLS.
    trust: Option<Trust>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    sink: Vec<u8>,
    frame: Vec<u8>,
    bytes_in: u64,
}

struct Fan {
    socket: OwnedFd,
    secured: Option<Secured>,
    team: u16,
    total: u32,
}

/// A tap that is on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed {
    /// The moment before its CHEER was handed to the socket.
    pub(crate) at: Instant,
    pub(crate) team: u16,
}

impl Crowd {
    /// Opens `fans` connections to the event `demo`, one after the other; they tap for 200 teams.
    pub(crate) fn connect(process: &Process, fans: usize) -> io::Result<Self> {
        let mut crowd = Self { trust: process.trust.clone(), ..Self::new()? };
        crowd.admit(process.port, "demo", (0..200).cycle().take(fans))?;
        Ok(crowd)
    }

    /// Nobody yet.
    pub(crate) fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let (events, sink) = (Vec::with_capacity(EVENTS), vec![0; 1 << 16]);
        Ok(Self { fans: Vec::new(), next: 0, trust: None, epoll, events, sink, frame: Vec::new(), bytes_in: 0 })
    }

    /// Opens a connection to `event` for each of `teams`, whom its fan taps for.
    pub(crate) fn admit(&mut self, port: u16, event: &str, teams: impl IntoIterator<Item = u16>) -> io::Result<()> {
        let request = request(event);
        for team in teams {
            let mut asked = ask(port, &request, self.trust.as_ref())?;
            expect_upgrade(&mut asked)?;
            let Asked { socket, secured } = asked;
            epoll::add(
                &self.epoll,
                &socket,
                EventData::new_u64(self.fans.len() as u64),
                EventFlags::IN | EventFlags::ET,
            )?;
            self.fans.push(Fan { socket: socket.into(), secured, team, total: 0 });
        }
        Ok(())
    }

    /// Opens and closes so many connections, several at once; so many a second, or as fast as they are answered.
    pub(crate) fn storm(process: &Process, connections: u32, at_once: u32, per_second: Option<f64>) -> io::Result<()> {
        let (port, trust) = (process.port, process.trust.as_ref());
        let (request, mut own) = (request("demo"), Pace::begin());
        for nth in (0..connections).step_by(usize::try_from(at_once).unwrap_or(1)) {
            if let Some(per_second) = per_second {
                let due = Duration::from_secs_f64(f64::from(nth) / per_second);
                sleep(due.saturating_sub(own.began.elapsed()));
                own.late_by(own.began.elapsed().saturating_sub(due).as_secs_f64());
            }
            let mut asked = (0..at_once).map(|_| ask(port, &request, trust)).collect::<io::Result<Vec<_>>>()?;
            asked.iter_mut().try_for_each(expect_upgrade)?;
        }
        own.judge()
    }

    /// Only takes in what comes, by its clock: a crowd that slept until there is something would be woken by nearly each
    /// frame, at the cost of whoever sends it, and more often by a slower sender.
    pub(crate) fn rest(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            sleep(REST);
            while self.take_in(Duration::ZERO)? == EVENTS {}
        }
        Ok(())
    }

    /// The same, while the first `tapping` of them tap `times` a second, in turn. Answers with how many taps that were.
    pub(crate) fn rest_but(&mut self, tapping: usize, times: f64, time: Duration) -> io::Result<u64> {
        let (began, mut sent) = (Instant::now(), 0);
        while began.elapsed() < time {
            sleep(REST);
            let due = began.elapsed().as_secs_f64() * times * tapping as f64;
            while ((sent + 1) as f64) <= due {
                self.tap(usize::try_from(sent).unwrap_or_default() % tapping, 1)?;
                sent += 1;
            }
            while self.take_in(Duration::ZERO)? == EVENTS {}
        }
        Ok(sent)
    }

    /// Taps for `time`, one tap a frame: so many frames a second in all, several in a write. Answers with how many.
    pub(crate) fn cheer(&mut self, frames_per_second: f64, frames_per_write: u32, time: Duration) -> io::Result<u64> {
        let mut own = Pace::begin();
        let mut sent = 0;
        while own.began.elapsed() < time {
            let due = own.began.elapsed().as_secs_f64() * frames_per_second;
            own.late_by((due - sent as f64 - f64::from(frames_per_write)) / frames_per_second);
            while (sent + u64::from(frames_per_write)) as f64 <= due {
                self.tap(self.next, frames_per_write)?;
                sent += u64::from(frames_per_write);
                self.next = (self.next + 1) % self.fans.len();
            }
            self.take_in(Duration::from_micros(20))?;
        }
        own.judge()?;
        Ok(sent)
    }

    /// Taps as `taps` say, which are due from `began` on, until `end`; each is a CHEER of its own.
    pub(crate) fn play<'a>(
        &mut self,
        taps: &mut std::iter::Peekable<impl Iterator<Item = &'a Tap>>,
        began: Instant,
        end: Duration,
    ) -> io::Result<Vec<Handed>> {
        let mut own = Pace::begin();
        let mut handed = Vec::new();
        loop {
            let now = began.elapsed();
            while let Some(tap) = taps.next_if(|tap| tap.due <= now.min(end)) {
                handed.push(Handed { at: Instant::now(), team: self.fans[tap.fan].team });
                self.tap(tap.fan, 1)?;
                own.late_by((now - tap.due).as_secs_f64());
            }
            if now >= end {
                break;
            }
            let next = taps.peek().map_or(end, |tap| tap.due.min(end));
            self.take_in(next.saturating_sub(began.elapsed()).min(Duration::from_millis(5)))?;
        }
        own.judge()?;
        Ok(handed)
    }

    /// One fan's running total after so many more taps, each in a frame of its own, in one write.
    fn tap(&mut self, at: usize, frames: u32) -> io::Result<()> {
        self.frame.clear();
        let fan = &mut self.fans[at];
        for _ in 0..frames {
            fan.total += 1;
            one_tap_more(fan.team, fan.total, MASK, &mut self.frame);
        }
        self.write(at)
    }

    /// Each fan says its total, all at once: so much is on the board before anything is measured.
    pub(crate) fn state(&mut self, totals: &[u32]) -> io::Result<()> {
        for (at, &total) in totals.iter().enumerate() {
            self.frame.clear();
            one_tap_more(self.fans[at].team, total, MASK, &mut self.frame);
            self.write(at)?;
        }
        Ok(())
    }

    fn write(&mut self, at: usize) -> io::Result<()> {
        let fan = &mut self.fans[at];
        if let Some(secured) = &mut fan.secured {
            self.frame = secured.encrypt(&self.frame)?;
        }
        match send(fan.socket.as_fd(), &self.frame, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
            Ok(taken) if taken == self.frame.len() => Ok(()),
            other => refuse(format!("fan {at} cannot send: {other:?}")),
        }
    }

    /// Bytes that all of them were sent, framing included, since the last time it was asked.
    pub(crate) fn bytes_in(&mut self) -> u64 {
        std::mem::take(&mut self.bytes_in)
    }

    /// Throws away what has come, up to [`EVENTS`] times; answers with how often. A connection that ended is an error.
    fn take_in(&mut self, wait: Duration) -> io::Result<usize> {
        self.events.clear();
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&wait))?;
        for event in &self.events {
            let at = usize::try_from(event.data.u64()).map_err(io::Error::other)?;
            // With TRUNC the kernel counts what it threw away, and copies nothing.
            match recv(&self.fans[at].socket, &mut self.sink[..], RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
                Ok((_, discarded @ 1..)) => self.bytes_in += discarded as u64,
                Err(Errno::AGAIN) => {}
                other => return refuse(format!("fan {at} was cut off: {other:?}")),
            }
        }
        Ok(self.events.len())
    }
}

/// Whether the crowd keeps up with what it is asked to do.
struct Pace {
    began: Instant,
    cpu_seconds: f64,
    latest: f64,
}

impl Pace {
    fn begin() -> Self {
        Self { began: Instant::now(), cpu_seconds: own_cpu_seconds(), latest: 0.0 }
    }

    fn late_by(&mut self, seconds: f64) {
        self.latest = self.latest.max(seconds);
    }

    fn judge(&self) -> io::Result<()> {
        let share = (own_cpu_seconds() - self.cpu_seconds) / self.began.elapsed().as_secs_f64();
        if self.latest > LAG_MAX.as_secs_f64() || share > CPU_MAX {
            let late_ms = self.latest * 1e3;
            return held_up(format!("the crowd is the bottleneck: {share:.2} of a core, {late_ms:.0} ms late"));
        }
        Ok(())
    }
}

fn request(event: &str) -> String {
    upgrade(&format!("/v1/events/{event}/ws"), "Sec-WebSocket-Protocol: cheer.v1\r\n")
}

/// Who waits for an answer.
struct Asked {
    socket: TcpStream,
    secured: Option<Secured>,
}

fn ask(port: u16, request: &str, trust: Option<&Trust>) -> io::Result<Asked> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nodelay(true)?;
    let mut secured = trust.map(|trust| Secured::shake_hands(&mut socket, trust)).transpose()?;
    match &mut secured {
        None => socket.write_all(request.as_bytes())?,
        Some(secured) => socket.write_all(&secured.encrypt(request.as_bytes())?)?,
    }
    Ok(Asked { socket, secured })
}

fn expect_upgrade(Asked { socket, secured }: &mut Asked) -> io::Result<()> {
    let mut head = [0; 4_096];
    let read = match secured {
        None => socket.read(&mut head)?,
        Some(secured) => secured.read(socket, &mut head)?,
    };
    if head[..read].starts_with(b"HTTP/1.1 101") {
        return Ok(());
    }
    refuse(String::from_utf8_lossy(&head[..read]))
}
