//! The arrays of NumPy that a pickle holds: what an estimator has learned, by the names on the way to it. Of what it has learned
//! as texts, lists and dictionaries, wherever these stand, there is an array of digests; what stands among the parameters already
//! is left to them. What is too deep, too long or too much is named, and not passed over.
//!
//! Source: NumPy's `ndarray.__reduce__` and `__reduce_ex__` (`_reconstruct`, `_frombuffer`), and joblib's wrappers.

use std::collections::HashSet;

use super::joblib;
use super::learned::{Learned, TooMuch};
use super::param::bytes_of;
use super::pickle::value::{EMPTY, Id, MAX_RANK, Object, Value, Values};
use super::sklearn::has_parameters;

/// Arrays of a file at most.
const MAX_ARRAYS: usize = 1 << 18;
/// Things in things, at most.
const MAX_DEPTH: usize = 64;
/// Longer names are no arrays'.
const MAX_NAME: usize = 1024;
/// A list of more is data, though it stands among the parameters: these do not keep it whole.
const MAX_PARAMETER: usize = 256;
/// What was not looked into is named so often.
const MAX_LEFT_OUT: usize = 16;
/// A key is shown in so many bytes.
const MAX_KEY: usize = 128;

/// What a text, and Python's `None`, are called in the place of NumPy's type.
pub(super) const TEXT: &str = "text";
pub(super) const NONE: &str = "none";

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

impl ArrayBytes {
    /// How many.
    pub const fn length(&self) -> u64 {
        match self {
            Self::Here { length, .. } => *length,
            Self::Few(bytes) => bytes.len() as u64,
        }
    }
}

/// Something that was not looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The names on the way to it.
    pub name: String,
    /// Why.
    pub reason: &'static str,
}

/// The arrays below `root`, in the order of the way; each once, however many share it. Then what was not looked into.
pub(super) fn arrays(values: &Values, root: Id) -> (Vec<Array>, Vec<LeftOut>) {
    let learned = Learned::new(values);
    let (found, path, left_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut search = Search { values, learned, found, path, left_out, seen: HashSet::new() };
    // A dictionary's plain entries are told as parameters.
    match values.get(root) {
        Value::Dict(pairs) => {
            for (place, (key, value)) in pairs.iter().enumerate() {
                let is_told = values.text(*key).is_some() && search.learned.is_plain(*value);
                search.entry(place, *key, *value, is_told);
            }
        }
        _ => search.look(root, false),
    }
    (search.found, search.left_out)
}

struct Search<'v> {
    values: &'v Values,
    learned: Learned<'v>,
    found: Vec<Array>,
    path: Vec<String>,
    left_out: Vec<LeftOut>,
    /// What was looked at: what is shared, or holds itself, is entered once.
    seen: HashSet<Id>,
}

