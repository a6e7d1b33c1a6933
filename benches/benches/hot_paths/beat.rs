//! A beat, from what the gateways say to the bytes for every fan.

use std::hint::black_box;

use beat_benches::{ROSTERS, TEAMS, active, beat};
use beat_core::{Ensemble, Incarnation, Opening, Totals};
use beat_protocol::{BeatHead, Cadence, Delta, Flags, Key, ServerFrame};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};

/// Gateways for which the roster grows.
const GATEWAYS: u64 = 10;

/// Sums and rates over all gateways.
pub(crate) fn cut(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cut");
    let of_rosters = ROSTERS.map(|teams| (GATEWAYS, teams));
    for (gateways, teams) in [(1, TEAMS), (100, TEAMS)].into_iter().chain(of_rosters) {
        group.throughput(Throughput::Elements(gateways * u64::from(teams)));
        group.bench_function(BenchmarkId::new(format!("gateways {gateways}, teams"), teams), |b| {
            let stated = [1, 2].map(|nth| beat(teams, nth).totals);
            let mut ensemble = Ensemble::new(usize::from(teams), 10);
            let mut tick = 0;
            b.iter(|| {
                tick += 1;
                // From the second on no total rises, which costs the same.
                let totals = &stated[usize::from(tick > 1)];
                ensemble.observe((0..gateways).map(|gateway| (Incarnation(gateway), tick, totals)));
                black_box(ensemble.cut(7, Opening::default()))
            });
            let sum = |totals: &Totals| totals.total() * gateways;
            assert_eq!(ensemble.cut(7, Opening::default()).total(), sum(&stated[usize::from(tick > 1)]));
        });
    }
    group.finish();
}

/// KEY, and a DELTA in which a fifth of the teams has another level.
pub(crate) fn encode(criterion: &mut Criterion) {
    let head = BeatHead { flags: Flags::default(), beat: 812, cadence: Cadence::from_ms(250) };
    let mut group = criterion.benchmark_group("encode");
    for teams in ROSTERS {
        let beat = beat(teams, 812);
        let before = beat.levels();
        let mut now = before.clone();
        now[..usize::from(active(teams))].iter_mut().for_each(|level| *level += 1);

        let key = Key { head, levels: beat.levels(), totals: beat.totals.as_slice().to_vec() };
        group.throughput(Throughput::Bytes(len(ServerFrame::Key(key.clone()))));
        group.bench_with_input(BenchmarkId::new("KEY, teams", teams), &key, |b, key| {
            b.iter_batched_ref(Vec::new, |out| key.encode(out), BatchSize::SmallInput);
        });

        let delta = Delta::between(head, 800, &before, &now);
        assert_eq!(delta.levels.len(), usize::from(active(teams)));
        group.throughput(Throughput::Bytes(len(ServerFrame::Delta(delta))));
        group.bench_with_input(BenchmarkId::new("DELTA, teams", teams), &(before, now), |b, (before, now)| {
            b.iter_batched_ref(
                Vec::new,
                |out| Delta::between(head, 800, black_box(before), black_box(now)).encode(out),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// How long it is; a client must be able to read it.
fn len(frame: ServerFrame) -> u64 {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    assert_eq!(ServerFrame::decode(&bytes), Ok(frame));
    bytes.len() as u64
}
