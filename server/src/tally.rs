//! The final tally of an event as a document that stands by itself: who holds a copy can check it, here or anywhere,
//! without asking the service.
//!
//! What is signed is a text made of the document's own fields (`protocol/PROTOCOL.md`, "The final tally"), so that no
//! spelling of JSON matters. Knows no socket, no store and no clock.

mod key;

use beat_core::{Beat, GRACE_MS, Opening, Phase, TEAMS_MAX};
use beat_protocol::{EventId, TeamCode};
use ed25519_dalek::Signature;
use serde::{Deserialize, Serialize};

use crate::config::Limits;
use crate::event::Event;

pub(crate) use key::{KeyError, PublicKey, SecretKey, Signer, TallyKey};

/// The first line of what is signed; another form is another line.
const FORM: &str = "make-the-beat tally 1";

/// The document. A field that is not one of these is refused: all that is in it is signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FinalTally {
    event: EventId,
    /// Which opening of the event.
    run: u32,
    /// Whether its crowd was synthetic.
    rehearsal: bool,
    /// The tag of the roster the codes are from.
    roster: String,
    /// When the tally came to stand, in milliseconds since 1970.
    closed_at_ms: u64,
    limits: TapLimits,
    total: u64,
    /// In roster order.
    teams: Vec<TeamTotal>,
    key: Option<PublicKey>,
    signature: Option<Hex64>,
    /// Why there is no signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsigned: Option<String>,
}

/// What a fan's tap was judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TapLimits {
    taps_per_second: u32,
    taps_at_start: u32,
    taps_burst: u32,
    teams_max: u32,
    grace_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamTotal {
    code: TeamCode,
    total: u64,
}

/// The 64 bytes of a signature, as 128 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hex64([u8; 64]);

/// Why a tally is not what its signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Doubt {
    #[error("it is not signed")]
    Unsigned,
    #[error("it is signed with another key")]
    OtherKey,
    #[error("its total is not the sum of its teams' totals")]
    Sum,
    #[error("the signature does not fit: something in it was changed, or it was never signed with this key")]
    Signature,
}

impl FinalTally {
    /// The tally of `event`, once it stands; nothing before.
    pub(crate) fn of(event: &Event, opening: Opening, beat: &Beat, limits: &Limits, signer: &Signer) -> Option<Self> {
        if (opening.phase, beat.phase) != (Phase::Final, Phase::Final) || opening.run != beat.run {
            return None;
        }
        let teams: Vec<_> = (event.roster.teams().iter().enumerate())
            .map(|(at, team)| TeamTotal { code: team.code, total: beat.totals.get(at) })
            .collect();
        let mut tally = Self {
            event: event.id.clone(),
            run: opening.run,
            rehearsal: event.rehearsal,
            roster: event.roster.tag().to_owned(),
            closed_at_ms: opening.since_ms,
            limits: TapLimits {
                taps_per_second: limits.taps_per_second,
                taps_at_start: limits.taps_at_start,
                taps_burst: limits.taps_burst,
                teams_max: u32::try_from(TEAMS_MAX).unwrap_or(u32::MAX),
                grace_ms: GRACE_MS,
            },
            total: teams.iter().map(|team| team.total).sum(),
            teams,
            key: None,
            signature: None,
            unsigned: None,
        };
        match signer {
            Signer::Key(key) => {
                tally.key = Some(key.public());
                tally.signature = Some(Hex64(key.sign(tally.signed_text().as_bytes())));
            }
            Signer::Unsigned(why) => tally.unsigned = Some((*why).to_owned()),
        }
        Some(tally)
    }

    /// Whether it is what was signed: with `key`, or with the one that it names itself.
    pub(crate) fn check(&self, key: Option<PublicKey>) -> Result<PublicKey, Doubt> {
        let (Some(named), Some(signature), None) = (self.key, self.signature, &self.unsigned) else {
            return Err(Doubt::Unsigned);
        };
        if key.is_some_and(|key| key != named) {
            return Err(Doubt::OtherKey);
        }
        let sum = self.teams.iter().try_fold(0u64, |sum, team| sum.checked_add(team.total));
        if sum != Some(self.total) {
            return Err(Doubt::Sum);
        }
        let is_one_word = !self.roster.is_empty() && self.roster.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = is_one_word && named.fits(self.signed_text().as_bytes(), &Signature::from_bytes(&signature.0));
        if fits { Ok(named) } else { Err(Doubt::Signature) }
    }

    /// Says it in a line, for people.
    pub(crate) fn headline(&self) -> String {
        let Self { event, run, rehearsal, total, teams, .. } = self;
        let kind = if *rehearsal { "REHEARSAL of event" } else { "event" };
        format!("{kind} {event}, run {run}: {total} taps for {} teams", teams.len())
    }

