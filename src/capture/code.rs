//! The code of a project as it is, committed or not.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::error::CaptureError;
use super::files::{self, PathSpec, SourceFile, Unfollowed};
use super::git::{Git, Tracked, TrackedKind};
use super::ignored::Ignored;
use super::secrets;
use super::{lfs, notebook};
use crate::format::snapshot::{CodeKind, LeftOutRecord, LfsRecord, NotebookRecord};

/// A longer patch is not kept; the tree is.
const MAX_PATCH: u64 = 64 << 20;
/// Submodules in submodules, at most.
const MAX_DEPTH: u32 = 16;
/// Longer command lines are not tried: some systems refuse them.
const MAX_ARGUMENTS: usize = 96 << 10;
/// Where a folder without git is more than this many files, it is not taken for code.
const MAX_FOLDER_FILES: usize = 20_000;

/// Of a repository that is not entered: it does not work, lies too deep, or its configuration names files elsewhere.
const NOT_ITS_OWN: &str = "whose working tree, git says, is not this folder";

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
    /// Notebooks among `files`.
    pub notebooks: Vec<NotebookRecord>,
    /// Pointers of git LFS among `files`.
    pub lfs: Vec<LfsRecord>,
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
            notebooks: Vec::new(),
            lfs: Vec::new(),
            git: None,
            failed: Vec::new(),
        }
    }

    /// Looks into the files for what they are: notebooks, and pointers of git LFS.
    ///
    /// # Errors
    /// A file that cannot be read, or changes meanwhile.
    pub fn look_inside(&mut self) -> Result<(), CaptureError> {
        let notebook::Notebooks { found, failed } = notebook::among(&self.files)?;
        self.notebooks = found;
        let failed =
            failed.into_iter().map(|(path, reason)| format!("`{path}` has no digest of its sources: {reason}"));
        self.failed.extend(failed.map(|reason| ("code.notebooks".to_owned(), reason)));
        self.lfs = lfs::among(&self.files)?;
        Ok(())
    }
}

