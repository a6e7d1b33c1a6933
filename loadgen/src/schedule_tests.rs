use super::*;
use crate::clock::{SECOND, as_seconds};

const TEAMS: u16 = 206;
const MINUTE: Nanos = 60 * SECOND;

fn crowd(seed: u64, taps_per_second: Option<f64>, fans: u32, end: Nanos) -> Crowd {
    Crowd::new(seed, Activity::of(taps_per_second, fans).unwrap(), TEAMS, 0, end)
}

/// The schedule of `fans` written down, byte for byte.
fn written(crowd: &Crowd, fans: impl Iterator<Item = u32>) -> Vec<u8> {
    fans.flat_map(|index| crowd.fan(index).map(move |tap| (index, tap)))
        .flat_map(|(index, tap)| [&index.to_le_bytes()[..], &tap.at.to_le_bytes(), &tap.team.to_le_bytes()].concat())
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_schedule_byte_for_byte() {
    let one = written(&crowd(42, Some(200.0), 100, MINUTE), 0..100);
    assert!(one.len() > 100_000, "only {} bytes", one.len());
    assert_eq!(one, written(&crowd(42, Some(200.0), 100, MINUTE), 0..100));
    assert_ne!(one, written(&crowd(43, Some(200.0), 100, MINUTE), 0..100));
}

/// A number to hold the next version of this program, and of the crates it draws from, to today's schedule.
#[test]
fn seed_42_still_gives_the_schedule_it_always_gave() {
    let fnv = written(&crowd(42, None, 50, MINUTE), 0..50)
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(format!("{fnv:016x}"), "b36ed3caa176233d");
}

#[test]
fn a_fan_taps_alike_whichever_worker_and_however_many_others_it_is_with() {
    let all = crowd(7, None, 60, MINUTE);
    let mut by_worker: Vec<(u32, Tap)> = (0..3u32)
        .flat_map(|worker| (worker..60).step_by(3))
        .flat_map(|index| crowd(7, None, 9_999, MINUTE).fan(index).map(move |tap| (index, tap)))
        .collect();
    by_worker.sort_by_key(|&(index, tap)| (index, tap.at));
    let in_order: Vec<_> = (0..60).flat_map(|index| all.fan(index).map(move |tap| (index, tap))).collect();
    assert_eq!(by_worker, in_order);
}

#[test]
fn taps_come_in_time_order_and_within_the_run() {
    let crowd = Crowd::new(3, Activity::of(None, 1).unwrap(), TEAMS, 5 * SECOND, 35 * SECOND);
    for index in 0..300 {
        let times: Vec<Nanos> = crowd.fan(index).map(|tap| tap.at).collect();
        assert!(times.is_sorted_by(|a, b| a < b), "fan {index}");
        assert!(times.iter().all(|at| (5 * SECOND..35 * SECOND).contains(at)), "fan {index}");
    }
}

#[test]
fn inside_bursts_people_tap_about_six_times_a_second_each_at_a_tempo_of_its_own() {
    let crowd = crowd(11, None, 2_000, MINUTE);
    let tempi: Vec<f64> = (0..2_000)
        .filter_map(|index| {
            let times: Vec<Nanos> = crowd.fan(index).map(|tap| tap.at).collect();
            // Longer than the slowest fan's interval is a pause.
            let within: Vec<f64> = times
                .windows(2)
                .map(|pair| as_seconds(pair[1] - pair[0]))
                .filter(|&interval| interval < 0.35)
                .collect();
            (within.len() > 20).then(|| as_seconds(within.len() as Nanos * SECOND) / within.iter().sum::<f64>())
        })
        .collect();
    let fans = tempi.len() as f64;
    let mean = tempi.iter().sum::<f64>() / fans;
    let deviation = (tempi.iter().map(|tempo| (tempo - mean).powi(2)).sum::<f64>() / fans).sqrt();
    assert!((mean - 6.0).abs() < 0.15, "mean tempo {mean}");
    assert!((deviation - 0.8).abs() < 0.15, "deviation {deviation}");
}

#[test]
fn a_burst_lasts_one_to_four_seconds() {
    let crowd = crowd(5, Some(100.0), 1_000, 10 * MINUTE);
    for index in 0..50 {
        let times: Vec<Nanos> = crowd.fan(index).map(|tap| tap.at).collect();
        // The first burst may have begun before the run, the last ends with it.
        let bursts: Vec<&[Nanos]> = times.chunk_by(|a, b| b - a < SECOND * 35 / 100).collect();
        for burst in bursts.iter().skip(1).rev().skip(1) {
            let seconds = as_seconds(burst[burst.len() - 1] - burst[0]);
            // Two bursts in a row without a pause to see between them are rare at this rate, hence twice four.
            assert!((0.6..8.0).contains(&seconds), "fan {index}: a burst of {seconds} s");
        }
    }
}

#[test]
fn the_crowd_taps_as_fast_as_it_was_asked_from_the_first_second_on() {
    for wanted in [200.0, 2_000.0, 9_000.0, 12_000.0] {
        let crowd = crowd(1, Some(wanted), 2_000, 30 * SECOND);
        let (mut all, mut first) = (0u32, 0u32);
        for tap in (0..2_000).flat_map(|index| crowd.fan(index)) {
            all += 1;
            first += u32::from(tap.at < 3 * SECOND);
        }
        let (all, first) = (f64::from(all) / 30.0, f64::from(first) / 3.0);
        assert!((all / wanted - 1.0).abs() < 0.06, "{all}/s instead of {wanted}");
        assert!((first / wanted - 1.0).abs() < 0.25, "{first}/s instead of {wanted} in the first seconds");
    }
}

#[test]
fn an_idle_crowd_never_taps_and_an_impossible_one_is_refused() {
    assert_eq!(crowd(1, Some(0.0), 10, MINUTE).fan(3).next(), None);
    let refused = Activity::of(Some(20_000.0), 2_000).unwrap_err();
    assert_eq!(refused.to_string(), "10.0 taps per second and fan: people sustain 6; take at least 3334 fans");
}

#[test]
fn teams_are_cheered_by_zipf() {
    let crowd = crowd(9, None, 1, MINUTE);
    let mut rng = generator(9, 1);
    let mut drawn = vec![0u32; usize::from(TEAMS)];
    for _ in 0..200_000 {
        drawn[usize::from(crowd.team(&mut rng))] += 1;
    }
    let at = |place: usize| f64::from(drawn[usize::from(crowd.ranking[place])]);
    for place in [1, 4, 9] {
        let wanted = ((place + 1) as f64).powf(1.1);
        assert!((at(0) / at(place) / wanted - 1.0).abs() < 0.1, "place {place}: {} times", at(0) / at(place));
    }
    assert!(drawn.iter().all(|&taps| taps > 0), "every team has somebody");
}
