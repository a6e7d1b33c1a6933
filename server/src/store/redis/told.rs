//! Reads what every gateway has stated, and tells the store again what it has forgotten of that.
//!
//! What is forgotten is decided in [`super::vectors`].

use std::collections::BTreeMap;

use beat_core::Incarnation;
use beat_protocol::EventId;
use redis::Value;

use super::fault::Fault;
use super::route::text;
use super::vectors::{Forgotten, Scores};
use super::{Redis, count_refused, fans, keep, keys, raise};

impl Redis {
    /// Who is there, by the tick of what they stated last.
    pub(super) async fn registry(&self, event: &EventId, run: u32) -> Result<BTreeMap<Incarnation, u64>, Fault> {
        let mut scores = self.scores(event, [keys::gateways(event, run)]).await?;
        let Scores { of, mut refused } = scores.pop().unwrap_or_default();
        let mut registry = BTreeMap::new();
        for (member, tick) in of {
            match member.parse::<Incarnation>() {
                Ok(incarnation) => _ = registry.insert(incarnation, tick),
                Err(_) => refused.push(member),
            }
        }
        count_refused(event, refused.len());
        Ok(registry)
    }

    /// What every gateway says of its fans. Where that cannot be had, what is known grows old and is dropped.
    pub(super) async fn hear_of_fans(&self, event: &EventId, run: u32) {
        let read = redis::cmd("HGETALL").arg(keys::fans(event, run)).take();
        let fields = match self.ask(event, &[read]).await.map(|mut answers| answers.pop()) {
            Ok(Some(Value::Array(fields))) => fields,
            Ok(_) => return,
            Err(fault) => return tracing::debug!(%event, %fault, "cannot tell how many fans cheer"),
        };
        let mut refused = 0;
        self.shelves.with(event, run, |shelf| {
            for pair in fields.chunks_exact(2) {
                let said = match &pair[1] {
                    Value::BulkString(bytes) => fans::decode(bytes),
                    _ => None,
                };
                match (text(&pair[0]).and_then(|who| who.parse().ok()), said) {
                    (Some(incarnation), Some((tick, fans))) => shelf.vectors.hear_of_fans(incarnation, tick, fans),
                    _ => refused += 1,
                }
            }
        });
        count_refused(event, refused);
    }

    /// Reads the vectors of `due` into `shelf`, and answers with what the store has lost of them.
    pub(super) async fn read(
        &self,
        event: &EventId,
        run: u32,
        due: &[Incarnation],
        registry: &BTreeMap<Incarnation, u64>,
    ) -> Result<Vec<Forgotten>, Fault> {
        let said = self.scores(event, due.iter().map(|incarnation| keys::vector(event, run, *incarnation))).await?;
        let (forgotten, refused) = self.shelves.with(event, run, |shelf| {
            let mut forgotten = Vec::new();
            let mut refused = 0;
            for (incarnation, said) in due.iter().zip(said) {
                let (lost, count) = shelf.vectors.join(*incarnation, said, registry.get(incarnation).copied());
                forgotten.extend(lost);
                refused += count;
            }
            (forgotten, refused)
        });
        count_refused(event, refused);
        Ok(forgotten)
    }

    /// Tells the store again what it has forgotten. If that fails, it is found forgotten again.
    pub(super) async fn heal(&self, event: &EventId, run: u32, forgotten: Vec<Forgotten>) {
        if forgotten.is_empty() {
            return;
        }
        let registry = keys::gateways(event, run);
        let mut commands = Vec::new();
        for Forgotten { incarnation, members, tick } in &forgotten {
            let key = keys::vector(event, run, *incarnation);
            if !members.is_empty() {
                commands.push(raise(&key, members.iter().map(|(member, score)| (member.as_str(), *score))));
                commands.push(keep(&key));
            }
            commands.push(raise(&registry, [(incarnation.to_string().as_str(), *tick)]));
        }
        commands.push(keep(&registry));
        match self.ask(event, &commands).await {
            Ok(_) => {
                let healed = u64::try_from(forgotten.len()).unwrap_or(u64::MAX);
                metrics::counter!("beat_heals_total", "event" => event.to_string()).increment(healed);
                tracing::info!(%event, run, gateways = healed, "told the store what it had forgotten");
            }
            Err(fault) => tracing::debug!(%event, %fault, "cannot tell the store what it has forgotten"),
        }
    }
}
