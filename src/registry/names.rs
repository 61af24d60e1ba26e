//! Names of models. A journal stays in the folder of the first one; a later name is a journal of one event that names the folder,
//! created exclusively like every other, so that no name ever belongs to two models.

use super::State;
use crate::name::ModelName;

impl State {
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
        if *folder != self.first_name || *from != self.model {
            return Err("it renames another model");
        }
        self.model = to.clone();
        Ok(())
    }
}
