//! Rules on what is different from what the baseline was made with: software, hardware, the model's inputs and outputs.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Case, Lacking};
use super::counted;
use super::error::CertifyError;
use super::facts::VersionFacts;
use super::outcome::{blank, inconclusive};
use crate::format::certificate::ResultRecord;
use crate::format::observation::MachineRecord;
use crate::format::policy::{RuleRecord, Surrounding, SurroundingRecord};
use crate::format::scalar::Scalar;

/// What model files say of their inputs and outputs, by the last word of its name.
const SIGNATURE: [&str; 7] =
    ["n_features_in_", "feature_names_in_", "feature_names", "classes_", "n_outputs_", "num_feature", "num_class"];

/// The rule's result.
pub(super) fn judge(
    rule: &RuleRecord,
    record: &SurroundingRecord,
    case: &Case<'_>,
    remarks: &mut Vec<String>,
) -> Result<ResultRecord, CertifyError> {
    let result = blank(rule, None, None);
    let limit = counted::limit_of(rule, record.environment.name())?;
    if let Some(result) = case.without_baseline(&result) {
        return Ok(result);
    }
    let Some(baseline) = &case.facts.baseline else { return Ok(inconclusive(result, "nobody looked")) };
    let candidate = &case.facts.candidate;
    let found = match record.environment {
        Surrounding::Packages => packages(candidate, baseline, &record.only),
        Surrounding::Python => interpreters(candidate, baseline),
        Surrounding::Hardware => hardware(&candidate.machine, &baseline.machine),
        Surrounding::Signature => signature(candidate, baseline),
    };
    let judged = counted::judge(limit, result, &found);
    if let (Ok(found), true) = (&found, judged.reason.is_none()) {
        // Differences a rule lets pass are still worth a line.
        let shown = super::wording::some(found, 5);
        remarks.extend((!found.is_empty()).then(|| format!("rule `{}`: {shown}", rule.id)));
    }
    Ok(judged)
}

fn packages(candidate: &VersionFacts, baseline: &VersionFacts, only: &[String]) -> Lacking {
    let all = |facts: &VersionFacts| -> BTreeMap<(String, String), String> {
        let runtimes = facts.environment.runtimes.iter();
        runtimes
            .flat_map(|runtime| {
                runtime.packages.iter().map(|(name, version)| {
                    let origin = runtime.origins.get(name).map_or_else(String::new, |origin| format!(" ({origin})"));
                    ((runtime.language.clone(), name.clone()), format!("{version}{origin}"))
                })
            })
            .collect()
    };
    let (ours, theirs) = (all(candidate), all(baseline));
    for (facts, whose) in [(&ours, "candidate"), (&theirs, "baseline")] {
        if facts.is_empty() {
            return Err(format!("no packages of the {whose} are known"));
        }
    }
    let wanted: Vec<String> = only.iter().map(|name| normalised(name)).collect();
    let names: BTreeSet<&(String, String)> = ours.keys().chain(theirs.keys()).collect();
    if let Some(missing) = wanted.iter().find(|name| !names.iter().any(|(_, known)| normalised(known) == **name)) {
        return Err(format!("neither the candidate nor the baseline has the package `{missing}`"));
    }
    let mut different = Vec::new();
    for key in names {
        if !wanted.is_empty() && !wanted.contains(&normalised(&key.1)) {
            continue;
        }
        different.extend(change(&key.1, ours.get(key), theirs.get(key)));
    }
    Ok(different)
}

fn interpreters(candidate: &VersionFacts, baseline: &VersionFacts) -> Lacking {
    let all = |facts: &VersionFacts| -> BTreeMap<String, Option<String>> {
        facts.environment.runtimes.iter().map(|runtime| (runtime.language.clone(), runtime.version.clone())).collect()
    };
    let (ours, theirs) = (all(candidate), all(baseline));
    for (facts, whose) in [(&ours, "candidate"), (&theirs, "baseline")] {
        if facts.is_empty() {
            return Err(format!("no interpreter of the {whose} is known"));
        }
        if let Some((language, _)) = facts.iter().find(|(_, version)| version.is_none()) {
            return Err(format!("the version of the {whose}'s {language} is not known"));
        }
    }
    let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let version = |of: &BTreeMap<String, Option<String>>, name: &String| of.get(name).cloned().flatten();
    Ok(names
        .into_iter()
        .filter_map(|name| change(name, version(&ours, name).as_ref(), version(&theirs, name).as_ref()))
        .collect())
}

