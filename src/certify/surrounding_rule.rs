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

/// Differences a remark names, and parts a reason.
const SHOWN: usize = 5;

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
        let shown = super::wording::some(found, SHOWN);
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
    let pairs = paired(&ours, &theirs)?;
    let mut compared = 0;
    let mut different = Vec::new();
    for (ours, theirs) in pairs {
        let says = match ours.kind {
            Kind::File => of_files(ours, theirs)?,
            Kind::Data | Kind::Predictions => {
                let keys: BTreeSet<&String> = ours.says.keys().chain(theirs.says.keys()).collect();
                keys.into_iter().map(|key| (key, ours.says.get(key), theirs.says.get(key))).collect()
            }
        };
        compared += says.len();
        different.extend(says.into_iter().filter_map(|(key, a, b)| change(&format!("{} {key}", ours.name), a, b)));
    }
    if compared == 0 {
        return Err("nothing that both tell says what goes in and what comes out".to_owned());
    }
    Ok(different)
}

type Said<'a> = (&'a String, Option<&'a String>, Option<&'a String>);

/// What two files both tell; of what one alone tells, an earlier program may have told less. A step of a pipeline may have been
/// renamed: the only thing of a kind that is left on both sides is the same.
fn of_files<'a>(ours: &'a Part, theirs: &'a Part) -> Result<Vec<Said<'a>>, String> {
    let mut said: Vec<Said<'_>> = Vec::new();
    for (key, value) in &ours.says {
        said.extend(theirs.says.get(key).map(|other| (key, Some(value), Some(other))));
    }
    for word in SIGNATURE {
        let left = |of: &'a Part, other: &Part| -> Vec<(&'a String, &'a String)> {
            of.says.iter().filter(|(key, _)| last_word(key) == word && !other.says.contains_key(*key)).collect()
        };
        match (left(ours, theirs).as_slice(), left(theirs, ours).as_slice()) {
            ([], _) | (_, []) => {}
            ([(key, a)], [(_, b)]) => said.push((*key, Some(*a), Some(*b))),
            (a, b) => {
                let names = |keys: &[(&String, &String)]| {
                    super::wording::some(&keys.iter().map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>(), SHOWN)
                };
                let (a, b) = (names(a), names(b));
                return Err(format!(
                    "in `{}` {a} of the candidate and {b} of the baseline cannot be matched",
                    ours.name
                ));
            }
        }
    }
    Ok(said)
}

/// What a part of the inputs and outputs is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Data,
    File,
    Predictions,
}

/// Training data, a file of the model, or a set of predictions, with what it says of inputs and outputs.
struct Part {
    kind: Kind,
    name: String,
    /// Of a file: what it holds, as its format says it.
    class: Option<String>,
    says: BTreeMap<String, String>,
}

/// Parts of one name; of what is left, the only one of a kind and a class on each side, whatever it is called. Anything else that
/// is left on both sides may be a part that was renamed, and what it says another thing.
fn paired<'a>(ours: &'a [Part], theirs: &'a [Part]) -> Result<Vec<(&'a Part, &'a Part)>, String> {
    let same = |a: &Part, b: &Part| a.kind == b.kind && a.name == b.name;
    let mut pairs: Vec<(&Part, &Part)> =
        ours.iter().filter_map(|a| Some((a, theirs.iter().find(|b| same(a, b))?))).collect();
    for kind in [Kind::Data, Kind::File, Kind::Predictions] {
        let left = |of: &'a [Part], others: &[Part]| -> Vec<&'a Part> {
            of.iter().filter(|a| a.kind == kind && !others.iter().any(|b| same(a, b))).collect()
        };
        match (left(ours, theirs).as_slice(), left(theirs, ours).as_slice()) {
            // What only one of them tells is no difference: an earlier program may have told less.
            ([], _) | (_, []) => {}
            ([a], [b]) if a.class == b.class => pairs.push((*a, *b)),
            (a, b) => {
                let names = |parts: &[&Part]| {
                    let names: Vec<String> = parts.iter().map(|part| format!("`{}`", part.name)).collect();
                    super::wording::some(&names, SHOWN)
                };
                return Err(format!(
                    "{} of the candidate and {} of the baseline cannot be matched",
                    names(a),
                    names(b)
                ));
            }
        }
    }
    Ok(pairs)
}

fn inputs_and_outputs(facts: &VersionFacts) -> Result<Vec<Part>, String> {
    let mut all = Vec::new();
    let mut part = |kind, name: String, class: Option<String>, says: BTreeMap<String, String>| {
        if !says.is_empty() {
            all.push(Part { kind, name, class, says });
        }
    };
    for source in &facts.data {
        let columns = source.schema.iter().flatten();
        let says = columns.map(|column| (format!("`{}`", column.name), column.kind.clone())).collect();
        part(Kind::Data, format!("data {}", source.name), None, says);
    }
    for file in facts.found.iter().flat_map(|found| &found.files) {
        let told = file.state.iter().chain(&file.params);
        let told = told.filter(|(name, value)| SIGNATURE.contains(&last_word(name)) && !matches!(value, Scalar::Null));
        let says = told.map(|(name, value)| (name.clone(), value.to_string())).collect();
        let class = format!("{} {}", file.format, file.class.as_deref().unwrap_or_default());
        part(Kind::File, file.path.clone(), Some(class), says);
    }
    for set in &facts.predictions {
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
        let of_kind = |(role, column): (String, String)| {
            let kind = known.get(&column).map_or("missing", String::as_str);
            (role, format!("`{column}` ({kind})"))
        };
        let mut says: BTreeMap<String, String> = kinds.into_iter().map(of_kind).collect();
        let positive = columns.positive.as_ref().map(ToString::to_string);
        says.extend(positive.map(|positive| ("positive".to_owned(), positive)));
        part(Kind::Predictions, format!("predictions {}", set.name), None, says);
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
