//! The tensors of both sides: found in the files that differ, paired, and read only where their blocks are not known to be
//! the same.
//!
//! A file that cannot be read or understood keeps nobody from comparing the others: it is named, with the reason, and the
//! tensors of its set are left out on both sides.

mod counted;
mod held;
mod opened;

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;

use self::counted::Counting;
use self::held::Held;
use self::opened::Opened;
use crate::capture::found::is_called_like_a_model;
use crate::capture::source_file::SourceFile;
use crate::capture::weights::Weight;
use crate::compare::tensors::pairs::{self, Pairs};
use crate::compare::tensors::sums::Sums;
use crate::compare::tensors::{Change, NotCompared, Tally, TensorDiff, TensorFacts, TensorItem, settings};
use crate::format::found::FoundFileRecord;
use crate::progress::{Progress, Unit};
use crate::snapshot::TreeFile;
use crate::store::Store;

/// Files that are looked into, on either side: a model of more is a folder of data.
const MOST_FILES: usize = 1000;
/// Tensors of one side, at most.
const MOST_TENSORS: usize = 1 << 19;

/// The files of one side, and where they lie if that is not the store.
pub(in crate::ops) struct SideFiles<'f> {
    /// The model's files.
    pub(in crate::ops) files: &'f [TreeFile],
    /// Where those of a workspace lie.
    pub(in crate::ops) disk: Option<&'f [SourceFile]>,
}

/// The tensors of one side.
struct Found<'s> {
    opened: Vec<Opened<'s>>,
    tensors: Vec<TensorFacts>,
    /// Of each tensor its file, and where it lies in it.
    places: Vec<(usize, Weight)>,
    says: Vec<FoundFileRecord>,
    /// Files that something was read from.
    understood: Vec<String>,
}

/// Compares the tensors of the files that are not the same.
pub(in crate::ops) fn compare(
    store: &Store,
    a: &SideFiles<'_>,
    b: &SideFiles<'_>,
    progress: &dyn Progress,
) -> TensorDiff {
    compare_within(store, a, b, u64::MAX, progress).unwrap_or_default()
}

/// The same; none if more than `limit` bytes would have to be read on both sides.
pub(in crate::ops) fn compare_within(
    store: &Store,
    a: &SideFiles<'_>,
    b: &SideFiles<'_>,
    limit: u64,
    progress: &dyn Progress,
) -> Option<TensorDiff> {
    let (files_a, files_b) = (differing(a.files, b.files), differing(b.files, a.files));
    if files_a.is_empty() && files_b.is_empty() {
        return Some(TensorDiff::default());
    }
    let read_whole = files_a.iter().chain(&files_b).filter(|file| !has_short_header(&file.path));
    if read_whole.map(|file| file.size).fold(0, u64::saturating_add) > limit {
        return None;
    }
    let mut not_compared = Vec::new();
    let mut a = find(store, &files_a, a.disk, true, &mut not_compared);
    let mut b = find(store, &files_b, b.disk, false, &mut not_compared);
    // Of a file in which something is too deep the rest is compared.
    let whole = not_compared.iter().filter(|missing| missing.tensor.is_none());
    let out: HashSet<String> = whole.map(|missing| pairs::set_of(&missing.file)).collect();
    a.leave_out(&out);
    b.leave_out(&out);
    let settings = settings::compare(&a.says, &b.says);
    if limit < u64::MAX && to_be_read(&a, &b) > limit {
        return None;
    }
    let mut comparison = Comparison { a: &a, b: &b, not_compared, items: Vec::new(), unchanged: Vec::new() };
    comparison.run(progress);
    let Comparison { items, unchanged, mut not_compared, .. } = comparison;
    for (side, of_a) in [(&a, true), (&b, false)] {
        let changed = side.opened.iter().filter_map(|file| Some((file, file.changed()?)));
        not_compared.extend(changed.map(|(file, reason)| NotCompared {
            file: file.path().to_owned(),
            of_a,
            tensor: None,
            reason,
        }));
    }
    let both: HashSet<&str> = a.understood.iter().map(String::as_str).collect();
    let both = b.understood.iter().map(String::as_str).filter(|file| both.contains(file));
    Some(TensorDiff::new(items, &unchanged, settings, not_compared).with_files(both))
}

