//! The floor: as little as a server can do on one thread with epoll. It answers each connection's first bytes with a 101,
//! walks the frames it reads and adds what they say, and every 100 ms sends one ready-made frame to a fifth of its sockets.
//! No WebSocket library, no runtime, no session, no store.

use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, listen, recv, send};

const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const LISTENER: u64 = u64::MAX;
const STDIN: u64 = u64::MAX - 1;
/// As the gateway's.
const BACKLOG: i32 = 4_096;
const INTERVAL: Duration = Duration::from_millis(100);
/// Header and mask.
const HEADER_BYTES: usize = 6;

struct Socket {
    fd: OwnedFd,
    is_upgraded: bool,
    /// The total its frames stated last.
    total: u32,
}

/// Serves on a free port, says which on stdout, and says its counts for each line on stdin, until that ends.
#[expect(clippy::print_stdout, reason = "stdout is how the driver hears of it")]
pub(crate) fn serve(frame_bytes: usize) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    // Of std's 128 a storm finds no place: it would wait for the kernel's retransmissions.
    listen(&listener, BACKLOG)?;
    println!("{}", listener.local_addr()?.port());
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    epoll::add(&epoll, io::stdin(), EventData::new_u64(STDIN), EventFlags::IN)?;
    let mut sockets: Vec<Option<Socket>> = Vec::new();
    let mut events = Vec::with_capacity(256);
    let mut buffer = vec![0; 64 * 1_024];
    let mut frame = vec![0x82, 126];
    frame.resize(frame_bytes, 0);
    let (mut frames_in, mut taps, mut frames_out, mut beat) = (0u64, 0u64, 0u64, 0usize);
    let mut due = Instant::now() + INTERVAL;
    loop {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            due += INTERVAL;
            beat += 1;
            for socket in sockets.iter().skip(beat % 5).step_by(5).flatten().filter(|socket| socket.is_upgraded) {
                // A full socket skips it.
                frames_out += u64::from(send(&socket.fd, &frame, SendFlags::DONTWAIT | SendFlags::NOSIGNAL).is_ok());
            }
            continue;
        }
        events.clear();
        let wait = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
        epoll::wait(&epoll, spare_capacity(&mut events), Some(&wait))?;
        for event in &events {
            let key = event.data.u64();
            if key == LISTENER {
                while let Ok((socket, _)) = listener.accept() {
                    socket.set_nodelay(true)?;
                    let key = socket.as_raw_fd().unsigned_abs() as usize;
                    epoll::add(&epoll, &socket, EventData::new_u64(key as u64), EventFlags::IN)?;
                    sockets.resize_with(sockets.len().max(key + 1), || None);
                    sockets[key] = Some(Socket { fd: socket.into(), is_upgraded: false, total: 0 });
                }
                continue;
            }
            if key == STDIN {
                let mut line = [0; 64];
                if io::stdin().read(&mut line)? == 0 {
                    return Ok(());
                }
                println!("{frames_in} {taps} {frames_out} {}", frames_out * frame.len() as u64);
                io::stdout().flush()?;
                continue;
            }
            let place = &mut sockets[usize::try_from(key).map_err(io::Error::other)?];
            let Some(socket) = place else { continue };
            let read = match recv(&socket.fd, &mut buffer[..], RecvFlags::DONTWAIT) {
                Ok((1.., read)) => read,
                Err(Errno::AGAIN | Errno::INTR) => continue,
                _ => {
                    *place = None;
                    continue;
                }
            };
            if !socket.is_upgraded {
                socket.is_upgraded = true;
                send(&socket.fd, UPGRADED, SendFlags::NOSIGNAL)?;
                continue;
            }
            let mut rest = &buffer[..read];
            while let [_, len, m0, m1, m2, m3, p0, p1, p2, p3, p4, p5, p6, ..] = *rest {
                let _team = u16::from_le_bytes([p1 ^ m1, p2 ^ m2]);
                let total = u32::from_le_bytes([p3 ^ m3, p4 ^ m0, p5 ^ m1, p6 ^ m2]);
                taps += u64::from(total.saturating_sub(socket.total));
                socket.total = total.max(socket.total);
                frames_in += u64::from(p0 ^ m0 == 1);
                rest = rest.get(HEADER_BYTES + usize::from(len & 0x7f)..).unwrap_or_default();
            }
        }
    }
}
