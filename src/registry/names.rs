//! Names of models. A journal stays in the folder of the first one; a later name is a journal of one event that names the folder,
//! created exclusively like every other, so that no name ever belongs to two models.

use super::State;
use crate::name::ModelName;

impl State {
    /// The name the model has now.
    pub fn name(&self) -> &ModelName {
        self.renamed.as_ref().unwrap_or(&self.model)
    }

    pub(super) fn rename(
        &mut self,
        folder: &ModelName,
        from: &ModelName,
        to: &ModelName,
        first: bool,
    ) -> Result<(), &'static str> {
        if first {
            if folder == to {
                return Err("it gives a name to the model that has it");
            }
            self.alias_of = Some(folder.clone());
            return Ok(());
        }
        if *folder != self.model || from != self.name() {
            return Err("it renames another model");
        }
        self.renamed = (to != folder).then(|| to.clone());
        Ok(())
    }
}
