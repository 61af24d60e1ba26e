//! Parameters: what a value of a file says as text, number, list; and the names of seeds among them.

use std::collections::BTreeMap;

use super::Limit;
use super::arrays::{NONE, TEXT};
use super::joblib;
use super::pickle::value::{Id, Object, Value, Values};

/// Bytes that all parameters of a file may take, and those of one: what is longer is data.
const MAX_BYTES: usize = 64 << 20;
const MAX_ONE: usize = 1 << 20;
/// What a parameter takes beside its text.
const EACH: usize = 64;
/// Lists in lists, at most.
const MAX_DEPTH: usize = 100;
/// Longer names are no parameters'.
const MAX_NAME: usize = 1024;

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// `None`, `null`.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An integer that needs more than 64 bits, in decimal.
    Big(String),
    /// A float; NaN and the infinities are values.
    Float(f64),
    /// A text.
    Text(String),
    /// A list, a tuple or a set.
    List(Vec<Param>),
    /// A dictionary, in the order of the file.
    Map(Vec<(Param, Param)>),
    /// An array; its numbers are not read.
    Array {
        /// The elements' type, as NumPy writes it without the byte order: `f8`.
        dtype: String,
        /// The lengths of its dimensions.
        shape: Vec<u64>,
    },
    /// Bytes, or a text of more than 64 KiB: how many bytes.
    Long(u64),
    /// A class or a function itself, by its full name.
    Import(String),
    /// An object, by the full name of its class.
    Object(String),
    /// What is not known, or was too much.
    Unknown,
}

impl Param {
    /// Whether it is what it says: no object, array or function is inside.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::List(all) => all.iter().all(Self::is_plain),
            Self::Map(pairs) => pairs.iter().all(|(key, value)| key.is_plain() && value.is_plain()),
            Self::Array { .. } | Self::Long(_) | Self::Import(_) | Self::Object(_) | Self::Unknown => false,
            _ => true,
        }
    }
}

/// Parameters by name, as many as there is room for.
#[derive(Debug)]
pub(super) struct Params {
    pub(super) params: BTreeMap<String, Param>,
    pub(super) state: BTreeMap<String, Param>,
    left: usize,
    /// What is left for the value being read.
    one: usize,
    /// What did not fit.
    pub(super) limit: Option<Limit>,
}

impl Default for Params {
    fn default() -> Self {
        Self { params: BTreeMap::new(), state: BTreeMap::new(), left: MAX_BYTES, one: 0, limit: None }
    }
}

impl Params {
    /// Room for `length` more bytes and what surrounds them; once there was none, there is none.
    pub(super) fn room(&mut self, length: usize) -> bool {
        if self.limit.is_none() && self.left >= length.saturating_add(EACH) {
            self.left -= length + EACH;
            return true;
        }
        self.limit = Some(Limit::Params);
        false
    }

    pub(super) fn param(&mut self, name: String, value: Param) {
        if self.fits(&name) {
            self.params.insert(name, value);
        }
    }

    pub(super) fn state(&mut self, name: String, value: Param) {
        if self.fits(&name) {
            self.state.insert(name, value);
        }
    }

    fn fits(&mut self, name: &str) -> bool {
        self.is_name(name) && self.room(name.len())
    }

    /// Whether it is short enough for one; if not, there is no room for anything any more.
    pub(super) fn is_name(&mut self, name: &str) -> bool {
        if name.len() > MAX_NAME {
            self.limit = Some(Limit::Params);
        }
        self.limit.is_none()
    }

    /// What `id` says. What several share is said by each, until there is no room.
    pub(super) fn of(&mut self, values: &Values, id: Id) -> Param {
        self.one = MAX_ONE;
        self.below(values, id, 0).unwrap_or(Param::Unknown)
    }

