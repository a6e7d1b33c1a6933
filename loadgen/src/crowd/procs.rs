//! Fans in processes of their own, since one process may open only so many files.
//!
//! The parent starts this same program, hands it the task and the shares it is to carry, and reads what it tells: news
//! ten times a second, its book at the end. The child carries its shares as threads, exactly as a run in one process does.
//! Both read the same clock of the machine. A child whose parent is gone ends at once, and Ctrl-C on the terminal is the
//! parent's to answer.

use std::io::{self, BufReader, Read, Write};
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::books::ledger::{Ledger, Mailbox, News};
use crate::crowd::crew::Crew;
use crate::crowd::worker::Task;
use crate::measure::vitals::Vitals;

/// The word on the command line by which a child knows that it is one.
pub(crate) const CHILD: &str = "carry-fans";
/// The one further word of a parent: stop tapping and let the fans go.
const CUT: u8 = 1;
/// How often a child tells its news.
const NEWS_INTERVAL: Duration = Duration::from_millis(100);
/// No message is longer: ten million taps under way would be.
const MESSAGE_BYTES_MAX: usize = 256 << 20;

#[derive(Deserialize)]
struct Order {
    task: Task,
    shares: Range<u32>,
}

/// The same as it is sent: a task is lent, not given.
#[derive(Serialize)]
struct OrderOut<'a> {
    task: &'a Task,
    shares: Range<u32>,
}

/// What a child has to say.
#[derive(Serialize, Deserialize)]
enum Told {
    News(News),
    Book(Box<Ledger>),
    Failed(String),
}

/// The parent's side: has a child carry `shares` of the fans to their end.
pub(crate) fn carry(task: &Task, shares: Range<u32>, mailbox: &Mailbox) -> io::Result<Ledger> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let book = converse(&mut child, &OrderOut { task, shares }, mailbox);
    if book.is_err() {
        // Whatever it is still doing counts for nothing, and its fans must not go on alone.
        child.kill()?;
    }
    let status = child.wait()?;
    book.map_err(|error| lost(&error, status))
}

fn converse(child: &mut Child, order: &OrderOut<'_>, mailbox: &Mailbox) -> io::Result<Ledger> {
    // Held to the end: a child whose standard input ends has lost its parent.
    let mut orders = child.stdin.take().expect("asked for above");
    let mut told = BufReader::new(child.stdout.take().expect("asked for above"));
    write(&mut orders, order)?;
    let mut is_cut = false;
    loop {
        if mailbox.is_cut() && !is_cut {
            is_cut = true;
            orders.write_all(&[CUT])?;
        }
        match read(&mut told)? {
            Told::News(mut news) => {
                mailbox.leave(news.counts, &mut news.handed, news.complete_to);
                mailbox.stumbled(news.hiccup);
            }
            Told::Book(book) => return Ok(*book),
            Told::Failed(cause) => return Err(io::Error::other(cause)),
        }
    }
}

fn lost(error: &io::Error, status: ExitStatus) -> io::Error {
    io::Error::new(error.kind(), format!("a worker process was lost ({status}): {error}"))
}

/// The child's side, on standard input and output.
pub(crate) fn work() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let order: Order = read(&mut io::stdin().lock())?;
    let cut = Arc::<AtomicBool>::default();
    let heard = Arc::clone(&cut);
    std::thread::Builder::new().name("parent".to_owned()).spawn(move || listen_to_the_parent(&heard))?;
    match tell(order, &cut, &mut out) {
        Ok(book) => write(&mut out, &Told::Book(Box::new(book))),
        Err(error) => write(&mut out, &Told::Failed(error.to_string())),
    }
}

fn tell(order: Order, cut: &AtomicBool, out: &mut impl Write) -> io::Result<Ledger> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    let task = Arc::new(order.task);
    let mut vitals = Vitals::start(task.clock)?;
    let mut crew = Crew::of_threads(&task, order.shares)?;
    loop {
        if cut.load(Ordering::Relaxed) {
            crew.cut();
        }
        // Asked first: what is told after the last one has ended is all there is.
        let done = crew.is_done();
        let now = task.clock.now();
        // Whether a worker of ours falls silent is for the parent to see, which may also find all of us so.
        let hiccup = vitals.look(now, task.phases.measures(now), 0);
        write(out, &Told::News(News { hiccup, ..crew.news() }))?;
        if done {
            let mut book = crew.books(&task)?;
            vitals.stop().note(&mut book);
            return Ok(book);
        }
        std::thread::sleep(NEWS_INTERVAL);
    }
}

/// Ends when the parent does.
fn listen_to_the_parent(cut: &AtomicBool) {
    let mut word = [0];
    while matches!(io::stdin().lock().read(&mut word), Ok(1)) {
        cut.store(word == [CUT], Ordering::Relaxed);
    }
    std::process::exit(1);
}

fn write(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let bytes = postcard::to_allocvec(message).map_err(io::Error::other)?;
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(&bytes)?;
    out.flush()
}

fn read<M: DeserializeOwned>(from: &mut impl Read) -> io::Result<M> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MESSAGE_BYTES_MAX {
        return Err(io::Error::other(format!("a message of {length} bytes")));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::books::ledger::Handed;
    use crate::clock::{MILLISECOND, SECOND};
    use crate::record::Fault;

    #[test]
    fn a_book_arrives_as_it_was_sent_its_histogram_whole() {
        let mut book = Ledger::new(3, 1);
        book.counts.taps = u64::MAX;
        book.closes.insert(1006, 7);
        book.blame(Fault::Server, "refused", 2);
        (0..5_000).for_each(|ms| book.phases[0].schedule_lag.note(ms * MILLISECOND));
        let handed = vec![Handed { at: 5 * SECOND, due: 4 * SECOND, fan: 7, team: 2 }];
        let mut wire = Vec::new();
        write(&mut wire, &Told::News(News { counts: book.counts, handed: handed.clone(), complete_to: 9, hiccup: 7 }))
            .unwrap();
        write(&mut wire, &Told::Book(Box::new(book))).unwrap();
        let mut wire = &wire[..];
        let (Ok(Told::News(news)), Ok(Told::Book(book))) = (read(&mut wire), read(&mut wire)) else {
            panic!("two messages");
        };
        assert_eq!((news.handed, news.complete_to, news.hiccup, news.counts.taps), (handed, 9, 7, u64::MAX));
        assert_eq!((book.closes[&1006], book.faults[&Fault::Server]["refused"], book.teams.len()), (7, 2, 3));
        let lag = &book.phases[0].schedule_lag;
        assert_eq!((lag.len(), lag.max_ms().map(f64::round)), (5_000, Some(5_001.0)));
    }

    #[test]
    fn half_a_message_is_an_error_and_not_a_wait() {
        let mut wire = Vec::new();
        write(&mut wire, &Told::Failed("no".to_owned())).unwrap();
        wire.pop();
        assert!(read::<Told>(&mut &wire[..]).is_err());
        assert!(read::<Told>(&mut &[0xff; 8][..]).is_err(), "four gigabytes are not waited for");
    }
}
