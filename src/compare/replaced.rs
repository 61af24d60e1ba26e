//! Hyper-parameters of estimators: where one was replaced by one of another class, all of its parameters are others. That is one fact,
//! and says more than forty.

use super::item::{Change, Item};
use crate::format::scalar::Scalar;

/// What says which class the whole file is of.
const CLASS: &str = "class";

/// Hyper-parameters that differ, by what is to be said of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sorted<'i> {
    /// Estimators of another class than before.
    pub replaced: Vec<&'i Item<Scalar>>,
    /// Parameters that came and went with them.
    pub with_them: Vec<&'i Item<Scalar>>,
    /// All others.
    pub others: Vec<&'i Item<Scalar>>,
}

impl Sorted<'_> {
    /// Of those that came and went with a class: removed and added ones.
    pub fn counts(&self) -> (u64, u64) {
        let of = |change: Change| self.with_them.iter().filter(|item| item.change == change).count() as u64;
        (of(Change::Removed), of(Change::Added))
    }
}

/// Sorts the hyper-parameters of one file.
pub fn sort_settings<'i>(items: impl IntoIterator<Item = &'i Item<Scalar>>) -> Sorted<'i> {
    let (replaced, others): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| is_replaced(item));
    let prefixes: Vec<String> = replaced.iter().map(|item| prefix(&item.name)).collect();
    let is_of_one = |item: &&Item<Scalar>| {
        let name = item.name.strip_prefix("state.").unwrap_or(&item.name);
        matches!(item.change, Change::Added | Change::Removed) && prefixes.iter().any(|prefix| name.starts_with(prefix))
    };
    let (with_them, others) = others.into_iter().partition(is_of_one);
    Sorted { replaced, with_them, others }
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
