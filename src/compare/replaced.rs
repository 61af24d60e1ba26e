//! Hyper-parameters of estimators: where one was replaced by one of another class, all of its parameters are others. That is one fact,
//! and says more than forty.

use std::collections::HashSet;

use super::item::{Change, Item};
use crate::format::scalar::Scalar;

/// What says which class the whole file is of.
pub(super) const CLASS: &str = "class";

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
    let of_whole_file = replaced.iter().any(|item| item.name == CLASS);
    let names: HashSet<&str> = replaced.iter().map(|item| item.name.as_str()).collect();
    let is_below = |name: &str| {
        let starts = name.char_indices().filter(|(at, _)| name.get(*at..).is_some_and(|rest| rest.starts_with("__")));
        of_whole_file || starts.map(|(at, _)| at).any(|at| name.get(..at).is_some_and(|above| names.contains(above)))
    };
    let is_of_one = |item: &&Item<Scalar>| {
        let name = item.name.strip_prefix("state.").unwrap_or(&item.name);
        matches!(item.change, Change::Added | Change::Removed) && is_below(name)
    };
    let (with_them, others) = others.into_iter().partition(is_of_one);
    Sorted { replaced, with_them, others }
}

/// Whether another estimator is in the same place.
pub(super) fn is_replaced(item: &Item<Scalar>) -> bool {
    item.change == Change::Changed && (item.name == CLASS || is_object(&item.a) && is_object(&item.b))
}

/// Whether it is an object, `<sklearn.svm._classes.SVC>`: a text may be in such brackets, too, as `<pad>` is.
fn is_object(value: &Option<Scalar>) -> bool {
    let Some(Scalar::Text(text)) = value else { return false };
    let Some(name) = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')) else { return false };
    // A long name was cut.
    let name = name.strip_suffix('…').unwrap_or(name);
    let is_word = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    name.contains('.') && name.split('.').all(is_word)
}
