//! The tensors of what PyTorch pickles: a view into a storage, whose bytes are a member of the archive.
//!
//! Source: PyTorch's `torch/_utils.py` (`_rebuild_tensor_v2` and its kin) and `torch/serialization.py` (`persistent_id`).

use super::pickle::value::{Id, Object, Value, Values};

/// Tensors of a file at most.
const MAX_TENSORS: usize = 1 << 18;
/// Views share storages: all together are no longer than so many times the file.
pub(super) const MAX_SHARED: u64 = 4;
/// Values looked at: what is shared is looked at by each who shares it.
const MAX_STEPS: usize = 4 << 20;
/// Things in things, at most.
const MAX_DEPTH: usize = 64;
/// Longer names are no tensors'.
const MAX_NAME: usize = 1024;

/// A tensor, by its place in a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    /// The names on the way to it, with dots; those of a module's own dictionaries left out, as `state_dict` does.
    pub(super) name: String,
    /// Its elements' type, as PyTorch calls it without `torch.`; of what does not lie row by row, with its strides: the
    /// same bytes are another tensor then.
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    /// The storage's name.
    pub(super) storage: String,
    /// Bytes of the storage before its first element.
    pub(super) start: u64,
    /// Bytes from its first to its last element.
    pub(super) length: u64,
}

/// The tensors below `root`; whether that is all of them.
pub(super) fn tensors(values: &Values, root: Id) -> (Vec<View>, bool) {
    let mut search = Search { values, found: Vec::new(), path: Vec::new(), way: Vec::new(), steps: 0, whole: true };
    search.look(root);
    (search.found, search.whole)
}

struct Search<'v> {
    values: &'v Values,
    found: Vec<View>,
    /// Names on the way to a value.
    path: Vec<String>,
    /// The values on that way: what holds itself is entered once.
    way: Vec<Id>,
    steps: usize,
    whole: bool,
}

impl Search<'_> {
    fn look(&mut self, id: Id) {
        self.steps += 1;
        if self.steps > MAX_STEPS || self.way.len() == MAX_DEPTH || self.found.len() == MAX_TENSORS {
            self.whole = false;
            return;
        }
        if self.way.contains(&id) {
            return;
        }
        self.way.push(id);
        match self.values.get(id) {
            Value::List(all) | Value::Tuple(all) => {
                for (place, element) in all.iter().enumerate() {
                    self.enter(place.to_string(), *element);
                }
            }
            Value::Dict(pairs) => self.pairs(pairs),
            Value::Object(object) => self.object(object),
            _ => {}
        }
        self.way.pop();
    }

    fn enter(&mut self, name: String, id: Id) {
        self.path.push(name);
        self.look(id);
        self.path.pop();
    }

    fn pairs(&mut self, pairs: &[(Id, Id)]) {
        for (key, value) in pairs {
            if let Some(name) = self.values.key_name(*key) {
                self.enter(name, *value);
            }
        }
    }

    fn object(&mut self, object: &Object) {
        let called = self.values.global(object.callable);
        let arguments = self.values.elements(object.arguments).unwrap_or_default();
        match (called, arguments) {
            (Some(("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state")), [data, ..]) => {
                self.look(*data);
            }
            (Some(("torch._utils", name)), arguments) if name.starts_with("_rebuild_") => {
                match self.view(name, arguments) {
                    Some(view) => self.found.push(view),
                    None => self.whole = false,
                }
            }
            _ => {
                self.pairs(&object.pairs);
                for (place, item) in object.items.iter().enumerate() {
                    self.enter(place.to_string(), *item);
                }
                for state in object.states.iter().copied() {
                    self.look(state);
                }
            }
        }
    }

    fn view(&self, how: &str, arguments: &[Id]) -> Option<View> {
        let known = ["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor"];
        let [storage, offset, shape, strides, ..] = *arguments else { return None };
        let Value::Persistent(name) = self.values.get(storage) else { return None };
        let [_, class, key, ..] = self.values.elements(*name)? else { return None };
        let stated = if how == "_rebuild_tensor_v3" { arguments.get(6) } else { None };
        let dtype = match stated {
            Some(id) => self.values.global(*id)?.1.to_owned(),
            None => of_storage(self.values.global(*class)?.1)?,
        };
        if !known.contains(&how) {
            return None;
        }
        let width = width(&dtype)?;
        let shape = self.values.dimensions(shape)?;
        let strides = self.values.dimensions(strides)?;
        let last = shape.iter().zip(&strides).try_fold(0_u64, |last, (side, stride)| {
            side.saturating_sub(1).checked_mul(*stride).and_then(|far| last.checked_add(far))
        })?;
        let elements = if shape.contains(&0) { 0 } else { last.checked_add(1)? };
        let dtype = if rows_follow(&shape, &strides) { dtype } else { format!("{dtype} by {strides:?}") };
        let offset = u64::try_from(self.values.integer(offset)?).ok()?;
        let inner = |part: &&String| !matches!(part.as_str(), "_modules" | "_parameters" | "_buffers");
        let name = self.path.iter().filter(inner).map(String::as_str).collect::<Vec<_>>().join(".");
        Some(View {
            name: Some(name).filter(|name| name.len() <= MAX_NAME)?,
            dtype,
            shape,
            storage: self.values.text(*key)?.to_owned(),
            start: offset.checked_mul(width)?,
            length: elements.checked_mul(width)?,
        })
    }
}

/// Whether elements lie in C's order. The stride of a dimension of one element says nothing.
fn rows_follow(shape: &[u64], strides: &[u64]) -> bool {
    let mut expected = 1_u64;
    shape.iter().zip(strides).rev().all(|(side, stride)| {
        let fits = *side <= 1 || *stride == expected;
        expected = expected.saturating_mul((*side).max(1));
        fits
    })
}

/// The type that a class of storage holds.
fn of_storage(class: &str) -> Option<String> {
    Some(
        match class.strip_suffix("Storage")? {
            "Double" => "float64",
            "Float" => "float32",
            "Half" => "float16",
            "BFloat16" => "bfloat16",
            "Long" => "int64",
            "Int" => "int32",
            "Short" => "int16",
            "Char" => "int8",
            "Byte" => "uint8",
            "Bool" => "bool",
            "ComplexDouble" => "complex128",
            "ComplexFloat" => "complex64",
            "QUInt8" => "quint8",
            "QInt8" => "qint8",
            "QInt32" => "qint32",
            _ => return None,
        }
        .to_owned(),
    )
}

/// Bytes of an element.
fn width(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "complex128" => 16,
        "float64" | "int64" | "uint64" | "complex64" => 8,
        "float32" | "int32" | "uint32" | "qint32" => 4,
        "float16" | "bfloat16" | "int16" | "uint16" => 2,
        "int8" | "uint8" | "bool" | "quint8" | "qint8" => 1,
        eight if eight.starts_with("float8_") => 1,
        _ => return None,
    })
}
