//! XGBoost's own files, JSON and UBJSON: the objective, the trees' number, the features. How the trees were grown stands
//! only in what it pickles, which has a part `Config`.
//!
//! Source: XGBoost's "Introduction to Model IO", and `save_config`.

use serde_json::{Map, Value};

use super::Finding;
use super::outline::Outline;
use super::param::{Param, Params};
use super::stream::{Reading, Stream};

/// What is as long as a model has trees, or rows of their nodes.
pub(super) const COUNTED: &[&str] =
    &["trees", "tree_info", "iteration_indptr", "weights", "weight_drop", "cats", "enc"];
/// What a model has, and nothing else: other files are not read to their end.
pub(super) const KEYS: &[&str] = &["Config", "Model", "learner", "version"];
/// Parts in parts, at most.
const MAX_DEPTH: usize = 16;

/// What a model says.
pub(super) struct Model {
    pub(super) version: Option<String>,
    /// `gbtree`, `dart`, `gblinear`.
    pub(super) class: Option<String>,
}

/// Reads a saved model into `found`; none if it is something else.
pub(super) fn model(tree: &Value, found: &mut Params) -> Option<Model> {
    let learner = tree.get("learner")?.as_object()?;
    learner.get("learner_model_param")?;
    let class = text(learner, &["gradient_booster", "name"]);
    if let Some(booster) = &class {
        found.param("booster".to_owned(), Param::Text(booster.clone()));
    }
    if let Some(objective) = text(learner, &["objective", "name"]) {
        found.param("objective".to_owned(), Param::Text(objective));
    }
    if let Some(Value::Object(objective)) = learner.get("objective") {
        objective
            .iter()
            .filter(|(part, _)| part.ends_with("_param"))
            .for_each(|(part, value)| leaves(value, part, found, 0));
    }
    for part in ["attributes", "learner_model_param"] {
        if let Some(value) = learner.get(part) {
            leaves(value, part, found, 0);
        }
    }
    let inner = learner.get("gradient_booster").map(|booster| booster.get("gbtree").unwrap_or(booster));
    for part in ["gbtree_model_param", "model_param"] {
        if let Some(value) = inner.and_then(|booster| booster.get("model")).and_then(|model| model.get(part)) {
            leaves(value, part, found, 0);
        }
    }
    if let Some(Value::Array(names)) = learner.get("feature_names")
        && !names.is_empty()
    {
        let names = names.iter().filter_map(Value::as_str).map(|name| Param::Text(name.to_owned())).collect();
        found.state("feature_names".to_owned(), Param::List(names));
    }
    Some(Model { version: version(tree), class: class.map(|name| format!("xgboost.{name}")) })
}

/// Reads the bytes of a pickled `Booster`: its configuration becomes part of `found`, under `prefix`. The version.
pub(super) fn pickled(stream: &mut Stream<'_>, prefix: &str, found: &mut Params) -> Reading<Option<String>> {
    let tree = Outline::new(COUNTED, KEYS).ubjson(stream)?;
    let (config, saved) = match (tree.get("Config"), tree.get("Model")) {
        (Some(config), saved) => (Some(config), saved.unwrap_or(&tree)),
        (None, _) => (None, &tree),
    };
    if let Some(Value::Object(learner)) = config.and_then(|config| config.get("learner")) {
        for (part, value) in learner {
            leaves(value, &format!("{prefix}booster.{part}"), found, 0);
        }
    }
    Ok(version(saved).or_else(|| config.and_then(version)))
}

fn version(tree: &Value) -> Option<String> {
    let numbers: Vec<String> = tree.get("version")?.as_array()?.iter().take(4).map(ToString::to_string).collect();
    Some(numbers.join("."))
}

fn text(of: &Map<String, Value>, path: &[&str]) -> Option<String> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(of.get(*first)?, |value, name| value.get(*name))?.as_str().map(str::to_owned)
}

/// Every scalar of `value`, by its path.
fn leaves(value: &Value, path: &str, found: &mut Params, depth: usize) {
    if !found.is_name(path) {
        return;
    }
    match value {
        Value::Object(parts) if depth < MAX_DEPTH => {
            for (name, part) in parts {
                leaves(part, &format!("{path}.{name}"), found, depth + 1);
            }
        }
        Value::Array(all) if depth < MAX_DEPTH => {
            for (place, part) in all.iter().enumerate() {
                leaves(part, &format!("{path}.{place}"), found, depth + 1);
            }
        }
        Value::Object(_) | Value::Array(_) => {}
        scalar => {
            let scalar = param(scalar);
            let length = if let Param::Text(text) = &scalar { text.len() } else { 0 };
            if found.room(length) {
                found.state(path.to_owned(), scalar);
            }
        }
    }
}

/// JSON's scalars, lists and objects as parameters.
pub(super) fn param(value: &Value) -> Param {
    match value {
        Value::Null => Param::Null,
        Value::Bool(truth) => Param::Bool(*truth),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Param::Int(integer),
            (None, Some(float)) if number.is_f64() => Param::Float(float),
            _ => Param::Big(number.to_string()),
        },
        Value::String(text) => Param::Text(text.clone()),
        Value::Array(all) => Param::List(all.iter().map(param).collect()),
        Value::Object(all) => {
            Param::Map(all.iter().map(|(key, value)| (Param::Text(key.clone()), param(value))).collect())
        }
    }
}

/// What is said of a booster that could not be read.
pub(super) fn unread(prefix: &str) -> Finding {
    Finding::PartNotRead { part: format!("{prefix}_Booster") }
}
