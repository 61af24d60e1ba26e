//! What loading a pickle imports, and what is to be thought of it.
//!
//! Lists of what is dangerous are always behind, so what is known to be harmless is listed: what models are made of.
//! What is dangerous is listed too, only to be called so; the rest is unknown. The dangerous ones are those of picklescan and
//! modelscan, with what reads further pickles.

/// What is to be thought of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// Models are made of it, and it does nothing else.
    Known,
    /// Nobody here knows it.
    Unknown,
    /// No model needs it, and it can run anything.
    Dangerous,
}

/// What is imported when a file is loaded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Import {
    /// As the file names it; `<computed>` where only running would tell.
    pub module: String,
    /// As the file names it; `<computed>` where only running would tell.
    pub name: String,
    /// What is to be thought of it.
    pub danger: Danger,
}

pub(in super::super) fn import(module: String, name: String) -> Import {
    let danger = danger(&module, &name);
    Import { module, name, danger }
}

pub(super) fn danger(module: &str, name: &str) -> Danger {
    if is_dangerous(module, name) {
        Danger::Dangerous
    } else if is_known(module, name) {
        Danger::Known
    } else {
        Danger::Unknown
    }
}

/// Modules of which nothing is harmless, with all below them.
const DANGEROUS_MODULES: &[&str] = &[
    "<computed>",
    "_aix_support",
    "_ctypes",
    "_imp",
    "_osx_support",
    "_pickle",
    "_posixsubprocess",
    "_pyrepl",
    "_socket",
    "_testcapi",
    "_thread",
    "_winapi",
    "aiohttp",
    "asyncio",
    "bdb",
    "cPickle",
    "cProfile",
    "cffi",
    "code",
    "codeop",
    "commands",
    "concurrent",
    "ctypes",
    "dill",
    "distutils",
    "ensurepip",
    "faulthandler",
    "fileinput",
    "ftplib",
    "http",
    "httplib",
    "httpx",
    "imaplib",
    "imp",
    "importlib",
    "joblib.externals.cloudpickle",
    "joblib.externals.loky",
    "lib2to3",
    "marshal",
    "mmap",
    "multiprocessing",
    "nntplib",
    "nt",
    "numpy.ctypeslib",
    "numpy.distutils",
    "numpy.f2py",
    "numpy.testing",
    "os",
    "paramiko",
    "pdb",
    "pickle",
    "pip",
    "platform",
    "poplib",
    "popen2",
    "posix",
    "posixpath",
    "profile",
    "pty",
    "py_compile",
    "pydoc",
    "requests",
    "rlcompleter",
    "runpy",
    "setuptools",
    "shelve",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "sysconfig",
    "telnetlib",
    "tempfile",
    "test",
    "threading",
    "timeit",
    "torch._dynamo",
    "torch._inductor",
    "torch.hub",
    "torch.jit",
    "torch.package",
    "torch.utils.bottleneck",
    "torch.utils.collect_env",
    "torch.utils.cpp_extension",
    "torch.utils.data.datapipes",
    "trace",
    "urllib",
    "urllib2",
    "uuid",
    "venv",
    "webbrowser",
    "winreg",
    "xmlrpc",
    "zipimport",
    "zipapp",
];

