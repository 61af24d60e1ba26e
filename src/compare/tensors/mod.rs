//! The tensors of two models → which were added, removed, renamed, and by how much the others changed. Pure: where the tensors
//! lie and what is in them is handed in.
//!
//! Tensors belong together by name in one *set*: all shards of a model are one, and so is any other file. Of a pair nothing is
//! known yet but what the files say of it ([`pairs`]); its [`Change`] follows from that and from what was summed over its
//! bytes. What a change is in numbers stands in [`sums`].

mod decode;
pub mod element;
pub mod extent;
mod fold;
pub mod layers;
pub mod order;
pub mod pairs;
mod places;
mod quantised;
pub mod settings;
pub mod strided;
pub mod sums;
pub mod units;
mod vectors;

use std::cmp::Ordering;
use std::collections::HashSet;

use self::element::Element;
use self::extent::Extent;
use self::layers::Layer;
use self::order::natural;
use self::sums::Sums;
use self::units::Units;
use super::Item;
use crate::format::scalar::Scalar;

/// A tensor, as its file says.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorFacts {
    /// The file it lies in.
    pub file: String,
    /// The set of names it belongs to.
    pub set: String,
    /// Its name.
    pub name: String,
    /// Its type, as the format calls it; empty where it is not known.
    pub dtype: String,
    /// Its shape; empty where it is not known, as that of a scalar is.
    pub shape: Vec<u64>,
    /// What its bytes are.
    pub element: Element,
    /// Its bytes, without gaps.
    pub length: u64,
    /// What it says, where it is but one number, text or truth that was learned: a threshold.
    pub value: Option<Scalar>,
}

impl TensorFacts {
    /// How many elements, or units, its bytes are.
    pub const fn elements(&self) -> u64 {
        self.length / if self.element.width() == 0 { 1 } else { self.element.width() as u64 }
    }

    /// Whether both have elements of one type, in whichever byte order.
    pub fn same_type(&self, other: &Self) -> bool {
        match (self.element, other.element) {
            (Element::Number { number: a, .. }, Element::Number { number: b, .. }) => a == b,
            (Element::Unit { .. }, Element::Unit { .. }) => self.dtype == other.dtype,
            _ => false,
        }
    }
}

/// How a tensor is different.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Other elements.
    Changed,
    /// Another shape; its elements may be the same.
    Reshaped,
    /// Another type of elements.
    Retyped,
    /// Only in `b`.
    Added,
    /// Only in `a`.
    Removed,
    /// The same content under another name, or in another set.
    Renamed,
}

impl Change {
    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Reshaped => "reshaped",
            Self::Retyped => "retyped",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
        }
    }
}

/// What was summed over a pair of tensors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tally {
    /// They hold numbers.
    Numbers(Sums),
    /// They hold bytes.
    Units(Units),
}

impl Tally {
    /// Elements or units that are different.
    pub const fn changed(&self) -> u64 {
        match self {
            Self::Numbers(sums) => sums.changed,
            Self::Units(units) => units.changed,
        }
    }

    /// All elements or units.
    pub const fn count(&self) -> u64 {
        match self {
            Self::Numbers(sums) => sums.elements,
            Self::Units(units) => units.count,
        }
    }

    /// Adds what lies behind; of another kind it is nothing.
    pub fn add(&mut self, next: &Self) {
        match (self, next) {
            (Self::Numbers(sums), Self::Numbers(next)) => sums.add(next),
            (Self::Units(units), Self::Units(next)) => units.add(next),
            _ => {}
        }
    }

    /// How much that is.
    pub fn extent(&self) -> Extent {
        match self {
            Self::Numbers(sums) => Extent::of(sums),
            Self::Units(units) => Extent::Share(units.share()),
        }
    }

    /// ‖b − a‖ ∕ ‖a‖, where there are numbers and it is defined.
    pub fn relative(&self) -> Option<f64> {
        match self {
            Self::Numbers(sums) => sums.difference().relative,
            Self::Units(_) => None,
        }
    }
}

/// A tensor that is different.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorItem {
    /// How.
    pub change: Change,
    /// What it is in `a`.
    pub a: Option<TensorFacts>,
    /// What it is in `b`.
    pub b: Option<TensorFacts>,
    /// What was summed over both; none where one is missing, they have not as many elements, or bytes are all that is
    /// known of one.
    pub tally: Option<Tally>,
}

impl TensorItem {
    /// Its name: the one in `b`, if it is there.
    pub fn name(&self) -> &str {
        self.b.as_ref().or(self.a.as_ref()).map_or("", |facts| &facts.name)
    }

    /// The set of names it belongs to: the one in `b`, if it is there.
    pub fn set(&self) -> &str {
        self.b.as_ref().or(self.a.as_ref()).map_or("", |facts| &facts.set)
    }

    /// The layer it belongs to: one of several that are one line may be named otherwise there ([`Layer::of`]).
    pub fn layer(&self) -> &str {
        if self.values().is_some() { self.name() } else { layers::prefix(self.name()) }
    }

    /// What it said and says, where it is but one number, text or truth.
    pub fn values(&self) -> Option<[Option<&Scalar>; 2]> {
        let sides = [self.a.as_ref(), self.b.as_ref()];
        if sides.iter().flatten().any(|facts| facts.value.is_none()) {
            return None;
        }
        Some(sides.map(|side| side.and_then(|facts| facts.value.as_ref())))
    }

