//! Many gateways that do nothing but follow, and what they do to Redis when the one that conducted dies.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use beat_core::{Duty, Election};
use tokio::task::{JoinSet, LocalSet, yield_now};
use tokio::time::{Instant, interval, sleep};

use beat_benches::TEAMS;

use crate::wire::Wire;
use crate::{BEAT_BYTES, INTERVAL, Spread, clear, share_of_a_second};

/// How often the conductor dies.
const DEATHS: usize = 5;

/// What was measured.
pub(crate) struct Deaths {
    pub(crate) before: Spread,
    pub(crate) after: Spread,
    pub(crate) gap_seconds: Spread,
}

/// What all of them share here, and nowhere else: who is to die, and when a beat was accepted last.
struct Stage {
    conductor: Cell<Option<u32>>,
    accepted: Cell<Instant>,
}

/// Kills the conductor of `standbys` gateways, several times.
pub(crate) async fn deaths(redis: SocketAddr, standbys: u32) -> io::Result<Deaths> {
    let mut admin = Wire::connect(redis).await?;
    clear(&mut admin).await?;
    let stage = Rc::new(Stage { conductor: Cell::new(None), accepted: Cell::new(Instant::now()) });
    let everyone = LocalSet::new();
    let mut tasks = JoinSet::new();
    // One more for each that dies.
    for gateway in 0..standbys + u32::try_from(DEATHS).unwrap_or(u32::MAX) {
        tasks.spawn_local_on(stand_by(redis, gateway, standbys, Rc::clone(&stage)), &everyone);
    }
    let measured = everyone
        .run_until(async {
            let (mut before, mut after, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..DEATHS {
                while stage.conductor.get().is_none() {
                    sleep(INTERVAL).await;
                }
                sleep(Duration::from_secs(2)).await;
                before.push(share_of_a_second(&mut admin).await?);
                // Whoever conducts sees that it is nobody, and ends.
                stage.conductor.set(None);
                let last = stage.accepted.get();
                let shares = share_of_a_second(&mut admin);
                let gap = async {
                    while stage.conductor.get().is_none() {
                        yield_now().await;
                        sleep(Duration::from_millis(1)).await;
                    }
                    stage.accepted.get() - last
                };
                let (share, gap) = tokio::join!(shares, gap);
                after.push(share?);
                gaps.push(gap.as_secs_f64());
            }
            io::Result::Ok(Deaths {
                before: Spread::of(before),
                after: Spread::of(after),
                gap_seconds: Spread::of(gaps),
            })
        })
        .await;
    tasks.abort_all();
    clear(&mut admin).await?;
    measured
}

/// Follows, claims and conducts by the election of the service, with its commands; ends when it was conductor and is not
/// any more.
async fn stand_by(redis: SocketAddr, gateway: u32, gateways: u32, stage: Rc<Stage>) -> io::Result<()> {
    let mut reader = Wire::connect(redis).await?;
    let mut wire = Wire::connect(redis).await?;
    // What it counted while it was cheered at.
    let key = format!("beat:{{bench}}:1:g:{gateway:016x}");
    let mut zadd = vec!["ZADD".to_owned(), key, "GT".into(), "CH".into()];
    zadd.extend((0..TEAMS).flat_map(|team| ["1000000".to_owned(), format!("T{team:02}")]));
    wire.ask(&[zadd]).await?;
    let heard = Rc::new(Cell::new(0u32));
    let election = Rc::new(Cell::new(Election::new(true)));
    let (newest, its_election) = (Rc::clone(&heard), Rc::clone(&election));
    let following = tokio::task::spawn_local(async move {
        loop {
            let after = format!("{}-0", newest.get());
            let read = ["XREAD", "BLOCK", "250", "STREAMS", "beat:{bench}:1:beats", &after];
            let Ok(answer) = reader.text(&read).await else { return };
            let mut election = its_election.get();
            match answer.lines().filter_map(|line| line.strip_suffix("-0")?.parse().ok()).max() {
                Some(number) => {
                    newest.set(number);
                    election.heard(number);
                }
                None => election.silence(gateway.wrapping_mul(2_654_435_761) & 1 << 16 != 0),
            }
            its_election.set(election);
        }
    });
    let mut ticks = interval(INTERVAL);
    // Gateways do not start at the same moment.
    sleep(INTERVAL * (gateway % 100) / 100).await;
    let beat = "x".repeat(BEAT_BYTES);
    let mut conducts = false;
    loop {
        ticks.tick().await;
        let mut deciding = election.get();
        if conducts && stage.conductor.get() != Some(gateway) {
            following.abort();
            return Ok(());
        }
        if deciding.duty() == Duty::Follow {
            conducts = false;
            continue;
        }
        if conducts {
            // Idle gateways state nothing: the registry, and one vector to audit.
            read(&mut wire, "beat:{bench}:1:gateways").await?;
            read(&mut wire, "beat:{bench}:1:g:0000000000000000").await?;
        }
        let number = heard.get() + 1;
        deciding.tries(number);
        let id = format!("{number}-0");
        let add = ["XADD", "beat:{bench}:1:beats", "MAXLEN", "~", "600", &id, "b", &beat];
        let outcome = wire.text(&add).await;
        let mut decided = election.get();
        decided.tries(number);
        if outcome.is_ok() {
            decided.accepted();
            heard.set(heard.get().max(number));
            stage.accepted.set(Instant::now());
            if !conducts {
                // A new conductor reads every vector once.
                for of in 0..gateways {
                    read(&mut wire, &format!("beat:{{bench}}:1:g:{of:016x}")).await?;
                }
            }
            conducts = true;
            stage.conductor.set(Some(gateway));
        } else {
            decided.taken();
            conducts = false;
        }
        election.set(decided);
    }
}

async fn read(wire: &mut Wire, key: &str) -> io::Result<()> {
    wire.ask(&[["ZRANGE", key, "0", "-1", "WITHSCORES"].map(str::to_owned).to_vec()]).await
}
