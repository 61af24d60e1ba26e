//! What changed in the model itself: estimators of another class, hyper-parameters.

use super::super::super::html::{Document, Text, words};
use super::{MOST, cut_code, how};
use crate::certify::wording::count;
use crate::compare::tensors::SettingItem;
use crate::compare::{Item, sort_settings};
use crate::format::scalar::Scalar;

/// File by file: another class first; what came and went with it folded away.
pub(super) fn settings(page: &mut Document, settings: &[SettingItem]) {
    let mut files: Vec<&str> = settings.iter().map(|setting| setting.file.as_str()).collect();
    files.dedup();
    for file in files {
        let sorted = sort_settings(settings.iter().filter(|one| one.file == file).map(|one| &one.item));
        let shown: Vec<_> = sorted.replaced.iter().chain(&sorted.others).copied().collect();
        table(page, &format!("What the model is and how it is set, in {file}"), &shown);
        if !sorted.with_them.is_empty() {
            let (removed, added) = sorted.counts();
            let summary = format!("With it {} removed and {added} added", count(removed, "hyper-parameter"));
            page.folded(&summary, |page| table(page, "Hyper-parameters that came and went", &sorted.with_them));
        }
    }
}

fn table(page: &mut Document, caption: &str, items: &[&Item<Scalar>]) {
    let shown = |value: &Option<Scalar>| value.as_ref().map_or_else(Text::default, |one| cut_code(&one.to_string()));
    let row = |item: &&Item<Scalar>| vec![cut_code(&item.name), how(&item.change), shown(&item.a), shown(&item.b)];
    let columns = [words("Name"), words("How"), words("Was"), words("Is")];
    page.long_table(caption, &columns, &items.iter().map(row).collect::<Vec<_>>(), MOST);
}
