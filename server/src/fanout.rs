//! From a beat to the bytes of every kind of reader, each encoded once.
//!
//! Knows no socket and no store: it is handed beats, and shards take bytes from it.

mod feed;
mod framing;

use std::sync::{Arc, OnceLock};

use beat_core::{Beat, Phase};
use beat_protocol::{BeatHead, ByTeam, Cadence, Delta, Flag, Flags, Key, ServerFrame, ServerMessage};
use bytes::Bytes;

use crate::event::Event;

pub(crate) use feed::{Format, Shown};
pub(crate) use framing::Message;

/// How a fan talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `cheer.v1`.
    Binary,
    /// JSON text.
    Json,
}

/// One beat as bytes, framed for WebSocket, each made when first asked for.
pub(crate) struct Frames {
    head: BeatHead,
    at_ms: u64,
    levels: Vec<u8>,
    key: Arc<KeyBeat>,
    shown: Shown,
    delta: OnceLock<Bytes>,
    catch_up: OnceLock<Bytes>,
    text: OnceLock<Bytes>,
    key_text: OnceLock<Bytes>,
    tally: OnceLock<Option<Bytes>>,
    event: Arc<Event>,
    beat: Arc<Beat>,
}

/// The KEY that later beats build on.
struct KeyBeat {
    key: Key,
    run: u32,
    framed: OnceLock<Bytes>,
}

impl Frames {
    /// The bytes of `beat`, which builds on the KEY of the beats before it, or is one itself.
    ///
    /// A new KEY is due after `key_beats` numbers, and wherever a difference would not do: a new run, new teams, the final
    /// tally.
    pub(crate) fn following(
        before: Option<&Self>,
        event: &Arc<Event>,
        beat: Arc<Beat>,
        cadence: Cadence,
        key_beats: u32,
    ) -> Self {
        let closed = beat.phase == Phase::Final;
        let flags = [closed.then_some(Flag::Closed), event.rehearsal.then_some(Flag::Rehearsal)];
        let flags = flags.into_iter().flatten().collect();
        let head = BeatHead { flags, beat: beat.number, cadence };
        let levels = beat.levels();
        let still_good = |key: &KeyBeat| {
            key.run == beat.run
                && key.key.levels.len() == levels.len()
                && key.key.head.flags.has(Flag::Closed) == closed
                && beat.number.wrapping_sub(key.key.head.beat) < key_beats
        };
        let key = match before.map(|before| &before.key).filter(|key| still_good(key)) {
            Some(key) => Arc::clone(key),
            None => {
                let key = Key { head, levels: levels.clone(), totals: beat.totals.as_slice().to_vec() };
                Arc::new(KeyBeat { key, run: beat.run, framed: OnceLock::new() })
            }
        };
        Self::new(head, levels, key, Arc::clone(event), beat)
    }

    /// The same beat once more, flagged stale: no newer one came.
    pub(crate) fn stale(&self) -> Self {
        let head = BeatHead { flags: self.head.flags.with(Flag::Stale), ..self.head };
        Self::new(head, self.levels.clone(), Arc::clone(&self.key), Arc::clone(&self.event), Arc::clone(&self.beat))
    }

    fn new(head: BeatHead, levels: Vec<u8>, key: Arc<KeyBeat>, event: Arc<Event>, beat: Arc<Beat>) -> Self {
        Self {
            head,
            at_ms: event.nominal_ms(head.beat),
            levels,
            key,
            shown: Shown::default(),
            delta: OnceLock::new(),
            catch_up: OnceLock::new(),
            text: OnceLock::new(),
            key_text: OnceLock::new(),
            tally: OnceLock::new(),
            event,
            beat,
        }
    }

    /// Number of the beat.
    pub(crate) fn number(&self) -> u32 {
        self.head.beat
    }

    /// What is special about it.
    pub(crate) fn flags(&self) -> Flags {
        self.head.flags
    }

    /// The beat itself.
    pub(crate) fn beat(&self) -> &Arc<Beat> {
        &self.beat
    }

    /// What a fan gets who has been sent the KEY `held`; and the KEY it has then.
    pub(crate) fn for_fan(&self, encoding: Encoding, held: Option<u32>) -> (&Bytes, u32) {
        let key = self.key.key.head.beat;
        let bytes = match (encoding, held == Some(key)) {
            (Encoding::Binary, true) => self.delta.get_or_init(|| self.delta()),
            (Encoding::Binary, false) => self.catch_up.get_or_init(|| self.catch_up()),
            (Encoding::Json, true) => self.text.get_or_init(|| self.text(None)),
            (Encoding::Json, false) => self.key_text.get_or_init(|| self.text(Some(self.beat.totals.as_slice()))),
        };
        (bytes, key)
    }

    /// What a display gets: the first `top` teams, or all of them.
    pub(crate) fn for_display(&self, top: Option<usize>) -> Bytes {
        match top {
            None => self.shown.framed(|| self.message()),
            Some(top) => Message::Text(&self.shown.json(|| self.message(), Some(top))).framed(),
        }
    }

    /// The display feed's message as a page of its own.
    pub(crate) fn page(&self, format: Format, top: Option<usize>) -> Bytes {
        match format {
            Format::Json => self.shown.json(|| self.message(), top),
            Format::Event => feed::server_sent(self.number(), &self.shown.json(|| self.message(), top)),
            Format::Rows => feed::rows(&self.message(), top),
            Format::Csv => feed::csv(&self.message(), top),
            Format::Xml => feed::xml(&self.message(), top),
        }
    }

    /// The final tally that `make` makes of this beat, if it is one; made once, however many ask.
    pub(crate) fn tally(&self, make: impl FnOnce(&Beat) -> Option<Bytes>) -> Option<Bytes> {
        self.tally.get_or_init(|| make(&self.beat)).clone()
    }

    fn message(&self) -> beat_protocol::FeedMessage<'_> {
        feed::message(&self.event, &self.beat, &self.levels, self.head.flags, self.at_ms)
    }

    fn delta(&self) -> Bytes {
        let delta = Delta::between(self.head, self.key.key.head.beat, &self.key.key.levels, &self.levels);
        framed(&ServerFrame::Delta(delta))
    }

    /// The latest KEY, and a DELTA that brings it up to date.
    fn catch_up(&self) -> Bytes {
        let key = self.key.framed.get_or_init(|| framed(&ServerFrame::Key(self.key.key.clone())));
        if self.key.key.head == self.head {
            return key.clone();
        }
        [&key[..], self.delta.get_or_init(|| self.delta())].concat().into()
    }

    fn text(&self, totals: Option<&[u64]>) -> Bytes {
        let teams = || self.event.roster.teams().iter().map(|team| team.code);
        let message = ServerMessage::Beat {
            beat: self.head.beat,
            at_ms: self.at_ms,
            flags: self.head.flags.names(),
            cadence_ms: self.head.cadence.as_ms(),
            levels: ByTeam(teams().zip(self.levels.iter().copied()).filter(|(_, level)| *level > 0).collect()),
            totals: totals.map(|totals| ByTeam(teams().zip(totals.iter().copied()).collect())),
        };
        Message::Text(message.to_text().as_bytes()).framed()
    }
}

fn framed(frame: &ServerFrame) -> Bytes {
    let mut payload = Vec::new();
    frame.encode(&mut payload);
    Message::Binary(&payload).framed()
}

#[cfg(test)]
mod tests;
