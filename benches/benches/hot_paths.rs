//! The steps of a tap and of a beat, one by one: `cargo bench -p beat-benches`.

use std::hint::black_box;

use beat_benches::{ACTIVE_TEAMS, TEAMS, beat, cheer};
use beat_core::{Counting, Ensemble, Incarnation, Opening, Rate, Session, Tally, Totals};
use beat_protocol::{BeatHead, Cadence, ClientFrame, Delta, Flags, Key};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// From one frame of a fan to the next.
const CADENCE_MS: u64 = 250;

fn tap(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tap");
    group.throughput(Throughput::Elements(1));
    let bytes = cheer(97, 20);
    group.bench_function("decode", |b| b.iter(|| ClientFrame::decode(black_box(&bytes))));
    group.bench_function("decode and count", |b| {
        let tally = Tally::new(usize::from(TEAMS));
        let mut session = Session::new(&Rate::TAPS, 0);
        let mut nth = 0;
        b.iter(|| {
            nth += 1;
            let Ok(ClientFrame::Cheer(records)) = ClientFrame::decode(&cheer(97, nth)) else { unreachable!() };
            let now_ms = u64::from(nth) * CADENCE_MS;
            session.cheer(&Rate::TAPS, now_ms, Counting::Open, &records, |verdict| tally.add(verdict));
        });
        // Twenty-four taps a second are more than a human's sixteen: some are shadowed, none is lost.
        let fates = tally.fates(97);
        assert_eq!(fates.counted + fates.shadowed, 6 * u64::from(nth));
    });
    group.finish();
}

fn beats(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("beat");
    group.throughput(Throughput::Elements(u64::from(TEAMS)));
    for gateways in [1, 10, 100] {
        let totals = beat(1).totals;
        let vectors: Vec<(Incarnation, Totals)> = (0..gateways).map(|g| (Incarnation(g), totals.clone())).collect();
        group.bench_function(format!("cut, {gateways} gateways"), |b| {
            let mut ensemble = Ensemble::new(usize::from(TEAMS), 10);
            let mut tick = 0;
            b.iter(|| {
                tick += 1;
                ensemble.observe(vectors.iter().map(|(incarnation, totals)| (*incarnation, tick, totals)));
                black_box(ensemble.cut(7, Opening::default()))
            });
        });
    }
    let head = BeatHead { flags: Flags::default(), beat: 812, cadence: Cadence::from_ms(250) };
    let (old, new) = (beat(800), beat(812));
    let key = Key { head, levels: new.levels(), totals: new.totals.as_slice().to_vec() };
    group.bench_function("encode KEY", |b| {
        b.iter_batched_ref(Vec::new, |out| key.encode(out), BatchSize::SmallInput);
    });
    let mut levels = old.levels();
    levels[..usize::from(ACTIVE_TEAMS)].iter_mut().for_each(|level| *level += 1);
    group.bench_function("encode DELTA", |b| {
        b.iter_batched_ref(
            Vec::new,
            |out| Delta::between(head, 800, &old.levels(), &levels).encode(out),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(benches, tap, beats);
criterion_main!(benches);