fn hardware(ours: &MachineRecord, theirs: &MachineRecord) -> Lacking {
    for (machine, whose) in [(ours, "candidate"), (theirs, "baseline")] {
        if machine.architecture.is_empty() || machine.cpu.is_none() {
            return Err(format!("the {whose}'s processor is not known"));
        }
    }
    let facts = |machine: &MachineRecord| {
        let graphics = machine.gpus.iter().map(|gpu| format!("{} {}", gpu.vendor, gpu.model.as_deref().unwrap_or("?")));
        let mut features = machine.cpu_features.clone();
        features.sort();
        [
            ("architecture", machine.architecture.clone()),
            ("processor", machine.cpu.clone().unwrap_or_default()),
            ("processors", machine.cpus.to_string()),
            ("features", features.join(" ")),
            ("graphics", graphics.collect::<Vec<_>>().join(", ")),
        ]
    };
    let pairs = facts(ours).into_iter().zip(facts(theirs));
    Ok(pairs.filter_map(|((name, ours), (_, theirs))| change(name, Some(&ours), Some(&theirs))).collect())
}

/// What goes in: columns of the training data, features of the model's files. What comes out: the predictions' columns.
fn signature(candidate: &VersionFacts, baseline: &VersionFacts) -> Lacking {
    let (ours, theirs) = (inputs_and_outputs(candidate)?, inputs_and_outputs(baseline)?);
    // What only one of them tells is no difference: an earlier program may have told less.
    let parts =
        |of: &BTreeMap<(String, String), String>| -> BTreeSet<String> { of.keys().map(|key| key.0.clone()).collect() };
    let both: BTreeSet<String> = parts(&ours).intersection(&parts(&theirs)).cloned().collect();
    if both.is_empty() {
        return Err("nothing that both tell says what goes in and what comes out".to_owned());
    }
    let keys: BTreeSet<&(String, String)> =
        ours.keys().chain(theirs.keys()).filter(|key| both.contains(&key.0)).collect();
    let name = |key: &(String, String)| format!("{} {}", key.0, key.1);
    Ok(keys.into_iter().filter_map(|key| change(&name(key), ours.get(key), theirs.get(key))).collect())
}

fn inputs_and_outputs(facts: &VersionFacts) -> Result<BTreeMap<(String, String), String>, String> {
    let mut all = BTreeMap::new();
    for source in &facts.data {
        for column in source.schema.iter().flatten() {
            all.insert((format!("data {}", source.name), format!("`{}`", column.name)), column.kind.clone());
        }
    }
    for file in facts.found.iter().flat_map(|found| &found.files) {
        for (name, value) in file.state.iter().chain(&file.params) {
            if SIGNATURE.contains(&last_word(name)) && !matches!(value, Scalar::Null) {
                // A part for each: a file may tell one and not another.
                all.insert((format!("{} {name}", file.path), String::new()), value.to_string());
            }
        }
    }
    for set in &facts.predictions {
        let part = format!("predictions {}", set.name);
        let columns = &set.columns;
        let named = [("score", &columns.score), ("prediction", &columns.prediction)];
        let mut kinds =
            named.into_iter().filter_map(|(role, column)| Some((role.to_owned(), column.clone()?))).collect::<Vec<_>>();
        kinds.extend(columns.scores.iter().map(|(class, column)| (format!("score of `{class}`"), column.clone())));
        let known = match facts.kinds.get(&set.name) {
            Some(Ok(known)) => known,
            Some(Err(reason)) => return Err(reason.clone()),
            None => return Err(format!("the predictions `{}` were not looked at", set.name)),
        };
        for (role, column) in kinds {
            let kind = known.get(&column).map_or("missing", String::as_str);
            all.insert((part.clone(), role), format!("`{column}` ({kind})"));
        }
        let positive = columns.positive.as_ref().map(ToString::to_string);
        all.extend(positive.map(|positive| ((part.clone(), "positive".to_owned()), positive)));
    }
    Ok(all)
}

/// `n_features_in_` of `svc__n_features_in_`, `num_feature` of `learner_model_param.num_feature`.
fn last_word(name: &str) -> &str {
    let behind = name.rsplit('.').next().unwrap_or(name);
    behind.rsplit_once("__").map_or(behind, |(_, last)| last)
}

/// As the index of packages compares names.
fn normalised(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// In words; none where nothing changed.
fn change(name: &str, ours: Option<&String>, theirs: Option<&String>) -> Option<String> {
    let name = name.trim_end();
    let cut = |text: &String| text.chars().take(120).collect::<String>();
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours == theirs => None,
        (Some(ours), Some(theirs)) => Some(format!("{name} is {}, was {}", cut(ours), cut(theirs))),
        (Some(ours), None) => Some(format!("{name} is new: {}", cut(ours))),
        (None, Some(theirs)) => Some(format!("{name} is missing, was {}", cut(theirs))),
        (None, None) => None,
    }
}
