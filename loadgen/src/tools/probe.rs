//! `probe`: the way of one tap, step by step and timed; for a person who wonders, and for a monitor that asks each minute.
//!
//! It goes the whole way, from the name of the host to the beat that contains the tap on the display feed and on a fan's
//! socket: a health page can be green while nothing is delivered. It takes two connections and, unless told to only watch,
//! adds one real tap to one real team.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use beat_protocol::{
    ClientFrame, EventId, FeedMessage, Flag, Record, Records, ServerFrame, ServerMessage, TeamCode, Welcome,
};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::clock::{Clock, Nanos, as_seconds};
use crate::judge::fault;
use crate::stream::Stream;
use crate::target::{Socket, Target, TargetError};
use crate::tickets::{TicketArgs, Tickets, TicketsError};
use crate::trust::{Trust, TrustArgs, TrustError};

const EXAMPLES: &str = "\
Examples:
  One tap's way through this machine's service:
    beat-load probe
  For a monitor: exit code 99 if the tap took longer, JSON for its records:
    beat-load probe --url ws://arena.example --event final --team JPN --within 700ms --json
  During a match, adding no tap: do beats still come, and are they fresh?
    beat-load probe --url ws://arena.example --event final --watch

Exit codes: 0 it arrived in time, 2 usage, 3 a step failed (which is told), 99 it arrived too late.";

/// What `probe` is told.
#[derive(Clone, Debug, Parser)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ProbeArgs {
    /// The service: ws://host[:port], or wss:// for TLS.
    #[arg(long, default_value = "ws://127.0.0.1:8080", value_name = "URL")]
    url: String,

    /// The event.
    #[arg(long, default_value = "demo", value_name = "ID")]
    event: EventId,

    /// Whom to tap for; without it, for the team that has the fewest taps.
    #[arg(long, value_name = "CODE", conflicts_with = "watch")]
    team: Option<TeamCode>,

    /// Tap for nobody: only see whether new beats come.
    #[arg(long)]
    watch: bool,

    /// How long the tap may take to be in a beat, or the next beat to come.
    #[arg(long, default_value = "1s", value_name = "TIME", value_parser = humantime::parse_duration)]
    within: Duration,

    /// How long any step may take before it has failed.
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Duration,

    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    tickets: TicketArgs,

    #[command(flatten)]
    trust: TrustArgs,
}

