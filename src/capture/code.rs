//! The code of a project as it is, committed or not.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::error::CaptureError;
use super::files::{self, PathSpec, SourceFile, Unfollowed};
use super::git::{Git, TrackedKind};
use super::ignored::Ignored;
use super::secrets;
use crate::format::snapshot::{CodeKind, LeftOutRecord};

/// A longer patch is not kept; the tree is.
const MAX_PATCH: u64 = 64 << 20;
/// Submodules in submodules, at most.
const MAX_DEPTH: u32 = 16;
/// Where a folder without git is more than this many files, it is not taken for code.
const MAX_FOLDER_FILES: usize = 20_000;

/// What is taken for code, and how.
#[derive(Debug)]
pub struct CodeOptions<'a> {
    /// The project's folder, absolute and without links.
    pub project: &'a Path,
    /// Relative to the project; empty: the whole repository.
    pub scope: &'a [String],
    /// Absolute files and folders that are captured elsewhere, or are our own: neither code nor dirt.
    pub elsewhere: &'a HashSet<PathBuf>,
    /// More untracked bytes than this are listed, not kept.
    pub untracked_limit: u64,
}

/// The code found.
#[derive(Debug)]
pub struct Code {
    /// Where it was taken from.
    pub kind: CodeKind,
    /// The commit.
    pub commit: Option<String>,
    /// Paths that differ from the commit, relative to the repository; untracked ones included.
    pub changed: Vec<String>,
    /// The project's folder inside the repository.
    pub prefix: String,
    /// The files, named relative to the repository's root.
    pub files: Vec<SourceFile>,
    /// The difference to the commit.
    pub patch: Option<Vec<u8>>,
    /// Untracked files among `files`.
    pub untracked: Vec<String>,
    /// Files that are not kept.
    pub left_out: Vec<LeftOutRecord>,
    /// The repository, for what surrounds the code.
    pub git: Option<Git>,
    /// What could not be captured, and why.
    pub failed: Vec<(String, String)>,
}

impl Code {
    const fn empty(kind: CodeKind) -> Self {
        Self {
            kind,
            commit: None,
            changed: Vec::new(),
            prefix: String::new(),
            files: Vec::new(),
            patch: None,
            untracked: Vec::new(),
            left_out: Vec::new(),
            git: None,
            failed: Vec::new(),
        }
    }
}

/// Finds the code.
pub fn capture(options: &CodeOptions<'_>, ignored: &Ignored) -> Result<Code, CaptureError> {
    match Git::find(options.project)? {
        Some(git) => from_git(options, git),
        None => {
            let mut code = from_folder(options, ignored)?;
            if options.project.ancestors().any(|folder| folder.join(".git").exists()) {
                let reason = "there is a git repository, but git could not be asked about it".to_owned();
                code.failed.push(("code.git".to_owned(), reason));
            }
            Ok(code)
        }
    }
}

fn from_git(options: &CodeOptions<'_>, git: Git) -> Result<Code, CaptureError> {
    for path in options.scope {
        let glob = path.contains(['*', '?', '[']);
        if !glob && std::fs::symlink_metadata(options.project.join(path)).is_err() {
            return Err(CaptureError::Missing { input: "code".to_owned(), path: path.clone() });
        }
    }
    let scope: Vec<String> = options.scope.iter().map(|s| top_pathspec(&git.prefix, s)).collect();
    let mut code = Code { commit: git.commit.clone(), prefix: git.prefix.clone(), ..Code::empty(CodeKind::Git) };
    let mut untracked_room = options.untracked_limit;
    add_repository(&mut code, &git, &scope, "", options.elsewhere, &mut untracked_room, 0)?;
    code.files.sort_by(|a, b| a.path().cmp(b.path()));
    code.changed.sort();
    code.untracked.sort();
    if !code.changed.is_empty() {
        let mut pathspecs = if scope.is_empty() { vec![":(top)".to_owned()] } else { scope };
        // A folder's files need no naming beside it: a command line is not endless.
        let outermost = |p: &&PathBuf| !p.ancestors().skip(1).any(|a| options.elsewhere.contains(a));
        let roots = options.elsewhere.iter().filter(outermost);
        let inside = roots.filter_map(|p| p.strip_prefix(&git.root).ok()).filter_map(Path::to_str);
        let forbidden = code.changed.iter().filter(|p| secrets::forbidden_name(p).is_some()).map(String::as_str);
        let mut excluded: Vec<_> = inside.filter(|p| !p.is_empty()).chain(forbidden).collect();
        excluded.sort_unstable();
        pathspecs.extend(excluded.into_iter().map(|p| format!(":(top,exclude,literal){p}")));
        match git.patch(&pathspecs, MAX_PATCH)? {
            Some(patch) if patch.is_empty() => {}
            Some(patch) => code.patch = Some(patch),
            None => code.failed.push(("code.patch".to_owned(), format!("it is longer than {MAX_PATCH} bytes"))),
        }
    }
    if git.is_shallow() {
        code.failed.push(("code.history".to_owned(), "the clone is shallow: earlier commits are not here".to_owned()));
    }
    code.git = Some(git);
    Ok(code)
}

