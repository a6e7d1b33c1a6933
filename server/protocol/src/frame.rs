//! The binary frames of `cheer.v1`, both ways.

use std::iter::Copied;
use std::ops::Deref;
use std::slice;

use serde::{Deserialize, Serialize};

use crate::{CloseCode, varint};

/// A frame names at most this many teams.
pub const RECORDS_MAX: usize = 8;
const RECORD_BYTES: usize = 6;

const CHEER: u8 = 0x01;
const BASE: u8 = 0x02;
const KEY: u8 = 0x81;
const DELTA: u8 = 0x82;
const MARKS: u8 = 0x83;

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// No byte at all.
    #[error("empty frame")]
    Empty,
    /// A first byte this direction does not know.
    #[error("unknown frame type {0:#04x}")]
    UnknownType(u8),
    /// The frame ends in the middle of a field.
    #[error("frame ends in the middle of a field")]
    Torn,
    /// No record, or more than [`RECORDS_MAX`].
    #[error("{0} records in one frame, allowed are 1 to 8")]
    RecordCount(usize),
    /// A varint that is longer than needed, or 2^53 and more.
    #[error("varint not in its shortest form or not below 2^53")]
    Varint,
    /// A cadence outside 1 to 80.
    #[error("cadence {0} outside 1 to 80")]
    Cadence(u8),
    /// An index beyond 65,535.
    #[error("team index beyond 65535")]
    TeamIndex,
    /// Bytes after the end.
    #[error("{0} bytes after the end of the frame")]
    Trailing(usize),
    /// Longer than any message of a fan may be.
    #[error("message of {0} bytes, allowed are 256")]
    TooLong(usize),
}

impl FrameError {
    /// What the connection is closed with.
    pub fn close_code(self) -> CloseCode {
        match self {
            Self::TooLong(_) => CloseCode::TooLong,
            _ => CloseCode::Malformed,
        }
    }
}

/// "`total` taps for `team`, ever": what CHEER, BASE and MARKS are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Index in the event's roster.
    pub team: u16,
    /// A running total.
    pub total: u32,
}

/// One to eight records, kept in place.
#[derive(Clone, Copy, Debug)]
pub struct Records {
    records: [Record; RECORDS_MAX],
    len: u8,
}

impl Records {
    /// Takes over `records`; refuses none and more than [`RECORDS_MAX`].
    pub fn new(records: &[Record]) -> Result<Self, FrameError> {
        let mut kept = [Record::default(); RECORDS_MAX];
        match (records.len(), kept.get_mut(..records.len())) {
            (1.., Some(front)) => front.copy_from_slice(records),
            (count, _) => return Err(FrameError::RecordCount(count)),
        }
        Ok(Self { records: kept, len: u8::try_from(records.len()).expect("at most eight") })
    }

    fn encode(&self, kind: u8, out: &mut Vec<u8>) {
        out.push(kind);
        for record in self.iter() {
            out.extend_from_slice(&record.team.to_le_bytes());
            out.extend_from_slice(&record.total.to_le_bytes());
        }
    }
}

impl<'a> IntoIterator for &'a Records {
    type Item = Record;
    type IntoIter = Copied<slice::Iter<'a, Record>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter().copied()
    }
}

impl From<RecordsIn<'_>> for Records {
    fn from(read: RecordsIn<'_>) -> Self {
        let mut records = Self { records: Default::default(), len: 0 };
        for (place, record) in records.records.iter_mut().zip(read) {
            *place = record;
            records.len += 1;
        }
        records
    }
}

/// One to eight records where they stand in a frame: reading a CHEER copies nothing.
#[derive(Clone, Debug)]
pub struct RecordsIn<'a>(&'a [[u8; RECORD_BYTES]]);

impl<'a> RecordsIn<'a> {
    fn read(body: &'a [u8]) -> Result<Self, FrameError> {
        let (records, torn) = body.as_chunks();
        match records.len() {
            _ if !torn.is_empty() => Err(FrameError::Torn),
            1..=RECORDS_MAX => Ok(Self(records)),
            count => Err(FrameError::RecordCount(count)),
        }
    }
}

impl Iterator for RecordsIn<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let (&[t0, t1, n0, n1, n2, n3], rest) = self.0.split_first()?;
        self.0 = rest;
        Some(Record { team: u16::from_le_bytes([t0, t1]), total: u32::from_le_bytes([n0, n1, n2, n3]) })
    }
}

impl Deref for Records {
    type Target = [Record];

    fn deref(&self) -> &[Record] {
        &self.records[..usize::from(self.len)]
    }
}

