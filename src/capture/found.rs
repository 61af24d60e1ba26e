//! What a model's files say of themselves, read and never executed.

use std::fs::File;
use std::io;
use std::mem;

use super::source_file::SourceFile;
use crate::format::found::{DangerRecord, FoundFileRecord, ImportRecord, LibraryRecord};
use crate::format::scalar::Scalar;
use crate::introspect::{self, Danger, Facts, Param};
use crate::layout::{self, PackedTensor, Tensor};
use crate::store::Source;

/// Files that are looked into, of one version: a model of more is a folder of data.
const MOST: usize = 1000;
/// Files of a known format are called so.
const NAMES: [&str; 21] = [
    "pkl",
    "pickle",
    "joblib",
    "sav",
    "p",
    "pt",
    "pth",
    "ckpt",
    "bin",
    "skops",
    "json",
    "ubj",
    "txt",
    "model",
    "keras",
    "safetensors",
    "gguf",
    "onnx",
    "npy",
    "npz",
    "lgb",
];
/// Imports that are named: no honest file has more that are not known.
const MOST_IMPORTS: usize = 1000;
/// Bytes of a record's parameters: what is longer is no setting.
const MOST_TEXT: usize = 4096;

/// Whether a file is called like one of a format known here.
pub fn is_called_like_a_model(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    // `model.pkl.gz` is a pickle, too.
    name.split('.').skip(1).any(|extension| NAMES.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// The files worth looking into, and how many were passed over because they are too many.
pub fn worth_a_look(files: &[SourceFile]) -> (Vec<SourceFile>, u64) {
    let mut worth: Vec<&SourceFile> = files.iter().filter(|file| is_called_like_a_model(file.path())).collect();
    let passed_over = worth.len().saturating_sub(MOST) as u64;
    if passed_over > 0 {
        // A model's weights are its largest files.
        worth.sort_by_key(|file| std::cmp::Reverse(file.size()));
        worth.truncate(MOST);
        worth.sort_by(|a, b| a.path().cmp(b.path()));
    }
    (worth.into_iter().cloned().collect(), passed_over)
}

/// The tensors of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tensors {
    /// Those that lie in it as they are.
    pub plain: Vec<Tensor>,
    /// Those that have to be unpacked.
    pub packed: Vec<PackedTensor>,
}

impl Tensors {
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.plain.is_empty() && self.packed.is_empty()
    }
}

/// What a file says of itself, and where its tensors lie; nothing of a format that is not known.
///
/// # Errors
/// It cannot be read, or is not what it was when it was stored.
pub fn look(file: &SourceFile) -> io::Result<(Option<FoundFileRecord>, Tensors)> {
    let mut input = File::open(file.disk())?;
    let mut facts = introspect::of(&mut input, file.size(), file.path())?;
    // What pickles say of storages says more than the storages themselves.
    let named = facts.as_mut().map(|facts| mem::take(&mut facts.tensors)).unwrap_or_default();
    let tensors = if named.is_empty() {
        let (plain, packed) = (layout::tensors(&mut input, file.size())?, layout::packed(&mut input, file.size())?);
        let packed = packed.into_iter().filter(|packed| packed.tensor.length > 0).collect();
        Tensors { plain, packed }
    } else {
        Tensors { plain: named, packed: Vec::new() }
    };
    file.finished(file.size())?;
    let mut record = facts.map(|facts| record(file.path(), facts));
    if record.is_none() && !tensors.is_empty() {
        record =
            Some(FoundFileRecord { path: file.path().to_owned(), format: "tensors".to_owned(), ..Default::default() });
    }
    Ok((record, tensors))
}

pub(super) fn record(path: &str, facts: Facts) -> FoundFileRecord {
    let loads = facts.pickles > 0 || !facts.imports.is_empty() || !facts.is_data() && !facts.findings.is_empty();
    let danger = loads.then(|| danger(facts.danger()));
    let imported = facts.imports.len() as u64;
    let telling = facts.imports.into_iter().filter(|import| import.danger != Danger::Known);
    let imports = telling.take(MOST_IMPORTS).map(|import| ImportRecord {
        module: short(import.module),
        name: short(import.name),
        danger: self::danger(import.danger),
    });
    let values = |params: std::collections::BTreeMap<String, Param>| {
        params.into_iter().map(|(name, value)| (name, scalar(value))).collect()
    };
    FoundFileRecord {
        path: path.to_owned(),
        sha256: None,
        format: facts.format.to_owned(),
        class: facts.class.map(short),
        library: facts.library.map(|(name, version)| LibraryRecord { name: short(name), version: short(version) }),
        params: values(facts.params),
        state: values(facts.state),
        seeds: values(facts.seeds),
        imports: imports.collect(),
        imported,
        findings: facts.findings.iter().map(ToString::to_string).map(short).collect(),
        danger,
        tensors: None,
    }
}

const fn danger(danger: Danger) -> DangerRecord {
    match danger {
        Danger::Known => DangerRecord::Known,
        Danger::Unknown => DangerRecord::Unknown,
        Danger::Dangerous => DangerRecord::Dangerous,
    }
}

/// What is no plain value is told by its class, in angle brackets.
pub(super) fn scalar(value: Param) -> Scalar {
    match value {
        Param::Null => Scalar::Null,
        Param::Bool(truth) => Scalar::Bool(truth),
        Param::Int(number) => Scalar::Int(number.into()),
        Param::Big(digits) => digits.parse().map_or(Scalar::Text(digits), Scalar::Int),
        Param::Float(number) => Scalar::Float(number),
        Param::Text(text) => Scalar::Text(short(text)),
        Param::List(all) => Scalar::List(all.into_iter().map(scalar).collect()),
        Param::Map(pairs) if pairs.is_empty() => Scalar::EmptyMap,
        Param::Map(pairs) => {
            let pair = |(key, value)| Scalar::List(vec![scalar(key), scalar(value)]);
            Scalar::List(pairs.into_iter().map(pair).collect())
        }
        Param::Array { dtype, shape } => {
            let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
            Scalar::Text(format!("<array of {dtype}, {}>", sides.join(" × ")))
        }
        Param::Long(bytes) => Scalar::Text(format!("<{bytes} bytes>")),
        Param::Import(name) | Param::Object(name) => Scalar::Text(format!("<{}>", short(name))),
        Param::Unknown => Scalar::Text("<unknown>".to_owned()),
    }
}

fn short(text: String) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
