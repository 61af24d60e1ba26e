//! Files that hold secrets by their name.

/// Source code is read for secrets instead: a module `credentials.py` is part of a program.
const SOURCE: [&str; 18] = [
    "py", "pyi", "ipynb", "rs", "go", "js", "ts", "jsx", "tsx", "java", "kt", "scala", "r", "jl", "c", "cpp", "md",
    "rst",
];
const NAMES: [&str; 14] = [
    ".netrc",
    "_netrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ecdsa_sk",
    "id_ed25519",
    "id_ed25519_sk",
    "id_xmss",
    "kaggle.json",
];
const EXTENSIONS: [(&str, &str); 8] = [
    ("pem", "*.pem"),
    ("key", "*.key"),
    ("p12", "*.p12"),
    ("pfx", "*.pfx"),
    ("ppk", "*.ppk"),
    ("jks", "*.jks"),
    ("keystore", "*.keystore"),
    ("kdbx", "*.kdbx"),
];

/// The pattern by which a file (a `/`-separated path) never enters a code snapshot, whatever is in it; none for all
/// others.
pub fn forbidden_name(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if name == ".env" {
        return Some(".env");
    }
    if name.starts_with(".env.") && !matches!(extension, "example" | "sample" | "template") {
        return Some(".env.*");
    }
    if name.trim_start_matches('.').starts_with("credentials") && !SOURCE.contains(&extension) {
        return Some("credentials*");
    }
    let by_name = NAMES.into_iter().find(|known| *known == name);
    by_name.or_else(|| EXTENSIONS.into_iter().find(|(known, _)| *known == extension).map(|(_, pattern)| pattern))
}

/// Whether a file lists exact versions: what looks random in it are digests and ids.
pub(super) fn is_lock(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.ends_with(".lock") || name.contains("-lock.") || matches!(name.as_str(), "pylock.toml" | "manifest.toml")
}