/// Whether what is in a file of this name can be told without reading it whole.
fn has_short_header(path: &str) -> bool {
    [".safetensors", ".gguf", ".npy"].iter().any(|end| path.ends_with(end))
}

/// Bytes of tensors that are not known to be the same.
fn to_be_read(a: &Found<'_>, b: &Found<'_>) -> u64 {
    let length = |side: &Found<'_>, place: usize| side.tensors.get(place).map_or(0, |facts| facts.length);
    let pairs = pairs::by_name(&a.tensors, &b.tensors);
    let (from, to) = pairs::may_be_renamed(&a.tensors, &b.tensors, &pairs);
    let both = pairs.both.iter().filter(|(one, other)| !is_known_to_be_equal(a, b, *one, *other));
    let both = both.map(|(one, other)| length(a, *one).saturating_add(length(b, *other)));
    let renamed = from.iter().map(|place| length(a, *place)).chain(to.iter().map(|place| length(b, *place)));
    both.chain(renamed).fold(0, u64::saturating_add)
}

fn is_known_to_be_equal(a: &Found<'_>, b: &Found<'_>, place_a: usize, place_b: usize) -> bool {
    let (Some(facts_a), Some(facts_b)) = (a.tensors.get(place_a), b.tensors.get(place_b)) else { return false };
    let alike = facts_a.element == facts_b.element && facts_a.dtype == facts_b.dtype && facts_a.shape == facts_b.shape;
    let parts = |side: &Found<'_>, place: usize| {
        let (file, weight) = side.places.get(place)?;
        side.opened.get(*file)?.parts(&weight.place)
    };
    let same = || parts(a, place_a).is_some_and(|found| Some(found) == parts(b, place_b));
    alike && a.strides(place_a) == b.strides(place_b) && same()
}

/// The files of one side that may hold tensors and are not among the others': of many the largest.
fn differing<'f>(files: &'f [TreeFile], others: &[TreeFile]) -> Vec<&'f TreeFile> {
    let paths: HashMap<&str, &TreeFile> = others.iter().map(|file| (file.path.as_str(), file)).collect();
    // A file that was renamed is the same; one that was copied is once.
    let mut free: HashMap<_, usize> = HashMap::new();
    let own: HashSet<(&str, _)> = files.iter().map(|file| (file.path.as_str(), file.id)).collect();
    for other in others.iter().filter(|other| !own.contains(&(other.path.as_str(), other.id))) {
        *free.entry(other.id).or_default() += 1;
    }
    let mut found: Vec<&TreeFile> = Vec::new();
    for file in files.iter().filter(|file| file.id.is_some() && is_called_like_a_model(&file.path)) {
        if paths.get(file.path.as_str()).is_some_and(|other| other.id == file.id) {
            continue;
        }
        match free.get_mut(&file.id) {
            Some(count) if *count > 0 => *count -= 1,
            _ => found.push(file),
        }
    }
    if found.len() > MOST_FILES {
        found.sort_by_key(|file| std::cmp::Reverse(file.size));
        found.truncate(MOST_FILES);
        found.sort_by(|a, b| a.path.cmp(&b.path));
    }
    found
}

