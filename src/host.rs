//! What the process can see of its surroundings: the only place that reads environment variables.

use std::path::Path;

/// A variable of the environment; one that is not UTF-8 is none.
#[expect(clippy::disallowed_methods, reason = "this module is the one place that may")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// This machine's name, where the system tells.
pub fn name() -> Option<String> {
    #[cfg(unix)]
    {
        Some(rustix::system::uname().nodename().to_string_lossy().into_owned())
    }
    #[cfg(not(unix))]
    {
        variable("COMPUTERNAME")
    }
}

/// The system's name and release, such as `Linux 6.1.0`.
pub fn kernel() -> Option<String> {
    #[cfg(unix)]
    {
        let uname = rustix::system::uname();
        Some(format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy()))
    }
    #[cfg(not(unix))]
    {
        variable("OS")
    }
}

/// The account's name, where the environment tells.
pub fn user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(variable).filter(|name| !name.is_empty())
}

/// Whether the file system takes its times from this machine's clock: those over a network, or of unknown kind, may not.
#[cfg(target_os = "linux")]
pub fn has_our_clock(path: &Path) -> bool {
    // statfs(2): ext2 to ext4, xfs, btrfs, f2fs, tmpfs, overlayfs, zfs, bcachefs.
    const LOCAL: [u32; 8] =
        [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1, 0xca45_1a4e];
    rustix::fs::statfs(path).is_ok_and(|found| LOCAL.contains(&(found.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub fn has_our_clock(_: &Path) -> bool {
    false
}