/// Why the tap did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("{0}")]
    Target(#[from] TargetError),
    #[error("{0}")]
    Tickets(#[from] TicketsError),
    #[error("{0}")]
    Trust(#[from] TrustError),
    #[error("{0} is not in the roster")]
    NoSuchTeam(TeamCode),
    #[error("an event without teams")]
    NoTeams,
    #[error("{step}: {why}")]
    Step { step: &'static str, why: String },
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
}

/// What was measured.
struct Way {
    steps: Vec<(&'static str, Nanos)>,
    /// Whom the tap was for, and whether others tapped for it meanwhile.
    team: Option<(TeamCode, bool)>,
    /// From the tap to the beat, or from one beat to the next.
    took: Nanos,
    beat: u32,
}

/// Goes the way, tells it, and answers whether it was short enough.
#[expect(clippy::print_stdout, reason = "the way is what is asked for")]
pub(crate) fn run(args: &ProbeArgs) -> Result<bool, ProbeError> {
    let target = Target::parse(&args.url, args.event.clone(), &Trust::of(&args.trust)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let way = runtime.block_on(go(args, &target));
    let within = |way: &Way| Duration::from_nanos(way.took) <= args.within;
    match (&way, args.json) {
        (Ok(way), true) => println!("{}", json(args, way, within(way))),
        (Ok(way), false) => print!("{}", text(args, way, within(way))),
        (Err(error), true) => println!("{}", serde_json::json!({ "ok": false, "error": error.to_string() })),
        (Err(_), false) => {}
    }
    way.map(|way| within(&way))
}

/// Times the steps, one after the other.
struct Walk {
    clock: Clock,
    limit: Duration,
    steps: Vec<(&'static str, Nanos)>,
    since: Nanos,
}

impl Walk {
    async fn step<T, E: ToString>(
        &mut self,
        step: &'static str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, ProbeError> {
        let failed = |why: String| ProbeError::Step { step, why };
        let done = timeout(self.limit, work).await.map_err(|_| failed(format!("not within {:?}", self.limit)))?;
        let done = done.map_err(|error| failed(error.to_string()))?;
        let now = self.clock.now();
        self.steps.push((step, now - self.since));
        self.since = now;
        Ok(done)
    }
}

async fn go(args: &ProbeArgs, target: &Target) -> Result<Way, ProbeError> {
    let clock = Clock::start();
    let mut walk = Walk { clock, limit: args.timeout, steps: Vec::new(), since: clock.now() };
    let address = walk.step("name", async { target.resolve() }).await?;
    let event = walk.step("event page", async { target.event() }).await?;
    let index = |code| event.teams.iter().position(|team| team.code == code);
    if let Some(code) = args.team.filter(|&code| index(code).is_none()) {
        return Err(ProbeError::NoSuchTeam(code));
    }
    let roster: Vec<TeamCode> = event.teams.iter().map(|team| team.code).collect();
    let tickets = Tickets::of(&args.tickets, target.event_id(), &roster, (1, 0))?;
    let (display, ticket) = (tickets.display(), tickets.fan(0, &mut 0));
    // A ticket may be for one team alone.
    let team = args.team.or(tickets.team_of(0).and_then(|team| roster.get(usize::from(team)).copied()));

    let mut feed = walk.step("display feed", upgrade(target, address, target.feed_request(display.as_ref()))).await?;
    let (mut number, standing) = walk.step("first beat on it", next_beat(&mut feed, team)).await?;
    let (code, before, rate) = standing.ok_or(ProbeError::NoTeams)?;
    let team = index(code).and_then(|index| u16::try_from(index).ok()).ok_or(ProbeError::NoSuchTeam(code))?;

    let socket = walk.step("fan: connection", TcpStream::connect(address)).await?;
    let stream = match target.tls() {
        None => Stream::over(target, socket).await?,
        Some(_) => walk.step("fan: TLS", Stream::over(target, socket)).await?,
    };
    let mut fan = walk.step("fan: handshake", shake(stream, target.fan_request(None, ticket.as_ref()))).await?;
    walk.step("fan: welcome", welcomed(&mut fan)).await?;
    walk.step("fan: first beat", async { beat_from(&mut fan, 0).await }).await?;

    let began = walk.since;
    if args.watch {
        let from = number;
        let newer = async {
            while number <= from {
                number = next_beat(&mut feed, None).await?.0;
            }
            Ok::<_, String>(())
        };
        walk.step("next beat on the display feed", newer).await?;
    } else {
        let records = Records::new(&[Record { team, total: 1 }]).expect("one record");
        let mut payload = Vec::new();
        ClientFrame::Cheer(records).encode(&mut payload);
        walk.step("tap: sent", fan.send(Message::binary(payload))).await?;
        let contained = async {
            loop {
                let (beat, standing) = next_beat(&mut feed, Some(code)).await?;
                if standing.is_some_and(|(_, total, _)| total > before) {
                    number = beat;
                    return Ok::<_, String>(());
                }
            }
        };
        walk.step("tap: in a beat on the display feed", contained).await?;
    }
    let took = walk.since - began;
    walk.step("that beat on a fan's socket", beat_from(&mut fan, number)).await?;
    walk.step("goodbye", async { fan.close(None).await.map_err(|error| error.to_string()) }).await?;
    let team = (!args.watch).then_some((code, rate > 0.0));
    Ok(Way { steps: walk.steps, team, took, beat: number })
}

async fn upgrade(
    target: &Target,
    address: SocketAddr,
    request: impl IntoClientRequest + Unpin,
) -> Result<Socket, String> {
    let stream = Stream::open(target, address).await.map_err(|error| error.to_string())?;
    shake(stream, request).await
}

async fn shake(stream: Stream, request: impl IntoClientRequest + Unpin) -> Result<Socket, String> {
    client_async(request, stream).await.map(|(socket, _)| socket).map_err(|error| error.to_string())
}

async fn heard(socket: &mut Socket) -> Result<Message, String> {
    match socket.next().await {
        Some(Ok(Message::Close(close))) => Err(close.map_or_else(
            || "closed without a code".to_owned(),
            |close| {
                let code = u16::from(close.code);
                format!("closed with {code}, {}{} {}", fault::meaning(code), fault::advice(code), close.reason)
            },
        )),
        Some(Ok(message)) => Ok(message),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the connection ended".to_owned()),
    }
}

async fn welcomed(fan: &mut Socket) -> Result<(), String> {
    match heard(fan).await? {
        Message::Text(text) => match serde_json::from_str(text.as_str()) {
            Ok(ServerMessage::Welcome { welcome: Welcome { .. } }) => Ok(()),
            _ => Err("a first message that is no welcome".to_owned()),
        },
        _ => Err("a first message that is no text".to_owned()),
    }
}

/// A fresh beat on the feed: its number, and how `code` (or the team with the fewest taps) stands: total and rate.
async fn next_beat(feed: &mut Socket, code: Option<TeamCode>) -> Result<(u32, Option<(TeamCode, u64, f64)>), String> {
    loop {
        let Message::Text(text) = heard(feed).await? else { continue };
        let beat: FeedMessage<'_> = serde_json::from_str(text.as_str()).map_err(|error| error.to_string())?;
        // The last one repeated is not a sign of life.
        if beat.flags.contains(&Flag::Stale) {
            continue;
        }
        let team = match code {
            Some(code) => beat.teams.iter().find(|team| team.code == code),
            None => beat.teams.iter().min_by_key(|team| (team.total, team.code)),
        };
        return Ok((beat.beat, team.map(|team| (team.code, team.total, team.rate))));
    }
}

/// The first beat on a fan's socket that is numbered `number` or later.
async fn beat_from(fan: &mut Socket, number: u32) -> Result<(), String> {
    loop {
        let Message::Binary(bytes) = heard(fan).await? else { continue };
        let head = match ServerFrame::decode(&bytes).map_err(|error| error.to_string())? {
            ServerFrame::Key(key) => key.head,
            ServerFrame::Delta(delta) => delta.head,
            ServerFrame::Marks(_) => continue,
        };
        if head.beat >= number {
            return Ok(());
        }
    }
}

fn ms(time: Nanos) -> f64 {
    as_seconds(time) * 1e3
}

fn text(args: &ProbeArgs, way: &Way, in_time: bool) -> String {
    let mut text = String::new();
    for (step, time) in &way.steps {
        writeln!(text, "{:>9.1} ms  {step}", ms(*time)).expect("a string takes all");
    }
    let (took, within) = (ms(way.took), args.within);
    let what = way.team.map_or_else(
        || format!("beat {} came {took:.1} ms after the one before was looked for", way.beat),
        |(team, _)| format!("a tap for {team} was in beat {} after {took:.1} ms", way.beat),
    );
    let verdict = if in_time { "OK" } else { "TOO LATE" };
    writeln!(text, "\n{verdict}  {what}; allowed are {within:?}").expect("a string takes all");
    if let Some((team, true)) = way.team {
        writeln!(text, "others tap for {team}, too: the beat may be one that contains theirs and not yet ours")
            .expect("a string takes all");
    }
    text
}

fn json(args: &ProbeArgs, way: &Way, in_time: bool) -> serde_json::Value {
    let steps: serde_json::Map<_, _> =
        way.steps.iter().map(|(step, time)| ((*step).to_owned(), ms(*time).into())).collect();
    serde_json::json!({
        "ok": in_time,
        "took_ms": ms(way.took),
        "within_ms": args.within.as_secs_f64() * 1e3,
        "team": way.team.map(|(team, _)| team),
        "shared": way.team.is_some_and(|(_, shared)| shared),
        "beat": way.beat,
        "steps_ms": steps,
    })
}
