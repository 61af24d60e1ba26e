//! What a model file says of itself, read and never executed: its class, the library that wrote it, its hyper-parameters and
//! seeds; what loading it would import; and what was not understood.
//!
//! Pure: bytes in, facts out. A file is told by its first bytes; its name decides only where they say nothing. Reading is
//! bounded everywhere and what was left out is a [`Finding`], so that silence is never taken for harmlessness. Arrays are
//! skipped: a file of gigabytes costs what its opcodes cost.

mod archive;
mod arrays;
mod joblib;
mod keras;
mod learned;
mod lightgbm;
mod npy;
mod outline;
mod param;
mod pickle;
mod pytorch;
mod sklearn;
mod skops;
mod stream;
mod ubjson;
mod xgboost;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Read};

pub use self::arrays::{Array, ArrayBytes, LeftOut};
pub use self::param::{Param, element, names_seed};
use self::param::{Params, seeds};
pub use self::pickle::imports::{Danger, Import};
use self::pickle::value::OPAQUE;
use self::pickle::{Walk, finding_of};
use self::sklearn::Estimator;
use self::stream::{Halt, Packing, Source};
use crate::layout::{Input, Tensor};

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// `pickle` or `joblib`, for estimators behind the library (`sklearn-joblib`); `skops`, `xgboost-json`, `xgboost-ubj`,
    /// `lightgbm`, `keras`, `pytorch-zip`; `npy` for arrays of objects; `zip` for other archives of
    /// pickles, arrays of objects among them.
    pub format: &'static str,
    /// The full name of the outermost object's class.
    pub class: Option<String>,
    /// The library that wrote it, and its version.
    pub library: Option<(String, String)>,
    /// Hyper-parameters by name: of estimators, as `get_params(deep=True)` names them (`svc__C`); of others, with dots.
    pub params: BTreeMap<String, Param>,
    /// What is no parameter and was found beside them: what base classes left in an estimator, a search's best parameters,
    /// the configuration of a booster.
    pub state: BTreeMap<String, Param>,
    /// Those of the parameters that make chance repeatable, and are given.
    pub seeds: BTreeMap<String, Param>,
    /// What loading it imports, in the order of the file, each once.
    pub imports: Vec<Import>,
    /// What is odd, and what was not read.
    pub findings: Vec<Finding>,
    /// Tensors that the pickles name, where their bytes lie in the file: PyTorch's. They may share bytes; those of a view with
    /// gaps are the bytes from its first to its last element.
    pub tensors: Vec<Tensor>,
    /// Arrays of NumPy that a pickle holds, and where their bytes lie in it once it is [`unpacked`].
    pub arrays: Vec<Array>,
    /// What of a pickle was not looked into for arrays.
    pub left_out: Vec<LeftOut>,
    /// Pickles that were read to their end.
    pub pickles: u64,
    /// Bytes that were understood, of what was unpacked.
    pub read: u64,
    /// Bytes there are, unpacked.
    pub size: u64,
}

/// What of a file is odd, or was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// What is imported is computed while loading.
    ComputedImport,
    /// What is imported stands in the registry of the program that loads.
    Extension {
        /// Its number there.
        code: u32,
    },
    /// Python's own pickle would import more than joblib does, out of an array's bytes.
    HiddenImports {
        /// How many imports.
        count: u64,
    },
    /// More than one pickle: most programs read the first.
    SeveralPickles {
        /// How many.
        count: u64,
    },
    /// A layer is Python code.
    Lambda {
        /// Its place among the parameters.
        layer: String,
    },
    /// Bytes that were not understood.
    Unread {
        /// Bytes that were.
        read: u64,
        /// Bytes there are.
        size: u64,
    },
    /// It says what no writer says.
    Broken {
        /// What.
        what: &'static str,
        /// Bytes before the place where reading stopped.
        at: u64,
    },
    /// It ends inside of something.
    Ended {
        /// Bytes before the place where reading stopped.
        at: u64,
    },
    /// It is more than is read of any file.
    Limit(Limit),
    /// A part could not be read.
    PartNotRead {
        /// A member of an archive, or an attribute.
        part: String,
    },
}

