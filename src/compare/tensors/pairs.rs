//! Which tensor of one side is which of the other: by set and name; what is left over, by content.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::TensorFacts;
use super::element::Element;
use super::order::natural;

/// Tensors of both sides by their places in the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pairs {
    /// In both: the place in `a`, the place in `b`.
    pub both: Vec<(usize, usize)>,
    /// Only in `a`.
    pub removed: Vec<usize>,
    /// Only in `b`.
    pub added: Vec<usize>,
}

/// What tensors of the same content have in common: type, shape and bytes.
type Kind<'t> = (Option<super::element::Number>, &'t str, &'t [u64], u64);

/// The set that a file's tensors belong to: the shards of a model, `model-00002-of-00003.safetensors`, are one.
pub fn set_of(path: &str) -> String {
    let is_number = |text: &str| text.len() >= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let shard = |path: &str| {
        let (before, behind) = path.rsplit_once("-of-")?;
        let (stem, number) = before.rsplit_once('-')?;
        let (count, extension) = behind.split_once('.').map_or((behind, ""), |(count, rest)| (count, rest));
        let dot = if extension.is_empty() { "" } else { "." };
        (is_number(number) && is_number(count)).then(|| format!("{stem}{dot}{extension}"))
    };
    shard(path).unwrap_or_else(|| path.to_owned())
}

/// Pairs tensors by set and name. Sets that are only on one side belong together if they have names in common: a file
/// that was renamed, or is of another format now.
pub fn by_name(a: &[TensorFacts], b: &[TensorFacts]) -> Pairs {
    let (sets_a, sets_b) = (sets(a), sets(b));
    let other_of = matching(&sets_a, &sets_b);
    let mut pairs = Pairs::default();
    let mut taken = vec![false; b.len()];
    let mut left = vec![true; a.len()];
    for (set, names) in &sets_a {
        let Some(others) = other_of.get(set).and_then(|other| sets_b.get(other)) else { continue };
        for (name, place) in names {
            if let Some(other) = others.get(name) {
                pairs.both.push((*place, *other));
                left[*place] = false;
                taken[*other] = true;
            }
        }
    }
    let places = |flags: Vec<bool>, wanted: bool| {
        flags.into_iter().enumerate().filter(|(_, flag)| *flag == wanted).map(|(place, _)| place).collect::<Vec<_>>()
    };
    pairs.removed = places(left, true);
    pairs.added = places(taken, false);
    pairs.both.sort_unstable_by_key(|(_, place)| *place);
    pairs
}

/// Places by set, name, and how many of that name came before: a file may say one name twice.
type Sets<'t> = BTreeMap<&'t str, BTreeMap<(&'t str, usize), usize>>;

fn sets(all: &[TensorFacts]) -> Sets<'_> {
    let mut sets: Sets<'_> = BTreeMap::new();
    let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
    for (place, facts) in all.iter().enumerate() {
        let before = seen.entry((&facts.set, &facts.name)).or_default();
        sets.entry(&facts.set).or_default().insert((&facts.name, *before), place);
        *before += 1;
    }
    sets
}

/// For each set of `a`, the one of `b`.
fn matching<'t>(a: &Sets<'t>, b: &Sets<'t>) -> BTreeMap<&'t str, &'t str> {
    let mut found: BTreeMap<&str, &str> =
        a.keys().filter_map(|set| b.get_key_value(set).map(|(same, _)| (*set, *same))).collect();
    let mut free: BTreeSet<&str> = b.keys().copied().filter(|set| !a.contains_key(set)).collect();
    for (set, names) in a.iter().filter(|(set, _)| !b.contains_key(*set)) {
        let shared =
            |other: &str| b.get(other).map_or(0, |others| names.keys().filter(|n| others.contains_key(*n)).count());
        let best = free.iter().map(|other| (shared(other), *other)).filter(|(count, _)| *count > 0);
        // Of equals the first: `max` would take the last.
        if let Some((_, other)) = best.rev().max_by_key(|(count, _)| *count) {
            free.remove(other);
            found.insert(set, other);
        }
    }
    found
}

/// The tensors of `removed` and `added` that may have the same content as one of the other list: only of these it has to be
/// known.
pub fn may_be_renamed(a: &[TensorFacts], b: &[TensorFacts], pairs: &Pairs) -> (Vec<usize>, Vec<usize>) {
    let kinds = |places: &[usize], all| places.iter().filter_map(|place| kind(all, *place)).collect::<BTreeSet<_>>();
    let (of_a, of_b) = (kinds(&pairs.removed, a), kinds(&pairs.added, b));
    let with = |places: &[usize], all, kinds: &BTreeSet<Kind<'_>>| {
        let has = |place: &usize| kind(all, *place).is_some_and(|kind| kinds.contains(&kind));
        places.iter().copied().filter(has).collect()
    };
    (with(&pairs.removed, a, &of_b), with(&pairs.added, b, &of_a))
}

fn kind(all: &[TensorFacts], place: usize) -> Option<Kind<'_>> {
    let facts = all.get(place)?;
    let word = if matches!(facts.element, Element::Unit { .. }) { facts.dtype.as_str() } else { "" };
    Some((facts.element.number(), word, &facts.shape, facts.length))
}

/// Takes those of the same content out of `removed` and `added`: which of `a`, which of `b`. `content_a` and `content_b` are
/// digests by place. Of several with one content, the first by name is the first by name.
pub fn take_renamed(
    a: &[TensorFacts],
    b: &[TensorFacts],
    content_a: &HashMap<usize, [u8; 32]>,
    content_b: &HashMap<usize, [u8; 32]>,
    pairs: &mut Pairs,
) -> Vec<(usize, usize)> {
    let name = |all: &[TensorFacts], place: usize| all.get(place).map(|facts| facts.name.clone()).unwrap_or_default();
    let mut origins: BTreeMap<(Kind<'_>, [u8; 32]), Vec<usize>> = BTreeMap::new();
    let mut removed = pairs.removed.clone();
    removed.sort_by(|one, other| natural(&name(a, *other), &name(a, *one)));
    for place in removed {
        if let Some((kind, content)) = kind(a, place).zip(content_a.get(&place)) {
            origins.entry((kind, *content)).or_default().push(place);
        }
    }
    let mut added = pairs.added.clone();
    added.sort_by(|one, other| natural(&name(b, *one), &name(b, *other)));
    let mut renamed = Vec::new();
    for place in added {
        let Some((kind, content)) = kind(b, place).zip(content_b.get(&place)) else { continue };
        if let Some(origin) = origins.get_mut(&(kind, *content)).and_then(Vec::pop) {
            renamed.push((origin, place));
        }
    }
    let gone: BTreeSet<usize> = renamed.iter().map(|(origin, _)| *origin).collect();
    let come: BTreeSet<usize> = renamed.iter().map(|(_, place)| *place).collect();
    pairs.removed.retain(|place| !gone.contains(place));
    pairs.added.retain(|place| !come.contains(place));
    renamed
}