/// What of a module is dangerous.
const DANGEROUS_NAMES: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "__import__",
            "apply",
            "breakpoint",
            "compile",
            "delattr",
            "eval",
            "exec",
            "execfile",
            "file",
            "getattr",
            "globals",
            "input",
            "locals",
            "open",
            "raw_input",
            "reload",
            "setattr",
            "vars",
        ],
    ),
    ("_io", &["FileIO", "open", "open_code"]),
    ("io", &["FileIO", "open", "open_code"]),
    ("codecs", &["open"]),
    (
        "cloudpickle.cloudpickle",
        &[
            "_builtin_type",
            "_function_setstate",
            "_make_cell",
            "_make_empty_cell",
            "_make_function",
            "_make_skeleton_func",
            "subimport",
            "load",
            "loads",
        ],
    ),
    ("cloudpickle", &["load", "loads"]),
    ("doctest", &["debug_script"]),
    ("functools", &["partial", "partialmethod", "reduce"]),
    ("idlelib.autocomplete", &["AutoComplete.fetch_completions", "AutoComplete.get_entity"]),
    ("idlelib.calltip", &["Calltip.fetch_tip", "get_entity"]),
    ("idlelib.debugobj", &["ObjectTreeItem.SetText"]),
    ("idlelib.pyshell", &["ModifiedInterpreter.runcode", "ModifiedInterpreter.runcommand"]),
    ("idlelib.run", &["Executive.runcode"]),
    ("joblib", &["load", "Memory"]),
    ("joblib.numpy_pickle", &["load", "_unpickle", "NumpyUnpickler"]),
    ("logging", &["FileHandler"]),
    ("logging.config", &["dictConfig", "fileConfig", "listen"]),
    (
        "numpy",
        &[
            "DataSource",
            "fromfile",
            "genfromtxt",
            "load",
            "loadtxt",
            "memmap",
            "save",
            "savetxt",
            "savez",
            "savez_compressed",
        ],
    ),
    ("numpy.lib.npyio", &["load"]),
    ("numpy.lib._npyio_impl", &["load"]),
    ("_operator", &["attrgetter", "itemgetter", "methodcaller"]),
    ("operator", &["attrgetter", "itemgetter", "methodcaller"]),
    ("pandas", &["eval", "read_pickle"]),
    ("pandas.io.pickle", &["read_pickle"]),
    ("pathlib", &["Path.write_bytes", "Path.write_text", "Path.unlink"]),
    ("pkgutil", &["resolve_name"]),
    ("skops.io", &["load", "loads"]),
    ("torch", &["load", "compile"]),
    ("torch.fx.experimental.symbolic_shapes", &["ShapeEnv.evaluate_guards_expression"]),
    ("torch.serialization", &["load"]),
    ("torch.utils._config_module", &["ConfigModule.load_config"]),
    ("types", &["CodeType", "FunctionType"]),
];

/// Modules that nobody but one who wants their insides hands over by name.
const ESCAPES: &[&str] =
    &["os", "sys", "posix", "nt", "subprocess", "builtins", "importlib", "ctypes", "socket", "shutil", "runpy", "pty"];

