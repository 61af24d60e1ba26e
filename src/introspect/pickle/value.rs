//! What a pickle would make, as symbols: no class is known and nothing is called.

use std::collections::HashMap;

use super::super::Limit;
use super::super::stream::Halt;

/// A value's place among all of a file: values name each other by it, in circles too.
pub(in super::super) type Id = u32;

/// Values of a file at most.
const MAX_VALUES: usize = 4 << 20;
/// Bytes of all texts and bytes that are kept at most.
const MAX_KEPT: usize = 256 << 20;
/// Arrays have no more dimensions.
pub(in super::super) const MAX_RANK: usize = 64;
/// Longer texts are not kept: no name or parameter is longer.
pub(super) const MAX_TEXT: u64 = 64 << 10;
/// Longer bytes are not kept: a number has no more.
pub(super) const MAX_BYTES: u64 = 64;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer that needs more than 64 bits, in decimal, as far as it is known.
    Big(Box<str>),
    Float(f64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
    /// A text or bytes that are not kept: where they lie in the stream.
    Long {
        start: u64,
        length: u64,
    },
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Set(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// What was imported: a class, a function.
    Global(Box<(String, String)>),
    Object(Box<Object>),
    /// An array whose bytes lie elsewhere.
    Array(Box<ArrayValue>),
    /// Something that only the program that loads the file has, by the name it knows it by.
    Persistent(Id),
    /// Something of which nothing is known.
    Opaque,
}

/// An array without its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct ArrayValue {
    /// As NumPy writes it, without the byte order.
    pub(in super::super) dtype: String,
    pub(in super::super) shape: Vec<u64>,
    /// Where its bytes lie in the stream; none where that is another file.
    pub(in super::super) lies: Option<Lies>,
}

/// Where an array's bytes lie, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Lies {
    pub(in super::super) start: u64,
    pub(in super::super) length: u64,
    /// Whether the elements of its first dimension are next to each other, as in Fortran.
    pub(in super::super) columns_first: bool,
    /// Whether the highest byte of a number is the first.
    pub(in super::super) big_endian: bool,
}

/// The result of a call, or an instance that a class made.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Object {
    /// What was called.
    pub(in super::super) callable: Id,
    /// With what: a tuple.
    pub(in super::super) arguments: Id,
    /// What was handed to `__setstate__`, or became its `__dict__`.
    pub(in super::super) states: Vec<Id>,
    /// What was appended to it, and what was put into it.
    pub(in super::super) items: Vec<Id>,
    pub(in super::super) pairs: Vec<(Id, Id)>,
}

/// All values of a file.
#[derive(Debug)]
pub(in super::super) struct Values {
    all: Vec<Value>,
    kept: usize,
}

pub(in super::super) const NONE: Id = 0;
pub(super) const TRUE: Id = 1;
pub(super) const FALSE: Id = 2;
pub(in super::super) const OPAQUE: Id = 3;
pub(in super::super) const EMPTY: Id = 4;

impl Default for Values {
    fn default() -> Self {
        // Nobody changes these.
        let all = vec![Value::None, Value::Bool(true), Value::Bool(false), Value::Opaque, Value::Tuple(Vec::new())];
        Self { all, kept: 0 }
    }
}

impl Values {
    pub(in super::super) fn add(&mut self, value: Value) -> Result<Id, Halt> {
        self.kept += match &value {
            Value::Text(text) | Value::Big(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Global(names) => names.0.len() + names.1.len(),
            _ => 0,
        };
        if self.all.len() == MAX_VALUES || self.kept > MAX_KEPT {
            return Err(Halt::Limit(Limit::Values));
        }
        self.all.push(value);
        u32::try_from(self.all.len() - 1).map_err(|_| Halt::Limit(Limit::Values))
    }

    pub(in super::super) fn get(&self, id: Id) -> &Value {
        self.all.get(id as usize).unwrap_or(&Value::Opaque)
    }

    /// What may be filled; nothing can be put into the first few, which all share.
    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Value> {
        if id <= EMPTY { None } else { self.all.get_mut(id as usize) }
    }

    pub(in super::super) fn text(&self, id: Id) -> Option<&str> {
        if let Value::Text(text) = self.get(id) { Some(text) } else { None }
    }

    pub(in super::super) fn integer(&self, id: Id) -> Option<i64> {
        if let Value::Int(number) = self.get(id) { Some(*number) } else { None }
    }

    /// What an element goes by in a dictionary, where its key is a text or a number.
    pub(in super::super) fn key_name(&self, key: Id) -> Option<String> {
        match self.get(key) {
            Value::Text(text) => Some(text.to_string()),
            Value::Int(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The lengths of an array's dimensions, or its strides: a list or a tuple of numbers that are not negative.
    pub(in super::super) fn dimensions(&self, id: Id) -> Option<Vec<u64>> {
        let lengths = self.elements(id).filter(|lengths| lengths.len() <= MAX_RANK)?;
        lengths.iter().map(|length| self.integer(*length)?.try_into().ok()).collect()
    }

    /// The elements of a list or a tuple.
    pub(in super::super) fn elements(&self, id: Id) -> Option<&[Id]> {
        if let Value::List(all) | Value::Tuple(all) = self.get(id) { Some(all) } else { None }
    }

    pub(in super::super) fn global(&self, id: Id) -> Option<(&str, &str)> {
        if let Value::Global(names) = self.get(id) { Some((&names.0, &names.1)) } else { None }
    }

    /// The class of an object, or what was called to make it.
    pub(in super::super) fn class(&self, object: &Object) -> Option<(&str, &str)> {
        let called = self.global(object.callable)?;
        // Before protocol 2, classes were made by these.
        let through = matches!(
            called,
            ("copyreg" | "copy_reg", "_reconstructor" | "__newobj__" | "__newobj_ex__")
                | ("numpy._core.multiarray", "_reconstruct")
                | ("numpy.core.multiarray", "_reconstruct")
        );
        let first = self.elements(object.arguments).and_then(<[Id]>::first).and_then(|id| self.global(*id));
        if through { first.or(Some(called)) } else { Some(called) }
    }

    /// The dictionaries among an object's states: its `__dict__`, and what stands in slots.
    pub(in super::super) fn states<'v>(&'v self, object: &'v Object) -> impl Iterator<Item = &'v Vec<(Id, Id)>> {
        let parts = object.states.iter().flat_map(|state| match self.get(*state) {
            Value::Tuple(both) if both.len() == 2 => both.as_slice(),
            _ => std::slice::from_ref(state),
        });
        parts.filter_map(|id| if let Value::Dict(pairs) = self.get(*id) { Some(pairs) } else { None })
    }

    /// The attributes of an object by name, as far as its state is a dictionary: the last of a name holds.
    pub(in super::super) fn attributes(&self, object: &Object) -> Vec<(&str, Id)> {
        let mut found: Vec<(&str, Id)> = Vec::new();
        let mut places = HashMap::new();
        for (key, value) in self.states(object).flatten() {
            let Some(name) = self.text(*key) else { continue };
            match places.get(name) {
                Some(place) => found[*place] = (name, *value),
                None => {
                    places.insert(name, found.len());
                    found.push((name, *value));
                }
            }
        }
        found
    }

    /// The attribute `name`.
    pub(in super::super) fn attribute(&self, object: &Object, name: &str) -> Option<Id> {
        self.attributes(object).into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}
