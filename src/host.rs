//! What the process can see of its surroundings: the only place that reads environment variables.

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
