//! The walls between modules. `src/lib.rs` says why they stand; this fails where one is crossed, and says how to go on.
//!
//! It reads the sources as text, after taking comments and strings out of them: no compiler needed, nothing built twice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every module of the library in its layer, and what it may use. The order is the architecture: each may use what stands
/// above it, never what stands below. A new edge is a decision: make it here, with its reason in the change.
const MODULES: &[(&str, &[&str])] = &[
    // Vocabulary.
    ("digest", &[]),
    ("id", &["digest"]),
    ("name", &[]),
    ("signature", &["digest"]),
    ("nearest", &[]),
    ("revision", &["name"]),
    ("clock", &[]),
    ("process", &[]),
    ("host", &[]),
    ("progress", &[]),
    ("shell", &[]),
    ("bounded", &[]),
    ("unseen", &[]),
    // Bytes ⇄ records.
    ("format", &["digest", "id", "name", "clock"]),
    // How foreign formats write numbers and structs, and where things lie in their files: pure, know none of our records.
    ("wire", &[]),
    ("layout", &["wire"]),
    // What a model file says of itself, as pure.
    ("introspect", &["layout"]),
    // Content-addressed bytes: knows no word of machine learning.
    ("store", &["digest", "id", "progress", "format", "layout"]),
    // The only module that names polars.
    ("table", &["digest", "progress", "wire"]),
    // Numbers in, numbers out. What seeds follow from is hashed.
    ("measure", &["digest"]),
    // The outside world → a Capture. Of the store it may know only what a source of bytes is (see below).
    (
        "capture",
        &[
            "digest",
            "id",
            "name",
            "process",
            "host",
            "progress",
            "bounded",
            "format",
            "layout",
            "introspect",
            "store",
            "table",
        ],
    ),
    ("snapshot", &["digest", "id", "name", "progress", "format", "layout", "store", "capture"]),
    ("evidence", &["digest", "id", "name", "format", "table", "measure"]),
    // Pure: neither store nor clock.
    ("certify", &["digest", "id", "name", "nearest", "format", "measure", "evidence"]),
    // What two versions differ in is said with the numbers of a certificate.
    ("compare", &["digest", "id", "name", "format", "table", "snapshot", "measure", "evidence", "certify"]),
    ("registry", &["digest", "id", "name", "clock", "format", "store"]),
    // Reports → pages, as text.
    // A finding is named by a digest.
    ("page", &["digest", "name", "clock", "unseen", "format", "compare", "certify"]),
    ("repository", &["name", "nearest", "host", "clock", "shell", "bounded", "format", "store", "registry"]),
    (
        "ops",
        &[
            "digest",
            "id",
            "name",
            "signature",
            "nearest",
            "revision",
            "clock",
            "process",
            "host",
            "progress",
            "shell",
            "bounded",
            "format",
            "store",
            "table",
            "measure",
            "capture",
            "snapshot",
            "evidence",
            "compare",
            "certify",
            "registry",
            "page",
            "repository",
        ],
    ),
];

/// No file of production code is longer.
const LONGEST: usize = 600;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 11] =
    ["util", "utils", "helper", "helpers", "common", "misc", "core", "base", "manager", "managers", "shared"];
/// Where the library writes files: the store, restored files, `init`'s configuration, the bundle, reports, a folder to train again in.
const WRITERS: [&str; 7] = [
    "store/disk.rs",
    "store/staged.rs",
    "snapshot/restore/write.rs",
    "ops/init.rs",
    "ops/bundle.rs",
    "ops/report/output.rs",
    "ops/scratch.rs",
];
/// Calls that change what lies on a disk.
const WRITES: [&str; 16] = [
    "fs::write",
    "fs::rename",
    "fs::remove_file",
    "fs::remove_dir",
    "fs::remove_dir_all",
    "fs::hard_link",
    "fs::copy",
    "fs::create_dir",
    "fs::create_dir_all",
    "fs::set_permissions",
    "fs::symlink",
    "File::create",
    "File::create_new",
    "File::options",
    "OpenOptions::new",
    "set_permissions(",
];

/// A source file, taken apart.
struct Source {
    /// Below `src`, `/`-separated.
    path: String,
    /// The text as it is.
    text: String,
    /// Production code: comments and the insides of strings are blanks, `#[cfg(test)]` tails are cut.
    code: String,
    /// Comments, documentation included.
    comments: String,
}

impl Source {
    fn read(root: &Path, file: &Path) -> Self {
        let path = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        let text = fs::read_to_string(file).unwrap();
        let (code, comments) = take_apart(&text);
        let code = code.split("#[cfg(test)]").next().unwrap().to_owned();
        Self { path, text, code, comments }
    }