    /// What is signed: a line for each field, ended by a line feed. No value holds one, nor a space.
    fn signed_text(&self) -> String {
        let Self { event, run, rehearsal, roster, closed_at_ms, limits, total, teams, .. } = self;
        let TapLimits { taps_per_second, taps_at_start, taps_burst, teams_max, grace_ms } = limits;
        let rehearsal = if *rehearsal { "yes" } else { "no" };
        let mut text = format!(
            "{FORM}\nevent {event}\nrun {run}\nrehearsal {rehearsal}\nroster {roster}\nclosed_at_ms {closed_at_ms}\n\
             taps_per_second {taps_per_second}\ntaps_at_start {taps_at_start}\ntaps_burst {taps_burst}\n\
             teams_max {teams_max}\ngrace_ms {grace_ms}\ntotal {total}\n"
        );
        for TeamTotal { code, total } in teams {
            text.push_str(&format!("team {code} {total}\n"));
        }
        text
    }
}

impl Serialize for Hex64 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        key::from_hex(&String::deserialize(deserializer)?).map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use key::SecretKey;

    fn signed() -> FinalTally {
        let key = SecretKey::from_seed([7; 32]);
        let team = |code: &str, total| TeamTotal { code: code.parse().unwrap(), total };
        let mut tally = FinalTally {
            event: "final-2028".parse().unwrap(),
            run: 2,
            rehearsal: false,
            roster: "5f0c".into(),
            closed_at_ms: 1_847_223_005_000,
            limits: TapLimits { taps_per_second: 16, taps_at_start: 24, taps_burst: 80, teams_max: 8, grace_ms: 5_000 },
            total: 9_120_445,
            teams: vec![team("JPN", 9_120_442), team("A-1", 3)],
            key: Some(key.public()),
            signature: None,
            unsigned: None,
        };
        tally.signature = Some(Hex64(key.sign(tally.signed_text().as_bytes())));
        tally
    }

    #[test]
    fn what_is_signed_is_the_text_of_the_contract() {
        let text = signed().signed_text();
        let contract = include_str!("../protocol/PROTOCOL.md");
        assert!(contract.contains(&text), "{text}");
    }

    #[test]
    fn a_tally_as_it_was_signed_is_good_whichever_way_its_json_is_spelt() {
        let tally = signed();
        assert_eq!(tally.check(None), Ok(tally.key.unwrap()));
        assert_eq!(tally.check(tally.key), Ok(tally.key.unwrap()));
        let value: serde_json::Value = serde_json::to_value(&tally).unwrap();
        let spelt_otherwise: FinalTally = serde_json::from_str(&format!("{value:#}")).unwrap();
        assert_eq!(spelt_otherwise.check(None), tally.check(None));
    }

    #[test]
    fn whatever_is_changed_the_signature_does_not_fit() {
        let good = serde_json::to_string(&signed()).unwrap();
        // Each digit and each letter of it in turn, by its neighbour: no longer JSON, no tally, or one that does not fit.
        let mut tried = 0;
        for (at, letter) in good.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
            let other = if matches!(letter, '9' | 'f' | 'z' | 'Z') { 'a' } else { char::from(letter as u8 + 1) };
            let other = if letter == '9' { '8' } else { other };
            let changed = format!("{}{other}{}", &good[..at], &good[at + 1..]);
            if let Ok(tally) = serde_json::from_str::<FinalTally>(&changed) {
                tried += 1;
                assert!(tally.check(None).is_err(), "{changed}");
            }
        }
        assert!(tried > 200, "{tried} were tallies still");
        let real = FinalTally { rehearsal: true, ..signed() };
        assert_eq!(real.check(None), Err(Doubt::Signature));
        let mut moved = signed();
        (moved.teams[0].total, moved.teams[1].total) = (moved.teams[1].total, moved.teams[0].total);
        assert_eq!(moved.check(None), Err(Doubt::Signature), "the same sum");
        let folded = FinalTally { roster: "5f0c\nclosed_at_ms 1847223005000".into(), ..signed() };
        assert_eq!(folded.check(None), Err(Doubt::Signature));
        moved.teams[0].total += 1;
        assert_eq!(moved.check(None), Err(Doubt::Sum));
    }

    #[test]
    fn another_key_is_told_from_a_change() {
        let other = SecretKey::from_seed([8; 32]).public();
        assert_eq!(signed().check(Some(other)), Err(Doubt::OtherKey));
        let forged = FinalTally { key: Some(other), ..signed() };
        assert_eq!(forged.check(None), Err(Doubt::Signature));
        assert_eq!(forged.check(signed().key), Err(Doubt::OtherKey));
        let unsigned = FinalTally { key: None, signature: None, unsigned: Some("no key".into()), ..signed() };
        assert_eq!(unsigned.check(None), Err(Doubt::Unsigned));
        let says_more = FinalTally { unsigned: Some("and NED won".into()), ..signed() };
        assert_eq!(says_more.check(None), Err(Doubt::Unsigned), "this field alone is not in the text");
    }

    #[test]
    fn what_is_cut_off_or_says_more_is_no_tally() {
        let good = serde_json::to_string(&signed()).unwrap();
        for len in 0..good.len() {
            assert!(serde_json::from_str::<FinalTally>(&good[..len]).is_err(), "{}", &good[..len]);
        }
        let more = good.replacen('{', "{\"winner\":\"NED\",", 1);
        assert!(serde_json::from_str::<FinalTally>(&more).is_err());
        let twice = good.replacen('{', "{\"total\":1,", 1);
        assert!(serde_json::from_str::<FinalTally>(&twice).is_err());
    }
}