impl PartialEq for Records {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Eq for Records {}

/// What a fan sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientFrame<R = Records> {
    /// "I have tapped this often, ever."
    Cheer(R),
    /// "This much was already sent elsewhere; count only what goes beyond."
    Base(R),
}

impl<'a> ClientFrame<RecordsIn<'a>> {
    /// Reads a message as a server does, in place.
    #[inline]
    pub fn read(bytes: &'a [u8]) -> Result<Self, FrameError> {
        if bytes.len() > crate::FAN_MESSAGE_BYTES_MAX {
            return Err(FrameError::TooLong(bytes.len()));
        }
        match bytes.split_first().ok_or(FrameError::Empty)? {
            (&CHEER, body) => RecordsIn::read(body).map(Self::Cheer),
            (&BASE, body) => RecordsIn::read(body).map(Self::Base),
            (&other, _) => Err(FrameError::UnknownType(other)),
        }
    }
}

impl<R> ClientFrame<R> {
    /// Its records.
    pub fn records(&self) -> &R {
        match self {
            Self::Cheer(records) | Self::Base(records) => records,
        }
    }

    /// The same, of borrowed records.
    pub fn as_ref(&self) -> ClientFrame<&R> {
        match self {
            Self::Cheer(records) => ClientFrame::Cheer(records),
            Self::Base(records) => ClientFrame::Base(records),
        }
    }
}

impl ClientFrame {
    /// Reads a message as a server does, and keeps it.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        Ok(match ClientFrame::read(bytes)? {
            ClientFrame::Cheer(records) => Self::Cheer(records.into()),
            ClientFrame::Base(records) => Self::Base(records.into()),
        })
    }

    /// Appends the message to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Cheer(records) => records.encode(CHEER, out),
            Self::Base(records) => records.encode(BASE, out),
        }
    }
}

/// One thing that is special about a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Flag {
    /// No newer beat came in time: this repeats an old one.
    Stale = 1,
    /// The final tally of a closed event.
    Closed = 1 << 1,
    /// A synthetic crowd, to be shown as such.
    Rehearsal = 1 << 2,
}

/// All that is special about a beat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    /// These flags and `flag`.
    #[must_use]
    pub fn with(self, flag: Flag) -> Self {
        Self(self.0 | flag as u8)
    }

    /// Whether `flag` is among them.
    pub fn has(self, flag: Flag) -> bool {
        self.0 & flag as u8 != 0
    }

    /// The flags by name, in the order of their bits.
    pub fn names(self) -> Vec<Flag> {
        [Flag::Stale, Flag::Closed, Flag::Rehearsal].into_iter().filter(|&flag| self.has(flag)).collect()
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        flags.into_iter().fold(Self::default(), Self::with)
    }
}

/// How long a fan waits between two CHEER frames, in steps of 50 ms from 50 ms to 4 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cadence(u8);

impl Cadence {
    /// One unit on the wire, in milliseconds.
    pub const STEP_MS: u32 = 50;
    /// The most a server may ask for, in units: 4 s, below the 5 s that mean a dead server.
    pub const UNITS_MAX: u8 = 80;

    /// The shortest cadence of at least `ms`, within 50 to 4,000.
    pub fn from_ms(ms: u32) -> Self {
        let units = ms.div_ceil(Self::STEP_MS).clamp(1, u32::from(Self::UNITS_MAX));
        Self(u8::try_from(units).expect("clamped to 80"))
    }

    /// In milliseconds.
    pub fn as_ms(self) -> u32 {
        u32::from(self.0) * Self::STEP_MS
    }
}

/// What KEY and DELTA both begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeatHead {
    /// What is special about this beat.
    pub flags: Flags,
    /// Its number.
    pub beat: u32,
    /// The cadence the server asks for.
    pub cadence: Cadence,
}

impl BeatHead {
    fn encode(self, kind: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(&[kind, self.flags.0]);
        out.extend_from_slice(&self.beat.to_le_bytes());
        out.push(self.cadence.0);
    }

    fn decode(body: &mut &[u8]) -> Result<Self, FrameError> {
        let [flags] = take(body)?;
        let beat = u32::from_le_bytes(take(body)?);
        let cadence = match take(body)? {
            [units @ 1..=Cadence::UNITS_MAX] => Cadence(units),
            [other] => return Err(FrameError::Cadence(other)),
        };
        Ok(Self { flags: Flags(flags), beat, cadence })
    }
}

/// A beat that stands by itself: every level and every total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Number, flags and cadence.
    pub head: BeatHead,
    /// One level a team, in roster order.
    pub levels: Vec<u8>,
    /// One total a team, in roster order.
    pub totals: Vec<u64>,
}