    fn is_library(&self) -> bool {
        !self.path.starts_with("bin/")
    }

    /// `store::writer` as `["store", "writer"]`; `mod.rs` is its folder.
    fn module(&self) -> Vec<String> {
        let mut parts: Vec<String> = self.path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if parts.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
            parts.pop();
        }
        parts
    }

    /// Top-level modules it names, by `crate::` or by enough `super::`.
    fn uses(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut module = self.module();
        collect_roots(&self.code, "crate::", &mut found);
        let up = "super::".repeat(module.len());
        if !module.is_empty() {
            collect_roots(&self.code, &up, &mut found);
            found.remove("super");
        }
        module.truncate(1);
        for own in module {
            found.remove(&own);
        }
        found
    }
}

/// The first names behind `prefix` in `code`: of `crate::a::b` it is `a`, of `crate::{a, b::{c, d}}` it is `a` and `b`.
fn collect_roots(code: &str, prefix: &str, found: &mut BTreeSet<String>) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (at, _) in code.match_indices(prefix) {
        // The tail of a longer word or path, such as `super::super::` inside `super::super::super::`.
        if code[..at].ends_with(|c: char| is_word(c) || c == ':') {
            continue;
        }
        let rest = code[at + prefix.len()..].trim_start();
        let Some(group) = rest.strip_prefix('{') else {
            let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
            // `crate::CONSTANT` and types of the root do not exist; a macro's fragment is no name.
            if name.starts_with(|c: char| c.is_lowercase()) {
                found.insert(name);
            }
            continue;
        };
        let mut depth = 0;
        let mut name = String::new();
        let mut taken = false;
        for c in group.chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => taken = false,
                c if is_word(c) && depth == 0 && !taken => name.push(c),
                _ => {}
            }
            if !name.is_empty() && !is_word(c) {
                found.insert(std::mem::take(&mut name));
                taken = c != ',';
            }
        }
        if !name.is_empty() {
            found.insert(name);
        }
    }
}

/// Code with blanks for comments and the insides of strings, and the comments.
fn take_apart(text: &str) -> (String, String) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::with_capacity(text.len()), String::new());
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    let mut at = 0;
    while at < chars.len() {
        let word_before = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        if starts(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                comments.push(chars[at]);
                at += 1;
            }
            comments.push('\n');
        } else if starts(at, "/*") {
            let mut depth = 0;
            loop {
                if starts(at, "/*") {
                    depth += 1;
                } else if starts(at, "*/") {
                    depth -= 1;
                }
                if chars[at] == '\n' {
                    code.push('\n');
                }
                comments.push(chars[at]);
                at += 1;
                if depth == 0 {
                    at += 1;
                    break;
                }
            }
        } else if chars[at] == 'r' && !word_before && (starts(at, "r\"") || starts(at, "r#\"") || starts(at, "r##\"")) {
            let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
            let end = format!("\"{}", "#".repeat(hashes));
            at += 2 + hashes;
            code.push('"');
            while !starts(at, &end) {
                code.push(if chars[at] == '\n' { '\n' } else { ' ' });
                at += 1;
            }
            at += end.len();
            code.push('"');
        } else if chars[at] == '"' {
            code.push('"');
            at += 1;
            while chars[at] != '"' {
                if chars[at] == '\\' {
                    code.push(' ');
                    at += 1;
                }
                code.push(if chars[at] == '\n' { '\n' } else { ' ' });
                at += 1;
            }
            code.push('"');
            at += 1;
        } else if chars[at] == '\'' && (starts(at + 2, "'") || chars.get(at + 1) == Some(&'\\')) {
            // A character, as opposed to a lifetime.
            let from = at + if chars[at + 1] == '\\' { 3 } else { 2 };
            let end = (from..chars.len()).find(|i| chars[*i] == '\'').unwrap();
            code.push_str("' '");
            at = end + 1;
        } else {
            code.push(chars[at]);
            at += 1;
        }
    }
    (code, comments)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files_below(&root).iter().map(|file| Source::read(&root, file)).collect()
}

/// Whether `code` holds `what` as words of its own, not as part of longer ones.
fn mentions(code: &str, what: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(what).any(|(at, _)| {
        let before = what.starts_with(is_word) && code[..at].ends_with(is_word);
        let behind = what.ends_with(is_word) && code[at + what.len()..].starts_with(is_word);
        !before && !behind
    })
}

/// Fails with every line of `wrong`, and what to do about it.
#[track_caller]
fn none(wrong: Vec<String>, advice: &str) {
    assert!(wrong.is_empty(), "\n  {}\n{advice}", wrong.join("\n  "));
}

