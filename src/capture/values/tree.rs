//! A document between its syntax and its dotted keys.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::rc::Rc;

use crate::format::scalar::Scalar;

use super::{DEPTH_LIMIT, Reason, TEXT_LIMIT, VALUES_LIMIT};

/// A value with all that is in it. Cloning shares what is inside, so that a YAML alias costs nothing until it is
/// expanded.
#[derive(Clone)]
pub(super) struct Node {
    content: Content,
    /// What it counts when it is expanded.
    weight: Weight,
    /// Levels of maps and lists in it, itself included.
    height: usize,
    holds_map: bool,
}

#[derive(Clone)]
enum Content {
    Scalar(Scalar),
    List(Rc<[Node]>),
    Map(Rc<[(String, Node)]>),
}

/// Values and bytes of text.
#[derive(Clone, Copy, Default)]
struct Weight {
    values: usize,
    text: usize,
}

impl Weight {
    fn plus(self, other: Self) -> Self {
        Self { values: self.values.saturating_add(other.values), text: self.text.saturating_add(other.text) }
    }
}

impl Node {
    /// A value that is neither list nor map.
    pub(super) fn scalar(value: Scalar) -> Self {
        let text = if let Scalar::Text(text) = &value { text.len() } else { 0 };
        Self { content: Content::Scalar(value), weight: Weight { values: 1, text }, height: 0, holds_map: false }
    }

    /// A list.
    pub(super) fn list(items: Vec<Node>) -> Self {
        let weight = items.iter().fold(Weight { values: 1, text: 0 }, |sum, item| sum.plus(item.weight));
        let height = 1 + items.iter().map(|item| item.height).max().unwrap_or(0);
        let holds_map = items.iter().any(|item| item.holds_map);
        Self { content: Content::List(items.into()), weight, height, holds_map }
    }

    /// A map. Its keys must differ.
    pub(super) fn map(entries: Vec<(String, Node)>) -> Self {
        let weight = entries.iter().fold(Weight { values: 1, text: 0 }, |sum, (key, item)| {
            sum.plus(item.weight).plus(Weight { values: 0, text: key.len() })
        });
        let height = 1 + entries.iter().map(|(_, item)| item.height).max().unwrap_or(0);
        Self { content: Content::Map(entries.into()), weight, height, holds_map: true }
    }

    /// The items, if it is a list.
    pub(super) fn items(&self) -> Option<&[Node]> {
        if let Content::List(items) = &self.content { Some(items) } else { None }
    }

    /// The entries, if it is a map.
    pub(super) fn entries(&self) -> Option<&[(String, Node)]> {
        if let Content::Map(entries) = &self.content { Some(entries) } else { None }
    }

    /// The value it is, maps aside.
    pub(super) fn flat(&self) -> Option<Scalar> {
        match &self.content {
            Content::Scalar(value) => Some(value.clone()),
            Content::List(items) => items.iter().map(Self::flat).collect::<Option<_>>().map(Scalar::List),
            Content::Map(_) => None,
        }
    }
}

/// What may still be read of one document.
pub(super) struct Budget {
    left: Weight,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: Weight { values: VALUES_LIMIT, text: TEXT_LIMIT } }
    }
}

impl Budget {
    /// Counts a map, a list or a value with `text` bytes of text.
    pub(super) fn value(&mut self, text: usize) -> Result<(), Reason> {
        self.take(Weight { values: 1, text })
    }

    /// Counts a key.
    pub(super) fn key(&mut self, key: &str) -> Result<(), Reason> {
        self.take(Weight { values: 0, text: key.len() })
    }

    /// Counts all of `node` once more, which is about to stand `depth` levels deep.
    pub(super) fn again(&mut self, node: &Node, depth: usize) -> Result<(), Reason> {
        if depth.saturating_add(node.height) > DEPTH_LIMIT {
            return Err(Reason::TooDeep { limit: DEPTH_LIMIT });
        }
        self.take(node.weight)
    }

    fn take(&mut self, weight: Weight) -> Result<(), Reason> {
        let left =
            |have: usize, need: usize, counted, limit| have.checked_sub(need).ok_or(Reason::TooMany { counted, limit });
        self.left.values = left(self.left.values, weight.values, "values", VALUES_LIMIT)?;
        self.left.text = left(self.left.text, weight.text, "bytes of text", TEXT_LIMIT)?;
        Ok(())
    }
}

/// Whether a map or list may begin inside `depth` others.
pub(super) fn check_depth(depth: usize) -> Result<(), Reason> {
    if depth >= DEPTH_LIMIT { Err(Reason::TooDeep { limit: DEPTH_LIMIT }) } else { Ok(()) }
}

/// The values of `root` by dotted key.
pub(super) fn flatten(root: &Node, budget: &mut Budget) -> Result<BTreeMap<String, Scalar>, Reason> {
    let Content::Map(entries) = &root.content else {
        return Err(Reason::NotMap { found: root.flat().map_or("a list", |value| value.kind()) });
    };
    let mut flat = BTreeMap::new();
    for (key, node) in entries.iter() {
        spread(key.clone(), node, &mut flat, budget)?;
    }
    Ok(flat)
}

fn spread(key: String, node: &Node, flat: &mut BTreeMap<String, Scalar>, budget: &mut Budget) -> Result<(), Reason> {
    budget.key(&key)?;
    match &node.content {
        Content::Map(entries) if !entries.is_empty() => {
            for (name, child) in entries.iter() {
                spread(format!("{key}.{name}"), child, flat, budget)?;
            }
            Ok(())
        }
        Content::List(items) if node.holds_map => {
            for (index, child) in items.iter().enumerate() {
                spread(format!("{key}.{index}"), child, flat, budget)?;
            }
            Ok(())
        }
        _ => match flat.entry(key) {
            Entry::Occupied(taken) => Err(Reason::Collision { key: taken.key().clone() }),
            Entry::Vacant(free) => {
                free.insert(node.flat().unwrap_or(Scalar::EmptyMap));
                Ok(())
            }
        },
    }
}
