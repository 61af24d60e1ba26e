//! Hyper-parameters that a model file names. Where an estimator was replaced by one of another class, all of its parameters are
//! others: that is one line, and says more than forty.

use mlrun::compare::{Change, Item};
use mlrun::format::scalar::Scalar;

use super::super::super::{Style, clean};
use super::super::{count, set_in, shortened, wrapped};
use super::items::mark;
use super::values::values;

/// What says which class the whole file is of.
const CLASS: &str = "class";
/// The widest name of a class.
const WIDEST: usize = 70;

/// A line for each estimator that is of another class, and for each other parameter.
pub(super) fn settings(items: Vec<Item<Scalar>>, style: &Style) -> String {
    let (replaced, others): (Vec<_>, Vec<_>) = items.into_iter().partition(is_replaced);
    let prefixes: Vec<String> = replaced.iter().map(|item| prefix(&item.name)).collect();
    let is_of_one = |item: &Item<Scalar>| {
        let name = item.name.strip_prefix("state.").unwrap_or(&item.name);
        matches!(item.change, Change::Added | Change::Removed) && prefixes.iter().any(|prefix| name.starts_with(prefix))
    };
    let (folded, others): (Vec<_>, Vec<_>) = others.into_iter().partition(is_of_one);
    let mut text: String = replaced.iter().map(|item| line(item, style)).collect();
    if !folded.is_empty() {
        let of = |change: &Change| folded.iter().filter(|item| item.change == *change).count() as u64;
        let (removed, added) = (count(of(&Change::Removed), "parameter"), of(&Change::Added));
        text +=
            &format!("{}\n", set_in(&format!("with it {removed} removed and {added} added: `--json` lists them"), 5));
    }
    text + &values(&others, style)
}

/// Whether another estimator is in the same place.
fn is_replaced(item: &Item<Scalar>) -> bool {
    let is_object = |value: &Option<Scalar>| matches!(value, Some(Scalar::Text(text)) if text.starts_with('<') && text.ends_with('>'));
    item.change == Change::Changed && (item.name == CLASS || is_object(&item.a) && is_object(&item.b))
}

/// What the names of its parameters begin with.
fn prefix(name: &str) -> String {
    if name == CLASS { String::new() } else { format!("{name}__") }
}

/// `~  class  sklearn.pipeline.Pipeline → sklearn.svm._classes.SVC`.
fn line(item: &Item<Scalar>, style: &Style) -> String {
    let class = |value: &Option<Scalar>| {
        value.as_ref().map_or_else(String::new, |value| shortened(&clean(&value.to_string()), WIDEST))
    };
    let (mark, name) = (mark(&item.change, style), shortened(&clean(&item.name), WIDEST));
    format!("{}\n", wrapped(&format!("  {mark}  {name} {} → {}", class(&item.a), class(&item.b))))
}
