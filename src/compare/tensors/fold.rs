//! Layers of which one line says as much as many: the trees of a forest, of which no number of one can be held against one of
//! another; layers that only came or went; and whatever an estimator had learned that is of another class now.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::TensorItem;
use super::element::Element;
use super::extent::Extent;
use super::layers::Layer;
use super::order::natural;
use super::places::Places;
use super::sums::Sums;

/// Fewer are not folded.
const FEW: usize = 3;
/// What the arrays of a tree are called.
const NODES: &str = "nodes";

/// `layers`, of which those that belong together are one; `replaced` are the sets and names of estimators of another class.
pub(super) fn folded(layers: Vec<Layer>, items: &[TensorItem], replaced: &[(String, String)]) -> Vec<Layer> {
    let trees: HashSet<(&str, &str)> =
        items.iter().filter(|item| is_of_tree(item)).filter_map(|i| Some((i.set(), parent(i.layer())?.0))).collect();
    let mut places: HashMap<&str, Places<'_>> = HashMap::new();
    replaced.iter().for_each(|(set, name)| places.entry(set).or_default().insert(name));
    let mut groups: BTreeMap<(String, String, bool), Vec<Layer>> = BTreeMap::new();
    let mut all = Vec::new();
    for layer in layers {
        let place = places.get(layer.set.as_str()).and_then(|places| places.above(&layer.name));
        if let Some(place) = place {
            groups.entry((layer.set.clone(), place.to_owned(), true)).or_default().push(layer);
            continue;
        }
        match numbered(&layer) {
            Some((above, _)) if trees.contains(&(layer.set.as_str(), above)) || has_no_number(&layer) => {
                groups.entry((layer.set.clone(), above.to_owned(), false)).or_default().push(layer);
            }
            _ => all.push(layer),
        }
    }
    for ((set, place, is_replaced), members) in groups {
        if members.len() < FEW {
            all.extend(members);
        } else if is_replaced {
            let name = if place.is_empty() { set } else { place };
            all.extend(one(name, members));
        } else {
            all.extend(one(range(&place, &members), members));
        }
    }
    all.sort_by(Layer::rank);
    all
}

fn is_of_tree(item: &TensorItem) -> bool {
    let is_nodes = item.name().rsplit('.').next() == Some(NODES);
    is_nodes && [&item.a, &item.b].into_iter().flatten().any(|facts| matches!(facts.element, Element::Unit { .. }))
}

fn has_no_number(layer: &Layer) -> bool {
    let has_value = layer.values.is_some() && !is_lone_value(layer);
    layer.sums.elements == 0 && layer.counters == 0 && layer.units.1 == 0 && !has_value
}

/// Whether it is one learned value that came or went: with the estimator that had learned it.
fn is_lone_value(layer: &Layer) -> bool {
    layer.values.as_ref().is_some_and(|[a, b]| a.is_none() || b.is_none())
}

/// What the numbered layer lies in that this is, or is a lone value of, and its number.
fn numbered(layer: &Layer) -> Option<(&str, &str)> {
    match is_lone_value(layer) {
        true => parent(layer.name.rsplit_once('.')?.0),
        false => parent(&layer.name),
    }
}

/// What a numbered layer lies in, with the separator behind it, and its number.
fn parent(name: &str) -> Option<(&str, &str)> {
    let digits = name.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (above, number) = name.split_at_checked(name.len() - digits)?;
    (digits > 0).then_some((above, number))
}

/// `estimators_.{0…29}`.
fn range(above: &str, members: &[Layer]) -> String {
    let order = |a: &&str, b: &&str| -> Ordering { natural(a, b) };
    let numbers = || members.iter().filter_map(|layer| Some(numbered(layer)?.1));
    let (first, last) = (numbers().min_by(order).unwrap_or_default(), numbers().max_by(order).unwrap_or_default());
    if first == last { format!("{above}{first}") } else { format!("{above}{{{first}…{last}}}") }
}

/// All of them as one, without the norms: these are of things that are not the same.
fn one(name: String, mut members: Vec<Layer>) -> Option<Layer> {
    members.sort_by(|a, b| natural(&a.name, &b.name));
    let mut members = members.into_iter();
    let mut sum = members.next()?;
    sum.of.push(std::mem::replace(&mut sum.name, name));
    for layer in members {
        sum.tensors += layer.tensors;
        sum.changed += layer.changed;
        sum.retyped += layer.retyped;
        sum.reshaped += layer.reshaped;
        sum.added += layer.added;
        sum.removed += layer.removed;
        sum.renamed += layer.renamed;
        sum.of.push(layer.name);
    }
    Some(Layer { sums: Sums::default(), counters: 0, units: (0, 0), largest: Extent::Unknown, values: None, ..sum })
}
