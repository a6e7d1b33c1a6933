//! A CHEER from the bytes of a socket to the tally of a shard.

use std::hint::black_box;
use std::sync::Arc;

use beat_benches::{ROSTERS, TEAMS, one_tap_more};
use beat_core::{Bucket, Counting, Fates, Rate, Session, SharedBucket, Tally};
use beat_protocol::scan::{Scanned, scan};
use beat_protocol::{ClientFrame, RECORDS_MAX, Record, Records};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

/// From one frame of a fan to the next.
const CADENCE_MS: u64 = 250;
/// Fans of one shard who tap in turn, so that their sessions come from memory as they do in a crowd.
const FANS: usize = 10_000;
/// From one of them to the next, so that no processor guesses who it is; a prime, so that all have their turn.
const STRIDE: usize = 7_919;
/// What a gateway allows, but for a burst as long as the longest read here.
const FRAMES: Rate = Rate { at_start: 64, per_second: 20, burst: 64 };

/// The message alone, read where it stands and kept.
pub(crate) fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for teams in [1, RECORDS_MAX] {
        let records = vec![Record { team: 97, total: 120 }; teams];
        let mut bytes = Vec::new();
        ClientFrame::Cheer(Records::new(&records).expect("at most eight")).encode(&mut bytes);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("in place, teams", teams), &bytes, |b, bytes| {
            b.iter(|| match ClientFrame::read(black_box(bytes)) {
                Ok(ClientFrame::Cheer(records)) => records.fold(0, |sum, record| sum ^ record.total),
                other => unreachable!("{other:?}"),
            });
        });
        group.bench_with_input(BenchmarkId::new("and keep, teams", teams), &bytes, |b, bytes| {
            b.iter(|| ClientFrame::decode(black_box(bytes)));
        });
    }
    group.finish();
}

/// What of a CHEER's taps counts, and the tally.
pub(crate) fn count(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("count");
    group.throughput(Throughput::Elements(1));
    for (teams, have_tickets) in ROSTERS.map(|teams| (teams, false)).into_iter().chain([(TEAMS, true)]) {
        let name = if have_tickets { "of 10,000 fans with tickets, teams" } else { "of 10,000 fans, teams" };
        group.bench_with_input(BenchmarkId::new(name, teams), &teams, |b, &teams| {
            let tally = Tally::new(usize::from(teams));
            let session = || {
                let mut session = Session::new(&Rate::TAPS, 0);
                if have_tickets {
                    session.share(Arc::new(SharedBucket::new(&Rate::TAPS, 0)));
                }
                session
            };
            let mut fans: Vec<_> = (0..teams).cycle().take(FANS).map(|team| (team, session())).collect();
            let (mut frames, mut round, mut next) = (0, 1, 0);
            b.iter(|| {
                let (team, session) = &mut fans[next];
                let record = Record { team: *team, total: 6 * round };
                let now_ms = u64::from(round) * CADENCE_MS;
                session.cheer(&Rate::TAPS, now_ms, Counting::Open, [record], |verdict| tally.add(verdict));
                frames += 1;
                next = (next + STRIDE) % FANS;
                round += u32::from(next == 0);
            });
            every_tap_has_its_fate(&tally, 6 * frames);
        });
    }
    group.finish();
}

/// All of it: frames as one read of a socket brings them, found, unmasked, read, judged and counted.
pub(crate) fn socket(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("socket");
    for frames in [1, 64] {
        group.throughput(Throughput::Elements(frames));
        group.bench_with_input(BenchmarkId::new("whole CHEERs in a read", frames), &frames, |b, &frames| {
            let tally = Tally::new(usize::from(TEAMS));
            let mut fan = Fan { session: Session::new(&Rate::TAPS, 0), frames: Bucket::new(&FRAMES, 0) };
            let (mut sent, mut taken, mut now_ms) = (0, 0, 0);
            let read = || {
                let mut read = Vec::new();
                for _ in 0..frames {
                    sent += 1;
                    one_tap_more(97, sent, [0x37, 0xfa, 0x21, 0x3d], &mut read);
                }
                read
            };
            b.iter_batched_ref(
                read,
                |read| {
                    now_ms += frames * 1_000 / u64::from(FRAMES.per_second);
                    taken += fan.takes(read, &tally, now_ms);
                },
                BatchSize::SmallInput,
            );
            assert_eq!(taken, u64::from(sent), "no frame was torn or refused");
            every_tap_has_its_fate(&tally, u64::from(sent));
        });
    }
    group.finish();
}

/// Of a connection what judges its frames.
struct Fan {
    session: Session,
    frames: Bucket,
}

impl Fan {
    /// Takes in `read` as a connection does; returns of how many frames.
    fn takes(&mut self, mut read: &mut [u8], tally: &Tally, now_ms: u64) -> u64 {
        let mut taken = 0;
        while let Scanned::Payload(payload) = scan(&mut read) {
            if !self.frames.take(&FRAMES, now_ms, 1) {
                break;
            }
            match ClientFrame::read(payload) {
                Ok(ClientFrame::Cheer(records)) if records.clone().all(|record| record.team < TEAMS) => {
                    self.session.cheer(&Rate::TAPS, now_ms, Counting::Open, records, |verdict| tally.add(verdict));
                }
                _ => break,
            }
            taken += 1;
        }
        taken
    }
}

/// Some of the benches tap faster than a human: what is beyond is shadowed, none is lost.
fn every_tap_has_its_fate(tally: &Tally, taps: u64) {
    let fates = (0..tally.teams()).map(|team| tally.fates(team));
    let sum: u64 = fates.map(|Fates { counted, shadowed, late }| counted + shadowed + late).sum();
    assert_eq!(sum, taps);
}