fn is_dangerous(module: &str, name: &str) -> bool {
    // Python 2's name of it, which pickle translates.
    let module = if module == "__builtin__" { "builtins" } else { module };
    let whole =
        |prefix: &&str| module.strip_prefix(*prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    name == "<computed>"
        || DANGEROUS_MODULES.iter().any(whole)
        // A name with dots reaches through what a harmless module has imported.
        || name.split('.').any(|part| ESCAPES.contains(&part) || (part.starts_with("__") && part.ends_with("__") && name.contains('.')))
        || DANGEROUS_NAMES.iter().any(|(of, names)| *of == module && names.contains(&name))
}

/// What is harmless by its very name.
const KNOWN: &[(&str, &[&str])] = &[
    (
        "builtins",
        &[
            "bool",
            "bytearray",
            "bytes",
            "complex",
            "dict",
            "float",
            "frozenset",
            "int",
            "list",
            "long",
            "object",
            "range",
            "set",
            "slice",
            "str",
            "tuple",
            "unicode",
            "xrange",
        ],
    ),
    ("copyreg", &["__newobj__", "__newobj_ex__", "_reconstructor"]),
    ("copy_reg", &["__newobj__", "_reconstructor"]),
    ("collections", &["Counter", "OrderedDict", "defaultdict", "deque"]),
    ("_codecs", &["encode"]),
    ("datetime", &["date", "datetime", "time", "timedelta", "timezone"]),
    ("decimal", &["Decimal"]),
    ("joblib.numpy_pickle", &["NumpyArrayWrapper"]),
    (
        "numpy",
        &[
            "abs",
            "absolute",
            "arcsinh",
            "array",
            "bool",
            "bool_",
            "cbrt",
            "complex128",
            "complex64",
            "cos",
            "datetime64",
            "dtype",
            "exp",
            "exp2",
            "expm1",
            "float16",
            "float32",
            "float64",
            "int16",
            "int32",
            "int64",
            "int8",
            "log",
            "log10",
            "log1p",
            "log2",
            "max",
            "mean",
            "median",
            "min",
            "nan",
            "ndarray",
            "reciprocal",
            "sign",
            "sin",
            "sqrt",
            "square",
            "str_",
            "sum",
            "tanh",
            "timedelta64",
            "uint16",
            "uint32",
            "uint64",
            "uint8",
        ],
    ),
    ("numpy.ma", &["MaskedArray"]),
    ("numpy.random._generator", &["Generator"]),
    ("numpy.random._mt19937", &["MT19937"]),
    ("numpy.random._pcg64", &["PCG64", "PCG64DXSM"]),
    ("numpy.random._philox", &["Philox"]),
    ("numpy.random._sfc64", &["SFC64"]),
    ("numpy.random.mtrand", &["RandomState"]),
    ("numpy.random._pickle", &["__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"]),
    ("numpy.random.bit_generator", &["SeedSequence", "__pyx_unpickle_SeedSequence"]),
    (
        "torch",
        &[
            "Size",
            "Tensor",
            "device",
            "bfloat16",
            "bool",
            "complex64",
            "complex128",
            "float16",
            "float32",
            "float64",
            "int16",
            "int32",
            "int64",
            "int8",
            "uint8",
            "qint8",
            "quint8",
            "qint32",
            "per_channel_affine",
            "per_tensor_affine",
            "strided",
        ],
    ),
    ("torch.nn.parameter", &["Buffer", "Parameter"]),
    ("torch.serialization", &["_get_layout"]),
    ("torch._tensor", &["Tensor", "_rebuild_from_type_v2"]),
    ("torch.storage", &["TypedStorage", "UntypedStorage"]),
    ("sklearn.feature_selection._mutual_info", &["mutual_info_classif", "mutual_info_regression"]),
    (
        "sklearn.feature_selection._univariate_selection",
        &["chi2", "f_classif", "f_oneway", "f_regression", "r_regression"],
    ),
    ("sklearn.cluster._kmeans", &["_kmeans_single_elkan", "_kmeans_single_lloyd"]),
    ("scipy._lib.array_api_compat.numpy._aliases", &["asarray"]),
    ("scipy.interpolate._bsplines", &["BSpline"]),
    ("scipy.interpolate._interpolate", &["interp1d"]),
];

fn is_known(module: &str, name: &str) -> bool {
    let module = if module == "__builtin__" { "builtins" } else { module };
    if KNOWN.iter().any(|(of, names)| *of == module && names.contains(&name)) {
        return true;
    }
    // Of what follows, only plain names: one with dots may lead anywhere.
    if name.contains('.') {
        return false;
    }
    let below =
        |package: &str| module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let is_class = name.trim_start_matches('_').starts_with(|c: char| c.is_ascii_uppercase());
    match module {
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "_reconstruct" | "scalar"),
        "numpy.core.numeric" | "numpy._core.numeric" => name == "_frombuffer",
        "numpy.ma.core" => matches!(name, "_mareconstruct" | "MaskedArray"),
        "numpy.dtypes" => is_class,
        "torch" => name.ends_with("Storage") && is_class,
        "torch._utils" => name.starts_with("_rebuild_"),
        _ if below("sklearn") => {
            is_class
                || name == "newObj"
                || name.starts_with("__pyx_unpickle_")
                || (below("sklearn.metrics") && is_score(name))
        }
        "xgboost.sklearn" | "xgboost.core" | "xgboost.callback" | "lightgbm.sklearn" | "lightgbm.basic" => is_class,
        _ if below("torch.nn.modules") || below("torch.optim") => is_class,
        _ if below("scipy.sparse") => name.ends_with("_matrix") || name.ends_with("_array"),
        _ if below("scipy.stats") => name.ends_with("_gen") || name.ends_with("_frozen"),
        _ => false,
    }
}

/// Functions that compute a number out of numbers.
fn is_score(name: &str) -> bool {
    ["_score", "_error", "_loss", "_deviance", "_distances", "_kernel", "_similarity"]
        .iter()
        .any(|end| name.ends_with(end))
        || name == "_passthrough_scorer"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_through_a_harmless_module_is_not_harmless() {
        for (module, name) in [
            ("sklearn.utils", "os.system"),
            ("sklearn.pipeline", "os"),
            ("joblib.numpy_pickle", "NumpyArrayWrapper.__init__.__globals__"),
            ("os.path", "join"),
            ("__builtin__", "eval"),
            ("builtins", "<computed>"),
            ("<computed>", "loads"),
        ] {
            assert_eq!(danger(module, name), Danger::Dangerous, "{module} {name}");
        }
        for (module, name) in
            [("sklearn.datasets", "fetch_openml"), ("mine", "Model"), ("sklearn.svm", "SVC.fit"), ("osx", "f")]
        {
            assert_eq!(danger(module, name), Danger::Unknown, "{module} {name}");
        }
        for (module, name) in
            [("sklearn.svm._classes", "SVC"), ("copy_reg", "_reconstructor"), ("torch", "FloatStorage")]
        {
            assert_eq!(danger(module, name), Danger::Known, "{module} {name}");
        }
    }
}
