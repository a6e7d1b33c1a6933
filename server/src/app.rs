//! Puts the service together, and runs it until it is told to stop. The only place that spawns.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use beat_core::{Incarnation, Opening};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_local;

use crate::admin::{Admin, Listener};
use crate::clock::Clock;
use crate::conduct::Conductor;
use crate::config::{Config, EventConfig, Flags, PublicAddress, StoreAddress};
use crate::door::reload;
use crate::event::Event;
use crate::exclusions::keep::Excluding;
use crate::flush::{Flush, Flushed};
use crate::gateway::{Counters, Gateway, Shard, ShardHandle, ToShard};
use crate::metrics::Metrics;
use crate::store::{Embedded, EventRecord, Redis, Store, StoreError};
use crate::tally::{KeyError, Signer};
use crate::turns::Turns;
use crate::watch::watch as watch_prefixes;
use crate::{drain, follow, listen, pace, remember};

/// Messages a shard may have waiting. A claim that finds it full begins a new session; the rest waits its turn.
const MAILBOX: usize = 1_024;

/// Beats and silences a conductor may have waiting: six seconds of them, longer than any of its calls takes.
const REPORTS: usize = 64;

/// What kept the service from starting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: String, source: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("tally.key_file: {0}")]
    Key(#[from] KeyError),
    #[error("cannot start: {0}")]
    Io(#[from] io::Error),
    #[error("cannot keep metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// The service: bound and known to its store, not yet serving.
pub(crate) struct App {
    /// Where fans come in.
    pub(crate) public: Vec<PublicAddress>,
    /// Where operators do.
    pub(crate) admin: String,
    flags: Flags,
    gateway: Arc<Gateway>,
    store: Arc<dyn Store>,
    excluding: Arc<Excluding>,
    /// Of each shard.
    listeners: Vec<Vec<listen::Listener>>,
    mailboxes: Vec<mpsc::Receiver<ToShard>>,
    operators: Listener,
    metrics: Arc<Metrics>,
}

impl App {
    /// Opens the store and binds every address.
    pub(crate) async fn new(config: Config, flags: Flags) -> Result<Self, StartError> {
        let clock = Clock::start();
        let listen_error = |address: String| move |source| StartError::Listen { address, source };
        let mut public = Vec::new();
        let mut listeners: Vec<Vec<listen::Listener>> = (0..config.shards.get()).map(|_| Vec::new()).collect();
        for address in config.listen.iter() {
            let (bound, of_shards) = listen::listen(&config, *address).map_err(listen_error(address.to_string()))?;
            public.push(bound);
            listeners.iter_mut().zip(of_shards).for_each(|(shard, listener)| shard.push(listener));
        }
        let operators = Listener::bind(&config.admin).await.map_err(listen_error(config.admin.to_string()))?;
        if let Some(identity) = config.tls.identity() {
            identity.tell();
            if !config.listen.have_tls() {
                tracing::warn!(
                    "there is a certificate, and nobody to show it to: no address of `listen` begins https://"
                );
            }
        }
        let store = open(&config).await?;
        let events = known_events(&config, store.as_ref(), clock).await?;
        // After the store, which makes the folder and is alone in it.
        let signer = Signer::new(&config.tally.key_file, config.store.folder())?;
        match &signer {
            Signer::Key(key) => tracing::info!(key = %key.public(), "final tallies are signed"),
            Signer::Unsigned(why) => tracing::info!(why, "final tallies are not signed"),
        }
        let (shards, mailboxes) = (0..config.shards.get())
            .map(|_| {
                let (mailbox, messages) = mpsc::channel(MAILBOX);
                (ShardHandle { mailbox, counters: Arc::new(Counters::default()) }, messages)
            })
            .unzip();
        let gateway = Arc::new(Gateway::new(config, clock, events, shards, signer));
        let excluding = Arc::new(Excluding::begin(Arc::clone(&gateway), Arc::clone(&store)).await?);
        Ok(Self {
            public,
            admin: operators.place()?,
            flags,
            gateway,
            store,
            excluding,
            listeners,
            mailboxes,
            operators,
            metrics: Arc::new(Metrics::install()?),
        })
    }

    /// Serves until a signal, then drains.
    pub(crate) async fn run(self) -> Result<ExitCode, StartError> {
        let Self { gateway, store, excluding, listeners, mailboxes, operators, metrics, flags, .. } = self;
        let mut stop = Stop::new()?;
        let (flushes, flushed) = watch::channel(Flushed::default());
        for (index, (listeners, mailbox)) in listeners.into_iter().zip(mailboxes).enumerate() {
            let gateway = Arc::clone(&gateway);
            thread::Builder::new()
                .name(format!("shard-{index}"))
                // Its end is that of the process: as a panic, so that there is one last flush.
                .spawn(move || Shard::run(index, gateway, listeners, mailbox).expect("a shard serves to the end"))?;
        }
        let incarnation = Incarnation(rand::random());
        spawn_local(
            Flush { gateway: Arc::clone(&gateway), store: Arc::clone(&store), incarnation, flushed: flushes }.run(),
        );
        for event in &gateway.events {
            let (report, reports) = mpsc::channel(REPORTS);
            let (event, store) = (Arc::clone(event), Arc::clone(&store));
            spawn_local(follow::follow(Arc::clone(&gateway), Arc::clone(&event), Arc::clone(&store), report));
            if store.is_shared() {
                spawn_local(remember::remember(Arc::clone(&gateway), Arc::clone(&event), Arc::clone(&store)));
            }
            spawn_local(Conductor::new(Arc::clone(&gateway), event, store, flushed.clone(), reports).run());
        }
        let turns = Arc::new(Turns::new(Arc::clone(&gateway), store));
        let timetable = Arc::clone(&turns);
        spawn_local(async move { timetable.keep().await });
        spawn_local(pace::keep(Arc::clone(&gateway)));
        spawn_local(watch_prefixes(Arc::clone(&gateway)));
        spawn_local(reload::keep(Arc::clone(&gateway), flags, signal(SignalKind::hangup())?));
        let upkeep = Arc::clone(&metrics);
        spawn_local(async move { upkeep.keep().await });
        let heard = Arc::clone(&excluding);
        spawn_local(async move { heard.keep().await });
        let admin = Admin {
            gateway: Arc::clone(&gateway),
            turns,
            excluding,
            metrics,
            flushed: flushed.clone(),
            incarnation,
            place: operators.kind(),
        };
        spawn_local(admin.serve(operators));

        let told_to = stop.wait().await;
        gateway.start_draining();
        Ok(match told_to {
            Told::ToStop => tokio::select! {
                everything_kept = drain::drain(&gateway, flushed) => stopped(everything_kept),
                _ = stop.wait() => {
                    tracing::warn!("told twice: stopping at once");
                    ExitCode::FAILURE
                }
            },
            Told::OfAPanic => {
                // Other gateways take over; what this one has counted up to here goes to the store.
                drain::flush(&gateway, &mut flushed.clone(), gateway.config.drain.flush).await;
                ExitCode::FAILURE
            }
        })
    }
}

fn stopped(everything_kept: bool) -> ExitCode {
    if everything_kept {
        tracing::info!("stopped; everything counted is in the store");
        ExitCode::SUCCESS
    } else {
        tracing::error!("stopped; the store did not take the last flush in time");
        ExitCode::FAILURE
    }
}

async fn open(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match &config.store {
        StoreAddress::Embedded(folder) => Arc::new(Embedded::open(folder)?),
        StoreAddress::Memory => Arc::new(Embedded::in_memory()?),
        StoreAddress::Redis(address) => {
            let codes = |event: &EventConfig| event.roster().teams().iter().map(|team| team.code).collect();
            let rosters = config.events.iter().map(|event| (event.id.clone(), codes(event)));
            Arc::new(Redis::open(address, rosters).await?)
        }
    })
}

/// Every configured event, as far on as the store knows it.
pub(crate) async fn known_events(
    config: &Config,
    store: &dyn Store,
    clock: Clock,
) -> Result<Vec<Arc<Event>>, StoreError> {
    let beat_ms = u64::try_from(config.beat.interval.as_millis()).unwrap_or(u64::MAX);
    let mut events = Vec::new();
    for event in &config.events {
        // What is due by now is open before the first fan comes in.
        let wall_ms = clock.wall_ms();
        let due = Opening::default().by_schedule(event.opens_at_ms(), event.closes_at_ms(), wall_ms);
        let proposal = EventRecord { t0_ms: wall_ms, opening: due.unwrap_or_default() };
        let record = store.advance(&event.id, proposal).await?;
        events.push(Arc::new(Event::new(event, record, beat_ms, config.shards.get(), clock)));
    }
    Ok(events)
}

/// Why the service ends.
enum Told {
    ToStop,
    OfAPanic,
}

/// Signals, and panics anywhere in the process.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    panics: mpsc::UnboundedReceiver<()>,
}

impl Stop {
    fn new() -> io::Result<Self> {
        let (panicked, panics) = mpsc::unbounded_channel();
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            report(panic);
            // Refused only when the process is already ending.
            _ = panicked.send(());
        }));
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())?, panics })
    }

    async fn wait(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::ToStop,
            _ = self.interrupt.recv() => Told::ToStop,
            Some(()) = self.panics.recv() => Told::OfAPanic,
        }
    }
}
