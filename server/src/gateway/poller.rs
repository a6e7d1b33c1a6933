//! The kernel's list of a shard's sockets that have something to say: one epoll instance beneath the runtime's own.
//!
//! A socket here costs no task, no waker and no buffer. Knows keys, not connections.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::io::retry_on_intr;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Told once for each change: reading goes on until the kernel has no more.
const INTERESTS: EventFlags = EventFlags::IN.union(EventFlags::OUT).union(EventFlags::RDHUP).union(EventFlags::ET);
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// The list.
pub(super) struct Poller {
    epoll: Rc<OwnedFd>,
}

/// Wakes who waits for the list to have something. Whoever looks by the clock does without: each event wakes the whole
/// runtime as long as this exists.
pub(super) struct Alarm {
    epoll: AsyncFd<Rc<OwnedFd>>,
}

/// What one socket can do now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub(super) key: usize,
    /// There is something to read, or the end.
    pub(super) readable: bool,
    /// The kernel takes bytes again.
    pub(super) writable: bool,
    /// The peer sends nothing more: reading goes on up to the end.
    pub(super) hung_up: bool,
}

impl Poller {
    /// An empty list.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { epoll: Rc::new(epoll::create(CreateFlags::CLOEXEC)?) })
    }

    /// Tells of `socket` from now on, beginning with what it can do already.
    pub(super) fn add(&self, socket: impl AsFd, key: usize) -> io::Result<()> {
        Ok(epoll::add(&*self.epoll, socket, EventData::new_u64(key as u64), INTERESTS)?)
    }

    /// Tells nothing more of `socket`.
    pub(super) fn remove(&self, socket: impl AsFd) {
        // It was added, or its adding failed and so ended the connection.
        let _unknown = epoll::delete(&*self.epoll, socket);
    }

    /// Puts what there is to tell into `ready`, as much as it has room for.
    pub(super) fn look(&self, ready: &mut Vec<epoll::Event>) -> io::Result<()> {
        ready.clear();
        retry_on_intr(|| epoll::wait(&*self.epoll, spare_capacity(ready), Some(&AT_ONCE)))?;
        Ok(())
    }

    /// To be woken, within a runtime.
    pub(super) fn alarm(&self) -> io::Result<Alarm> {
        Ok(Alarm { epoll: watched(Rc::clone(&self.epoll))? })
    }
}

/// Within a runtime: wakes who waits for `socket` to be readable.
pub(super) fn watched<T: AsRawFd>(socket: T) -> io::Result<AsyncFd<T>> {
    #[expect(deprecated, reason = "its unsafe successor is for descriptors that may change; an owned one cannot")]
    AsyncFd::with_interest(socket, Interest::READABLE)
}

impl Alarm {
    /// Waits until there may be something to tell.
    pub(super) async fn rings(&mut self) -> io::Result<()> {
        // What comes after this wakes the runtime anew, whether what came before has been looked at or not.
        self.epoll.readable().await?.clear_ready();
        Ok(())
    }
}

impl From<&epoll::Event> for Ready {
    fn from(event: &epoll::Event) -> Self {
        let epoll::Event { flags, data } = *event;
        let hung_up = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        Self {
            key: usize::try_from(data.u64()).expect("keys are places in a slab"),
            readable: hung_up || flags.contains(EventFlags::IN),
            writable: flags.contains(EventFlags::OUT),
            hung_up,
        }
    }
}
