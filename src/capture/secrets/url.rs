//! User names and passwords inside of URLs (RFC 3986 §3.2.1).

use super::origin::Origin;

/// `url` without user and password: `https://user:token@host/x` is `https://host/x`. What is no URL, such as
/// `git@host:x`, stays as it is; so does the user of `ssh://git@host/x`, which is no secret and needed to get there.
pub fn strip_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let userinfo = match rest[..end].rfind('@') {
        Some(at) => at,
        // A password with a raw `/` in it: no host has a port that is not a number.
        None => match (rest[..end].split_once(':'), rest.find('@')) {
            (Some((_, port)), Some(at)) if !port.bytes().all(|b| b.is_ascii_digit()) => at,
            _ => return url.to_owned(),
        },
    };
    let (user, host) = (&rest[..userinfo], &rest[userinfo + 1..]);
    if scheme.ends_with("ssh") {
        let user = user.split(':').next().unwrap_or_default();
        return format!("{scheme}://{user}@{host}");
    }
    format!("{scheme}://{host}")
}

const NO_USERS: [&str; 15] = [
    "", "user", "username", "usr", "u", "foo", "name", "login", "me", "myuser", "test", "someone", "admin", "postgres",
    "root",
];
const NO_PASSWORDS: [&str; 16] = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "pw",
    "p",
    "secret",
    "token",
    "bar",
    "test",
    "mypassword",
    "hunter2",
    "xxx",
    "***",
    "...",
    "changeme",
];

/// Whether what stands before the `@` of `url` is a password in use, and not one of a manual.
pub(super) fn is_password(url: &[u8], password: &[u8], origin: Origin<'_>) -> bool {
    let password = String::from_utf8_lossy(password).to_ascii_lowercase();
    let url = String::from_utf8_lossy(url).to_ascii_lowercase();
    if password.contains(['{', '$', '*']) || password.starts_with('%') {
        return false;
    }
    let user = url.split_once("://").and_then(|(_, rest)| rest.split(':').next()).unwrap_or_default();
    let of_a_manual = NO_PASSWORDS.contains(&password.as_str()) && (NO_USERS.contains(&user) || user == password);
    let of_code = password.contains(['}', '[', ']', '(', ')', '\\', '|', ',']) || url.contains("example");
    matches!(origin, Origin::Generated) || !of_a_manual && !of_code
}
