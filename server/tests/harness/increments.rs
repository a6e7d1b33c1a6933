//! What a store that increments would do in place of one that joins: the mutant by which the fault suite shows its teeth.
//!
//! Each total that a gateway states becomes an increment by what goes beyond the last total acknowledged to it: right as
//! long as every command is done once and every answer arrives. Knows no connection.

use std::collections::HashMap;

use super::resp::Words;

/// Totals whose answers were delivered, by vector and team.
#[derive(Default)]
pub(super) struct Increments {
    delivered: HashMap<(Vec<u8>, Vec<u8>), u64>,
}

/// The totals that one command states.
pub(super) type Stated = Vec<((Vec<u8>, Vec<u8>), u64)>;

impl Increments {
    /// What is to be sent in place of a command, and the totals it states; nothing where it stands as it is.
    pub(super) fn rewrite(&self, command: &Words) -> Option<(Vec<Words>, Stated)> {
        let [name, key, rest @ ..] = command.as_slice() else { return None };
        let [gt, ch, members @ ..] = rest else { return None };
        if !keeps_a_vector(command) || gt != b"GT" || ch != b"CH" {
            return None;
        }
        let (mut commands, mut stated) = (Vec::new(), Stated::new());
        for pair in members.chunks(2) {
            let [score, member] = pair else { return None };
            // Ticks are no counts.
            if member.starts_with(b"~") {
                commands.push([name, key, gt, ch, score, member].map(Clone::clone).to_vec());
                continue;
            }
            let total: u64 = std::str::from_utf8(score).ok()?.parse().ok()?;
            let whose = (key.clone(), member.clone());
            let beyond = total.saturating_sub(self.delivered.get(&whose).copied().unwrap_or(0));
            if beyond > 0 {
                let by = beyond.to_string().into_bytes();
                commands.push(vec![b"ZINCRBY".to_vec(), key.clone(), by, member.clone()]);
            }
            stated.push((whose, total));
        }
        Some((commands, stated))
    }

    /// The answer to that command has reached the gateway.
    pub(super) fn delivered(&mut self, stated: Stated) {
        for (whose, total) in stated {
            let last = self.delivered.entry(whose).or_default();
            *last = total.max(*last);
        }
    }
}

/// Whether a command states totals of a gateway.
pub(super) fn keeps_a_vector(command: &Words) -> bool {
    matches!(command.as_slice(), [name, key, ..] if name == b"ZADD" && key.windows(3).any(|part| part == b":g:"))
}
