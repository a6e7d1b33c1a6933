//! The servers: who owns which slots, one command connection to each, and what happens when one is lost.
//!
//! A call finds its connection or fails at once; making new ones is the work of one task in the background, with jitter.
//! Nothing is queued and nothing is sent twice: the next flush or beat says more than a repetition could. Redirections
//! are followed here and not by the crate's cluster connection, since that one re-sends what may have been done.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::dial::Dial;
use super::fault::{Fault, Meaning, meaning};
use super::route::{self, Owners};
use crate::config::{Node, RedisAddress};
use crate::dice;

/// Longest wait for any answer. A flush that takes longer is late for four beats or more: the next one supersedes it.
pub(super) const DEADLINE: Duration = Duration::from_secs(1);
/// Wait before a connection is tried again: drawn from zero to this, doubled each time up to the longest, so that a
/// thousand gateways do not come back at the same instant (full jitter).
const RETRY_FIRST: Duration = Duration::from_millis(50);
const RETRY_LONGEST: Duration = Duration::from_secs(2);

/// Without trouble, servers are looked up this often, drawn anew each time.
const LOOK_EVERY: std::ops::Range<Duration> = Duration::from_secs(20)..Duration::from_secs(40);

/// One connection, told from an earlier one to the same server.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) connection: MultiplexedConnection,
    number: u64,
}

/// What is known of the servers at one instant.
#[derive(Clone, Default)]
pub(super) struct View {
    pub(super) owners: Owners,
    lines: BTreeMap<Node, Line>,
    /// Why a server has no line.
    why: String,
}

/// The servers of one address.
pub(super) struct Fleet {
    address: RedisAddress,
    dial: Dial,
    view: ArcSwap<View>,
    /// A line was lost or a slot was not where we thought.
    trouble: Notify,
    lines_made: AtomicU64,
}

/// What a look at the servers brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    News,
    Nothing,
}

