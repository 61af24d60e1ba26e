//! From a path that a person typed to a file of a version.
//!
//! A version names its files from the project's folder, which is how `show` prints them. A person may also name one by where
//! it lies: from the working directory, or by its whole path.

use std::path::{Component, Path, PathBuf};

use crate::capture::files::lexically_clean;

/// The names that a typed path may mean in a version, the likelier first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// These.
    Names(Vec<String>),
    /// It lies outside the project.
    Outside {
        /// The project's folder.
        project: PathBuf,
    },
    /// Nothing could have this name.
    Nothing,
}

/// Reads a path that was typed in `folder`. `prefix` is where the project lies in its repository: code is named from there.
pub(super) fn read(typed: &str, folder: &Path, project: Option<&Path>, prefix: &str) -> Typed {
    let path = Path::new(typed);
    // `./x` and `../x` say that it is seen from here.
    let first = path.components().next();
    let from_here = path.is_absolute() || matches!(first, Some(Component::CurDir | Component::ParentDir));
    let mut names: Vec<String> = if from_here && project.is_some() { None } else { name(path) }.into_iter().collect();
    let Some(project) = project else {
        return if names.is_empty() { Typed::Nothing } else { Typed::Names(names) };
    };
    let place = lexically_clean(&folder.join(path));
    match inside(&place, project) {
        Some(inside) => {
            let below = Some(format!("{prefix}/{inside}")).filter(|_| !prefix.is_empty());
            names.extend(below.into_iter().chain([inside]));
            names.dedup();
            Typed::Names(names)
        }
        None if names.is_empty() && place == project => Typed::Nothing,
        None if names.is_empty() => Typed::Outside { project: project.to_path_buf() },
        None => Typed::Names(names),
    }
}

/// `a//./b/` is `a/b`; what leads out of where it begins has no name.
fn name(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// Where `place` lies in the project, whichever way either is written: a folder above may be a link.
fn inside(place: &Path, project: &Path) -> Option<String> {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let above = place.parent().map(real).zip(place.file_name()).map(|(above, name)| above.join(name));
    let places = [Some(place.to_path_buf()), above];
    let roots = [project.to_path_buf(), real(project)];
    let mut pairs = places.iter().flatten().flat_map(|place| roots.iter().map(move |root| (place, root)));
    pairs.find_map(|(place, root)| name(place.strip_prefix(root).ok()?))
}
