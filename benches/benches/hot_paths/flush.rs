//! What a gateway finds out at each flush: its totals from those of its shards, and which teams the store must be told.

use std::hint::black_box;

use beat_benches::{ROSTERS, active};
use beat_core::{Tally, Totals, Verdict};
use criterion::{BenchmarkId, Criterion, Throughput};

/// Threads of a gateway.
const SHARDS: [usize; 2] = [2, 16];

/// A fifth of the teams has changed since the last flush, as in a busy match.
pub(crate) fn flush(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("flush");
    for shards in SHARDS {
        for teams in ROSTERS {
            group.throughput(Throughput::Elements(u64::from(teams)));
            group.bench_with_input(BenchmarkId::new(format!("shards {shards}, teams"), teams), &teams, |b, &teams| {
                let tallies: Vec<_> = (0..shards).map(|_| Tally::new(usize::from(teams))).collect();
                count(&tallies, 0..teams);
                let acknowledged = totals(&tallies);
                count(&tallies, 0..active(teams));
                b.iter(|| {
                    let totals = totals(black_box(&tallies));
                    let stated: Vec<_> = totals.changed_since(black_box(&acknowledged)).collect();
                    (stated, totals.total())
                });
                let stated: Vec<_> = totals(&tallies).changed_since(&acknowledged).collect();
                assert_eq!(stated.len(), usize::from(active(teams)));
                assert!(stated.iter().all(|&(_, total)| total == 12 * shards as u64));
            });
        }
    }
    group.finish();
}

fn count(tallies: &[Tally], teams: std::ops::Range<u16>) {
    for (tally, team) in tallies.iter().flat_map(|tally| teams.clone().map(move |team| (tally, team))) {
        tally.add(Verdict { team, counted: 6, shadowed: 0, late: 0, attends: None });
    }
}

fn totals(tallies: &[Tally]) -> Totals {
    let mut totals = Totals::default();
    tallies.iter().for_each(|tally| tally.add_counted_into(&mut totals));
    totals
}