/// Adds the files of one repository, then of its submodules.
fn add_repository(
    code: &mut Code,
    git: &Git,
    scope: &[String],
    above: &str,
    elsewhere: &HashSet<PathBuf>,
    untracked_room: &mut u64,
    depth: u32,
) -> Result<(), CaptureError> {
    let is_elsewhere = |path: &str| is_below(&git.root.join(path), elsewhere);
    let named = |path: &str| format!("{above}{path}");
    code.changed.extend(git.changed(scope)?.into_iter().filter(|p| !is_elsewhere(p)).map(|p| named(&p)));
    let leave_out = |code: &mut Code, unnameable: Vec<String>| {
        code.left_out.extend(unnameable.into_iter().map(|path| files::unnameable(named(&path))));
    };
    let (tracked, unnameable) = git.tracked(scope)?;
    leave_out(code, unnameable);
    for tracked in tracked {
        let disk = git.root.join(&tracked.path);
        if is_elsewhere(&tracked.path) || std::fs::symlink_metadata(&disk).is_err() {
            continue;
        }
        match tracked.kind {
            TrackedKind::Submodule => {
                let inner = if depth < MAX_DEPTH && disk.join(".git").exists() { Git::find(&disk)? } else { None };
                match inner {
                    Some(inner) if inner.root != git.root => {
                        let above = format!("{}/", named(&tracked.path));
                        add_repository(code, &inner, &[], &above, elsewhere, untracked_room, depth + 1)?;
                    }
                    _ => code.left_out.push(LeftOutRecord {
                        path: named(&tracked.path),
                        size: None,
                        reason: "a submodule that is not checked out".to_owned(),
                    }),
                }
            }
            TrackedKind::Link | TrackedKind::File => add_file(code, named(&tracked.path), disk)?,
        }
    }
    let (untracked, unnameable) = git.untracked(scope)?;
    code.changed.extend(unnameable.iter().map(|path| named(path)));
    leave_out(code, unnameable);
    for path in untracked {
        if is_elsewhere(&path) {
            continue;
        }
        let disk = git.root.join(&path);
        let Ok(data) = std::fs::symlink_metadata(&disk) else { continue };
        code.changed.push(named(&path));
        if data.len() > *untracked_room {
            let reason = "untracked, and beyond the limit for untracked files".to_owned();
            code.left_out.push(LeftOutRecord { path: named(&path), size: Some(data.len()), reason });
            continue;
        }
        *untracked_room -= data.len();
        let before = code.files.len();
        add_file(code, named(&path), disk)?;
        if code.files.len() > before {
            code.untracked.push(named(&path));
        }
    }
    Ok(())
}

fn add_file(code: &mut Code, path: String, disk: PathBuf) -> Result<(), CaptureError> {
    if let Some(why) = secrets::forbidden_name(&path) {
        let size = std::fs::symlink_metadata(&disk).ok().map(|d| d.len());
        code.left_out.push(LeftOutRecord { path, size, reason: format!("it may hold secrets: {why}") });
        return Ok(());
    }
    let Ok(data) = std::fs::symlink_metadata(&disk) else { return Ok(()) };
    if data.is_symlink() {
        code.files.push(SourceFile::describe_link(path, disk)?);
    } else if data.is_file() {
        code.files.push(SourceFile::describe(path, disk)?);
    } else if !data.is_dir() {
        code.left_out.push(LeftOutRecord { path, size: None, reason: "neither a file nor a folder".to_owned() });
    }
    Ok(())
}

/// Without git: the scope's files, or those of the project's folder.
fn from_folder(options: &CodeOptions<'_>, ignored: &Ignored) -> Result<Code, CaptureError> {
    let mut code = Code::empty(CodeKind::Folder);
    let scope: Vec<PathSpec> = match options.scope {
        [] => vec![PathSpec { text: ".".to_owned(), path: options.project.to_path_buf(), rename: None }],
        scope => {
            scope.iter().map(|s| PathSpec { text: s.clone(), path: options.project.join(s), rename: None }).collect()
        }
    };
    let mut how = Unfollowed { elsewhere: options.elsewhere, left_out: Vec::new() };
    let found = match files::collect_unfollowed("code", &scope, options.project, ignored, &mut how) {
        Err(CaptureError::Empty { .. }) if options.scope.is_empty() => Vec::new(),
        other => other?,
    };
    code.left_out = how.left_out;
    let mine: Vec<SourceFile> = found.into_iter().filter(|f| !is_below(&f.disk(), options.elsewhere)).collect();
    if options.scope.is_empty() && mine.len() > MAX_FOLDER_FILES {
        code.kind = CodeKind::None;
        let reason = format!("without git, {} files are too many to be taken for code; name its folders", mine.len());
        code.failed.push(("code".to_owned(), reason));
        return Ok(code);
    }
    let mut room = options.untracked_limit;
    for file in mine {
        if let Some(why) = secrets::forbidden_name(file.path()) {
            let reason = format!("it may hold secrets: {why}");
            code.left_out.push(LeftOutRecord { size: Some(file.size()), path: file.into_path(), reason });
        } else if file.size() > room {
            let reason = "beyond the limit for files outside version control".to_owned();
            code.left_out.push(LeftOutRecord { size: Some(file.size()), path: file.into_path(), reason });
        } else {
            room -= file.size();
            code.files.push(file);
        }
    }
    Ok(code)
}

fn is_below(path: &Path, roots: &HashSet<PathBuf>) -> bool {
    path.ancestors().any(|a| roots.contains(a))
}

/// A pathspec for `path`, which is relative to the project, from the root of the repository.
fn top_pathspec(prefix: &str, path: &str) -> String {
    let magic = if path.contains(['*', '?', '[']) { "top,glob" } else { "top,literal" };
    let path = path.trim_end_matches('/');
    let joined = if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") };
    format!(":({magic}){joined}")
}
