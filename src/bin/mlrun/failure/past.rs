//! Names, and versions that broke something: exit code and the command that helps.

use mlrun::ops::bisect::BisectError;
use mlrun::ops::rename::RenameError;

use super::{BUG, CONFLICT, MACHINE, Meaning, NO, USAGE, interrupted_by, says};

pub(super) fn rename(error: &RenameError) -> Meaning {
    match error {
        RenameError::Taken { raced, of, .. } => {
            let exit = if *raced { CONFLICT } else { NO };
            let hint = format!(
                "choose another one; a version that was taken under a wrong name goes with `mlrun drop MODEL@v1 --reason …`, and \
                 `mlrun snapshot {of}` takes it anew"
            );
            (exit, Some(hint))
        }
        RenameError::Configured { name } => {
            (NO, Some(format!("remove one of the two sections, or rename `[model.{name}]` there first")))
        }
        RenameError::Moved { now, .. } => (CONFLICT, Some(format!("`mlrun log {now} --kind rename` shows by whom"))),
    }
}

pub(super) fn bisect(error: &BisectError) -> Meaning {
    match error {
        BisectError::Order { .. } | BisectError::OtherModel { .. } => {
            says(USAGE, "`mlrun list MODEL` shows the versions in their order")
        }
        BisectError::NoGood => says(USAGE, "name one with `--good REV`: `mlrun list MODEL` shows them"),
        BisectError::GoodIsBad { .. } => says(USAGE, "name an earlier version, or leave `--good` out"),
        BisectError::Untold { .. } => says(
            USAGE,
            "it runs in this folder, whose files are today's; write `{model}` where it is to look at the version's: `-- ./check.sh {model}`",
        ),
        BisectError::Stopped { .. } => says(
            MACHINE,
            "it must end with 0 (good), 1 to 124 (bad) or 125 (cannot tell); try it on a restored version",
        ),
        BisectError::Interrupted { signal } => (interrupted_by(*signal), None),
        _ => (BUG, None),
    }
}
