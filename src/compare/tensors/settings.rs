//! What model files say of themselves: which class, which hyper-parameters, and how that is different.

use std::collections::BTreeMap;

use super::super::item::compare_maps;
use super::super::replaced::{CLASS, is_replaced};
use super::SettingItem;
use super::order::natural;
use super::pairs::set_of;
use crate::format::found::FoundFileRecord;
use crate::format::scalar::Scalar;

/// Compares files of the same name; the only ones of either side belong together, too.
pub fn compare(a: &[FoundFileRecord], b: &[FoundFileRecord]) -> Vec<SettingItem> {
    let other = |file: &FoundFileRecord| a.iter().find(|other| other.path == file.path);
    let only = || if let ([a], [_]) = (a, b) { Some(a) } else { None };
    let pairs = b.iter().filter_map(|file| Some((other(file).or_else(only)?, file)));
    let items = pairs.flat_map(|(old, new)| {
        let mut items = compare_maps(&settings(old), &settings(new));
        items.sort_by(|one, other| natural(&one.name, &other.name));
        items.into_iter().map(|item| SettingItem { file: new.path.clone(), item })
    });
    items.collect()
}

/// Estimators that are of another class now: the set of their file, and their parameters' name, empty of the whole file's.
pub fn replaced(settings: &[SettingItem]) -> Vec<(String, String)> {
    let replaced = settings.iter().filter(|setting| is_replaced(&setting.item));
    let name =
        |setting: &SettingItem| if setting.item.name == CLASS { String::new() } else { setting.item.name.clone() };
    replaced.map(|setting| (set_of(&setting.file), name(setting))).collect()
}

fn settings(file: &FoundFileRecord) -> BTreeMap<String, Scalar> {
    let class = file.class.iter().map(|class| ("class".to_owned(), Scalar::Text(class.clone())));
    let library = file
        .library
        .iter()
        .map(|library| ("library".to_owned(), Scalar::Text(format!("{} {}", library.name, library.version))));
    let params = file.params.iter().map(|(name, value)| (name.clone(), value.clone()));
    let state = file.state.iter().map(|(name, value)| (format!("state.{name}"), value.clone()));
    class.chain(library).chain(params).chain(state).collect()
}