/// From module to module, with a file as witness.
fn edges() -> BTreeMap<(String, String), String> {
    let mut edges = BTreeMap::new();
    for source in sources().iter().filter(|s| s.is_library()) {
        let Some(from) = source.module().first().cloned() else { continue };
        for to in source.uses() {
            edges.entry((from.clone(), to)).or_insert_with(|| source.path.clone());
        }
    }
    edges
}

#[test]
fn the_table_obeys_its_own_order() {
    let place: BTreeMap<&str, usize> = MODULES.iter().enumerate().map(|(i, (name, _))| (*name, i)).collect();
    assert_eq!(place.len(), MODULES.len(), "a module stands twice in the table");
    let wrong = MODULES
        .iter()
        .flat_map(|(from, uses)| uses.iter().map(move |to| (*from, *to)))
        .filter(|(from, to)| place.get(to).is_none_or(|at| *at >= place[from]))
        .map(|(from, to)| format!("{from} → {to}"));
    none(wrong.collect(), "a module may use those above it, never those below");
}

#[test]
fn every_module_has_its_place() {
    let lib = sources().into_iter().find(|s| s.path == "lib.rs").unwrap();
    let declared: Vec<&str> = lib.code.split("mod ").skip(1).filter_map(|rest| rest.split(';').next()).collect();
    assert!(declared.contains(&"store"), "{declared:?}");
    let wrong = declared.iter().filter(|name| MODULES.iter().all(|(known, _)| known != *name));
    none(wrong.map(|n| (*n).to_owned()).collect(), "put it into its layer in `MODULES`, with what it may use");
}

#[test]
fn no_edge_outside_the_table() {
    let wrong = edges().into_iter().filter_map(|((from, to), witness)| {
        let allowed =
            MODULES.iter().find(|(name, _)| **name == from).is_some_and(|(_, uses)| uses.contains(&to.as_str()));
        (!allowed).then(|| format!("{from} → {to}, in src/{witness}"))
    });
    none(wrong.collect(), "use what is above, pass the rest in as data; or decide for the edge in `MODULES`");
}

#[test]
fn no_cycles() {
    let edges = edges();
    let names: BTreeSet<&String> = edges.keys().flat_map(|(a, b)| [a, b]).collect();
    let mut left: BTreeSet<&String> = names;
    loop {
        let leaves: Vec<&String> = left
            .iter()
            .copied()
            .filter(|name| !edges.keys().any(|(from, to)| from == *name && left.contains(to)))
            .collect();
        if leaves.is_empty() {
            break;
        }
        left.retain(|name| !leaves.contains(name));
    }
    let of = |name: &&String| {
        let uses = edges.keys().filter(|(from, to)| from == *name && left.contains(to)).map(|(_, to)| to.as_str());
        format!("{name} → {}", uses.collect::<Vec<_>>().join(", "))
    };
    none(left.iter().map(of).collect(), "these modules need each other: move what they share above both");
}

/// Capture describes, it writes nothing: of the store it knows what a source of bytes is and how long a block may be.
#[test]
fn capture_only_describes() {
    let wrong = sources().into_iter().filter(|s| s.path.starts_with("capture/")).filter_map(|source| {
        let rest = source.code.split("store::").skip(1).map(|r| r.split([';', ' ', '\n']).next().unwrap_or_default());
        let words = ["Store", "Writer", "Backend", "Disk", "{"];
        let bad: Vec<_> = rest.filter(|r| words.iter().any(|w| r.starts_with(w))).collect();
        (!bad.is_empty()).then(|| format!("src/{}: store::{}", source.path, bad.join(", store::")))
    });
    none(wrong.collect(), "hand the bytes to `snapshot`, which stores them");
}

#[test]
fn files_stay_short() {
    let wrong = sources().into_iter().filter_map(|source| {
        let lines = source.code.lines().count();
        (lines > LONGEST).then(|| format!("src/{}: {lines} lines", source.path))
    });
    none(
        wrong.collect(),
        &format!("{LONGEST} lines of production code are enough for one idea: split it by what it is about"),
    );
}

#[test]
fn every_file_begins_with_what_it_is() {
    let wrong = sources().into_iter().filter(|s| !s.text.starts_with("//!")).map(|s| format!("src/{}", s.path));
    none(wrong.collect(), "begin with `//!`: what it is for, and what it is not");
}

