//! What an estimator has learned that are no numbers: the categories of an encoder, the words of a vectorizer. Of each item there is
//! a digest, so that items can be compared one by one, and none is kept.

use std::cell::Cell;

use super::param::{Param, scalar};
use super::pickle::value::{EMPTY, Id, Object, Value, Values};

/// Bytes of an item's digest: two of all items of all models have never been the same.
const DIGEST: usize = 16;
/// Items of a file at most.
const MAX_ITEMS: usize = 1 << 20;
/// Things in things, at most.
const MAX_DEPTH: usize = 16;
/// Bytes that are hashed of a file at most: what many share is in each of them.
const MAX_SPELLED: usize = 1 << 27;
/// Bytes that a value takes beside its content.
const EACH: usize = 9;

/// What a list, set or dictionary is called, and a digest of each item.
type Items = (&'static str, Vec<[u8; DIGEST]>);

/// There is no room for the digests of all items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

/// The items of one thing after the other, as far as there is room.
pub(super) struct Learned<'v> {
    values: &'v Values,
    room: usize,
    /// Bytes that may still be hashed.
    left: Cell<usize>,
}

impl<'v> Learned<'v> {
    pub(super) const fn new(values: &'v Values) -> Self {
        Self { values, room: MAX_ITEMS, left: Cell::new(MAX_SPELLED) }
    }

    /// Whether there are plain values in it and nothing else.
    pub(super) fn is_plain(&self, id: Id) -> bool {
        self.spell(id, MAX_DEPTH, &mut Vec::new()).is_some()
    }

    /// How many items a list, set or dictionary has.
    pub(super) fn count(&self, id: Id) -> usize {
        match self.values.get(id) {
            Value::List(all) | Value::Tuple(all) | Value::Set(all) => all.len(),
            Value::Dict(pairs) => pairs.len(),
            _ => 0,
        }
    }

    /// The digests of a list, set or dictionary: what it is called, and one for each item. None of what holds anything but plain
    /// values, and of what holds nothing.
    pub(super) fn of(&mut self, id: Id) -> Result<Option<Items>, TooMuch> {
        let name = match self.values.get(id) {
            Value::List(_) | Value::Tuple(_) => "list",
            Value::Set(_) => "set",
            Value::Dict(_) => "dict",
            _ => return Ok(None),
        };
        let count = self.count(id);
        if count == 0 {
            return Ok(None);
        }
        // What cannot be told takes no room of what can.
        let Some(mut digests) = self.digests(id) else {
            return if self.left.get() == 0 { Err(TooMuch) } else { Ok(None) };
        };
        self.room = self.room.checked_sub(count).ok_or(TooMuch)?;
        // These have no order.
        if name != "list" {
            digests.sort_unstable();
        }
        Ok(Some((name, digests)))
    }

    fn digests(&self, id: Id) -> Option<Vec<[u8; DIGEST]>> {
        match self.values.get(id) {
            // A dictionary in a dictionary has a name of its own, and items.
            Value::Dict(pairs) if pairs.iter().any(|(_, value)| matches!(self.values.get(*value), Value::Dict(_))) => {
                None
            }
            Value::Dict(pairs) => pairs.iter().map(|pair| self.digest(&[pair.0, pair.1])).collect(),
            Value::List(all) | Value::Tuple(all) | Value::Set(all) => {
                all.iter().map(|item| self.digest(&[*item])).collect()
            }
            _ => None,
        }
    }

    fn digest(&self, items: &[Id]) -> Option<[u8; DIGEST]> {
        let text = self.spelled(items, MAX_DEPTH)?;
        blake3::hash(&text).as_bytes().first_chunk().copied()
    }