fn find<'s>(
    store: &'s Store,
    files: &[&TreeFile],
    disk: Option<&[SourceFile]>,
    of_a: bool,
    not_compared: &mut Vec<NotCompared>,
) -> Found<'s> {
    let unpacked = opened::Unpacked::default();
    let looked: Vec<_> = files
        .par_iter()
        .map(|file| {
            let opened = Opened::open(store, file, disk, &unpacked)?;
            let weights = opened.look()?;
            weights.missing.clone().map_or(Ok((opened, weights)), Err)
        })
        .collect();
    let (opened, tensors, places, says, understood) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut found = Found { opened, tensors, places, says, understood };
    let mut left = MOST_TENSORS;
    for (file, looked) in files.iter().zip(looked) {
        let room = |count: usize| format!("it holds {count} tensors, more than are compared");
        let looked = looked.and_then(|(opened, weights)| {
            let count = weights.tensors.len();
            left.checked_sub(count).map(|rest| (opened, weights, rest)).ok_or_else(|| room(count))
        });
        match looked {
            Ok((opened, weights, rest)) => {
                left = rest;
                let number = found.opened.len();
                if weights.says.is_some() || !weights.tensors.is_empty() {
                    found.understood.push(file.path.clone());
                }
                found.says.extend(weights.says);
                not_compared.extend(weights.left_out.into_iter().map(|left| NotCompared {
                    file: file.path.clone(),
                    of_a,
                    tensor: Some(left.name),
                    reason: left.reason.to_owned(),
                }));
                for weight in weights.tensors {
                    found.tensors.push(opened::facts(&file.path, &weight));
                    found.places.push((number, weight));
                }
                found.opened.push(opened);
            }
            Err(reason) => {
                not_compared.push(NotCompared { file: file.path.clone(), of_a, tensor: None, reason });
            }
        }
    }
    found
}

impl Found<'_> {
    /// Without the tensors of these sets.
    fn leave_out(&mut self, sets: &HashSet<String>) {
        if sets.is_empty() {
            return;
        }
        let (tensors, places) = (std::mem::take(&mut self.tensors), std::mem::take(&mut self.places));
        (self.tensors, self.places) =
            tensors.into_iter().zip(places).filter(|(facts, _)| !sets.contains(&facts.set)).unzip();
    }

    fn hold(&self, place: usize) -> Result<Held<'_>, String> {
        let gone = || "it is not there any more".to_owned();
        let (file, weight) = self.places.get(place).ok_or_else(gone)?;
        let facts = self.tensors.get(place).ok_or_else(gone)?;
        Held::of(self.opened.get(*file).ok_or_else(gone)?, weight, facts)
    }

    /// Strides, where rows do not follow each other.
    fn strides(&self, place: usize) -> Option<&Vec<u64>> {
        self.places.get(place).and_then(|(_, weight)| weight.strides.as_ref())
    }
}

/// A comparison on its way.
struct Comparison<'f, 's> {
    a: &'f Found<'s>,
    b: &'f Found<'s>,
    not_compared: Vec<NotCompared>,
    items: Vec<TensorItem>,
    unchanged: Vec<&'f TensorFacts>,
}

