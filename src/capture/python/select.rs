//! The choice of a Python: named, active, the project's own, the first on PATH.

use std::env;
use std::path::{Component, Path, PathBuf};

use crate::bounded;
use crate::process::is_executable;

use super::packages::conda_version;
use super::{Configuration, Interpreter, Library, PythonError, release, version_in_header};

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What says which Python it is before anything is looked for. Relative paths count from the project.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The program that was run, as it was called: a name that is looked up on `PATH`, or a path.
    pub argv0: Option<&'a Path>,
    /// The environment's folder, or the interpreter, that a person named.
    pub configured: Option<&'a Path>,
    /// The folder of the environment that the version before was made with here.
    pub before: Option<&'a Path>,
}

/// Chooses: the Python that ran, if a program was run and is one, or a script that names one in its first line; what is
/// configured (a folder or an interpreter) and nothing else; otherwise `VIRTUAL_ENV`, `CONDA_PREFIX`, `.venv` or `venv` in the project, the
/// environment of the version before, the first `python3` or `python` on `PATH`.
///
/// # Errors
/// None of them is there, or the first one that is has no library.
pub fn choose(project: &Path, asked: Asked<'_>, variable: Variable<'_>) -> Result<Interpreter, PythonError> {
    let project = &std::path::absolute(project).unwrap_or_else(|_| project.to_owned());
    let ran = asked.argv0.and_then(|argv0| ran(project, argv0, variable));
    if let Some(found) = ran.and_then(|(executable, reason)| interpreter(&executable, reason, variable).ok()) {
        return Ok(found);
    }
    if let Some(path) = asked.configured {
        return named(&project.join(path), variable);
    }
    let mut passed_over = String::new();
    for name in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        let Some(prefix) = variable(name).filter(|prefix| !prefix.is_empty()) else { continue };
        match open(Path::new(&prefix), None, format!("{name} is set"), variable) {
            Ok(found) => return Ok(found),
            Err(error) => passed_over += &format!("; {name} is passed over, {error}"),
        }
    }
    for name in [".venv", "venv"] {
        let prefix = project.join(name);
        if is_environment(&prefix) {
            return open(&prefix, None, format!("the project has a `{name}`{passed_over}"), variable);
        }
    }
    // What a shell in which nothing is active finds first says less of the project than what it was made with.
    if let Some(prefix) = asked.before.filter(|prefix| is_environment(prefix))
        && let Ok(found) = open(prefix, None, format!("the version before was made with it{passed_over}"), variable)
    {
        return Ok(found);
    }
    let (executable, called) = on_path(project, variable).ok_or(PythonError::None)?;
    let reason = format!("the first `{called}` on PATH, {}{passed_over}", executable.display());
    interpreter(&executable, reason, variable)
}

/// Whether a folder is an environment that was made for something, and no installation for all.
fn is_environment(prefix: &Path) -> bool {
    prefix.join("pyvenv.cfg").is_file() || prefix.join("conda-meta").is_dir()
}

/// First lines are short.
const SHEBANG_LIMIT: u64 = 1 << 10;

