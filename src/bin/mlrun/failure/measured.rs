//! Models that cannot be run to be certified: exit code and the command that helps.

use mlrun::ops::certify::MeasureError;

use super::{BUG, Meaning, NO, USAGE, interrupted_by, says};

pub(super) fn measure(error: &MeasureError) -> Meaning {
    match error {
        MeasureError::NotAgain { .. } => (NO, None),
        MeasureError::NoProject { .. } => {
            says(USAGE, "certify in a checkout of the project, whose commands they are: without `-R`, or with `-C DIR`")
        }
        MeasureError::InProject { .. } => says(USAGE, "set TMPDIR to a folder elsewhere"),
        MeasureError::NoInput { .. } => {
            says(USAGE, "declare them as `[model.NAME.data.NAME]` and take a snapshot, or name others as `input`")
        }
        MeasureError::NoSet { model, set, known, .. } => {
            let other = known.first().map_or_else(String::new, |known| {
                format!("; or write `set = \"{known}\"` in `[model.{model}.evidence.predict]` in mlrun.toml")
            });
            let declare = format!(
                "say in mlrun.toml what columns the command writes: `[model.{model}.predictions.{set}]` with `path`, `key`, \
                 `label` and `score` or `prediction`; run the command into that path and take a snapshot{other}"
            );
            (USAGE, Some(declare))
        }
        MeasureError::Interrupted { signal } => (interrupted_by(*signal), None),
        _ => (BUG, None),
    }
}
