//! What a fan hears and what it says: welcome, beats, marks; BASE, CHEER, goodbye.

use std::io::Write;

use beat_protocol::{ClientFrame, CloseCode, ServerFrame, ServerMessage, Welcome};

use super::{BACKOFF_FIRST, End, Here, Lent, Seat, State, Unreachable};
use crate::clock::{Nanos, SECOND};
use crate::crowd::heard;
use crate::crowd::wire::{self, Kind};
use crate::measure::watch::Watch;

/// How long the answer to our close may take.
const FAREWELL_MAX: Nanos = 2 * SECOND;

impl Seat {
    pub(super) fn welcome(&mut self, now: Nanos, text: &[u8], lent: &mut Lent<'_, '_>) {
        let State::Opening { socket, .. } = std::mem::replace(&mut self.state, State::Gone) else { return };
        let here = Here { heard_at: now, ready_since: now, leaving: None, key: None, watch: Watch::default() };
        self.state = State::Here { socket, here };
        let Ok(ServerMessage::Welcome { welcome }) = serde_json::from_slice(text) else {
            let why = Unreachable::Contract("a first message that is no welcome");
            return self.end_opening(now, End::Unreachable(why), lent);
        };
        let Welcome { session, resumed, taps_per_second, beat_ms, .. } = welcome;
        self.backoff = BACKOFF_FIRST;
        lent.book.opened(now, self.session.is_some(), beat_ms);
        self.session = Some(session.into());
        if let Some(base) = self.fan.on_welcome(now, resumed, taps_per_second) {
            lent.book.based();
            self.say(now, ClientFrame::Base(base), lent);
        }
    }

    pub(super) fn hear(&mut self, now: Nanos, bytes: &[u8], lent: &mut Lent<'_, '_>) {
        let State::Here { here, .. } = &mut self.state else { return };
        lent.book.received(now, bytes.len());
        if let Some(heard) = heard::delta(bytes) {
            if here.key != Some(heard.key) {
                lent.book.odd();
            }
            self.fan.on_beat(now, heard.cadence);
            return lent.book.beat(now, heard.beat, &mut here.watch);
        }
        match ServerFrame::decode(bytes) {
            Ok(ServerFrame::Key(key)) => {
                here.key = Some(key.head.beat);
                self.fan.on_beat(now, key.head.cadence);
                lent.book.beat(now, key.head.beat, &mut here.watch);
            }
            Ok(ServerFrame::Marks(marks)) => {
                self.fan.on_marks(&marks);
                here.ready_since = now;
            }
            // Of a DELTA only what is no well-formed one comes here.
            Ok(ServerFrame::Delta(_)) | Err(_) => lent.book.odd(),
        }
    }

    /// Cheers or leaves, if it is time to.
    pub(super) fn act(&mut self, now: Nanos, lent: &mut Lent<'_, '_>) {
        let State::Here { here, socket } = &self.state else { return };
        let ready_since = here.ready_since;
        if here.leaving.is_some() || self.has_unsent(socket) {
            return;
        }
        if let Some(planned) = self.fan.next_action().filter(|&planned| planned <= now) {
            let (book, index) = (&mut *lent.book, self.index);
            if let Some(records) = self.fan.cheer(now, |tap| book.handed(now, index, tap)) {
                lent.book.cheered(now, now.saturating_sub(planned.max(ready_since)));
                self.say(now, ClientFrame::Cheer(records), lent);
            }
        }
        if now >= self.leave_at
            && self.unsent.is_empty()
            && self.fan.may_leave()
            && let State::Here { here, socket } = &mut self.state
            && !socket.owes()
        {
            here.leaving = Some(now + FAREWELL_MAX);
            self.send(now, Kind::Close, &CloseCode::Normal.as_u16().to_be_bytes(), lent);
        }
    }

    pub(super) fn say(&mut self, now: Nanos, frame: ClientFrame, lent: &mut Lent<'_, '_>) {
        let mut message = std::mem::take(lent.message);
        message.clear();
        frame.encode(&mut message);
        self.send(now, Kind::Binary, &message, lent);
        *lent.message = message;
    }

    pub(super) fn on_close(&mut self, now: Nanos, payload: &[u8], lent: &mut Lent<'_, '_>) {
        let leaving = matches!(&self.state, State::Here { here, .. } if here.leaving.is_some());
        if leaving {
            self.fan.on_farewell();
            return self.end(now, End::Farewell, lent);
        }
        // Answered as far as the kernel takes it at once: a server that does not read is not waited for.
        let code = payload.get(..2).unwrap_or_default();
        lent.frame.clear();
        wire::put(lent.frame, Kind::Close, code);
        if let (State::Opening { socket, .. } | State::Here { socket, .. }, true) =
            (&mut self.state, self.unsent.is_empty())
        {
            let _answered = socket.write(lent.frame);
        }
        let (code, reason) = wire::close(payload);
        self.end(now, End::Closed { code, reason }, lent);
    }
}