/// Finds the code.
pub fn capture(options: &CodeOptions<'_>, ignored: &Ignored) -> Result<Code, CaptureError> {
    match Git::find(options.project)? {
        Some(git) if git.ignores_project() => {
            let mut code = from_folder(options, ignored)?;
            let reason =
                "the git repository above ignores the project's folder: its files are taken as they are".to_owned();
            code.failed.push(("code.git".to_owned(), reason));
            Ok(code)
        }
        Some(git) => from_git(options, git, ignored),
        None if options.scope.is_empty() && options.project.ancestors().any(is_git_folder) => {
            let mut code = Code::empty(CodeKind::None);
            let reason = "a bare git repository has no files to work on".to_owned();
            code.failed.push(("code".to_owned(), reason));
            Ok(code)
        }
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

/// Whether a folder is what is called `.git` elsewhere: by the signs git itself goes by.
fn is_git_folder(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

fn from_git(options: &CodeOptions<'_>, git: Git, ignored: &Ignored) -> Result<Code, CaptureError> {
    let mut scope = Vec::new();
    for path in options.scope {
        let glob = path.contains(['*', '?', '[']);
        let disk = files::lexically_clean(&options.project.join(path));
        if !glob && fs::symlink_metadata(&disk).is_err() {
            return Err(CaptureError::Missing { input: "code".to_owned(), path: path.clone() });
        }
        let outside = || CaptureError::OutsideRepository { path: path.clone(), root: git.root.clone() };
        scope.push(disk.strip_prefix(&git.root).map_err(|_| outside())?.to_string_lossy().into_owned());
    }
    let code = Code { commit: git.commit.clone(), prefix: git.prefix.clone(), ..Code::empty(CodeKind::Git) };
    let room = options.untracked_limit;
    let mut walk = Walk { elsewhere: options.elsewhere, ignored, room, code, outermost: &git };
    walk.repository(&git, &scope, "", 0)?;
    let mut code = walk.code;
    code.files.sort_by(|a, b| a.path().cmp(b.path()));
    code.changed.sort();
    // What was taken out of the index and is still there is both gone and untracked.
    code.changed.dedup();
    code.untracked.sort();
    code.left_out.sort_by(|a, b| a.path.cmp(&b.path));
    if git.is_shallow() {
        code.failed.push(("code.history".to_owned(), "the clone is shallow: earlier commits are not here".to_owned()));
    }
    code.git = Some(git);
    Ok(code)
}

/// The way through a repository and those inside of it.
struct Walk<'a> {
    elsewhere: &'a HashSet<PathBuf>,
    ignored: &'a Ignored,
    /// Bytes of untracked files that are still kept.
    room: u64,
    /// The repository the project is in.
    outermost: &'a Git,
    code: Code,
}

impl Walk<'_> {
    /// Adds the files of one repository in `scope` (relative to its root; empty: all), then of those inside.
    fn repository(&mut self, git: &Git, scope: &[String], above: &str, depth: u32) -> Result<(), CaptureError> {
        let (scope, mut inner_scopes) = split_scope(git, scope);
        let named = |path: &str| format!("{above}{path}");
        let mut changed: BTreeSet<String> = git.changed(&scope)?.into_iter().collect();
        let (tracked, unnameable) = git.tracked(&scope)?;
        self.leave_out(above, unnameable);
        changed.extend(changed_in_hiding(git, &tracked));
        let (ours, not_ours): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|path| !self.is_elsewhere(git, path) && !self.is_ignored(git, path));
        self.code.changed.extend(ours.iter().map(|path| named(path)));
        self.patch(git, &scope, above, &ours, &not_ours);
        let mut ways = Ways::default();
        let mut not_here = 0;
        for tracked in tracked {
            let disk = git.root.join(&tracked.path);
            if self.is_elsewhere(git, &tracked.path) {
                continue;
            }
            let Ok(data) = fs::symlink_metadata(&disk) else {
                not_here += u64::from(tracked.hidden);
                continue;
            };
            // What lies behind a link is not what git tracks: that is gone.
            if ways.lead_through_a_link(&git.root, &disk) {
                continue;
            }
            if self.is_ignored(git, &tracked.path) {
                let (size, reason) = (Some(data.len()), "`.mlrunignore` names it".to_owned());
                self.code.left_out.push(LeftOutRecord { path: named(&tracked.path), size, reason });
                continue;
            }
            match tracked.kind {
                TrackedKind::Submodule if data.is_dir() => {
                    let inner_scope = inner_scopes.remove(&tracked.path).unwrap_or_default();
                    self.submodule(git, &tracked, &inner_scope, above, depth)?;
                }
                _ => drop(self.file(named(&tracked.path), disk)?),
            }
        }
        if not_here > 0 {
            let files =
                if not_here == 1 { "1 tracked file is".to_owned() } else { format!("{not_here} tracked files are") };
            self.code.failed.push(("code.sparse".to_owned(), format!("the checkout is sparse: {files} not here")));
        }
        self.untracked(git, &scope, above, depth)
    }

    fn submodule(
        &mut self,
        git: &Git,
        tracked: &Tracked,
        scope: &[String],
        above: &str,
        depth: u32,
    ) -> Result<(), CaptureError> {
        let disk = git.root.join(&tracked.path);
        let path = format!("{above}{}", tracked.path);
        if depth >= MAX_DEPTH || !disk.join(".git").exists() {
            let reason = format!("a submodule that is not checked out; its commit is {}", tracked.object);
            self.code.left_out.push(LeftOutRecord { path, size: None, reason });
            return Ok(());
        }
        let walked = match Git::at(&disk) {
            Ok(Some(inner)) => self.repository(&inner, scope, &format!("{path}/"), depth + 1),
            Ok(None) => {
                let reason = format!("a submodule {NOT_ITS_OWN}; its commit is {}", tracked.object);
                self.code.left_out.push(LeftOutRecord { path, size: None, reason });
                return Ok(());
            }
            Err(error) => Err(error),
        };
        self.unless_refused(walked, path, &disk)
    }

    /// A repository inside that git refuses to look at is left out: the project's own is not in question.
    fn unless_refused(
        &mut self,
        walked: Result<(), CaptureError>,
        path: String,
        disk: &Path,
    ) -> Result<(), CaptureError> {
        let Err(CaptureError::GitRefused { message, .. }) = walked else { return walked };
        // Where the project lies is no part of what it is.
        let message = message.replace(&disk.display().to_string(), &path);
        let reason = format!("git refused to look at this repository: {message}");
        self.code.left_out.push(LeftOutRecord { path, size: None, reason });
        Ok(())
    }

    fn untracked(&mut self, git: &Git, scope: &[String], above: &str, depth: u32) -> Result<(), CaptureError> {
        let found = git.untracked(scope)?;
        let unnameable: Vec<String> =
            found.unnameable.into_iter().filter(|path| !self.passes_over(git, path)).collect();
        self.code.changed.extend(unnameable.iter().map(|path| format!("{above}{path}")));
        self.leave_out(above, unnameable);
        self.code.failed.extend(found.unread.into_iter().map(|words| ("code.untracked".to_owned(), words)));
        for path in found.paths {
            if self.passes_over(git, &path) {
                continue;
            }
            match path.strip_suffix('/') {
                Some(folder) => self.nested(git, folder, above, depth)?,
                None => self.untracked_file(format!("{above}{path}"), git.root.join(&path))?,
            }
        }
        Ok(())
    }

    /// A repository that lies in another one and is no part of it: to that one, all its files are untracked.
    fn nested(&mut self, git: &Git, folder: &str, above: &str, depth: u32) -> Result<(), CaptureError> {
        let (disk, path) = (git.root.join(folder), format!("{above}{folder}"));
        let inner = if depth < MAX_DEPTH { Git::at(&disk) } else { Ok(None) };
        let walked = match inner {
            Ok(Some(inner)) => self.files_of_nested(&inner, &path, depth),
            Ok(None) => {
                let reason = format!("a git repository {NOT_ITS_OWN}");
                self.code.left_out.push(LeftOutRecord { path, size: None, reason });
                return Ok(());
            }
            Err(error) => Err(error),
        };
        self.unless_refused(walked, path, &disk)
    }

    fn files_of_nested(&mut self, inner: &Git, path: &str, depth: u32) -> Result<(), CaptureError> {
        if inner.common_folder() == self.outermost.common_folder() {
            let reason = "another worktree of the same repository".to_owned();
            self.code.left_out.push(LeftOutRecord { path: path.to_owned(), size: None, reason });
            return Ok(());
        }
        let above = format!("{path}/");
        let mut ways = Ways::default();
        let (tracked, unnameable) = inner.tracked(&[])?;
        self.leave_out(&above, unnameable);
        for tracked in tracked {
            let disk = inner.root.join(&tracked.path);
            let there = fs::symlink_metadata(&disk).is_ok() && !ways.lead_through_a_link(&inner.root, &disk);
            if !there || self.passes_over(inner, &tracked.path) {
                continue;
            }
            match tracked.kind {
                TrackedKind::Submodule => self.nested(inner, &tracked.path, &above, depth + 1)?,
                _ => self.untracked_file(format!("{above}{}", tracked.path), disk)?,
            }
        }
        self.untracked(inner, &[], &above, depth + 1)
    }

    /// Adds an untracked file, if there is room for it.
    fn untracked_file(&mut self, path: String, disk: PathBuf) -> Result<(), CaptureError> {
        let Ok(data) = fs::symlink_metadata(&disk) else { return Ok(()) };
        self.code.changed.push(path.clone());
        let size = if data.is_file() { data.len() } else { 0 };
        if size > self.room {
            let reason = "untracked, and beyond the limit for untracked files".to_owned();
            self.code.left_out.push(LeftOutRecord { path, size: Some(size), reason });
        } else if self.file(path.clone(), disk)? {
            self.room -= size;
            self.code.untracked.push(path);
        }
        Ok(())
    }

    /// Adds a file; whether it did.
    fn file(&mut self, path: String, disk: PathBuf) -> Result<bool, CaptureError> {
        let Ok(data) = fs::symlink_metadata(&disk) else { return Ok(false) };
        let left_out = match (secrets::forbidden_name(&path), files::unfit(&path)) {
            (Some(why), _) => {
                let reason = format!("it may hold secrets: {why}");
                Some(LeftOutRecord { path: path.clone(), size: Some(data.len()), reason })
            }
            (None, unfit) => unfit,
        };
        if let Some(left_out) = left_out {
            self.code.left_out.push(left_out);
            return Ok(false);
        }
        if data.is_symlink() {
            match SourceFile::describe_link(path.clone(), disk) {
                Ok(link) => self.code.files.push(link),
                Err(CaptureError::Name { .. }) => {
                    self.code.left_out.push(files::unnameable_target(path));
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        } else if data.is_file() {
            self.code.files.push(SourceFile::describe(path, disk)?);
        } else {
            // A folder in a file's place is told by the files in it.
            if !data.is_dir() {
                let reason = "neither a file nor a folder".to_owned();
                self.code.left_out.push(LeftOutRecord { path, size: None, reason });
            }
            return Ok(false);
        }
        Ok(true)
    }

    /// Adds the patch of one repository behind those there are. What is captured elsewhere, is ignored or may hold secrets is
    /// not in it.
    fn patch(&mut self, git: &Git, scope: &[String], above: &str, ours: &[String], not_ours: &[String]) {
        const PART: &str = "code.patch";
        if ours.is_empty() || self.code.failed.iter().any(|(part, _)| part == PART) {
            return;
        }
        let fail = |code: &mut Code, reason: String| {
            code.patch = None;
            code.failed.push((PART.to_owned(), reason));
        };
        let whole = [":(top)".to_owned()];
        let forbidden = ours.iter().filter(|path| secrets::forbidden_name(path).is_some());
        let excluded = not_ours.iter().chain(forbidden).map(|path| format!(":(top,exclude,literal){path}"));
        let pathspecs = if scope.is_empty() { &whole } else { scope };
        let pathspecs: Vec<String> = pathspecs.iter().cloned().chain(excluded).collect();
        if pathspecs.iter().map(String::len).sum::<usize>() > MAX_ARGUMENTS {
            return fail(&mut self.code, "too many files that are no code have changed beside it".to_owned());
        }
        let patch = self.code.patch.get_or_insert_default();
        match git.patch(&pathspecs, above, MAX_PATCH.saturating_sub(patch.len() as u64)) {
            Ok(Some(more)) => patch.extend(more),
            Ok(None) => fail(&mut self.code, format!("it is longer than {} MiB", MAX_PATCH >> 20)),
            Err(error) => fail(&mut self.code, error.to_string()),
        }
        if self.code.patch.as_ref().is_some_and(Vec::is_empty) {
            self.code.patch = None;
        }
    }

    fn leave_out(&mut self, above: &str, unnameable: Vec<String>) {
        let named = unnameable.into_iter().map(|path| files::unnameable(format!("{above}{path}")));
        self.code.left_out.extend(named);
    }

    fn is_elsewhere(&self, git: &Git, path: &str) -> bool {
        is_below(&git.root.join(path), self.elsewhere)
    }

    /// Whether `.mlrunignore` takes a tracked file out.
    fn is_ignored(&self, git: &Git, path: &str) -> bool {
        self.ignored.covers_below(&git.root, &git.root.join(path), true)
    }

    /// Whether an untracked file is no code.
    fn passes_over(&self, git: &Git, path: &str) -> bool {
        let disk = git.root.join(path);
        let folder = path.ends_with('/') && self.ignored.covers(&disk, true);
        folder || is_below(&disk, self.elsewhere) || self.ignored.covers_below(&git.root, &disk, false)
    }
}

/// Files that git was told not to look at, and that are not what is in the index all the same. Git would not call them
/// changed.
fn changed_in_hiding(git: &Git, tracked: &[Tracked]) -> Vec<String> {
    let is_file = |tracked: &&Tracked| {
        let there = |path: &str| fs::symlink_metadata(git.root.join(path)).is_ok_and(|data| data.is_file());
        tracked.hidden && tracked.kind == TrackedKind::File && there(&tracked.path)
    };
    let hidden: Vec<&Tracked> = tracked.iter().filter(is_file).collect();
    let mut changed = Vec::new();
    for some in hidden.chunks(256) {
        let paths: Vec<&str> = some.iter().map(|tracked| tracked.path.as_str()).collect();
        let blobs = git.blobs(&paths).unwrap_or_default();
        let other = some.iter().zip(blobs).filter(|(tracked, blob)| tracked.object != *blob);
        changed.extend(other.map(|(tracked, _)| tracked.path.clone()));
    }
    changed
}

/// Which folders are links, or lie behind one.
#[derive(Default)]
struct Ways(HashMap<PathBuf, bool>);

impl Ways {
    /// Whether a folder between `root` and `path` is a link.
    fn lead_through_a_link(&mut self, root: &Path, path: &Path) -> bool {
        let Some(folder) = path.parent().filter(|folder| *folder != root && folder.starts_with(root)) else {
            return false;
        };
        if let Some(known) = self.0.get(folder) {
            return *known;
        }
        let is_link = fs::symlink_metadata(folder).is_ok_and(|data| data.is_symlink());
        let through = is_link || self.lead_through_a_link(root, folder);
        self.0.insert(folder.to_path_buf(), through);
        through
    }
}

/// Pathspecs of a scope, and what of it lies in repositories inside: their folders, and the scope there.
fn split_scope(git: &Git, scope: &[String]) -> (Vec<String>, HashMap<String, Vec<String>>) {
    let mut pathspecs = Vec::new();
    let mut inner: HashMap<String, Vec<String>> = HashMap::new();
    for path in scope {
        let outermost =
            path.match_indices('/').map(|(end, _)| end).find(|end| git.root.join(&path[..*end]).join(".git").exists());
        match outermost {
            Some(end) => {
                let (folder, rest) = (&path[..end], &path[end + 1..]);
                inner.entry(folder.to_owned()).or_default().push(rest.to_owned());
                pathspecs.push(format!(":(top,literal){folder}"));
            }
            None if path.is_empty() => pathspecs.push(":(top)".to_owned()),
            None => {
                let magic = if path.contains(['*', '?', '[']) { "top,glob" } else { "top,literal" };
                pathspecs.push(format!(":({magic}){path}"));
            }
        }
    }
    // A submodule that is in scope as a whole is in scope as a whole.
    inner.retain(|folder, _| !scope.contains(folder));
    pathspecs.dedup();
    (pathspecs, inner)
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
