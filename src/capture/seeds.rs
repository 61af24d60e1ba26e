//! Seeds among parameters and variables, by the names the field uses.

use std::collections::BTreeMap;

use crate::format::scalar::Scalar;
use crate::format::snapshot::{SeedRecord, SeedSource};
/// Seeds of models go by fewer names: libraries agree where people do not.
pub use crate::introspect::names_seed as of_model;

/// Names besides `seed`, `seed_…` and `…_seed`, without separators.
const NAMES: [&str; 5] = ["seed", "randomseed", "randomstate", "seedvalue", "pythonhashseed"];

/// The seeds among parameters, by name: whole numbers whose last key is a seed's name in any case, such as
/// `train.random_state`. `random_state: null` is the absence of one.
pub fn find(params: &BTreeMap<String, Scalar>) -> Vec<SeedRecord> {
    let seed = |(name, value): (&String, &Scalar)| {
        let is_seed = matches!(value, Scalar::Int(_)) && names_seed(name.rsplit('.').next().unwrap_or(name));
        is_seed.then(|| SeedRecord { name: name.clone(), value: value.clone(), source: SeedSource::Parameters })
    };
    params.iter().filter_map(seed).collect()
}

/// The seeds among variables, by name: `PYTHONHASHSEED` and the like, where they are whole numbers (`random` is none).
pub fn from_variables(variables: &BTreeMap<String, String>) -> Vec<SeedRecord> {
    let seed = |(name, value): (&String, &String)| {
        let value = Scalar::Int(value.trim().parse().ok()?);
        names_seed(name).then(|| SeedRecord { name: name.clone(), value, source: SeedSource::Environment })
    };
    variables.iter().filter_map(seed).collect()
}

fn names_seed(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    name.starts_with("seed_") || name.ends_with("_seed") || NAMES.contains(&name.replace('_', "").as_str())
}
