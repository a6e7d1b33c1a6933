//! A bare server: it counts what it is told and beats, and does nothing else. The ceiling of whoever loads it is its own.
//!
//! It speaks as much of the wire as a fan of this program needs: the event, the binary fan socket with sessions that
//! resume on the thread that knew them, the display feed, and `beat_taps_total`, all on one address. What it lacks, on
//! purpose: the human's tap rate (nothing is shadowed), limits, JSON for fans, a store. `--drop-one-in` and
//! `--double-one-in` make it count wrong, to see whether its judge notices.

mod board;
mod counting;
mod frames;
mod lane;
mod page;
mod socket;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use beat_protocol::{Cadence, EventId};
use clap::Parser;
use socket2::{Domain, Protocol, Socket, Type};

use self::board::{BEAT, Board, Work};
use self::counting::Mistake;
use self::lane::Lane;
use crate::ending::Ending;

const EXAMPLES: &str = "\
Examples:
  A server that costs next to nothing, and what this program can send at most:
    beat-load sink --listen 127.0.0.1:8099 &
    beat-load run --url ws://127.0.0.1:8099 --admin http://127.0.0.1:8099 -c 19000 -q 100000 -z 30s
  One that loses every hundred-thousandth tap: the run must exit 98 and name the team:
    beat-load sink --listen 127.0.0.1:8099 --drop-one-in 100000 --for 2m
  On a port that is free, told on the first line; two threads, seven teams:
    beat-load sink --listen 127.0.0.1:0 --threads 2 --teams 7";

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4_096;

/// What `sink` is told.
#[derive(Clone, Debug, Parser)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SinkArgs {
    /// Where to listen; port 0: any that is free. Fans, displays and metrics are all served here.
    #[arg(long, default_value = "127.0.0.1:8099", value_name = "ADDR")]
    listen: SocketAddr,

    /// The one event there is.
    #[arg(long, default_value = "demo", value_name = "ID")]
    event: EventId,

    /// How many teams its roster has: T001, T002 and so on.
    #[arg(long, default_value_t = 206, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=9_999))]
    teams: u16,

    /// Threads that serve; each has a listener and sockets of its own.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,

    /// How long fans are asked to wait between two CHEER frames, in steps of 50 ms up to 4 s.
    #[arg(long, default_value = "250ms", value_name = "TIME", value_parser = humantime::parse_duration)]
    cadence: Duration,

    /// Stop after this long; without it, on Ctrl-C.
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    time: Option<Duration>,

    /// Count wrong on purpose: every N-th tap of a thread is not counted.
    #[arg(long, value_name = "N", conflicts_with = "double_one_in")]
    drop_one_in: Option<NonZeroU64>,

    /// Count wrong on purpose: every N-th tap of a thread is counted twice.
    #[arg(long, value_name = "N")]
    double_one_in: Option<NonZeroU64>,
}

/// Serves until told to stop, then says what it did.
#[expect(clippy::print_stdout, reason = "the address and the summary are what is asked for")]
pub(crate) fn run(args: &SinkArgs) -> io::Result<()> {
    let ending = Ending::on_ctrl_c()?;
    rlimit::increase_nofile_limit(u64::MAX)?;
    let mistake = match (args.drop_one_in, args.double_one_in) {
        (Some(n), _) => Mistake::DropOneIn(n),
        (None, Some(n)) => Mistake::DoubleOneIn(n),
        (None, None) => Mistake::None,
    };
    let cadence = Cadence::from_ms(u32::try_from(args.cadence.as_millis()).unwrap_or(u32::MAX));
    let first = listen(args.listen)?;
    let address = first.local_addr()?;
    let board = Arc::new(Board::new(args.event.clone(), args.teams, args.threads, cadence));
    let mut listeners = vec![first];
    for _ in 1..args.threads {
        listeners.push(listen(address)?);
    }
    let began = Instant::now();
    let lanes = listeners
        .into_iter()
        .zip(0..)
        .map(|(listener, index)| {
            let lane = Lane::open(index, listener, Arc::clone(&board), mistake)?;
            let ending = ending.clone();
            thread::Builder::new().name(format!("sink-{index}")).spawn(move || lane.serve(&ending))
        })
        .collect::<io::Result<Vec<_>>>()?;
    println!("ws://{address}");
    eprintln!("sink: event {}, {} teams, metrics at http://{address}/metrics; Ctrl-C ends it", args.event, args.teams);
    let mut due = began;
    while !ending.is_asked()
        && args.time.is_none_or(|time| due < began + time)
        && !lanes.iter().any(|lane| lane.is_finished())
    {
        due += BEAT;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        board.beat();
    }
    ending.ask();
    let mut work = Work::default();
    for lane in lanes {
        work.add(&lane.join().expect("a lane does not panic")?);
    }
    println!("{}", work.summary(board.total(), began.elapsed()));
    Ok(())
}

/// A listener that shares its address with those of the other threads.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
