//! Tensors by layer. Names are paths: a layer is what lies below the first number on the way, or, without a number, below the
//! last name but one: `model.layers.3` of `model.layers.3.mlp.up_proj.weight`, `blk.3` of `blk.3.attn_q.weight`,
//! `encoder/layer_3` of `encoder/layer_3/kernel`, `embed` of `embed.weight`.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use super::element::Number;
use super::extent::Extent;
use super::order::natural;
use super::sums::Sums;
use super::{Change, Tally, TensorFacts, TensorItem};
use crate::format::scalar::Scalar;

/// What is different in one layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layer {
    /// The set of names that its tensors belong to: a file, or all shards of a model.
    pub set: String,
    /// The beginning of its tensors' names.
    pub name: String,
    /// Tensors of it, on both sides together.
    pub tensors: u64,
    /// Those whose elements changed, retyped and reshaped ones among them.
    pub changed: u64,
    /// Those of them that have another type of elements.
    pub retyped: u64,
    /// Those of them that have another shape.
    pub reshaped: u64,
    /// Those only in `b`.
    pub added: u64,
    /// Those only in `a`.
    pub removed: u64,
    /// Those with another name.
    pub renamed: u64,
    /// Sums over all numbers of tensors that changed; those that did not are not read. Whole numbers of 32 and 64 bits count
    /// or are places: they are in it only where the layer has no others.
    pub sums: Sums,
    /// Those whole numbers that are different and not in it.
    pub counters: u64,
    /// Quantised blocks or bytes that are different, of how many.
    pub units: (u64, u64),
    /// How much the tensor of it changed that changed most.
    pub largest: Extent,
    /// What it said and says, where it is but one number, text or truth.
    pub values: Option<[Option<Scalar>; 2]>,
    /// The names of the layers that are one line here; empty where it is but one.
    pub of: Vec<String>,
}

impl Layer {
    /// Elements that are different.
    pub const fn changed_elements(&self) -> u64 {
        self.sums.changed + self.counters + self.units.0
    }

    /// Adds a tensor; one that counts adds to no norm.
    fn add(&mut self, item: &TensorItem, counts: bool) {
        self.tensors += 1;
        if !counts {
            self.largest = self.largest.max(item.extent());
        }
        self.values = item.values().map(|both| both.map(|value| value.cloned()));
        match item.change {
            Change::Added => self.added += 1,
            Change::Removed => self.removed += 1,
            Change::Renamed => self.renamed += 1,
            Change::Changed | Change::Reshaped | Change::Retyped => self.changed += 1,
        }
        self.retyped += u64::from(item.change == Change::Retyped);
        self.reshaped += u64::from(item.change == Change::Reshaped);
        match &item.tally {
            Some(Tally::Numbers(sums)) if counts => self.counters += sums.changed,
            Some(Tally::Numbers(sums)) => self.sums.add(sums),
            Some(Tally::Units(units)) => {
                self.units.0 += units.changed;
                self.units.1 += units.count;
            }
            None => {}
        }
    }

    /// `57 reshaped`, `3 changed`.
    pub fn kinds(&self) -> Vec<String> {
        let only_changed = self.changed.saturating_sub(self.retyped + self.reshaped);
        let counts = [
            (only_changed, Change::Changed),
            (self.retyped, Change::Retyped),
            (self.reshaped, Change::Reshaped),
            (self.renamed, Change::Renamed),
            (self.added, Change::Added),
            (self.removed, Change::Removed),
        ];
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, kind)| format!("{count} {}", kind.name())).collect()
    }

    /// How much it changed: by its numbers, or by its units where it has none.
    pub fn extent(&self) -> Extent {
        match (self.sums.elements, self.units) {
            (0, (_, 0)) => Extent::Unknown,
            (0, (changed, count)) => Extent::Share(changed as f64 / count as f64),
            _ => Extent::of(&self.sums),
        }
    }

    /// By the tensor that changed most: among large ones that hardly changed, a small one would be lost in the sums of its layer.
    pub(super) fn rank(&self, other: &Self) -> Ordering {
        let kept = |layer: &Self| layer.changed == 0;
        let by_kind = kept(self).cmp(&kept(other));
        let by_extent = || self.extent().largest_first(&other.extent());
        let by_name = || natural(&self.name, &other.name).then_with(|| natural(&self.set, &other.set));
        by_kind.then(self.largest.largest_first(&other.largest)).then_with(by_extent).then_with(by_name)
    }
}

/// The layer that a tensor of this name belongs to.
pub fn prefix(name: &str) -> &str {
    let is_end = |c: char| c == '.' || c == '/';
    let mut start = 0;
    let mut last = 0;
    for part in name.split(is_end) {
        let end = start + part.len();
        let number = part.rsplit('_').next().unwrap_or(part);
        let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        // A tensor's own name may be a number, as a list's elements are: then the list is the layer.
        if numbered && end < name.len() {
            return name.get(..end).unwrap_or(name);
        }
        if start > 0 {
            last = start - 1;
        }
        start = end + 1;
    }
    if last > 0 { name.get(..last).unwrap_or(name) } else { name }
}

/// Whether its numbers are weights: whole ones of 32 and 64 bits count something, or are places.
fn weighs(item: &TensorItem) -> bool {
    let is_whole = |facts: &TensorFacts| {
        matches!(facts.element.number(), Some(Number::I64 | Number::I32 | Number::U64 | Number::U32))
    };
    matches!(item.tally, Some(Tally::Numbers(_))) && !item.b.as_ref().is_some_and(is_whole)
}

/// The layers of `items`; `unchanged` are the other tensors.
pub(super) fn summed(items: &[TensorItem], unchanged: &[&TensorFacts]) -> Vec<Layer> {
    let mut all: BTreeMap<(&str, &str), Layer> = BTreeMap::new();
    // Sums are added by name: in whichever order changes were sorted.
    let mut by_name: Vec<&TensorItem> = items.iter().collect();
    by_name.sort_by(|a, b| a.name().cmp(b.name()).then_with(|| a.change.cmp(&b.change)));
    let weighed: HashSet<(&str, &str)> =
        items.iter().filter(|item| weighs(item)).map(|item| (item.set(), item.layer())).collect();
    for item in by_name {
        let key = (item.set(), item.layer());
        let counts = weighed.contains(&key) && matches!(item.tally, Some(Tally::Numbers(_))) && !weighs(item);
        all.entry(key).or_default().add(item, counts);
    }
    for facts in unchanged {
        let name = if facts.value.is_some() { facts.name.as_str() } else { prefix(&facts.name) };
        if let Some(layer) = all.get_mut(&(facts.set.as_str(), name)) {
            layer.tensors += 1;
        }
    }
    let named =
        |((set, name), layer): ((&str, &str), Layer)| Layer { set: set.to_owned(), name: name.to_owned(), ..layer };
    let mut layers: Vec<Layer> = all.into_iter().map(named).collect();
    layers.sort_by(Layer::rank);
    layers
}
