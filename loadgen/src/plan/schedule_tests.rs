use super::*;
use crate::clock::{SECOND, as_seconds};
use crate::plan::countries::Countries;
use crate::plan::pace::Wanted;
use crate::plan::shape::Spike;

const TEAMS: u16 = 206;
const MINUTE: Nanos = 60 * SECOND;

/// A crowd that taps from `start` on, without a warm-up.
pub(crate) fn crowd_of(
    seed: u64,
    (fans, profile): (u32, Profile),
    taps_per_second: Option<f64>,
    (start, duration): (Nanos, Nanos),
    teams: u16,
    spikes: &[Spike],
) -> Crowd {
    let wanted = Wanted {
        fans,
        tempo: profile.tempo_mean(),
        share_at_ease: profile.share_at_ease(),
        taps_per_second,
        warm_up: 0,
        duration,
        stages: &[],
        spikes,
        storms: &[],
    };
    let roster: Vec<_> = (0..teams).map(|team| format!("T{team}").parse().unwrap()).collect();
    Crowd {
        seed,
        profile,
        pace: Arc::new(Pace::new(&wanted).unwrap().0),
        shares: Shares::new(&Countries::Zipf(1.1), &roster, seed).unwrap(),
        storms: Vec::new(),
        start,
        warm_up: 0,
    }
}

fn crowd(seed: u64, taps_per_second: Option<f64>, fans: u32, end: Nanos) -> Crowd {
    crowd_of(seed, (fans, Profile::Human), taps_per_second, (0, end), TEAMS, &[])
}

/// The schedule of `fans` written down, byte for byte.
fn written(crowd: &Crowd, fans: impl Iterator<Item = u32>) -> Vec<u8> {
    fans.flat_map(|index| crowd.fan(index).map(move |tap| (index, tap)))
        .flat_map(|(index, tap)| [&index.to_le_bytes()[..], &tap.at.to_le_bytes(), &tap.team.to_le_bytes()].concat())
        .collect()
}

fn digest(crowd: &Crowd, fans: impl Iterator<Item = u32>) -> Digest {
    let mut all = Digest::default();
    for index in fans {
        let mut taps = crowd.fan(index);
        taps.by_ref().for_each(drop);
        all.add(taps.digest());
    }
    all
}

/// Taps of all `fans` in each of the seconds.
fn by_second(crowd: &Crowd, fans: u32) -> Vec<f64> {
    let seconds = usize::try_from(crowd.pace.length() / SECOND).unwrap();
    let mut taps = vec![0.0; seconds];
    for tap in (0..fans).flat_map(|index| crowd.fan(index)) {
        taps[usize::try_from((tap.at - crowd.start) / SECOND).unwrap()] += 1.0;
    }
    taps
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
    assert_eq!(format!("{fnv:016x}"), "65a42a05624b993c");
}

#[test]
fn a_fan_taps_alike_whichever_worker_or_process_it_is_with() {
    let all = crowd(7, None, 60, MINUTE);
    // What a process is given travels as bytes.
    let sent = postcard::to_allocvec(&all).unwrap();
    let elsewhere: Crowd = postcard::from_bytes(&sent).unwrap();
    let mut by_worker: Vec<(u32, Tap)> = (0..3u32)
        .flat_map(|worker| (worker..60).step_by(3))
        .flat_map(|index| elsewhere.fan(index).map(move |tap| (index, tap)))
        .collect();
    by_worker.sort_by_key(|&(index, tap)| (index, tap.at));
    let in_order: Vec<_> = (0..60).flat_map(|index| all.fan(index).map(move |tap| (index, tap))).collect();
    assert_eq!(by_worker, in_order);
}

#[test]
fn a_digest_is_of_the_taps_and_not_of_the_order_or_the_hour() {
    let early = crowd(42, None, 20, MINUTE);
    let late = crowd_of(42, (20, Profile::Human), None, (SECOND, MINUTE), TEAMS, &[]);
    assert_eq!(digest(&early, 0..20), digest(&late, (0..20).rev()));
    assert_ne!(digest(&early, 0..20), digest(&early, 0..19));
    assert_ne!(digest(&early, 0..20), digest(&crowd(43, None, 20, MINUTE), 0..20));
}

