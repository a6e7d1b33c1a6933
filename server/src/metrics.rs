//! The numbers operators and load-testers read, in Prometheus' text format.

use std::sync::atomic::Ordering;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time::interval;

use crate::gateway::Gateway;

/// From a fast local commit to one that takes longer than a beat, in seconds.
const FLUSH_BUCKETS: [f64; 10] = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0];
/// Without upkeep the exporter keeps every sample of a histogram.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Where the numbers come together.
pub(crate) struct Metrics(PrometheusHandle);

impl Metrics {
    /// Takes over the process's metrics.
    pub(crate) fn install() -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("beat_flush_seconds".into()), &FLUSH_BUCKETS)?
            .install_recorder()?;
        describe();
        Ok(Self(handle))
    }

    /// Keeps the exporter's memory in bounds.
    pub(crate) async fn keep(&self) {
        let mut rounds = interval(UPKEEP_EVERY);
        loop {
            rounds.tick().await;
            self.0.run_upkeep();
        }
    }

    /// The page, as of now.
    pub(crate) fn render(&self, gateway: &Gateway, flush_age_ms: u64) -> String {
        gauge!("beat_flush_age_seconds").set(seconds(flush_age_ms));
        collect(gateway);
        self.0.render()
    }
}

/// What shards count by themselves is only read when somebody looks.
fn collect(gateway: &Gateway) {
    for event in &gateway.events {
        for (index, team) in event.roster.teams().iter().enumerate() {
            let fates = event.fates(index);
            for (fate, taps) in [("counted", fates.counted), ("shadowed", fates.shadowed), ("late", fates.late)] {
                if taps > 0 {
                    let labels =
                        [("event", event.id.to_string()), ("team", team.code.to_string()), ("fate", fate.to_owned())];
                    counter!("beat_taps_total", &labels).absolute(taps);
                }
            }
        }
        let age_ms = gateway.clock.now_ms() - event.beat_at_ms.load(Ordering::Relaxed);
        gauge!("beat_age_seconds", "event" => event.id.to_string()).set(seconds(age_ms));
        gauge!("beat_excluded", "event" => event.id.to_string()).set(float(event.excluded().standing() as u64));
    }
    for (index, shard) in gateway.shards.iter().enumerate() {
        let counters = &shard.counters;
        for (name, count) in [
            ("beat_frames_in_total", &counters.frames_in),
            ("beat_bytes_in_total", &counters.bytes_in),
            ("beat_beats_out_total", &counters.beats_out),
            ("beat_bytes_out_total", &counters.bytes_out),
            ("beat_beats_skipped_total", &counters.beats_skipped),
        ] {
            counter!(name, "shard" => index.to_string()).absolute(count.get());
        }
        for (kind, count) in [("fan", &counters.fans), ("display", &counters.displays)] {
            let labels = [("shard", index.to_string()), ("kind", kind.to_owned())];
            gauge!("beat_readers", &labels).set(float(count.get()));
        }
    }
    if let Some(identity) = &*gateway.identity.load() {
        gauge!("beat_certificate_expires_timestamp_seconds").set(float(identity.expires_s()));
    }
    gauge!("beat_connections").set(float(gateway.connections() as u64));
    gauge!("beat_sessions_resting").set(float(gateway.sessions.resting() as u64));
    gauge!("beat_cadence_seconds").set(seconds(gateway.cadence().as_ms().into()));
}

fn describe() {
    describe_counter!(
        "beat_taps_total",
        "Taps received, by what became of them: counted, shadowed (beyond the human rate, or excluded), late"
    );
    describe_counter!("beat_frames_in_total", "CHEER and BASE frames taken in");
    describe_counter!("beat_bytes_in_total", "Bytes read from WebSockets");
    describe_counter!("beat_beats_out_total", "Beats handed to a socket, each with its KEY where one was due");
    describe_counter!("beat_bytes_out_total", "Bytes of those beats, framing included");
    describe_counter!("beat_beats_skipped_total", "Beats a full socket did not get; it gets the newest when it drains");
    describe_counter!("beat_closes_total", "WebSockets closed by this gateway, by close code");
    describe_counter!("beat_turned_away_total", "Connections that found no place (limits.connections)");
    describe_counter!(
        "beat_origins_refused_total",
        "Sockets and streams refused to pages of an origin that is not listed"
    );
    describe_counter!(
        "beat_crowded_total",
        "Connections beyond what one address or fan may have: open ones, or new ones a second"
    );
    describe_counter!(
        "beat_proxied_refused_total",
        "Connections to a proxy+ address that were hung up on, by cause; `untrusted`: not of addresses.trusted_proxies"
    );
    describe_counter!(
        "beat_tls_handshakes_total",
        "TLS handshakes: full, resumed, failed, late (limits.handshake_ms), not_tls"
    );
    describe_gauge!("beat_certificate_expires_timestamp_seconds", "When tls.certificate expires, since 1970");
    describe_counter!("beat_tickets_refused_total", "Tickets that did not let anybody in, by cause; `missing`: none");
    describe_counter!(
        "beat_flush_failures_total",
        "Flushes the store did not take; the next one carries larger totals"
    );
    describe_counter!("beat_append_failures_total", "Beats the store did not take");
    describe_counter!("beat_stale_total", "Beats repeated because no newer one came");
    describe_counter!(
        "beat_joins_refused_total",
        "Values in the store that no honest gateway writes: unknown teams, beyond 2^53, no numbers"
    );
    describe_histogram!("beat_flush_seconds", "From the start of a flush to its acknowledgement");
    describe_counter!("beat_heals_total", "Totals written back because the store had forgotten them");
    describe_counter!("beat_takeovers_total", "Times this gateway became the conductor of an event that had one");
    describe_gauge!("beat_conducting", "1 while this gateway makes the beats of the event, else 0");
    describe_gauge!("beat_flush_age_seconds", "Since the last acknowledged flush");
    describe_gauge!("beat_age_seconds", "Since the newest beat came from the store");
    describe_gauge!("beat_watch_alarms", "Prefixes with much of a team's taps in the last window");
    describe_counter!("beat_watch_alarms_total", "The same, summed over windows");
    describe_gauge!("beat_excluded", "Fans and prefixes that an operator has excluded from the event");
    describe_gauge!("beat_readers", "Fans and displays on this gateway");
    describe_gauge!("beat_connections", "Open connections, pages included");
    describe_gauge!("beat_sessions_resting", "Sessions without a socket whose marks are kept");
    describe_gauge!("beat_cadence_seconds", "What fans are asked to wait between two CHEER frames");
}

fn seconds(ms: u64) -> f64 {
    float(ms) / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "a gauge")]
fn float(n: u64) -> f64 {
    n as f64
}
