//! Estimators in the manner of scikit-learn: which class, and what `get_params(deep=True)` would answer.
//!
//! An estimator's attributes without an underscore at either end are its parameters, with a few that its base classes left
//! there (`inherited`). Estimators inside are asked in turn: those that are parameters, and the named ones in the lists
//! that compositions keep.

mod inherited;

use super::param::{Param, Params, dotted};
use super::pickle::value::{Id, Object, Value, Values};

/// Estimators in estimators, at most.
const MAX_DEPTH: usize = 32;
/// What it takes to look at an attribute.
const EACH: usize = 8;
/// Models of XGBoost of which the bytes are read.
const MAX_BOOSTERS: usize = 8;

/// Lists of (name, estimator) or (name, estimator, columns).
const COMPOSITIONS: [&str; 4] = ["steps", "transformer_list", "estimators", "transformers"];
/// Modules whose objects have attributes, but no parameters.
const VALUES: [&str; 8] = ["builtins", "collections", "datetime", "functools", "numpy", "pandas", "scipy", "types"];

/// What an estimator says of itself.
#[derive(Debug, Default)]
pub(super) struct Estimator {
    /// The class of the outermost.
    pub(super) class: Option<String>,
    /// The version of scikit-learn that wrote it.
    pub(super) version: Option<String>,
    pub(super) found: Params,
    /// Models that XGBoost wrote: the prefix of their parameters, and where they lie.
    pub(super) boosters: Vec<(String, u64, u64)>,
    /// How many were looked for.
    asked: usize,
}

/// What `root` says of itself; of a dictionary, what the estimators in it say.
pub(super) fn describe(values: &Values, root: Id) -> Estimator {
    let mut estimator = Estimator::default();
    match values.get(root) {
        Value::Object(object) => {
            estimator.class = values.class(object).map(|(module, name)| dotted(module, name));
            if has_parameters(values, object) {
                estimator.ask(values, object, "", 0);
            }
        }
        Value::Dict(pairs) => {
            for (key, value) in pairs {
                if let Some(name) = values.text(*key) {
                    estimator.entry(values, name, *value);
                }
            }
        }
        _ => {}
    }
    estimator
}

/// Whether an object has parameters in the manner of scikit-learn.
pub(super) fn has_parameters(values: &Values, object: &Object) -> bool {
    values.class(object).is_some_and(|(module, _)| {
        let package = module.split('.').next().unwrap_or_default();
        package != "torch" && !VALUES.contains(&package)
    })
}

impl Estimator {
    fn ask(&mut self, values: &Values, object: &Object, prefix: &str, depth: usize) {
        if depth == MAX_DEPTH {
            self.found.limit = Some(super::Limit::Depth);
            return;
        }
        // An estimator may stand in many places; whatever it has is looked at in each.
        let attributes: usize = values.states(object).map(Vec::len).sum();
        if !self.found.room(attributes.saturating_mul(EACH)) {
            return;
        }
        let attributes = values.attributes(object);
        let class = values.class(object).map(|(module, name)| dotted(module, name)).unwrap_or_default();
        let inherited = inherited::of(&class);
        for (name, id) in attributes {
            if self.found.limit.is_some() {
                return;
            }
            match (name, values.get(id)) {
                ("_sklearn_version", Value::Text(version)) => {
                    self.version.get_or_insert_with(|| version.to_string());
                }
                // What XGBoost and LightGBM were given beyond their own parameters.
                ("kwargs" | "_other_params", Value::Dict(pairs)) => {
                    for (key, value) in pairs {
                        if let Some(key) = values.text(*key) {
                            let value = self.found.of(values, *value);
                            self.found.param(format!("{prefix}{key}"), value);
                        }
                    }
                }
                ("_Booster", Value::Object(booster)) => self.booster(values, booster, prefix),
                ("handle", _) if class == "xgboost.core.Booster" => self.booster(values, object, prefix),
                // What goes into it: fitted, and plain.
                ("best_params_" | "n_features_in_", _) => {
                    let value = self.found.of(values, id);
                    self.found.state(format!("{prefix}{name}"), value);
                }
                _ if name.starts_with('_') || name.ends_with('_') => {}
                _ if inherited.contains(&name) => {
                    let value = self.found.of(values, id);
                    self.found.state(format!("{prefix}{name}"), value);
                }
                _ => {
                    self.parameter(values, &format!("{prefix}{name}"), id, depth);
                    if COMPOSITIONS.contains(&name) {
                        self.composition(values, prefix, id, depth);
                    }
                }
            }
        }
    }

    /// A parameter, and those of the estimator it may be.
    fn parameter(&mut self, values: &Values, name: &str, id: Id, depth: usize) {
        let value = self.found.of(values, id);
        let is_object = matches!(value, Param::Object(_));
        self.found.param(name.to_owned(), value);
        if let Value::Object(object) = values.get(id)
            && is_object
            && has_parameters(values, object)
            && self.found.limit.is_none()
        {
            self.ask(values, object, &format!("{name}__"), depth + 1);
        }
    }

    fn composition(&mut self, values: &Values, prefix: &str, list: Id, depth: usize) {
        for named in values.elements(list).unwrap_or_default() {
            let Some([name, member, ..]) = values.elements(*named) else { return };
            let Some(name) = values.text(*name) else { return };
            if self.found.limit.is_some() {
                return;
            }
            self.parameter(values, &format!("{prefix}{name}"), *member, depth);
        }
    }

    /// An entry of a dictionary: an estimator, or a plain value beside it.
    fn entry(&mut self, values: &Values, name: &str, id: Id) {
        let value = self.found.of(values, id);
        match values.get(id) {
            Value::Object(object) if has_parameters(values, object) => self.parameter(values, name, id, 0),
            _ if value.is_plain() => self.found.param(name.to_owned(), value),
            _ => {}
        }
    }

    fn booster(&mut self, values: &Values, booster: &Object, prefix: &str) {
        if self.asked == MAX_BOOSTERS {
            return;
        }
        self.asked += 1;
        let mut place = values.attribute(booster, "handle").map(|id| values.get(id));
        // Before protocol 5, a bytearray is made of bytes.
        if let Some(Value::Object(made)) = place
            && values.class(made).is_some_and(|(_, name)| name == "bytearray")
        {
            place = values.elements(made.arguments).and_then(<[Id]>::first).map(|id| values.get(*id));
        }
        if let Some(Value::Long { start, length }) = place {
            self.boosters.push((prefix.to_owned(), *start, *length));
        }
    }
}
