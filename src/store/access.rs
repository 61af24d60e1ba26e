//! Who may read and write a store, where its description says so: the modes of its files and folders, whatever the umask.

use std::path::PathBuf;

use crate::format::store::Access;

/// Whether a file is written once, or in place of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasting {
    /// Packs, events and the description: nobody writes to them again.
    Immutable,
    /// Caches and locks.
    Disposable,
}

/// Something in a store that others may read, or that those who share it may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    /// Where it is.
    pub path: PathBuf,
    /// The mode it has.
    pub found: u32,
    /// The mode it should have.
    pub expected: u32,
    /// Whether it is another group's than the store.
    pub foreign: bool,
}

/// The mode of a folder. What is made in a shared one is the group's, too.
pub const fn folder_mode(access: Access) -> u32 {
    match access {
        Access::Group => 0o2770,
        Access::Private => 0o700,
    }
}

/// The mode of a file.
pub const fn file_mode(access: Access, lasting: Lasting) -> u32 {
    match (access, lasting) {
        (Access::Group, Lasting::Immutable) => 0o440,
        (Access::Group, Lasting::Disposable) => 0o660,
        (Access::Private, _) => 0o600,
    }
}

/// What is not as `access` says, of everything below `root` but temporary files; at most `most` of it.
#[cfg(unix)]
pub(super) fn exposed(root: &std::path::Path, access: Access, most: usize) -> Vec<Exposed> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::{DESCRIPTION, JOURNAL, PACKS, TMP};

    let group = std::fs::metadata(root).map(|data| data.gid()).ok();
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(root).into_iter().filter_entry(|entry| entry.path() != root.join(TMP)).flatten()
    {
        let Ok(data) = entry.metadata() else { continue };
        let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let lasting = [DESCRIPTION, JOURNAL, PACKS].iter().any(|name| below.starts_with(name));
        let expected = match (data.is_dir(), lasting) {
            (true, _) => folder_mode(access),
            (false, true) => file_mode(access, Lasting::Immutable),
            (false, false) => file_mode(access, Lasting::Disposable),
        };
        let mode = data.permissions().mode() & 0o7777;
        // What lies in the trash was a pack, or was not.
        let known =
            mode == expected || below.starts_with(super::TRASH) && mode == file_mode(access, Lasting::Immutable);
        let foreign = access == Access::Group && Some(data.gid()) != group;
        if !known || foreign {
            found.push(Exposed { path: entry.path().to_path_buf(), found: mode, expected, foreign });
            if found.len() >= most {
                break;
            }
        }
    }
    found
}

#[cfg(not(unix))]
pub(super) fn exposed(_: &std::path::Path, _: Access, _: usize) -> Vec<Exposed> {
    Vec::new()
}