/// Ends the background task with the store.
pub(super) struct Keeper(JoinHandle<()>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Fleet {
    /// Finds the servers and connects to them; from then on they are kept.
    pub(super) async fn open(address: &RedisAddress) -> Result<(Arc<Self>, Keeper), Fault> {
        let fleet = Arc::new(Self {
            address: address.clone(),
            dial: Dial::new(address)?,
            view: ArcSwap::default(),
            trouble: Notify::new(),
            lines_made: AtomicU64::new(0),
        });
        fleet.refresh().await?;
        let keeper = Keeper(tokio::spawn(Arc::clone(&fleet).keep()));
        Ok((fleet, keeper))
    }

    /// The servers that own anything.
    pub(super) fn nodes(&self) -> Vec<Node> {
        self.view.load().owners.nodes()
    }

    /// Who owns `slot` by what is known now.
    pub(super) fn owner(&self, slot: u16) -> Result<Node, Fault> {
        let view = self.view.load();
        view.owners.of(slot).cloned().ok_or_else(|| self.unreachable(&view))
    }

    /// A connection to `node` for one reader alone.
    pub(super) async fn own_line(&self, node: &Node) -> Result<MultiplexedConnection, Fault> {
        self.dial.primary(node).await
    }

    /// Sends `commands` to the owner of `slot` in one round trip, and answers with one value or error for each.
    pub(super) async fn ask(&self, slot: u16, commands: &[Cmd]) -> Result<Vec<Result<Value, Fault>>, Fault> {
        let node = self.owner(slot)?;
        self.ask_node(&node, commands).await
    }

    /// The same to a certain server.
    pub(super) async fn ask_node(&self, node: &Node, commands: &[Cmd]) -> Result<Vec<Result<Value, Fault>>, Fault> {
        let deadline = Instant::now() + DEADLINE;
        let (line, answers) = self.send(node, commands, deadline).await?;
        let mut outcomes = Vec::with_capacity(answers.len());
        for (command, answer) in commands.iter().zip(answers) {
            let answer = match answer.extract_error() {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::Ask) => {
                    self.follow_ask(node, command, &error, deadline).await
                }
                Err(error) => {
                    let fault = self.fault(node, &error);
                    if meaning(&error) == Meaning::Demoted {
                        self.hang_up(node, line, &fault);
                    }
                    Err(fault)
                }
                Ok(answer) => Ok(answer),
            };
            outcomes.push(answer);
        }
        Ok(outcomes)
    }

    /// Tells the keeper that the owners are no longer those we know.
    pub(super) fn look_again(&self) {
        self.trouble.notify_one();
    }

    /// Turns the client's error into ours, and acts on what it means.
    pub(super) fn fault(&self, node: &Node, error: &RedisError) -> Fault {
        if matches!(meaning(error), Meaning::Demoted | Meaning::Elsewhere) {
            self.look_again();
        }
        Fault::of(node, error)
    }

    async fn send(&self, node: &Node, commands: &[Cmd], deadline: Instant) -> Result<(u64, Vec<Value>), Fault> {
        let line = {
            let view = self.view.load();
            view.lines.get(node).cloned().ok_or_else(|| self.unreachable(&view))?
        };
        let mut pipeline = Pipeline::with_capacity(commands.len());
        for command in commands {
            pipeline.add_command(command.clone());
        }
        let mut connection = line.connection;
        match within(deadline, connection.send_packed_commands(&pipeline, 0, commands.len())).await {
            Some(Ok(values)) => Ok((line.number, values)),
            Some(Err(error)) => {
                let fault = self.fault(node, &error);
                self.hang_up(node, line.number, &fault);
                Err(fault)
            }
            None => {
                // What was sent may still be done, and costs memory until it is answered: give the line up.
                let fault = Fault::Silent { node: node.clone() };
                self.hang_up(node, line.number, &fault);
                Err(fault)
            }
        }
    }

    /// A key under way to another server is asked for there, this once. Only what was refused is sent on, so that
    /// no key is made there that is still to arrive.
    async fn follow_ask(
        &self,
        from: &Node,
        command: &Cmd,
        error: &RedisError,
        deadline: Instant,
    ) -> Result<Value, Fault> {
        let to = route::redirection(error, from).ok_or_else(|| self.fault(from, error))?;
        let has_line = self.view.load().lines.contains_key(&to);
        if !has_line {
            let line = self.line(&to).await?;
            self.view.rcu(|view| {
                let mut view = View::clone(view);
                view.lines.insert(to.clone(), line.clone());
                view
            });
        }
        let both = [redis::cmd("ASKING"), command.clone()];
        let (_, mut answers) = self.send(&to, &both, deadline).await?;
        let answer = answers.pop().unwrap_or(Value::Nil);
        answer.extract_error().map_err(|error| self.fault(&to, &error))
    }

    fn unreachable(&self, view: &View) -> Fault {
        Fault::Unreachable { whom: self.address.to_string(), why: view.why.clone() }
    }

    /// Gives up a line, unless it has been replaced meanwhile.
    fn hang_up(&self, node: &Node, number: u64, fault: &Fault) {
        self.view.rcu(|view| {
            let mut view = View::clone(view);
            if view.lines.get(node).is_some_and(|line| line.number == number) {
                view.lines.remove(node);
                view.why = fault.to_string();
            }
            view
        });
        self.look_again();
    }

    /// Mends what is broken, for as long as the store lives.
    async fn keep(self: Arc<Self>) {
        let mut retry = RETRY_FIRST;
        loop {
            // A look without trouble learns who could be asked should all that are known die.
            if timeout(dice::random_range(LOOK_EVERY), self.trouble.notified()).await.is_err() {
                retry = RETRY_FIRST;
            }
            loop {
                // The first look is jittered as well: every gateway has lost its line at the same instant.
                sleep(dice::random_range(Duration::ZERO..=retry)).await;
                retry = (retry * 2).min(RETRY_LONGEST);
                match self.refresh().await {
                    Ok(Found::News) => retry = RETRY_FIRST,
                    // A cluster that is down says so to every call: it is not looked at as often.
                    Ok(Found::Nothing) => {}
                    Err(fault) => {
                        tracing::debug!(%fault, "cannot reach the store; trying again");
                        self.view.rcu(|view| View { why: fault.to_string(), ..View::clone(view) });
                        continue;
                    }
                }
                break;
            }
        }
    }

    /// Asks who owns what, and connects to every owner without a line. Publishes what it got, whole or not.
    async fn refresh(&self) -> Result<Found, Fault> {
        let known = self.view.load_full();
        let owners = route::owners(&self.address, &self.dial, &known.owners).await?;
        let mut found = if owners == known.owners { Found::Nothing } else { Found::News };
        let mut missing = None;
        for node in owners.nodes() {
            if self.view.load().lines.contains_key(&node) {
                continue;
            }
            match self.line(&node).await {
                Ok(line) => {
                    found = Found::News;
                    self.view.rcu(|view| {
                        let mut view = View::clone(view);
                        view.lines.insert(node.clone(), line.clone());
                        view
                    });
                }
                Err(fault) => missing = Some(fault),
            }
        }
        let nodes = owners.nodes();
        self.view.rcu(|view| {
            let mut view = View { owners: owners.clone(), ..View::clone(view) };
            view.lines.retain(|node, _| nodes.contains(node));
            view
        });
        missing.map_or(Ok(found), Err)
    }

    async fn line(&self, node: &Node) -> Result<Line, Fault> {
        let connection = self.dial.primary(node).await?;
        Ok(Line { connection, number: self.lines_made.fetch_add(1, Ordering::Relaxed) })
    }
}

/// The outcome of `answer`, or `None` at `deadline`.
pub(super) async fn within<T>(deadline: Instant, answer: impl Future<Output = T>) -> Option<T> {
    timeout_at(deadline, answer).await.ok()
}