#[test]
fn names_say_something() {
    let wrong = sources().into_iter().flat_map(|source| {
        let parts = source.path.trim_end_matches(".rs").split('/').map(str::to_owned).collect::<Vec<_>>();
        let bad = parts.iter().any(|part| EMPTY_NAMES.contains(&part.as_str()) || part.ends_with("_utils"));
        bad.then(|| format!("src/{}", source.path))
    });
    none(wrong.collect(), "name it after what is in it");
}

#[test]
fn serde_stays_where_bytes_become_records() {
    let may = |path: &str| {
        // Events of newer programs are shown as they are: their JSON is part of `log`'s report.
        path == "ops/log.rs"
            || path == "table/lines.rs"
            || ["format/", "layout/", "introspect/", "capture/", "page/", "ops/bundle", "bin/mlrun/ui/json"]
                .iter()
                .any(|start| path.starts_with(start))
    };
    let wrong = sources().into_iter().filter(|s| !may(&s.path)).filter_map(|source| {
        // The program builds its JSON answers by hand, field by field: what it shows is no type's shape by accident.
        let names: &[&str] =
            if source.is_library() { &["serde", "serde_json", "serde_json_canonicalizer"] } else { &["serde"] };
        names.iter().any(|name| mentions(&source.code, name)).then(|| format!("src/{}", source.path))
    });
    none(wrong.collect(), "what is stored is a record of `format`; what is printed is JSON in `ui`");
}

#[test]
fn packages_stay_in_their_module() {
    // Package, where it may be named.
    let homes: [(&str, &[&str]); 24] = [
        ("polars", &["table/"]),
        ("plotters", &["page/chart/"]),
        // Signatures of SSH are over SHA-512 where nothing else is.
        ("sha2", &["digest.rs", "signature/"]),
        ("p256", &["signature.rs", "signature/"]),
        ("p384", &["signature/"]),
        ("p521", &["signature/"]),
        ("ed25519_dalek", &["signature/"]),
        ("rsa", &["signature/"]),
        // What SSH writes is of one alphabet, what DSSE reads of two.
        ("base64ct", &["format/dsse.rs", "format/allowed_signers.rs", "signature/"]),
        // A table's times are its own: they become text there and nowhere else.
        ("jiff", &["clock.rs", "table/text.rs"]),
        ("fastcdc", &["store/cut.rs"]),
        ("postcard", &["format/cached.rs"]),
        // Other people's models are packed, too.
        ("zstd", &["store/codec/coders.rs", "introspect/stream.rs", "table/arrow/body.rs"]),
        ("bzip2", &["introspect/stream.rs"]),
        ("lzma_rust2", &["introspect/stream.rs"]),
        ("lz4_flex", &["introspect/stream.rs"]),
        ("rand_chacha", &["measure/"]),
        ("rand_distr", &["measure/"]),
        // Holm's step needs the normal distribution behind a bound it is given.
        ("statrs", &["measure/", "certify/holm.rs"]),
        ("tar", &["ops/bundle"]),
        ("signal_hook", &["process/"]),
        ("imara_diff", &["compare/lines.rs"]),
        ("semver", &["compare/versions.rs"]),
        ("anyhow", &["bin/"]),
    ];
    let mut wrong = Vec::new();
    for source in sources() {
        for (package, home) in homes {
            let named =
                mentions(&source.code, &format!("{package}::")) || mentions(&source.code, &format!("use {package};"));
            if named && !home.iter().any(|start| source.path.starts_with(start)) {
                wrong.push(format!("src/{}: {package}", source.path));
            }
        }
    }
    none(wrong, "one module wraps each of them, so that it can be exchanged and tested in one place");
}

#[test]
fn few_places_write_files() {
    let wrong =
        sources().into_iter().filter(|s| s.is_library() && !WRITERS.contains(&s.path.as_str())).flat_map(|source| {
            let code = source.code.clone();
            let found = WRITES.iter().filter(move |call| mentions(&code, call));
            found.map(move |call| format!("src/{}: {call}", source.path)).collect::<Vec<_>>()
        });
    none(wrong.collect(), "publish through `store::Backend`; the user's files are only ever read");
}

#[test]
fn the_library_neither_prints_nor_panics() {
    let banned = [
        "println!",
        "eprintln!",
        "print!",
        "eprint!",
        "dbg!",
        "panic!",
        "todo!",
        "unimplemented!",
        "unreachable!",
        ".unwrap()",
        ".expect(",
        "process::exit",
    ];
    let wrong = sources().into_iter().filter(Source::is_library).flat_map(|source| {
        banned
            .iter()
            .filter(|b| mentions(&source.code, b))
            .map(|b| format!("src/{}: {b}", source.path))
            .collect::<Vec<_>>()
    });
    none(wrong.collect(), "return an error with the facts as fields; the binary prints it");
}

