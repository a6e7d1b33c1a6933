//! The final tally's key, as the configuration has it.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::tally::{KeyError, SecretKey, TallyKey};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TallyConfig {
    pub(crate) key_file: TallyKey,
}

impl TallyConfig {
    /// Finds a key file beside the configuration in `folder`, and looks whether it is one.
    pub(super) fn resolve(&mut self, folder: &Path) -> Result<(), KeyError> {
        if let TallyKey::File(path) = &mut self.key_file {
            *path = folder.join(&*path);
            SecretKey::load(path)?;
        }
        Ok(())
    }
}
