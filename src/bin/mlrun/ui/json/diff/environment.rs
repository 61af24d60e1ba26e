//! The environment: what it was and is as text, and what can be told from both.

use mlrun::compare::{EnvironmentFact, EnvironmentKind, Item, Size, Step};
use serde_json::{Value, json};

use super::list;

pub(super) fn environment(items: &[Item<EnvironmentFact>]) -> Value {
    let mut all = list(items, "name", |fact| json!(fact.to_string()));
    for (value, item) in all.as_array_mut().into_iter().flatten().zip(items) {
        let step = item.step();
        value["kind"] = json!(item.kind().map(EnvironmentKind::name));
        value["language"] = json!(item.b.as_ref().or(item.a.as_ref()).and_then(|fact| fact.language.as_ref()));
        value["direction"] = json!(step.map(Step::direction));
        value["size"] = json!(step.and_then(Step::size).map(Size::name));
        value["other_origin"] = json!(item.has_other_origin());
    }
    all
}
