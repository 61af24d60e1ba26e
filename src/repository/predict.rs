//! `[model.NAME.evidence.predict]`, checked, with its defaults.

use crate::clock;
use crate::format::config::PredictFile;
use crate::format::policy::PredictRecord;
use crate::name::SetName;

/// The predictions set, and the data source, unless said.
const SET: &str = "test";
const MOST_RUNS: u32 = 1000;
const WARMUP: u32 = 1;
const TIMEOUT: &str = "10m";

/// The record, or which key cannot be, and why.
pub(super) fn resolve(file: &PredictFile) -> Result<PredictRecord, (&'static str, String)> {
    for placeholder in ["{model}", "{input}", "{output}"] {
        if !file.command.contains(placeholder) {
            return Err(("command", format!("it has no `{placeholder}`, in the place of which a path is put")));
        }
    }
    let set = match &file.set {
        Some(set) => set.clone(),
        None => SetName::new(SET).map_err(|error| ("set", error.to_string()))?,
    };
    let (runs, warmup) = (file.runs, file.warmup.unwrap_or(WARMUP));
    if let Some(runs) = runs.filter(|runs| !(1..=MOST_RUNS).contains(runs)) {
        return Err(("runs", format!("{runs} is not 1 to {MOST_RUNS}")));
    }
    if warmup > MOST_RUNS {
        return Err(("warmup", format!("{warmup} is more than {MOST_RUNS}")));
    }
    let text = file.timeout.as_deref().unwrap_or(TIMEOUT);
    let timeout = clock::parse_duration(text).filter(|limit| !limit.is_zero());
    let timeout = timeout.ok_or_else(|| ("timeout", format!("`{text}` is not a length of time such as `10m`")))?;
    let is_name = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
    if let Some(name) = file.environment.iter().find(|(name, value)| !is_name(name) || value.contains('\0')) {
        return Err(("environment", format!("`{}` cannot be a variable", name.0)));
    }
    Ok(PredictRecord {
        command: file.command.clone(),
        input: file.input.clone().unwrap_or_else(|| set.to_string()),
        set,
        runs,
        warmup,
        timeout: timeout.as_secs(),
        environment: file.environment.clone(),
    })
}