#[test]
fn taps_come_in_time_order_and_within_the_run() {
    let crowd = crowd_of(3, (300, Profile::Human), None, (5 * SECOND, 30 * SECOND), TEAMS, &[]);
    for index in 0..300 {
        let times: Vec<Nanos> = crowd.fan(index).map(|tap| tap.at).collect();
        assert!(times.is_sorted_by(|a, b| a < b), "fan {index}");
        assert!(times.iter().all(|at| (5 * SECOND..35 * SECOND).contains(at)), "fan {index}");
    }
}

/// Mean and deviation of the tempo of fans inside their bursts.
fn tempo(profile: Profile) -> (f64, f64) {
    let crowd = crowd_of(11, (2_000, profile), None, (0, MINUTE), TEAMS, &[]);
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
    (mean, (tempi.iter().map(|tempo| (tempo - mean).powi(2)).sum::<f64>() / fans).sqrt())
}

#[test]
fn inside_bursts_each_taps_at_a_tempo_of_its_own_that_the_profile_allows() {
    let (mean, deviation) = tempo(Profile::Human);
    assert!((mean - 6.0).abs() < 0.15 && (deviation - 0.8).abs() < 0.15, "human: {mean} ± {deviation}");
    let (mean, deviation) = tempo(Profile::Frenzy);
    // Even from 8 to 12: a deviation of 4/√12.
    assert!((mean - 10.0).abs() < 0.25 && (deviation - 1.15).abs() < 0.2, "frenzy: {mean} ± {deviation}");
    let (mean, deviation) = tempo(Profile::Bot);
    assert!((mean - 12.0).abs() < 0.01 && deviation < 0.01, "bot: {mean} ± {deviation}");
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
            assert!((0.4..8.0).contains(&seconds), "fan {index}: a burst of {seconds} s");
        }
    }
}

#[test]
fn the_crowd_taps_as_fast_as_it_was_asked_from_the_first_second_on() {
    for wanted in [200.0, 2_000.0, 9_000.0, 12_000.0] {
        let taps = by_second(&crowd(1, Some(wanted), 2_000, 30 * SECOND), 2_000);
        let (all, first) = (taps.iter().sum::<f64>() / 30.0, taps[..3].iter().sum::<f64>() / 3.0);
        assert!((all / wanted - 1.0).abs() < 0.06, "{all}/s instead of {wanted}");
        assert!((first / wanted - 1.0).abs() < 0.25, "{first}/s instead of {wanted} in the first seconds");
    }
}

#[test]
fn a_goal_is_there_within_its_rise_and_gone_within_its_decay() {
    let goal = "at=10s,peak=8x,rise=500ms,hold=5s,decay=4s".parse().unwrap();
    let crowd = crowd_of(1, (10_000, Profile::Human), Some(5_000.0), (0, 30 * SECOND), TEAMS, &[goal]);
    let taps = by_second(&crowd, 10_000);
    for (second, wanted) in [(9, 5_000.0), (11, 40_000.0), (14, 40_000.0), (20, 5_000.0), (29, 5_000.0)] {
        let found = taps[second];
        assert!((found / wanted - 1.0).abs() < 0.08, "{found} taps in second {second}, not {wanted}");
    }
    assert!((taps[17] / 22_500.0 - 1.0).abs() < 0.35, "half-way down: {}", taps[17]);
}

#[test]
fn an_idle_crowd_never_taps() {
    assert_eq!(crowd(1, Some(0.0), 10, MINUTE).fan(3).next(), None);
}

#[test]
fn a_storm_takes_the_share_of_the_crowd_it_was_given_and_the_same_each_time() {
    let mut crowd = crowd(1, None, 10_000, MINUTE);
    crowd.start = 3 * SECOND;
    crowd.storms = ["at=20s,fraction=25%", "at=40s"].map(|storm| storm.parse().unwrap()).into();
    let hits: Vec<Vec<Nanos>> = (0..10_000).map(|index| crowd.storms(index).collect()).collect();
    let first = hits.iter().filter(|hits| hits.contains(&(23 * SECOND))).count();
    assert!((2_300..2_700).contains(&first), "{first} of 10,000 are not a quarter");
    assert!(hits.iter().all(|hits| hits.last() == Some(&(43 * SECOND))));
    assert!((0..10_000).all(|index| crowd.storms(index).eq(hits[index as usize].iter().copied())));
}