impl Search<'_> {
    /// Looks into `id`, whose plain values stand among the parameters if `is_told`.
    fn look(&mut self, id: Id, is_told: bool) {
        if id <= EMPTY || !self.seen.insert(id) {
            return;
        }
        let values = self.values;
        let is_container = matches!(values.get(id), Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::Dict(_));
        if self.path.len() >= MAX_DEPTH && (is_container || matches!(values.get(id), Value::Object(_))) {
            return self.leave_out("too deep");
        }
        if self.found.len() >= MAX_ARRAYS {
            return self.leave_out("there are more arrays than are compared");
        }
        // The best parameters of a search stand among the parameters.
        let last = self.path.last().map_or("", String::as_str);
        // scikit-learn's names of what was learned end so.
        let is_learned = last.ends_with('_') && !last.starts_with('_');
        let is_told = last == "best_params_" || is_told && !is_learned;
        if is_container && (!is_told || self.learned.count(id) > MAX_PARAMETER) {
            match self.learned.of(id) {
                Ok(Some((kind, digests))) => {
                    let shape = vec![digests.len() as u64];
                    return self.add(kind.to_owned(), shape, false, ArrayBytes::Few(digests.concat()));
                }
                Ok(None) => {}
                // Arrays in it are found all the same.
                Err(TooMuch) => self.leave_out("it holds more than is compared"),
            }
        }
        match values.get(id) {
            Value::List(all) | Value::Tuple(all) | Value::Set(all) => self.list(all, is_told),
            Value::Dict(pairs) => self.pairs(pairs, is_told),
            Value::Array(array) => match array.lies {
                Some(lies) => {
                    let bytes = ArrayBytes::Here { start: lies.start, length: lies.length };
                    let dtype = in_order(&array.dtype, lies.big_endian);
                    self.add(dtype, array.shape.clone(), lies.columns_first, bytes);
                }
                None => self.leave_out("its bytes lie in another file"),
            },
            // One of NumPy's numbers among the parameters is a parameter.
            Value::Object(object) if is_told && self.learned.is_value(object) => {}
            Value::Object(object) => self.object(object),
            _ => {}
        }
    }

    fn leave_out(&mut self, reason: &'static str) {
        let mut name = self.path.join(".");
        if name.len() > MAX_NAME {
            name = format!("{}…", name.chars().take(MAX_NAME / 4).collect::<String>());
        }
        if self.left_out.len() < MAX_LEFT_OUT {
            self.left_out.push(LeftOut { name, reason });
        }
    }

    fn enter(&mut self, name: String, id: Id, is_told: bool) {
        self.path.push(name);
        self.look(id, is_told);
        self.path.pop();
    }

    /// What has a name in a list, as the steps of a pipeline have, goes by it; else by its place.
    fn list(&mut self, all: &[Id], is_told: bool) {
        for (place, element) in all.iter().enumerate() {
            match self.values.elements(*element) {
                Some([name, rest @ ..]) if !rest.is_empty() && self.values.text(*name).is_some() => {
                    let name = self.values.text(*name).unwrap_or_default().to_owned();
                    rest.iter().for_each(|id| self.enter(name.clone(), *id, is_told));
                }
                _ => self.enter(place.to_string(), *element, is_told),
            }
        }
    }

    /// What has no plain key goes by its place.
    fn pairs(&mut self, pairs: &[(Id, Id)], is_told: bool) {
        for (place, (key, value)) in pairs.iter().enumerate() {
            self.entry(place, *key, *value, is_told);
        }
    }

    fn entry(&mut self, place: usize, key: Id, value: Id, is_told: bool) {
        let name = self.values.key_name(key).or_else(|| self.key(key)).unwrap_or_else(|| format!("#{place}"));
        self.enter(name, value, is_told);
    }

    /// A key that is neither text nor integer, as Python writes it.
    fn key(&self, key: Id) -> Option<String> {
        let plain = |key: Id| match self.values.get(key) {
            Value::Text(text) => Some(format!("'{text}'")),
            Value::Int(number) => Some(number.to_string()),
            Value::Float(number) => Some(format!("{number:?}")),
            Value::Bool(truth) => Some(if *truth { "True" } else { "False" }.to_owned()),
            Value::None => Some("None".to_owned()),
            Value::Bytes(bytes) => Some(format!("b'{}'", bytes.escape_ascii())),
            Value::Big(digits) => Some(digits.to_string()),
            Value::Object(object) => self.learned.number(object),
            _ => None,
        };
        let name = match self.values.get(key) {
            Value::Tuple(all) if all.len() <= MAX_RANK => {
                let parts: Vec<String> = all.iter().map(|part| plain(*part)).collect::<Option<_>>()?;
                format!("({})", parts.join(", "))
            }
            _ => plain(key)?,
        };
        (name.len() <= MAX_KEY).then_some(name)
    }

    fn object(&mut self, object: &Object) {
        if let Some((dtype, shape, columns_first, bytes)) = self.array(object) {
            self.add(dtype, shape, columns_first, bytes);
            return;
        }
        if let Some((items, shape)) = self.learned.objects(object)
            && let Ok(Some((_, digests))) = self.learned.of(items)
        {
            self.add("objects".to_owned(), shape, false, ArrayBytes::Few(digests.concat()));
            return;
        }
        if self.learned.is_value(object) {
            return;
        }
        self.pairs(&object.pairs, false);
        self.list(&object.items, false);
        let has_parameters = has_parameters(self.values, object);
        for state in &object.states {
            // A tuple of two: attributes, and what stands in slots.
            match self.values.get(*state) {
                Value::Tuple(both)
                    if both.iter().all(|id| matches!(self.values.get(*id), Value::Dict(_) | Value::None)) =>
                {
                    both.iter().for_each(|id| self.attributes(*id, has_parameters));
                }
                _ => self.attributes(*state, has_parameters),
            }
        }
        // What a class was called with: a dictionary of counts, say.
        if let Value::Tuple(arguments) = self.values.get(object.arguments) {
            for (place, argument) in arguments.iter().enumerate() {
                // A tuple there says how to make it.
                let is_told = matches!(self.values.get(*argument), Value::Tuple(_));
                match (arguments.len(), self.values.get(*argument)) {
                    (1, Value::Dict(_) | Value::List(_) | Value::Set(_)) => self.look(*argument, false),
                    _ => self.enter(place.to_string(), *argument, is_told),
                }
            }
        }
    }

    /// The attributes of an object: those that scikit-learn calls parameters are told as such.
    fn attributes(&mut self, state: Id, has_parameters: bool) {
        let Value::Dict(pairs) = self.values.get(state) else { return self.look(state, false) };
        for (place, (key, value)) in pairs.iter().enumerate() {
            let name = self.values.key_name(*key).unwrap_or_else(|| format!("#{place}"));
            let is_parameter = has_parameters && !name.starts_with('_') && !name.ends_with('_');
            // How many features go in is said of it elsewhere.
            let is_learned = has_parameters && !is_parameter && !name.starts_with('_') && name != "n_features_in_";
            match self.plain(*value).filter(|_| is_learned) {
                Some((dtype, bytes)) => self.number(name, dtype, bytes),
                None => self.enter(name, *value, is_parameter),
            }
        }
    }

    /// What Python's own number, text or truth is as an array without dimensions; none of what is something else.
    fn plain(&self, id: Id) -> Option<(&'static str, Vec<u8>)> {
        Some(match self.values.get(id) {
            Value::None => (NONE, Vec::new()),
            Value::Bool(truth) => ("|b1", vec![u8::from(*truth)]),
            Value::Int(number) => ("<i8", number.to_le_bytes().to_vec()),
            Value::Float(number) => ("<f8", number.to_le_bytes().to_vec()),
            Value::Text(text) | Value::Big(text) => (TEXT, text.as_bytes().to_vec()),
            _ => return None,
        })
    }

    fn number(&mut self, name: String, dtype: &str, bytes: Vec<u8>) {
        self.path.push(name);
        if self.found.len() < MAX_ARRAYS {
            self.add(dtype.to_owned(), Vec::new(), false, ArrayBytes::Few(bytes));
        } else {
            self.leave_out("there are more arrays than are compared");
        }
        self.path.pop();
    }

    /// The array that was made by what NumPy calls for it; long bytes may be texts of old protocols, which are none.
    fn array(&self, object: &Object) -> Option<(String, Vec<u64>, bool, ArrayBytes)> {
        let arguments = self.values.elements(object.arguments).unwrap_or_default();
        let (dtype, shape, columns_first, bytes) = match (self.values.class(object)?, arguments) {
            (("numpy.core.multiarray" | "numpy._core.multiarray", "scalar"), [dtype, bytes]) => {
                let (name, width) = joblib::element(self.values, *dtype)?;
                let dtype = in_order(&name, joblib::is_big_endian(self.values, *dtype));
                let bytes = match (self.values.get(*bytes), bytes_of(self.values, *bytes)) {
                    (_, Some(bytes)) => ArrayBytes::Few(bytes),
                    (Value::Long { start, length }, None) => ArrayBytes::Here { start: *start, length: *length },
                    _ => return None,
                };
                return (bytes.length() == width?).then_some((dtype, Vec::new(), false, bytes));
            }
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
            // Old protocols write bytes as texts.
            Value::Object(_) => ArrayBytes::Few(bytes_of(self.values, bytes).filter(|b| b.len() as u64 == length)?),
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
        } else {
            self.leave_out("its name or its shape is too long");
        }
    }
}

fn in_order(dtype: &str, big_endian: bool) -> String {
    format!("{}{dtype}", if big_endian { '>' } else { '<' })
}
