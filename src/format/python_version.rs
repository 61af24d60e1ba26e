//! Versions of Python packages: which are equal and which is later (PyPA "Version specifiers", PEP 440).

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// The grammar, after the specification's appendix B, without the blanks around.
const GRAMMAR: &str = concat!(
    r"(?i)\Av?(?:(?<epoch>\d{1,9})!)?(?<release>\d{1,18}(?:\.\d{1,18}){0,30})",
    r"(?:[-_.]?(?<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<pre_n>\d{0,18}))?",
    r"(?:-(?<post_only>\d{1,18})|(?<post>[-_.]?(?:post|rev|r)[-_.]?(?<post_n>\d{0,18})))?",
    r"(?:[-_.]?(?<dev>dev)[-_.]?(?<dev_n>\d{0,18}))?",
    r"(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\z",
);

/// A version, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    epoch: u64,
    /// Without zeros at its end: `1.0` is `1`.
    release: Vec<u64>,
    pre: Option<(char, u64)>,
    post: Option<u64>,
    dev: Option<u64>,
    local: Option<String>,
}

impl Version {
    /// Reads a version; none if it follows no rule.
    pub fn parse(text: &str) -> Option<Self> {
        static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(GRAMMAR).ok());
        let found = PATTERN.as_ref()?.captures(text.trim())?;
        let number = |found: &Captures<'_>, name: &str| found.name(name).map(|n| n.as_str().parse().unwrap_or(0));
        let mut release: Vec<u64> = found["release"].split('.').map(|n| n.parse().unwrap_or(u64::MAX)).collect();
        while release.len() > 1 && release.last() == Some(&0) {
            release.pop();
        }
        let kind = found.name("pre").and_then(|kind| kind.as_str().to_ascii_lowercase().chars().next());
        // `c`, `pre` and `preview` are spellings of `rc`.
        let kind = kind.map(|kind| if kind == 'p' || kind == 'c' { 'r' } else { kind });
        Some(Self {
            epoch: number(&found, "epoch").unwrap_or(0),
            release,
            pre: kind.map(|kind| (kind, number(&found, "pre_n").unwrap_or(0))),
            post: number(&found, "post_only").or_else(|| found.name("post").and_then(|_| number(&found, "post_n"))),
            dev: found.name("dev").and_then(|_| number(&found, "dev_n")),
            local: found.name("local").map(|local| local.as_str().to_ascii_lowercase().replace(['-', '_'], ".")),
        })
    }

    /// Whether `==self` is satisfied by `other`: a local part such as `+cu121` counts only where it is asked for.
    pub fn admits(&self, other: &Self) -> bool {
        self.public_order(other) == Ordering::Equal && (self.local.is_none() || self.local == other.local)
    }

    /// Which is later, local parts aside.
    pub fn public_order(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }

    /// Whether its release begins as that of `other`, as `== 3.11.*` asks.
    pub fn begins_as(&self, other: &[u64]) -> bool {
        let padded = |at: usize| self.release.get(at).copied().unwrap_or(0);
        self.epoch == 0 && other.iter().enumerate().all(|(at, number)| padded(at) == *number)
    }

    /// What is counted before anything else; 0 unless it says so.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Its numbers, without zeros at their end.
    pub fn release(&self) -> &[u64] {
        &self.release
    }

    /// A development version comes before every other of its release, a pre-release before the release, a post-release
    /// behind it.
    fn key(&self) -> impl Ord {
        let pre = match (self.pre, self.post, self.dev) {
            (Some((kind, n)), _, _) => (1, u8::try_from(kind).unwrap_or(u8::MAX), n),
            (None, None, Some(_)) => (0, 0, 0),
            (None, _, _) => (2, 0, 0),
        };
        (self.epoch, &self.release, pre, self.post, (self.dev.is_none(), self.dev.unwrap_or(0)))
    }
}

/// Whether a package pinned to `wanted` may be installed as `installed`. What is no version must be the same text.
pub fn is_wanted(wanted: &str, installed: &str) -> bool {
    match (Version::parse(wanted), Version::parse(installed)) {
        (Some(wanted), Some(installed)) => wanted.admits(&installed),
        _ => wanted.trim() == installed.trim(),
    }
}