/// What there is too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Opcodes.
    Operations,
    /// Values.
    Values,
    /// Remembered values.
    Memo,
    /// Imports, or bytes of their names.
    Imports,
    /// Things in things.
    Depth,
    /// Bytes of parameters.
    Params,
    /// Pickles in an archive.
    Pickles,
    /// Bytes that compressed bytes become.
    Unpacked,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ComputedImport => f.write_str("what is imported is computed while loading"),
            Self::Extension { code } => write!(f, "imports number {code} of the loading program's extension registry"),
            Self::HiddenImports { count } => {
                write!(
                    f,
                    "an array's bytes hold {count} more imports for one who opens the file with pickle instead of joblib"
                )
            }
            Self::SeveralPickles { count } => write!(f, "{count} pickles, one behind the other"),
            Self::Lambda { layer } => write!(f, "{layer} is Python code, which loading runs"),
            Self::Unread { read, size } => write!(f, "read {read} of {size} bytes"),
            Self::Broken { what, at } => write!(f, "{what}, at byte {at}"),
            Self::Ended { at } => write!(f, "ends too soon, at byte {at}"),
            Self::Limit(limit) => write!(f, "not read to its end: too many {limit}"),
            Self::PartNotRead { part } => write!(f, "{part} could not be read"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operations => "opcodes",
            Self::Values => "values",
            Self::Memo => "remembered values",
            Self::Imports => "imports",
            Self::Depth => "levels",
            Self::Params => "bytes of parameters",
            Self::Pickles => "pickles",
            Self::Unpacked => "unpacked bytes",
        })
    }
}

/// First bytes that tell a format.
const FIRST: usize = 16;
/// What a file that holds a pickle is called, whatever follows: `model.pkl.gz`.
const PICKLES: [&str; 8] = ["pkl", "pickle", "joblib", "sav", "p", "pt", "pth", "ckpt"];

/// What the file `name` of `size` bytes says of itself; none if it is no format known here. Pickles and
/// archives of models that are broken are facts with findings; an error means that the file cannot be read.
pub fn of(input: &mut dyn Input, size: u64, name: &str) -> io::Result<Option<Facts>> {
    let mut whole = Source::new(input, 0, size, Packing::None);
    let Some(first) = first(&mut whole)? else { return Ok(None) };
    let named = name
        .to_ascii_lowercase()
        .rsplit('/')
        .next()
        .is_some_and(|file| file.split('.').skip(1).any(|extension| PICKLES.contains(&extension)));
    if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") {
        return archive::read(whole.input, size);
    }
    if first.starts_with(lightgbm::MAGIC) {
        return lightgbm(&mut whole).map(Some);
    }
    if first.starts_with(npy::MAGIC) {
        let holds_pickle = npy::behind_header(&mut whole)?;
        let walk = if holds_pickle { pickle::walk(&mut whole, true)? } else { None };
        let Some(walk) = walk else { return Ok(None) };
        let mut facts = Facts::new("npy", 0, 0);
        facts.pickled(walk, &mut whole)?;
        return Ok(Some(facts));
    }
    let text = first.trim_ascii_start();
    if text.starts_with(b"{") && text[1..].trim_ascii_start().starts_with(b"\"") {
        return xgboost(&mut whole, "xgboost-json");
    }
    // Every field of UBJSON begins with the type of its name's length.
    if let [b'{', b'i' | b'U' | b'I' | b'l' | b'L' | b'$' | b'#', ..] = first[..] {
        return xgboost(&mut whole, "xgboost-ubj");
    }
    let Some(packing) = joblib::packing(&first) else { return pickled(&mut whole, &first, named) };
    whole.packing = packing;
    match self::first(&mut whole)? {
        Some(first) => pickled(&mut whole, &first, named),
        // Its name claims that there is something in it.
        None if named => pickled(&mut whole, &[], named),
        None => Ok(None),
    }
}

