//! Thousands of fans on one thread: opened, kept to a schedule, and emptied of what they are sent.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use rustix::time::{ClockId, clock_gettime};

use beat_benches::one_tap_more;

const REQUEST: &[u8] = b"GET /v1/events/demo/ws HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: cheer.v1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
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
    fans: Vec<OwnedFd>,
    totals: Vec<u32>,
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
    sink: Vec<u8>,
}

impl Crowd {
    /// Opens `fans` connections, one after the other.
    pub(crate) fn connect(port: u16, fans: usize) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let mut all = Vec::with_capacity(fans);
        for _ in 0..fans {
            let mut socket = ask(port)?;
            expect_upgrade(&mut socket)?;
            epoll::add(&epoll, &socket, EventData::new_u64(all.len() as u64), EventFlags::IN | EventFlags::ET)?;
            all.push(socket.into());
        }
        let totals = vec![0; fans];
        Ok(Self { fans: all, totals, epoll, events: Vec::with_capacity(EVENTS), sink: vec![0; 1 << 16] })
    }

    /// Opens and closes so many connections, several at once.
    pub(crate) fn storm(port: u16, connections: usize, at_once: usize) -> io::Result<()> {
        for _ in 0..connections / at_once {
            let mut asked = (0..at_once).map(|_| ask(port)).collect::<io::Result<Vec<_>>>()?;
            asked.iter_mut().try_for_each(expect_upgrade)?;
        }
        Ok(())
    }

    /// Only takes in what comes, by its clock: a crowd that slept until there is something would be woken by nearly each
    /// frame, at the cost of whoever sends it, and more often by a slower sender.
    pub(crate) fn rest(&mut self, time: Duration) -> io::Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            std::thread::sleep(REST);
            while self.take_in(Duration::ZERO)? == EVENTS {}
        }
        Ok(())
    }

    /// Taps for `time`, one tap a frame: so many frames a second in all, several in a write. Answers with how many.
    pub(crate) fn cheer(&mut self, frames_per_second: f64, frames_per_write: usize, time: Duration) -> io::Result<u64> {
        let (began, cpu) = (Instant::now(), own_cpu());
        let (mut sent, mut at, mut lag) = (0u64, 0, 0.0f64);
        let mut bytes = Vec::new();
        while began.elapsed() < time {
            let due = began.elapsed().as_secs_f64() * frames_per_second;
            lag = lag.max((due - sent as f64) / frames_per_second - frames_per_write as f64 / frames_per_second);
            while (sent + frames_per_write as u64) as f64 <= due {
                bytes.clear();
                for _ in 0..frames_per_write {
                    self.totals[at] += 1;
                    let team = u16::try_from(at % 200).unwrap_or(0);
                    one_tap_more(team, self.totals[at], MASK, &mut bytes);
                }
                match send(self.fans[at].as_fd(), &bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL) {
                    Ok(taken) if taken == bytes.len() => {}
                    other => return Err(io::Error::other(format!("fan {at} cannot send: {other:?}"))),
                }
                sent += frames_per_write as u64;
                at = (at + 1) % self.fans.len();
            }
            self.take_in(Duration::from_micros(20))?;
        }
        let share = (own_cpu() - cpu) / began.elapsed().as_secs_f64();
        if lag > LAG_MAX.as_secs_f64() || share > CPU_MAX {
            let why = format!("the crowd is the bottleneck: {share:.2} of a core, {:.0} ms late", lag * 1e3);
            return Err(io::Error::other(why));
        }
        Ok(sent)
    }

    /// Throws away what has come, up to [`EVENTS`] times; answers with how often. A connection that ended is an error.
    fn take_in(&mut self, wait: Duration) -> io::Result<usize> {
        self.events.clear();
        let wait = Timespec { tv_sec: 0, tv_nsec: wait.subsec_nanos().into() };
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), Some(&wait))?;
        for event in &self.events {
            let at = usize::try_from(event.data.u64()).map_err(io::Error::other)?;
            match recv(&self.fans[at], &mut self.sink[..], RecvFlags::DONTWAIT | RecvFlags::TRUNC) {
                Ok((1.., _)) | Err(Errno::AGAIN) => {}
                // With TRUNC the kernel counts what it threw away, and copies nothing.
                Ok((0, discarded)) if discarded > 0 => {}
                other => return Err(io::Error::other(format!("fan {at} was cut off: {other:?}"))),
            }
        }
        Ok(self.events.len())
    }
}

fn ask(port: u16) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    socket.set_nodelay(true)?;
    socket.write_all(REQUEST)?;
    Ok(socket)
}

fn expect_upgrade(socket: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; 4_096];
    let read = socket.read(&mut head)?;
    if head[..read].starts_with(b"HTTP/1.1 101") {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&head[..read]).into_owned()))
}

fn own_cpu() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}
