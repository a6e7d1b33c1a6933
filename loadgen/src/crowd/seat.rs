//! One fan's place in its worker: away, coming in, or here with a socket. The shell around `Fan`.
//!
//! A seat is a few hundred bytes and no task, timer or buffer of its own: the worker lends it the time, the book, and one
//! buffer for all. A frame out is one send, a beat in one recv. What is half read or half written is kept only as long
//! as it is half.

mod socket;
mod talk;
mod end;

use mio::Registry;

use self::end::BACKOFF_FIRST;
pub(crate) use self::end::{End, Unreachable};
use crate::clock::{Nanos, SECOND};
use crate::crowd::book::Book;
use crate::crowd::dial;
use crate::crowd::fan::Fan;
use crate::crowd::line::Line;
use crate::crowd::worker::Task;
use crate::measure::watch::Watch;

/// Silence that means a dead server: beats come twice a second, and a stalled server repeats one each second.
const SILENCE_MAX: Nanos = 5 * SECOND;

/// What a seat is lent by its worker.
pub(crate) struct Lent<'a, 'b> {
    pub(crate) task: &'a Task,
    pub(crate) book: &'a mut Book<'b>,
    pub(crate) registry: &'a Registry,
    /// For one read, one message, and the frame it travels in; all fans'.
    pub(crate) buffer: &'a mut [u8],
    pub(crate) message: &'a mut Vec<u8>,
    pub(crate) frame: &'a mut Vec<u8>,
    /// What is not delivered by then stays undelivered.
    pub(crate) give_up: Nanos,
}

#[derive(Debug)]
enum State {
    Away { until: Nanos },
    Opening { socket: Line, until: Nanos, step: Step },
    Here { socket: Line, here: Here },
    Gone,
}

/// How far an opening has come.
#[derive(Debug)]
enum Step {
    Connecting,
    /// The request is out; the answer must fit this key.
    Asking(Box<str>),
    /// The server speaks first.
    Listening,
}

#[derive(Clone, Copy, Debug)]
struct Here {
    heard_at: Nanos,
    /// Since when nothing but the clock keeps the fan from acting.
    ready_since: Nanos,
    /// Our close was sent; the answer is waited for until then.
    leaving: Option<Nanos>,
    /// Number of the KEY that DELTAs must build on.
    key: Option<u32>,
    watch: Watch,
}

/// A fan with its place.
#[derive(Debug)]
pub(crate) struct Seat {
    index: u32,
    fan: Fan,
    state: State,
    session: Option<Box<str>>,
    /// When the ticket it has expires; 0, if it needs one, or another.
    ticket_until: u64,
    /// Of a message that is not all there, and of frames that the kernel did not take yet.
    unread: Vec<u8>,
    unsent: Vec<u8>,
    backoff: Nanos,
    leave_at: Nanos,
    /// When its connection is to be lost; the next one last.
    storms: Vec<Nanos>,
    /// The earliest instant at which its worker will look at it.
    pub(crate) scheduled: Nanos,
}

impl Seat {
    /// A fan that first connects when the task says.
    pub(crate) fn new(task: &Task, index: u32) -> Self {
        let taps = task.crowd.fan(index);
        let fan = Fan::new(match task.tickets.team_of(index) {
            Some(team) => taps.only_for(team),
            None => taps,
        });
        let mut storms: Vec<Nanos> = task.crowd.storms(index).collect();
        storms.reverse();
        Self {
            index,
            fan: if task.closed_loop { fan.in_a_closed_loop(task.times.end) } else { fan },
            state: State::Away { until: task.times.connect_at(index) },
            session: None,
            ticket_until: 0,
            unread: Vec::new(),
            unsent: Vec::new(),
            backoff: BACKOFF_FIRST,
            leave_at: task.times.leave_at(index),
            storms,
            scheduled: Nanos::MAX,
        }
    }

    /// Whether it has come to its end.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.state, State::Gone)
    }

    /// Taps no more, and leaves at `leave_at`.
    pub(crate) fn stop(&mut self, now: Nanos, leave_at: Nanos) {
        self.fan.stop(now);
        self.leave_at = self.leave_at.min(leave_at);
    }

    /// Whether the kernel has not taken all yet.
    fn has_unsent(&self, socket: &Line) -> bool {
        !self.unsent.is_empty() || socket.owes()
    }

    /// The next instant at which something is to be done without being spoken to.
    pub(crate) fn next_action(&self, give_up: Nanos) -> Nanos {
        let storm = self.storms.last().copied().unwrap_or(Nanos::MAX);
        match &self.state {
            State::Away { until } => *until,
            State::Opening { until, .. } => *until,
            State::Gone => Nanos::MAX,
            State::Here { here, socket } => {
                let leave = match here.leaving {
                    Some(until) => until,
                    None if self.fan.may_leave() => self.leave_at.min(give_up),
                    None => give_up,
                };
                let may_act = !self.has_unsent(socket) && here.leaving.is_none();
                let action = self.fan.next_action().filter(|_| may_act).unwrap_or(Nanos::MAX);
                action.min(here.heard_at + SILENCE_MAX).min(leave).min(storm)
            }
        }
    }

    /// Its time has come.
    pub(crate) fn on_time(&mut self, now: Nanos, lent: &mut Lent<'_, '_>) {
        while self.storms.last().is_some_and(|&at| at <= now) {
            self.storms.pop();
            if let State::Here { socket, here } = &self.state
                && here.leaving.is_none()
            {
                // As a phone vanishes: no goodbye, and what is under way may be lost.
                let _reset = dial::reset(socket.socket());
                return self.end(now, End::Storm, lent);
            }
        }
        match &self.state {
            State::Away { until } if now >= *until => self.connect(now, lent),
            State::Opening { until, .. } if now >= *until => {
                self.end(now, End::Unreachable(Unreachable::Contract("no welcome within 5 s")), lent);
            }
            State::Here { here, socket } => {
                let farewell_over = here.leaving.is_some_and(|until| now >= until);
                if now >= here.heard_at + SILENCE_MAX || farewell_over || now >= lent.give_up {
                    if now >= lent.give_up
                        && !self.has_unsent(socket)
                        && self.fan.next_action().is_some_and(|at| at < now)
                    {
                        lent.book.dropped(self.fan.unsent());
                    }
                    return self.end(now, End::Lost, lent);
                }
                self.act(now, lent);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_small() {
        // Of the 6 KB a fan may cost; what it taps and where it stands with its teams comes on top.
        assert!(size_of::<Seat>() <= 640, "{} bytes", size_of::<Seat>());
    }
}
