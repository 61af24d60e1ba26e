//! Whether this is a container, as far as it can be told from inside. Which image it was made from cannot: that is given.
//!
//! Sources: systemd's "Container Interface" (`/run/systemd/container`, `/run/host/container-manager`), podman-run(1)
//! (`/run/.containerenv`), cgroups(7).

use std::path::Path;

use crate::bounded;

const FILE_LIMIT: u64 = 64 << 10;

/// What kind of container the machine whose root folder is `root` is, and how that is known; none where nothing says so.
pub fn observe(root: &Path) -> Option<String> {
    let read = |path: &str| bounded::head(&root.join(path), FILE_LIMIT).ok();
    let text = |path: &str| read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    for path in ["run/systemd/container", "run/host/container-manager"] {
        let word = text(path).map(|text| text.trim().to_owned());
        let is_word = |word: &String| {
            !word.is_empty() && word.len() <= 40 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if let Some(manager) = word.filter(is_word) {
            return Some(format!("{manager} (/{path})"));
        }
    }
    if root.join(".dockerenv").exists() {
        return Some("docker (/.dockerenv)".to_owned());
    }
    if root.join("run/.containerenv").exists() {
        return Some("podman (/run/.containerenv)".to_owned());
    }
    // Where a container sees the groups of its host, their names tell who made them.
    let groups = text("proc/self/cgroup")?;
    let known = [
        ("kubepods", "kubernetes"),
        ("docker", "docker"),
        ("libpod", "podman"),
        ("containerd", "containerd"),
        ("lxc", "lxc"),
        ("garden", "garden"),
    ];
    let of_container = |(word, manager): (&str, &str)| {
        let names = groups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        // A service of the host such as `docker.service` is no container.
        let mut parts = names.flat_map(|name| name.split('/')).filter(|part| !part.ends_with(".service"));
        parts.any(|part| part.starts_with(word)).then(|| format!("{manager} (/proc/self/cgroup)"))
    };
    known.into_iter().find_map(of_container)
}