    /// None if it is too long.
    fn below(&mut self, values: &Values, id: Id, depth: usize) -> Option<Param> {
        let value = values.get(id);
        let length = match value {
            Value::Text(text) | Value::Big(text) => text.len(),
            Value::Global(names) => names.0.len() + names.1.len(),
            Value::Array(array) => array.dtype.len() + 8 * array.shape.len(),
            _ => 0,
        };
        self.one = self.one.checked_sub(length + EACH)?;
        if !self.room(length) {
            return None;
        }
        if depth == MAX_DEPTH {
            self.limit = Some(Limit::Depth);
            return None;
        }
        Some(match value {
            Value::None => Param::Null,
            Value::Bool(truth) => Param::Bool(*truth),
            Value::Int(number) => Param::Int(*number),
            Value::Big(digits) => Param::Big(digits.to_string()),
            Value::Float(number) => Param::Float(*number),
            Value::Text(text) => Param::Text(text.to_string()),
            Value::Bytes(bytes) => Param::Long(bytes.len() as u64),
            Value::Long { length, .. } => Param::Long(*length),
            Value::List(all) | Value::Tuple(all) | Value::Set(all) => self.list(values, all, depth)?,
            Value::Dict(pairs) => self.map(values, pairs, depth)?,
            Value::Global(names) => Param::Import(dotted(&names.0, &names.1)),
            Value::Array(array) => Param::Array { dtype: array.dtype.clone(), shape: array.shape.clone() },
            Value::Object(object) => self.object(values, object, depth)?,
            Value::Persistent(_) | Value::Opaque => Param::Unknown,
        })
    }

    fn list(&mut self, values: &Values, all: &[Id], depth: usize) -> Option<Param> {
        all.iter().map(|id| self.below(values, *id, depth + 1)).collect::<Option<_>>().map(Param::List)
    }

    fn map(&mut self, values: &Values, pairs: &[(Id, Id)], depth: usize) -> Option<Param> {
        let mut pair = |(key, value): &(Id, Id)| {
            Some((self.below(values, *key, depth + 1)?, self.below(values, *value, depth + 1)?))
        };
        pairs.iter().map(&mut pair).collect::<Option<_>>().map(Param::Map)
    }

    fn object(&mut self, values: &Values, object: &Object, depth: usize) -> Option<Param> {
        let Some((module, name)) = values.class(object) else { return Some(Param::Unknown) };
        let arguments = values.elements(object.arguments).unwrap_or_default();
        let (module, name) = match (module, name) {
            // What NumPy calls to make them.
            ("numpy.random._pickle", "__randomstate_ctor") => ("numpy.random.mtrand", "RandomState"),
            ("numpy.random._pickle", "__generator_ctor") => ("numpy.random._generator", "Generator"),
            same => same,
        };
        match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => {
                if let Some(number) = scalar(values, arguments) {
                    return Some(number);
                }
            }
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => {
                if let [_, dtype, shape, ..] = arguments
                    && let Some(array) = array(values, *dtype, *shape)
                {
                    return Some(array);
                }
            }
            ("numpy", "ndarray") => {
                let state = object.states.last().and_then(|id| values.elements(*id));
                if let Some([_, shape, dtype, ..]) = state
                    && let Some(array) = array(values, *dtype, *shape)
                {
                    return Some(array);
                }
            }
            ("collections", "OrderedDict" | "defaultdict") => return self.map(values, &object.pairs, depth),
            ("builtins" | "__builtin__", "set" | "frozenset" | "list" | "tuple") => {
                let all = arguments.first().and_then(|id| values.elements(*id)).unwrap_or_default();
                return self.list(values, all, depth);
            }
            _ => {}
        }
        self.room(module.len() + name.len()).then(|| Param::Object(dotted(module, name)))
    }
}

pub(super) fn dotted(module: &str, name: &str) -> String {
    format!("{module}.{name}")
}

fn array(values: &Values, dtype: Id, shape: Id) -> Option<Param> {
    let (dtype, _) = joblib::element(values, dtype)?;
    Some(Param::Array { dtype, shape: values.dimensions(shape)? })
}