#[test]
fn nothing_is_left_to_be_done_later() {
    let wrong = sources().into_iter().flat_map(|source| {
        let lower = source.comments.to_lowercase();
        let words = ["todo", "fixme", "xxx", "hack", "for now", "not implemented"];
        let mut bad: Vec<String> =
            words.iter().filter(|w| mentions(&lower, w)).map(|w| format!("src/{}: {w}", source.path)).collect();
        for call in ["todo!", "unimplemented!"] {
            if mentions(&source.code, call) {
                bad.push(format!("src/{}: {call}", source.path));
            }
        }
        bad
    });
    none(wrong.collect(), "do it, or write an issue and say in plain words what this version does");
}

/// The screen is given reports. It opens nothing and decides nothing.
#[test]
fn the_screen_only_shows() {
    let wrong = sources().into_iter().filter(|s| s.path.starts_with("bin/mlrun/ui")).flat_map(|source| {
        let banned = ["mlrun::store", "mlrun::repository", "crate::commands"];
        banned
            .iter()
            .filter(|b| mentions(&source.code, b))
            .map(|b| format!("src/{}: {b}", source.path))
            .collect::<Vec<_>>()
    });
    none(wrong.collect(), "put what is to be shown into the verb's report");
}

/// Commands turn arguments into options and hand the report on. Only the screen prints.
#[test]
fn commands_do_not_print() {
    let wrong = sources().into_iter().filter(|s| s.path.starts_with("bin/mlrun/commands")).flat_map(|source| {
        let banned = ["println!", "eprintln!", "print!", "eprint!", "dbg!", "stdout()", "stderr()"];
        let mut bad: Vec<String> =
            banned.iter().filter(|b| mentions(&source.code, b)).map(|b| format!("src/{}: {b}", source.path)).collect();
        // 120 is the aim; the flags of `snapshot` alone take most of that.
        let lines = source.code.lines().filter(|line| !line.trim().is_empty()).count();
        if lines > 150 {
            bad.push(format!("src/{}: {lines} lines of code, more than 150", source.path));
        }
        bad
    });
    none(wrong.collect(), "print in `ui`; what needs more lines belongs into the verb");
}

/// A test in a file nobody names is never run.
#[test]
fn every_test_file_is_reached() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut reached = BTreeSet::new();
    let mut open = vec![root.join("main.rs")];
    while let Some(file) = open.pop() {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let stem = file.file_stem().unwrap();
        let folder = file.parent().unwrap();
        let below = if stem == "main" || stem == "mod" { folder.to_path_buf() } else { folder.join(stem) };
        for line in take_apart(&text).0.lines() {
            let line = line.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
            open.push(below.join(format!("{name}.rs")));
            open.push(below.join(name).join("mod.rs"));
        }
        reached.insert(file);
    }
    let wrong = files_below(&root).into_iter().filter(|file| !reached.contains(file));
    none(wrong.map(|f| f.display().to_string()).collect(), "add `mod …;` where its folder is declared");
}

/// The reader above is code too.
mod reader {
    use super::*;

    #[test]
    fn comments_and_strings_are_not_code() {
        let text =
            "a // crate::x\nb /* crate::y /* z */ */ c \"crate::q \\\" // no\" r#\"crate::\"w\"#  'x' '\\'' d: &'a str";
        let (code, comments) = take_apart(text);
        assert!(!code.contains("crate"), "{code}");
        assert!(code.contains("d: &'a str") && code.contains('c'), "{code}");
        assert!(comments.contains("crate::x") && comments.contains("crate::y") && !comments.contains("crate::q"));
    }

    #[test]
    fn every_way_to_name_a_module_is_seen() {
        let of = |code: &str| {
            let mut found = BTreeSet::new();
            collect_roots(code, "crate::", &mut found);
            found.into_iter().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("use crate::a::b; fn f(x: crate::c::D) { $crate::e!() }"), "a c e");
        assert_eq!(of("use crate::{a, b::{c, d}, e as f};"), "a b e");
        assert_eq!(of("use mycrate::a;"), "");
        let source = |path: &str, code: &str| Source {
            path: path.to_owned(),
            text: String::new(),
            code: code.to_owned(),
            comments: String::new(),
        };
        assert!(source("store/index.rs", "use super::super::registry::X;").uses().contains("registry"));
        assert!(source("store/index.rs", "use super::writer::X; use crate::store::Y;").uses().is_empty());
        assert!(source("id.rs", "use super::ops::X;").uses().contains("ops"));
    }
}