impl Key {
    /// Appends the frame to `out`.
    ///
    /// # Panics
    /// If there are not as many totals as levels, or over 65,535 of them.
    pub fn encode(&self, out: &mut Vec<u8>) {
        assert_eq!(self.levels.len(), self.totals.len(), "a level and a total for every team");
        self.head.encode(KEY, out);
        out.extend_from_slice(&u16::try_from(self.levels.len()).expect("a roster fits u16").to_le_bytes());
        out.extend_from_slice(&self.levels);
        for &total in &self.totals {
            varint::put(out, total);
        }
    }

    fn decode(mut body: &[u8]) -> Result<Self, FrameError> {
        let head = BeatHead::decode(&mut body)?;
        let teams = usize::from(u16::from_le_bytes(take(&mut body)?));
        let (levels, mut rest) = body.split_at_checked(teams).ok_or(FrameError::Torn)?;
        let totals = (0..teams).map(|_| varint::take(&mut rest)).collect::<Result<_, _>>()?;
        if !rest.is_empty() {
            return Err(FrameError::Trailing(rest.len()));
        }
        Ok(Self { head, levels: levels.to_vec(), totals })
    }
}

/// A beat told as its difference to a KEY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Number, flags and cadence.
    pub head: BeatHead,
    /// Number of the KEY it builds on.
    pub key: u32,
    /// Team and level, ascending by team, wherever the level differs from the KEY's.
    pub levels: Vec<(u16, u8)>,
}

impl Delta {
    /// The difference from the KEY `key` with `key_levels` to a beat with `levels`; a team the KEY lacks was silent.
    ///
    /// # Panics
    /// If there are over 65,535 teams.
    pub fn between(head: BeatHead, key: u32, key_levels: &[u8], levels: &[u8]) -> Self {
        let before = key_levels.iter().copied().chain(std::iter::repeat(0));
        let levels = (0u32..)
            .zip(levels.iter().copied().zip(before))
            .filter(|(_, (now, before))| now != before)
            .map(|(team, (now, _))| (u16::try_from(team).expect("a roster fits u16"), now))
            .collect();
        Self { head, key, levels }
    }

    /// The levels of this beat, from those of the KEY it names.
    pub fn apply(&self, key_levels: &[u8]) -> Vec<u8> {
        let mut levels = key_levels.to_vec();
        for &(team, level) in &self.levels {
            let team = usize::from(team);
            if team >= levels.len() {
                levels.resize(team + 1, 0);
            }
            levels[team] = level;
        }
        levels
    }

    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.head.encode(DELTA, out);
        out.extend_from_slice(&self.key.to_le_bytes());
        let mut next = 0;
        for &(team, level) in &self.levels {
            varint::put(out, u64::from(u32::from(team) - next));
            out.push(level);
            next = u32::from(team) + 1;
        }
    }

    fn decode(mut body: &[u8]) -> Result<Self, FrameError> {
        let head = BeatHead::decode(&mut body)?;
        let key = u32::from_le_bytes(take(&mut body)?);
        let (mut levels, mut next) = (Vec::new(), 0u64);
        while !body.is_empty() {
            let team = next + varint::take(&mut body)?;
            let [level] = take(&mut body)?;
            levels.push((u16::try_from(team).map_err(|_| FrameError::TeamIndex)?, level));
            next = team + 1;
        }
        Ok(Self { head, key, levels })
    }
}

/// What a server sends to a fan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFrame {
    /// A whole beat.
    Key(Key),
    /// A beat as a difference.
    Delta(Delta),
    /// The highest totals this session was heard to say.
    Marks(Records),
}

impl ServerFrame {
    /// Reads a frame as a client does.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        match bytes.split_first().ok_or(FrameError::Empty)? {
            (&KEY, body) => Key::decode(body).map(Self::Key),
            (&DELTA, body) => Delta::decode(body).map(Self::Delta),
            (&MARKS, body) => RecordsIn::read(body).map(|records| Self::Marks(records.into())),
            (&other, _) => Err(FrameError::UnknownType(other)),
        }
    }

    /// Appends the frame to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Key(key) => key.encode(out),
            Self::Delta(delta) => delta.encode(out),
            Self::Marks(records) => records.encode(MARKS, out),
        }
    }
}

fn take<const N: usize>(body: &mut &[u8]) -> Result<[u8; N], FrameError> {
    let (&front, rest) = body.split_first_chunk::<N>().ok_or(FrameError::Torn)?;
    *body = rest;
    Ok(front)
}
