//! A list as the file writes it, or as text with commas, as the environment has it. Knows nothing of what is listed.

use serde::Deserialize;

/// In either way.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Written {
    Text(String),
    List(Vec<String>),
}

impl Written {
    /// What is listed.
    pub(super) fn parts(self) -> Vec<String> {
        match self {
            Self::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            Self::List(parts) => parts,
        }
    }
}