/// Whether a pickle is packed, as joblib and pandas pack.
///
/// # Errors
/// It cannot be read.
pub fn is_packed(input: &mut dyn Input, size: u64) -> io::Result<bool> {
    let first = first(&mut Source::new(input, 0, size, Packing::None))?;
    Ok(first.is_some_and(|first| joblib::packing(&first).is_some()))
}

/// The bytes that a packed pickle unpacks to, at most `limit` of them; none if it is not packed.
///
/// # Errors
/// It cannot be read or unpacked, or is longer.
pub fn unpacked(input: &mut dyn Input, size: u64, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut whole = Source::new(input, 0, size, Packing::None);
    let Some(packing) = first(&mut whole)?.and_then(|first| joblib::packing(&first)) else { return Ok(None) };
    whole.packing = packing;
    let mut bytes = Vec::new();
    Read::take(whole.open()?, limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it unpacks to more than {} MiB", limit >> 20),
        ));
    }
    Ok(Some(bytes))
}

/// The first bytes; none if there are none, or they cannot be unpacked.
fn first(source: &mut Source<'_>) -> io::Result<Option<Vec<u8>>> {
    let mut first = Vec::new();
    let mut stream = source.open()?;
    while first.len() < FIRST {
        match stream.byte() {
            Ok(byte) => first.push(byte),
            Err(Halt::Io(error)) => return Err(error),
            Err(_) => break,
        }
    }
    Ok((!first.is_empty()).then_some(first))
}

fn pickled(source: &mut Source<'_>, first: &[u8], named: bool) -> io::Result<Option<Facts>> {
    let has_magic = matches!(first, [0x80, 0..=5, ..]);
    let Some(walk) = pickle::walk(source, has_magic || named)? else { return Ok(None) };
    let is_joblib = walk.arrays > 0 || source.packing != Packing::None;
    let mut facts = Facts::new(if is_joblib { "joblib" } else { "pickle" }, 0, 0);
    (facts.arrays, facts.left_out) = walk.root.map(|root| arrays::arrays(&walk.values, root)).unwrap_or_default();
    facts.pickled(walk, source)?;
    let library = facts.class.as_deref().and_then(|class| class.split('.').next()).unwrap_or_default();
    let library =
        if facts.library.as_ref().is_some_and(|(name, _)| name == "scikit-learn") { "sklearn" } else { library };
    facts.format = match (library, is_joblib) {
        ("sklearn", false) => "sklearn-pickle",
        ("sklearn", true) => "sklearn-joblib",
        ("xgboost", false) => "xgboost-pickle",
        ("xgboost", true) => "xgboost-joblib",
        ("lightgbm", false) => "lightgbm-pickle",
        ("lightgbm", true) => "lightgbm-joblib",
        _ => facts.format,
    };
    Ok(Some(facts))
}

fn lightgbm(source: &mut Source<'_>) -> io::Result<Facts> {
    let mut found = Params::default();
    let size = source.length;
    let mut stream = source.open()?;
    let read = lightgbm::read(&mut stream, &mut found);
    let mut facts = Facts::new("lightgbm", stream.at(), size);
    facts.class = Some("lightgbm.Booster".to_owned());
    facts.take(found);
    if let Err(halt) = read {
        facts.findings.push(finding_of(halt, facts.read)?);
    }
    Ok(facts)
}

/// None if it is something else that looks the same: JSON is anybody's.
fn xgboost(source: &mut Source<'_>, format: &'static str) -> io::Result<Option<Facts>> {
    let mut outline = outline::Outline::new(xgboost::COUNTED, xgboost::KEYS);
    let size = source.length;
    let mut stream = source.open()?;
    let tree = if format == "xgboost-json" { outline.json(&mut stream) } else { outline.ubjson(&mut stream) };
    let mut facts = Facts::new(format, stream.at(), size);
    let tree = match tree {
        Ok(tree) => tree,
        Err(Halt::Io(error)) => return Err(error),
        Err(_) => return Ok(None),
    };
    let mut found = Params::default();
    let Some(model) = xgboost::model(&tree, &mut found) else { return Ok(None) };
    facts.class = model.class;
    facts.library = model.version.map(|version| ("xgboost".to_owned(), version));
    facts.take(found);
    if outline.cut {
        facts.findings.push(Finding::Limit(Limit::Values));
    }
    Ok(Some(facts))
}

