//! Watches every beat that every gateway shows, and holds it against what was tapped by then.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use beat_core::{Beat, Phase};
use beat_protocol::Flag;
use tokio::task::spawn_local;
use tokio::time::{Duration, Instant};

use super::gateway::{SimulatedGateway, TEAMS};
use super::network::Network;

/// Taps by run and team.
pub(super) type Taps = BTreeMap<u32, [u64; TEAMS as usize]>;

/// What it has seen.
#[derive(Default)]
pub(super) struct Oracle {
    pub(super) tapped: Taps,
    /// What may be missing in a run, and why not more.
    pub(super) at_most_lost: BTreeMap<u32, u64>,
    /// Taps a second that may be shown at most now.
    pub(super) rate_max: f64,
    /// The final tally of each run, as first shown.
    pub(super) finals: BTreeMap<u32, (Vec<u64>, Instant)>,
    pub(super) shown: BTreeMap<u16, Shown>,
    pub(super) rate_seen: f64,
    pub(super) wrongs: Vec<String>,
}

/// What one gateway showed last.
pub(super) struct Shown {
    pub(super) beat: Arc<Beat>,
    pub(super) is_stale: bool,
    pub(super) at: Instant,
}

impl Oracle {
    /// Watches `gateway` as long as it lives.
    pub(super) fn watch(oracle: &Rc<RefCell<Self>>, network: &Rc<Network>, gateway: &SimulatedGateway) {
        let (oracle, network, number) = (Rc::clone(oracle), Rc::clone(network), gateway.number);
        let mut beats = gateway.event.newest.subscribe();
        spawn_local(async move {
            while beats.changed().await.is_ok() {
                let Some(frames) = beats.borrow_and_update().clone() else { continue };
                let (beat, is_stale) = (Arc::clone(frames.beat()), frames.flags().has(Flag::Stale));
                network.note(format_args!(
                    "{number} shows {} of run {} {:?} {:?} at {:.1}/s{}",
                    beat.number,
                    beat.run,
                    beat.phase,
                    beat.totals.as_slice(),
                    beat.rates.iter().sum::<f64>(),
                    if is_stale { ", stale" } else { "" }
                ));
                oracle.borrow_mut().take_in(number, beat, is_stale);
            }
        });
    }

    fn take_in(&mut self, gateway: u16, beat: Arc<Beat>, is_stale: bool) {
        let tapped = self.tapped.get(&beat.run).copied().unwrap_or_default();
        let totals = beat.totals.as_slice();
        if totals.iter().zip(tapped).any(|(shown, tapped)| *shown > tapped) {
            self.wrong(gateway, format!("{totals:?} of {tapped:?} in run {}", beat.run));
        }
        let rate: f64 = beat.rates.iter().sum();
        self.rate_seen = self.rate_seen.max(rate);
        // A stale beat says what was, and that it is stale.
        if rate > self.rate_max && !is_stale {
            self.wrong(gateway, format!("a roar of {rate} where {} are most, beat {}", self.rate_max, beat.number));
        }
        if beat.phase == Phase::Final {
            let first = self.finals.entry(beat.run).or_insert_with(|| (totals.to_vec(), Instant::now()));
            if first.0 != totals {
                let first = first.0.clone();
                self.wrong(gateway, format!("a final tally of {totals:?} after one of {first:?} in run {}", beat.run));
            }
        }
        let fell = self.shown.get(&gateway).and_then(|last| {
            let is_older = (beat.run, beat.number) < (last.beat.run, last.beat.number);
            let same_run = beat.run == last.beat.run;
            let is_less = same_run && totals.iter().zip(last.beat.totals.as_slice()).any(|(now, then)| now < then);
            (is_older || is_less).then(|| format!("{:?} after {:?}", beat, last.beat))
        });
        if let Some(fell) = fell {
            self.wrong(gateway, fell);
        }
        self.shown.insert(gateway, Shown { beat, is_stale, at: Instant::now() });
    }

    fn wrong(&mut self, gateway: u16, what: String) {
        self.wrongs.push(format!("gateway {gateway}: {what}"));
    }

    /// What is wrong once all is quiet, and these `gateways` live.
    pub(super) fn in_the_end(&mut self, gateways: &[u16]) {
        let Some(run) = gateways.iter().filter_map(|gateway| Some(self.shown.get(gateway)?.beat.run)).max() else {
            return self.wrongs.push("nothing was ever shown".into());
        };
        let tapped: u64 = self.tapped.get(&run).into_iter().flatten().sum();
        let may_lack = self.at_most_lost.get(&run).copied().unwrap_or(0);
        for gateway in gateways {
            let Some(Shown { beat, is_stale, at }) = self.shown.get(gateway) else {
                self.wrongs.push(format!("gateway {gateway} shows nothing"));
                continue;
            };
            let total: u64 = beat.totals.as_slice().iter().sum();
            let is_old = at.elapsed() > Duration::from_secs(3) || *is_stale;
            let is_same = self.shown[&gateways[0]].beat.totals == beat.totals;
            if beat.run != run || is_old || !is_same || total > tapped || total + may_lack < tapped {
                let wrong = format!("in the end {total} of {tapped} in run {run}, may lack {may_lack}: {beat:?}");
                self.wrong(*gateway, wrong);
            }
        }
    }
}
