//! The arrays of NumPy that a pickle holds: what an estimator has learned, by the names on the way to it. Of what it has learned
//! as texts, lists and dictionaries there is an array of digests.
//!
//! Source: NumPy's `ndarray.__reduce__` and `__reduce_ex__` (`_reconstruct`, `_frombuffer`), and joblib's wrappers.

use std::collections::HashSet;

use super::joblib;
use super::learned::Learned;
use super::pickle::value::{EMPTY, Id, MAX_RANK, Object, Value, Values};

/// Arrays of a file at most.
const MAX_ARRAYS: usize = 1 << 18;
/// Things in things, at most.
const MAX_DEPTH: usize = 64;
/// Longer names are no arrays'.
const MAX_NAME: usize = 1024;

/// An array of a pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// The names on the way to it, with dots: `steps.scale.mean_`.
    pub name: String,
    /// Its elements' type, as NumPy writes it with its byte order: `<f8`.
    pub dtype: String,
    /// The lengths of its dimensions.
    pub shape: Vec<u64>,
    /// Whether it is in Fortran's order, the elements of its first dimension next to each other; else in C's, those of its last.
    pub columns_first: bool,
    /// Its bytes.
    pub bytes: ArrayBytes,
}

/// The bytes of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArrayBytes {
    /// Where they lie in the unpacked pickle.
    Here {
        /// Bytes before them.
        start: u64,
        /// How many.
        length: u64,
    },
    /// A few.
    Few(Vec<u8>),
}

/// The arrays below `root`, in the order of the way; each once, however many share it.
pub(super) fn arrays(values: &Values, root: Id) -> Vec<Array> {
    let learned = Learned::new(values);
    let mut search = Search { values, learned, found: Vec::new(), path: Vec::new(), seen: HashSet::new() };
    search.look(root);
    search.found
}

struct Search<'v> {
    values: &'v Values,
    learned: Learned<'v>,
    found: Vec<Array>,
    path: Vec<String>,
    /// What was looked at: what is shared, or holds itself, is entered once.
    seen: HashSet<Id>,
}

impl Search<'_> {
    fn look(&mut self, id: Id) {
        if id <= EMPTY || self.path.len() == MAX_DEPTH || self.found.len() == MAX_ARRAYS || !self.seen.insert(id) {
            return;
        }
        let values = self.values;
        // scikit-learn's names of what was learned end so. The best parameters of a search stand among the parameters.
        let is_name = |name: &String| name.ends_with('_') && !name.starts_with('_') && name != "best_params_";
        let is_learned = self.path.last().is_some_and(is_name);
        if is_learned && let Some((kind, digests)) = self.learned.of(id) {
            let shape = vec![digests.len() as u64];
            self.add(kind.to_owned(), shape, false, ArrayBytes::Few(digests.concat()));
            return;
        }
        match values.get(id) {
            Value::List(all) | Value::Tuple(all) | Value::Set(all) => self.list(all),
            Value::Dict(pairs) => self.pairs(pairs),
            Value::Array(array) => {
                if let Some(lies) = array.lies {
                    let bytes = ArrayBytes::Here { start: lies.start, length: lies.length };
                    let dtype = in_order(&array.dtype, lies.big_endian);
                    self.add(dtype, array.shape.clone(), lies.columns_first, bytes);
                }
            }
            Value::Object(object) => self.object(object),
            _ => {}
        }
    }

    fn enter(&mut self, name: String, id: Id) {
        self.path.push(name);
        self.look(id);
        self.path.pop();
    }

    /// What has a name in a list, as the steps of a pipeline have, goes by it; else by its place.
    fn list(&mut self, all: &[Id]) {
        for (place, element) in all.iter().enumerate() {
            match self.values.elements(*element) {
                Some([name, rest @ ..]) if !rest.is_empty() && self.values.text(*name).is_some() => {
                    let name = self.values.text(*name).unwrap_or_default().to_owned();
                    rest.iter().for_each(|id| self.enter(name.clone(), *id));
                }
                _ => self.enter(place.to_string(), *element),
            }
        }
    }

    fn pairs(&mut self, pairs: &[(Id, Id)]) {
        for (key, value) in pairs {
            if let Some(name) = self.values.key_name(*key) {
                self.enter(name, *value);
            }
        }
    }

    fn object(&mut self, object: &Object) {
        if let Some((dtype, shape, columns_first, bytes)) = self.array(object) {
            self.add(dtype, shape, columns_first, bytes);
            return;
        }
        if let Some((items, shape)) = self.learned.objects(object)
            && let Some((_, digests)) = self.learned.of(items)
        {
            self.add("objects".to_owned(), shape, false, ArrayBytes::Few(digests.concat()));
            return;
        }
        self.pairs(&object.pairs);
        self.list(&object.items);
        for state in &object.states {
            // A tuple of two: attributes, and what stands in slots.
            match self.values.get(*state) {
                Value::Tuple(both)
                    if both.iter().all(|id| matches!(self.values.get(*id), Value::Dict(_) | Value::None)) =>
                {
                    both.iter().for_each(|id| self.look(*id));
                }
                _ => self.look(*state),
            }
        }
        self.look(object.arguments);
    }

    /// The array that was made by what NumPy calls for it; its bytes may be texts of old protocols, which are none.
    fn array(&self, object: &Object) -> Option<(String, Vec<u64>, bool, ArrayBytes)> {
        let arguments = self.values.elements(object.arguments).unwrap_or_default();
        let (dtype, shape, columns_first, bytes) = match (self.values.class(object)?, arguments) {
            (("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer"), [bytes, dtype, shape, rest @ ..]) => {
                (*dtype, *shape, rest.first().and_then(|id| self.values.text(*id)) == Some("F"), *bytes)
            }
            (("numpy", "ndarray"), _) => {
                let state = object.states.last().and_then(|id| self.values.elements(*id))?;
                let [_, shape, dtype, columns_first, bytes, ..] = *state else { return None };
                (dtype, shape, *self.values.get(columns_first) == Value::Bool(true), bytes)
            }
            _ => return None,
        };
        let (name, width) = joblib::element(self.values, dtype)?;
        let shape = self.values.dimensions(shape)?;
        let length = shape.iter().try_fold(width?, |n, side| n.checked_mul(*side))?;
        let bytes = match self.values.get(self.unwrapped(bytes)) {
            Value::Long { start, length: found } if *found == length => ArrayBytes::Here { start: *start, length },
            Value::Bytes(bytes) if bytes.len() as u64 == length => ArrayBytes::Few(bytes.to_vec()),
            _ => return None,
        };
        let big_endian = joblib::is_big_endian(self.values, dtype);
        Some((in_order(&name, big_endian), shape, columns_first, bytes))
    }

    /// Bytes that may be changed are made of bytes.
    fn unwrapped(&self, bytes: Id) -> Id {
        if let Value::Object(made) = self.values.get(bytes)
            && self.values.class(made).is_some_and(|(_, name)| name == "bytearray")
        {
            return self.values.elements(made.arguments).and_then(<[Id]>::first).copied().unwrap_or(bytes);
        }
        bytes
    }

    fn add(&mut self, dtype: String, shape: Vec<u64>, columns_first: bool, bytes: ArrayBytes) {
        let name = self.path.join(".");
        if name.len() <= MAX_NAME && shape.len() <= MAX_RANK {
            self.found.push(Array { name, dtype, shape, columns_first, bytes });
        }
    }
}

fn in_order(dtype: &str, big_endian: bool) -> String {
    format!("{}{dtype}", if big_endian { '>' } else { '<' })
}