/// Whether a program is a Python, by its name.
pub fn is_python(program: &Path) -> bool {
    let name = program.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.trim_end_matches('t').bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// The interpreter that ran, if `argv0` is one or is a script of one (`torchrun`, `pytest`), and why it is taken.
fn ran(project: &Path, argv0: &Path, variable: Variable<'_>) -> Option<(PathBuf, String)> {
    let called = argv0.display();
    let program = found_as(project, argv0, variable)?;
    if is_python(argv0) {
        return Some((program, format!("`{called}` is what ran")));
    }
    let head = bounded::head(&program, SHEBANG_LIMIT).ok()?;
    let line = head.split(|b| *b == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace();
    let first = Path::new(words.next()?);
    let named = if first.ends_with("env") { Path::new(words.find(|word| !word.starts_with('-'))?) } else { first };
    let interpreter = found_as(project, named, variable).filter(|_| is_python(named))?;
    Some((interpreter, format!("`{called}` is what ran, a script of it")))
}

/// What a program called so is: a path, or the first one of its name on `PATH`.
fn found_as(project: &Path, called: &Path, variable: Variable<'_>) -> Option<PathBuf> {
    if called.components().count() > 1 {
        return Some(project.join(called)).filter(|path| path.is_file());
    }
    let name = called.to_str()?;
    let name = if cfg!(windows) && called.extension().is_none() { format!("{name}.exe") } else { name.to_owned() };
    find_on_path(&name, project, variable)
}

fn named(path: &Path, variable: Variable<'_>) -> Result<Interpreter, PythonError> {
    let reason = "the configuration names it".to_owned();
    if path.is_dir() {
        open(path, None, reason, variable)
    } else if path.is_file() {
        interpreter(path, reason, variable)
    } else {
        Err(PythonError::Missing { path: path.display().to_string() })
    }
}

/// The Python of an executable. A virtual environment is recognised beside the link, its installation behind it.
fn interpreter(executable: &Path, reason: String, variable: Variable<'_>) -> Result<Interpreter, PythonError> {
    let around = |path: &Path| Some(path.parent()?.to_owned());
    let is_virtual = |prefix: &PathBuf| prefix.join("pyvenv.cfg").is_file();
    let beside = around(executable);
    let above = beside.as_deref().and_then(around);
    if let Some(prefix) = above.into_iter().chain(beside).find(is_virtual) {
        return open(&prefix, None, reason, variable);
    }
    let missing = || PythonError::Missing { path: executable.display().to_string() };
    let real = executable.canonicalize().map_err(|_| missing())?;
    let folder = around(&real).ok_or_else(missing)?;
    let is_below = folder.file_name().is_some_and(|name| name == "bin" || name == "Scripts");
    let prefix = if is_below { around(&folder).ok_or_else(missing)? } else { folder };
    open(&prefix, real.file_name().and_then(|name| name.to_str()), reason, variable)
}

/// The Python installed in `prefix`. `called` is the name of its real executable, if that is known.
fn open(
    prefix: &Path,
    called: Option<&str>,
    reason: String,
    variable: Variable<'_>,
) -> Result<Interpreter, PythonError> {
    let configuration = Configuration::read(prefix);
    let real = ["bin/python3", "bin/python"].iter().find_map(|name| prefix.join(name).canonicalize().ok());
    let called = called.or_else(|| real.as_deref()?.file_name()?.to_str());
    let stated = configuration.as_ref().and_then(|configuration| configuration.version.as_deref());
    let libraries = libraries_of(prefix, called, stated);
    let Some(library) = libraries.first() else {
        return Err(PythonError::NoLibrary { prefix: prefix.display().to_string() });
    };

    let name = library.name.as_deref().unwrap_or_default();
    let in_files = || version_in_header(prefix, name).or_else(|| library.minor().map(str::to_owned));
    let version = stated.map(str::to_owned).or_else(|| conda_version(prefix)).or_else(in_files);

    let mut folders: Vec<PathBuf> = Vec::new();
    let own = package_folders(prefix, &libraries);
    match configuration {
        Some(configuration) => {
            folders.extend(own);
            if configuration.sees_system_packages {
                folders.extend(user_folder(library, variable));
                let base = configuration.home.as_deref().and_then(Path::parent);
                folders.extend(
                    base.into_iter().flat_map(|base| package_folders(base, &libraries_of(base, Some(name), None))),
                );
            }
        }
        None => {
            folders.extend(user_folder(library, variable));
            folders.extend(own);
        }
    }
    let searched = variable("PYTHONPATH").unwrap_or_default();
    let searched = env::split_paths(&searched).filter(|path| path.is_absolute());
    let folders = distinct(searched.chain(folders));
    let is_pypy = [Some(name), called].into_iter().flatten().any(|name| name.starts_with("pypy"));
    let implementation = if is_pypy { "PyPy" } else { "CPython" };
    Ok(Interpreter { prefix: prefix.to_owned(), version, folders, implementation, reason })
}

/// The libraries that belong to one version: the executable's, the stated one, or the newest there is.
fn libraries_of(prefix: &Path, called: Option<&str>, stated: Option<&str>) -> Vec<Library> {
    let mut libraries = Library::all(prefix);
    let minor = |version: &str| version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let called = called
        .and_then(|name| release(name.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_end_matches('t')));
    let wanted = called.or_else(|| stated.map(minor)).map(|version| minor(&version));
    let is_wanted = |library: &Library| library.minor() == wanted.as_deref();
    if wanted.is_some() && libraries.iter().any(is_wanted) {
        libraries.retain(is_wanted);
    }
    if let Some(name) = libraries.first().map(|library| library.name.clone()) {
        libraries.retain(|library| library.name == name);
    }
    libraries
}

/// `site-packages`; or, where Debian took it away, its `dist-packages`.
fn package_folders(prefix: &Path, libraries: &[Library]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = libraries.iter().map(|library| library.path.join("site-packages")).collect();
    folders.retain(|path| path.is_dir());
    if folders.is_empty()
        && let Some(library) = libraries.first()
    {
        let local = prefix.join("local").join("lib").join(library.name.as_deref().unwrap_or_default());
        let shared = prefix.join("lib").join("python3");
        folders.extend([local, shared, library.path.clone()].map(|path| path.join("dist-packages")));
    }
    folders
}

/// Where `pip install --user` puts packages.
fn user_folder(library: &Library, variable: Variable<'_>) -> Option<PathBuf> {
    if variable("PYTHONNOUSERSITE").is_some_and(|value| !value.is_empty()) {
        return None;
    }
    let base = match variable("PYTHONUSERBASE").filter(|base| !base.is_empty()) {
        Some(base) => PathBuf::from(base),
        None => Path::new(&variable("HOME").filter(|home| !home.is_empty())?).join(".local"),
    };
    Some(base.join("lib").join(library.name.as_deref()?).join("site-packages"))
}

/// Folders that are there, each once: `lib64` is often a link to `lib`.
fn distinct(folders: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let mut seen = Vec::new();
    folders
        .filter(|folder| {
            let real = folder.canonicalize().ok().filter(|real| real.is_dir() && !seen.contains(real));
            seen.extend(real.iter().cloned());
            real.is_some()
        })
        .collect()
}

/// The first interpreter on `PATH`, and by which name; shims of pyenv are seen through.
fn on_path(project: &Path, variable: Variable<'_>) -> Option<(PathBuf, &'static str)> {
    let names = if cfg!(windows) { ["python3.exe", "python.exe"] } else { ["python3", "python"] };
    names.into_iter().find_map(|name| Some((find_on_path(name, project, variable)?, name)))
}

fn find_on_path(name: &str, project: &Path, variable: Variable<'_>) -> Option<PathBuf> {
    let path = variable("PATH")?;
    let mut folders = env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.find_map(|folder| {
        let executable = Some(folder.join(name)).filter(|path| is_executable(path))?;
        let root = folder.parent().filter(|root| folder.ends_with("shims") && root.join("versions").is_dir());
        match root {
            Some(root) => behind_shim(root, name, project, variable),
            None => Some(executable),
        }
    })
}

/// What pyenv would start: the first version of `PYENV_VERSION`, of the nearest `.python-version` or of the global
/// file that has the program. `system` is whatever else is on `PATH`.
fn behind_shim(root: &Path, name: &str, project: &Path, variable: Variable<'_>) -> Option<PathBuf> {
    let from_file = |path: PathBuf| {
        let bytes = bounded::read(&path, 4096).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    let chosen = variable("PYENV_VERSION")
        .filter(|versions| !versions.is_empty())
        .or_else(|| project.ancestors().find_map(|folder| from_file(folder.join(".python-version"))))
        .or_else(|| from_file(root.join("version")))?;
    chosen.split([':', '\n', ' ', '\r']).filter(|version| !version.is_empty()).find_map(|version| {
        let is_inside = Path::new(version).components().all(|part| matches!(part, Component::Normal(_)));
        let exact = root.join("versions").join(version);
        let folder = if exact.is_dir() { exact } else { newest_patch(root, version)? };
        Some(folder.join("bin").join(name)).filter(|path| is_inside && is_executable(path))
    })
}

/// pyenv takes `3.11` for the newest `3.11.*` it has.
fn newest_patch(root: &Path, version: &str) -> Option<PathBuf> {
    let entries = root.join("versions").read_dir().ok()?.flatten();
    let patch = |name: String| name.strip_prefix(version)?.strip_prefix('.')?.parse::<u32>().ok();
    let found = entries.filter_map(|entry| Some((patch(entry.file_name().into_string().ok()?)?, entry.path())));
    found.max().map(|(_, path)| path)
}