impl<'f> Comparison<'f, '_> {
    fn run(&mut self, progress: &dyn Progress) {
        let mut pairs = pairs::by_name(&self.a.tensors, &self.b.tensors);
        let renamed = self.renamed(&mut pairs);
        let bytes: u64 = pairs.both.iter().filter_map(|(_, b)| self.b.tensors.get(*b)).map(|facts| facts.length).sum();
        progress.begin("comparing tensors", bytes, Unit::Bytes);
        self.both(&pairs.both, progress);
        progress.end();
        let one = |change, a: Option<usize>, b: Option<usize>| TensorItem {
            change,
            a: a.and_then(|place| self.a.tensors.get(place)).cloned(),
            b: b.and_then(|place| self.b.tensors.get(place)).cloned(),
            tally: None,
        };
        let removed = pairs.removed.iter().map(|place| one(Change::Removed, Some(*place), None));
        let added = pairs.added.iter().map(|place| one(Change::Added, None, Some(*place)));
        let renamed = renamed.iter().map(|(from, to)| one(Change::Renamed, Some(*from), Some(*to)));
        let all: Vec<TensorItem> = removed.chain(added).chain(renamed).collect();
        self.items.extend(all);
    }

    /// Those in both: the ones whose blocks are the same are not read.
    fn both(&mut self, pairs: &[(usize, usize)], progress: &dyn Progress) {
        let mut counting = Counting::new(progress);
        let mut results: BTreeMap<usize, Result<Option<Tally>, String>> = BTreeMap::new();
        for (number, (place_a, place_b)) in pairs.iter().enumerate() {
            let (Some(a), Some(b)) = (self.a.tensors.get(*place_a), self.b.tensors.get(*place_b)) else { continue };
            if is_known_to_be_equal(self.a, self.b, *place_a, *place_b) {
                progress.advance(b.length);
                self.unchanged.push(b);
                continue;
            }
            if !counted::can_be(a, b) {
                results.insert(number, Ok(None));
                continue;
            }
            if (a.length, b.length) == (0, 0) {
                results.insert(number, Ok(Some(Tally::Numbers(Sums::default()))));
                continue;
            }
            let held = self.held(*place_a, *place_b);
            match held {
                Ok((held_a, held_b)) => counting.add(number, (a, held_a), (b, held_b), &mut results),
                Err(reason) => drop(results.insert(number, Err(reason))),
            }
        }
        counting.finish(&mut results);
        for (number, result) in results {
            let Some((place_a, place_b)) = pairs.get(number) else { continue };
            self.judge(*place_a, *place_b, result);
        }
    }

    /// Both, as they can be read. Where both leave out nothing and lie in the same other order, that order is as good as any.
    fn held(&self, a: usize, b: usize) -> Result<(Held<'f>, Held<'f>), String> {
        if let (Some(strides), Some(same)) = (self.a.strides(a), self.b.strides(b))
            && strides == same
            && let (Some(a), Some(b)) = (self.dense(self.a, a), self.dense(self.b, b))
        {
            return Ok((a, b));
        }
        Ok((self.a.hold(a)?, self.b.hold(b)?))
    }

    fn dense(&self, side: &'f Found<'_>, place: usize) -> Option<Held<'f>> {
        let (file, weight) = side.places.get(place)?;
        Held::dense(side.opened.get(*file)?, weight, side.tensors.get(place)?)
    }

    fn judge(&mut self, a: usize, b: usize, result: Result<Option<Tally>, String>) {
        let (Some(facts_a), Some(facts_b)) = (self.a.tensors.get(a), self.b.tensors.get(b)) else { return };
        let tally = match result {
            Ok(tally) => tally,
            Err(reason) => {
                let tensor = Some(facts_b.name.clone());
                self.not_compared.push(NotCompared { file: facts_b.file.clone(), of_a: false, tensor, reason });
                return;
            }
        };
        let change = if !facts_a.same_type(facts_b) {
            Change::Retyped
        } else if facts_a.shape != facts_b.shape {
            Change::Reshaped
        } else if tally.is_some_and(|tally| tally.changed() == 0) {
            self.unchanged.push(facts_b);
            return;
        } else {
            Change::Changed
        };
        self.items.push(TensorItem { change, a: Some(facts_a.clone()), b: Some(facts_b.clone()), tally });
    }

    /// Takes those that have another name and the same content out of `pairs`.
    fn renamed(&mut self, pairs: &mut Pairs) -> Vec<(usize, usize)> {
        let (from, to) = pairs::may_be_renamed(&self.a.tensors, &self.b.tensors, pairs);
        let mut contents = [HashMap::new(), HashMap::new()];
        for ((places, side, of_a), contents) in
            [(from, self.a, true), (to, self.b, false)].into_iter().zip(&mut contents)
        {
            let hashed: Vec<_> =
                places.par_iter().map(|place| (*place, side.hold(*place).and_then(|held| held.digest()))).collect();
            for (place, digest) in hashed {
                match digest {
                    Ok(digest) => drop(contents.insert(place, digest)),
                    Err(reason) => {
                        let Some(facts) = side.tensors.get(place) else { continue };
                        let tensor = Some(facts.name.clone());
                        self.not_compared.push(NotCompared { file: facts.file.clone(), of_a, tensor, reason });
                    }
                }
            }
        }
        let [content_a, content_b] = contents;
        pairs::take_renamed(&self.a.tensors, &self.b.tensors, &content_a, &content_b, pairs)
    }
}