    fn spelled(&self, items: &[Id], depth: usize) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        items.iter().try_for_each(|item| self.spell(*item, depth, &mut text))?;
        Some(text)
    }

    /// Takes so many bytes of those that may be hashed; none once there are no more.
    fn takes(&self, bytes: usize) -> Option<()> {
        let left = self.left.get().saturating_sub(bytes);
        self.left.set(left);
        (left > 0).then_some(())
    }

    fn length(&self, id: Id) -> usize {
        match self.values.get(id) {
            Value::Text(text) | Value::Big(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Global(names) => names.0.len() + names.1.len(),
            _ => 0,
        }
    }

    /// A value's kind and content, so that no two are spelled alike; none of what is not plain.
    fn spell(&self, id: Id, depth: usize, text: &mut Vec<u8>) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        self.takes(EACH)?;
        self.takes(self.length(id))?;
        let mut put = |kind: u8, bytes: &[u8]| {
            text.push(kind);
            text.extend((bytes.len() as u64).to_le_bytes());
            text.extend(bytes);
        };
        match self.values.get(id) {
            Value::None => put(b'N', &[]),
            Value::Bool(truth) => put(b'b', &[u8::from(*truth)]),
            Value::Int(number) => put(b'i', &number.to_le_bytes()),
            Value::Big(digits) => put(b'I', digits.as_bytes()),
            Value::Float(number) => put(b'f', &number.to_bits().to_le_bytes()),
            Value::Text(words) => put(b't', words.as_bytes()),
            Value::Bytes(bytes) => put(b'B', bytes),
            Value::Global(names) => put(b'g', format!("{}.{}", names.0, names.1).as_bytes()),
            // These have no order.
            Value::Dict(pairs) => {
                put(b'm', &(pairs.len() as u64).to_le_bytes());
                let parts = pairs.iter().map(|(key, value)| self.spelled(&[*key, *value], depth));
                let mut parts = parts.collect::<Option<Vec<_>>>()?;
                parts.sort_unstable();
                text.extend(parts.concat());
            }
            Value::Set(all) => {
                put(b'M', &(all.len() as u64).to_le_bytes());
                let mut parts = all.iter().map(|item| self.spelled(&[*item], depth)).collect::<Option<Vec<_>>>()?;
                parts.sort_unstable();
                text.extend(parts.concat());
            }
            Value::List(all) | Value::Tuple(all) => {
                put(b'l', &(all.len() as u64).to_le_bytes());
                all.iter().try_for_each(|item| self.spell(*item, depth, text))?;
            }
            Value::Object(object) if self.is_scalar(object) => {
                put(b's', &[]);
                self.spell(object.arguments, depth, text)?;
            }
            Value::Object(object) if self.is_type(object) => {
                put(b'd', &[]);
                self.spell(*self.values.elements(object.arguments)?.first()?, depth, text)?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether it is a number of NumPy's, or a type: nothing below it was learned.
    pub(super) fn is_value(&self, object: &Object) -> bool {
        self.is_scalar(object) || self.is_type(object)
    }

    /// A number of NumPy's, in words.
    pub(super) fn number(&self, object: &Object) -> Option<String> {
        if !self.is_scalar(object) {
            return None;
        }
        Some(match scalar(self.values, self.values.elements(object.arguments)?)? {
            Param::Int(number) => number.to_string(),
            Param::Float(number) => format!("{number:?}"),
            Param::Bool(truth) => truth.to_string(),
            Param::Big(text) | Param::Text(text) => text,
            _ => return None,
        })
    }

    /// A number of NumPy's: a type, and bytes.
    fn is_scalar(&self, object: &Object) -> bool {
        let made = self.values.class(object);
        matches!(made, Some(("numpy.core.multiarray" | "numpy._core.multiarray", "scalar"))) && object.items.is_empty()
    }

    fn is_type(&self, object: &Object) -> bool {
        matches!(self.values.class(object), Some(("numpy", "dtype")))
    }

    /// The items of an array of objects, and its sides.
    pub(super) fn objects(&self, object: &Object) -> Option<(Id, Vec<u64>)> {
        let ("numpy", "ndarray") = self.values.class(object)? else { return None };
        let state = object.states.last().and_then(|id| self.values.elements(*id))?;
        let [_, shape, _, _, items, ..] = *state else { return None };
        let (items, count) = match self.values.get(items) {
            Value::List(all) if items > EMPTY => (items, all.len() as u64),
            _ => return None,
        };
        let sides = self.values.elements(shape)?.iter().map(|side| self.values.integer(*side)?.try_into().ok());
        let shape: Vec<u64> = sides.collect::<Option<_>>()?;
        let fits = shape.iter().try_fold(1_u64, |n, side| n.checked_mul(*side)) == Some(count);
        fits.then_some((items, shape))
    }
}