/// One of NumPy's numbers: its type, and its bytes.
pub(super) fn scalar(values: &Values, arguments: &[Id]) -> Option<Param> {
    let [dtype, bytes] = arguments else { return None };
    let (name, _) = joblib::element(values, *dtype)?;
    number(&name, &bytes_of(values, *bytes)?)
}

/// A number of NumPy's type `dtype` in the byte order of most machines.
pub(super) fn number(dtype: &str, bytes: &[u8]) -> Option<Param> {
    let integer = |signed: bool| {
        let negative = signed && bytes.last()? & 0x80 != 0;
        let mut all = [if negative { 0xff } else { 0 }; 16];
        all.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let number = i128::from_le_bytes(all);
        Some(i64::try_from(number).map_or_else(|_| Param::Big(number.to_string()), Param::Int))
    };
    match (dtype, bytes) {
        ("f8", bytes) => Some(Param::Float(f64::from_le_bytes(bytes.try_into().ok()?))),
        ("f4", bytes) => Some(Param::Float(f32::from_le_bytes(bytes.try_into().ok()?).into())),
        ("b1", [byte]) => Some(Param::Bool(*byte != 0)),
        ("i1" | "i2" | "i4" | "i8", bytes) if bytes.len() <= 8 => integer(true),
        ("u1" | "u2" | "u4" | "u8", bytes) if bytes.len() <= 8 => integer(false),
        (text, bytes) if text.starts_with('U') => {
            let codes = bytes.chunks_exact(4).filter_map(|code| {
                let code = u32::from_le_bytes([code[0], code[1], code[2], code[3]]);
                char::from_u32(code)
            });
            Some(Param::Text(codes.collect::<String>().trim_end_matches('\0').to_owned()))
        }
        _ => None,
    }
}

/// What the bytes of one element say, of a type as an array has it, with its byte order: `<f8`.
pub fn element(dtype: &str, bytes: &[u8]) -> Option<Param> {
    match dtype {
        NONE => return Some(Param::Null),
        TEXT => return std::str::from_utf8(bytes).ok().map(|text| Param::Text(text.to_owned())),
        _ => {}
    }
    let name = dtype.strip_prefix(['<', '>', '|', '=']).unwrap_or(dtype);
    let mut bytes = bytes.to_vec();
    match (dtype.starts_with('>'), name.starts_with('U')) {
        (true, true) => bytes.chunks_mut(4).for_each(<[u8]>::reverse),
        (true, false) => bytes.reverse(),
        _ => {}
    }
    // As short as the number of 32 bits is: 0.1, and not 0.10000000149.
    let short = |bytes: [u8; 4]| f32::from_le_bytes(bytes).to_string().parse().ok().map(Param::Float);
    match (name, <[u8; 4]>::try_from(bytes.as_slice())) {
        ("f4", Ok(bytes)) => short(bytes),
        _ => number(name, &bytes),
    }
}

/// Bytes; before protocol 3, they were texts with one character for each.
pub(super) fn bytes_of(values: &Values, id: Id) -> Option<Vec<u8>> {
    match values.get(id) {
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        Value::Object(object) if values.class(object) == Some(("_codecs", "encode")) => {
            let text = values.text(*values.elements(object.arguments)?.first()?)?;
            text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
        }
        _ => None,
    }
}

/// Those that make chance repeatable, and are given.
pub(super) fn seeds(params: &BTreeMap<String, Param>) -> BTreeMap<String, Param> {
    let given = params.iter().filter(|(name, value)| names_seed(name) && **value != Param::Null);
    given.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Whether a model's parameter is a seed: `random_state`, `clf__random_state`, `bagging_seed`.
pub fn names_seed(name: &str) -> bool {
    let last = name.rsplit("__").next().and_then(|name| name.rsplit('.').next()).unwrap_or_default();
    matches!(last, "random_state" | "seed" | "random_seed") || last.ends_with("_seed")
}
