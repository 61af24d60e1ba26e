//! Which names are seeds, and which values.

use std::collections::BTreeMap;

use mlrun::capture::seeds::{find, from_variables};
use mlrun::capture::values::{Syntax, parse};
use mlrun::format::snapshot::SeedSource;

fn names(yaml: &str) -> Vec<String> {
    let params = parse(Syntax::Yaml, yaml.as_bytes()).unwrap();
    find(&params).into_iter().map(|seed| format!("{}={}", seed.name, seed.value)).collect()
}

#[test]
fn seeds_by_name() {
    let yaml = "
seed: 1
model: {random_state: 2, Seed: 3, n_estimators: 100}
data.random-seed: 4
rng_seed: 5
seed_value: 6
torch_seed: 7
np_seed: 8
manual_seed: 9
PYTHONHASHSEED: 0
seed_everything: 10
shuffleSeed: 11
randomState: 12
deep: {er: [{data_seed: -1}]}
seeded: 13
seeds: [1, 2]
linseed: 14
state: 15
seed.kind: 16
";
    let expected = [
        "PYTHONHASHSEED=0",
        "data.random-seed=4",
        "deep.er.0.data_seed=-1",
        "manual_seed=9",
        "model.Seed=3",
        "model.random_state=2",
        "np_seed=8",
        "randomState=12",
        "rng_seed=5",
        "seed=1",
        "seed_everything=10",
        "seed_value=6",
        "torch_seed=7",
    ];
    assert_eq!(names(yaml), expected);
}

#[test]
fn only_whole_numbers_are_seeds() {
    let yaml = "a: {random_state: null}\nb: {seed: ~}\nc: {seed: None}\nd: {seed: '42'}\ne: {seed: true}\nf: {seed: 1.0}\ng: {seed: []}\nh: {seed: 123456789012345678901234567890}";
    assert_eq!(names(yaml), ["h.seed=123456789012345678901234567890"]);
}

#[test]
fn seeds_from_variables() {
    let of = |name: &str, value: &str| from_variables(&BTreeMap::from([(name.to_owned(), value.to_owned())]));
    assert_eq!(of("PYTHONHASHSEED", "0")[0].source, SeedSource::Environment);
    assert_eq!(of("PYTHONHASHSEED", "random"), []);
    assert_eq!(of("OMP_NUM_THREADS", "4"), []);
}