impl Facts {
    const fn new(format: &'static str, read: u64, size: u64) -> Self {
        Self {
            format,
            class: None,
            library: None,
            params: BTreeMap::new(),
            state: BTreeMap::new(),
            seeds: BTreeMap::new(),
            imports: Vec::new(),
            findings: Vec::new(),
            tensors: Vec::new(),
            arrays: Vec::new(),
            left_out: Vec::new(),
            pickles: 0,
            read,
            size,
        }
    }

    /// Why reading stopped before the end of a pickle, so that what it holds is not known; none if it did not.
    pub fn stopped(&self) -> Option<String> {
        let stops = |finding: &&Finding| match finding {
            Finding::Broken { .. } | Finding::Ended { .. } => true,
            Finding::Limit(limit) => *limit != Limit::Params,
            _ => false,
        };
        let is_one_pickle = ["pickle", "joblib"].iter().any(|format| self.format.ends_with(format));
        self.findings.iter().filter(|_| is_one_pickle).find(stops).map(ToString::to_string)
    }

    /// Whether it is of a format in which no import can stand.
    pub fn is_data(&self) -> bool {
        matches!(self.format, "xgboost-json" | "xgboost-ubj" | "lightgbm")
    }

    /// What is to be thought of loading it.
    pub fn danger(&self) -> Danger {
        let worst = self.imports.iter().map(|import| import.danger).max().unwrap_or(Danger::Known);
        let odd = self.findings.iter().map(|finding| match finding {
            Finding::ComputedImport | Finding::HiddenImports { .. } | Finding::Lambda { .. } => Danger::Dangerous,
            // One who did not read everything knows nothing of the rest.
            _ => Danger::Unknown,
        });
        odd.max().map_or(worst, |odd| odd.max(worst))
    }

    fn take(&mut self, found: Params) {
        self.params.extend(found.params);
        self.state.extend(found.state);
        self.seeds = seeds(&self.params);
        self.findings.extend(found.limit.map(Finding::Limit));
    }

    fn estimator(&mut self, estimator: Estimator) {
        self.class = self.class.take().or(estimator.class);
        if let Some(version) = estimator.version {
            self.library.get_or_insert(("scikit-learn".to_owned(), version));
        }
        self.take(estimator.found);
    }

    /// Adds what the pickles of `source` said.
    fn pickled(&mut self, walk: Walk, source: &mut Source<'_>) -> io::Result<()> {
        let mut estimator = sklearn::describe(&walk.values, walk.root.unwrap_or(OPAQUE));
        for (prefix, start, length) in std::mem::take(&mut estimator.boosters) {
            let mut stream = source.open()?;
            let read =
                stream.part(start, length).and_then(|()| xgboost::pickled(&mut stream, &prefix, &mut estimator.found));
            match read {
                Ok(version) => {
                    let is_it = estimator.class.as_ref().is_some_and(|class| class.starts_with("xgboost."));
                    if let Some(version) = version.filter(|_| is_it) {
                        self.library = Some(("xgboost".to_owned(), version));
                    }
                }
                Err(Halt::Io(error)) => return Err(error),
                Err(_) => self.findings.push(xgboost::unread(&prefix)),
            }
        }
        self.estimator(estimator);
        // Each once, and in the order of the file.
        let known: BTreeSet<Import> = self.imports.iter().cloned().collect();
        self.imports.extend(walk.imports.into_iter().filter(|import| !known.contains(import)));
        self.findings.extend(walk.findings);
        self.pickles += walk.pickles;
        self.read += walk.read;
        self.size += walk.size;
        Ok(())
    }
}
