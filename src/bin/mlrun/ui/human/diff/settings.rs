//! Hyper-parameters that a model file names. Where an estimator was replaced by one of another class, that is one line.

use mlrun::compare::{Item, sort_settings};
use mlrun::format::scalar::Scalar;

use super::super::super::{Style, clean};
use super::super::{count, set_in, shortened, wrapped};
use super::items::mark;
use super::values::values;

/// The widest name of a class.
const WIDEST: usize = 70;

/// A line for each estimator that is of another class, and for each other parameter.
pub(super) fn settings(items: Vec<Item<Scalar>>, style: &Style) -> String {
    let sorted = sort_settings(&items);
    let mut text: String = sorted.replaced.iter().map(|item| line(item, style)).collect();
    if !sorted.with_them.is_empty() {
        let (removed, added) = sorted.counts();
        let removed = count(removed, "parameter");
        text +=
            &format!("{}\n", set_in(&format!("with it {removed} removed and {added} added: `--json` lists them"), 5));
    }
    let others: Vec<Item<Scalar>> = sorted.others.into_iter().cloned().collect();
    text + &values(&others, style)
}

/// `~  class  sklearn.pipeline.Pipeline → sklearn.svm._classes.SVC`.
fn line(item: &Item<Scalar>, style: &Style) -> String {
    let class = |value: &Option<Scalar>| {
        value.as_ref().map_or_else(String::new, |value| shortened(&clean(&value.to_string()), WIDEST))
    };
    let (mark, name) = (mark(&item.change, style), shortened(&clean(&item.name), WIDEST));
    format!("{}\n", wrapped(&format!("  {mark}  {name} {} → {}", class(&item.a), class(&item.b))))
}