    /// How much its elements changed.
    pub fn extent(&self) -> Extent {
        self.tally.map_or(Extent::Unknown, |tally| tally.extent())
    }

    /// The most important first: where other elements are NaN or infinite; changed elements by how much, then the other kinds;
    /// last by name.
    fn rank(&self, other: &Self) -> Ordering {
        let finite = |item: &Self| !matches!(item.extent(), Extent::NotFinite(_));
        let by_extent = || self.extent().largest_first(&other.extent());
        let by_name = || natural(self.name(), other.name()).then_with(|| natural(self.set(), other.set()));
        let by_kind = finite(self).cmp(&finite(other)).then(self.change.cmp(&other.change));
        by_kind.then_with(by_extent).then_with(by_name)
    }
}

/// A file whose tensors are not compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotCompared {
    /// Which.
    pub file: String,
    /// Whether it is of `a`; else of `b`.
    pub of_a: bool,
    /// The tensor, where it is only one.
    pub tensor: Option<String>,
    /// Why.
    pub reason: String,
}

impl NotCompared {
    /// Which file, or which tensor of it, on which side if it is only one, and why.
    fn words(&self, others: &[Self]) -> String {
        let other = Self { of_a: !self.of_a, ..self.clone() };
        let side = if self.of_a { " of a" } else { " of b" };
        let side = if self.tensor.is_some() || others.contains(&other) { "" } else { side };
        let tensor = self.tensor.as_ref().map_or_else(String::new, |tensor| format!(", {tensor}"));
        format!("{}{side}{tensor}: {}", self.file, self.reason)
    }
}

/// What a model's files say of themselves, as far as it is different: the class, hyper-parameters, what was found beside them.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingItem {
    /// The file, in `b` if it is there.
    pub file: String,
    /// The parameter: `class`, `library`, or as `get_params` names it; what is no parameter behind `state.`.
    pub item: Item<Scalar>,
}

/// What is different in the tensors of two models.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TensorDiff {
    /// Tensors that are different, the most important first.
    pub items: Vec<TensorItem>,
    /// Layers with such, the most important first.
    pub layers: Vec<Layer>,
    /// Tensors that are the same, of the files that differ.
    pub unchanged: u64,
    /// Settings that are different, by file and name.
    pub settings: Vec<SettingItem>,
    /// What is not compared, and why.
    pub not_compared: Vec<NotCompared>,
    /// Files with other bytes in which nothing else was found different.
    pub other_bytes: Vec<String>,
}

impl TensorDiff {
    /// Puts together what was found: `unchanged` are the tensors of `b` that are the same.
    pub fn new(
        mut items: Vec<TensorItem>,
        unchanged: &[&TensorFacts],
        settings: Vec<SettingItem>,
        mut not_compared: Vec<NotCompared>,
    ) -> Self {
        items.sort_by(TensorItem::rank);
        not_compared.sort();
        not_compared.dedup();
        let replaced = settings::replaced(&settings);
        let layers = fold::folded(layers::summed(&items, unchanged), &items, &replaced);
        let unchanged = unchanged.len() as u64;
        Self { items, layers, unchanged, settings, not_compared, other_bytes: Vec::new() }
    }

    /// The same, where these `files` are on both sides with other bytes: those of which nothing was found are named.
    pub fn with_files<'f>(mut self, files: impl Iterator<Item = &'f str>) -> Self {
        let sets = self.items.iter().flat_map(|item| [&item.a, &item.b]).flatten().map(|facts| facts.set.as_str());
        let files_of = self.not_compared.iter().map(|missing| missing.file.as_str());
        let told: HashSet<&str> =
            sets.chain(files_of).chain(self.settings.iter().map(|setting| setting.file.as_str())).collect();
        let is_told = |file: &str| told.contains(file) || told.contains(pairs::set_of(file).as_str());
        let other_bytes = files.filter(|file| !is_told(file)).map(str::to_owned).collect();
        self.other_bytes = other_bytes;
        self
    }

    /// What is said of files with other bytes in which nothing was found.
    pub fn other_bytes_words(&self) -> Vec<String> {
        self.other_bytes.iter().map(|file| format!("{file}: other bytes, no other tensor or parameter found")).collect()
    }

    /// By set and name, the layers whose tensors are one line with those of others.
    pub fn folded(&self) -> HashSet<(&str, &str)> {
        let layers = self.layers.iter();
        layers.flat_map(|layer| layer.of.iter().map(|name| (layer.set.as_str(), name.as_str()))).collect()
    }

    /// Whether nothing is different, and everything was compared.
    pub fn is_empty(&self) -> bool {
        let nothing = self.items.is_empty() && self.settings.is_empty() && self.not_compared.is_empty();
        nothing && self.other_bytes.is_empty()
    }

    /// What is not compared, in words: what is so on both sides once.
    pub fn not_compared_words(&self) -> Vec<String> {
        let mut words: Vec<String> =
            self.not_compared.iter().map(|missing| missing.words(&self.not_compared)).collect();
        words.sort();
        words.dedup();
        words
    }

    /// How many are different in this way.
    pub fn count(&self, change: Change) -> u64 {
        self.items.iter().filter(|item| item.change == change).count() as u64
    }
}
