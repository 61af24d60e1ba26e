//! Names people give: checked once, when they are made.
//!
//! A name is `[a-z][a-z0-9._-]{0,63}`; a model's may have several, joined by `/`, of 255 bytes together. A name that could be
//! read as something else in a revision (`v2`, `cafe`, `latest`) or is reserved on Windows is refused. `payments/*` stands for every
//! model whose name begins with `payments/`.

use std::fmt;
use std::str::FromStr;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Characters or length outside the grammar.
    #[error("`{name}` is not a name: use 1 to 64 of a-z 0-9 . _ - and begin with a letter")]
    Grammar {
        /// What was given, cut to 100 characters.
        name: String,
    },
    /// Longer than a file's name may be.
    #[error("`{name}…` is too long for a name: use at most 255 characters")]
    TooLong {
        /// What was given, cut to 100 characters.
        name: String,
    },
    /// It would read as a version, an id or a fixed word.
    #[error("`{name}` cannot be a name: it reads as {reads_as}")]
    Reserved {
        /// What was given.
        name: String,
        /// What it would be taken for.
        reads_as: &'static str,
    },
    /// A `*` that does not stand for the end of a model's name.
    #[error("`{text}` is no prefix of names: write `payments/*`, for every model whose name begins with `payments/`")]
    Prefix {
        /// What was given, cut to 100 characters.
        text: String,
    },
}

const FIXED: [&str; 2] = ["latest", "workspace"];
const WINDOWS: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// What stands for `/` where a model's name is a folder's: a model must not lie in the folder of another, among its events.
const JOINT: &str = "+";
const LONGEST: usize = 255;
/// The journal of what concerns the whole store. No model can be called so.
const STORE: &str = ".store";

fn check(segment: &str, whole: &str) -> Result<(), NameError> {
    let bytes = segment.as_bytes();
    let grammar = matches!(bytes.first(), Some(b'a'..=b'z'))
        && bytes.len() <= 64
        && bytes.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        && bytes.last() != Some(&b'.');
    if !grammar {
        return Err(NameError::Grammar { name: whole.chars().take(100).collect() });
    }
    if whole.len() > LONGEST {
        return Err(NameError::TooLong { name: whole.chars().take(100).collect() });
    }
    let reserved = |reads_as| Err(NameError::Reserved { name: whole.to_owned(), reads_as });
    if FIXED.contains(&segment) {
        return reserved("a fixed word of revisions");
    }
    if bytes[0] == b'v' && bytes.len() > 1 && bytes[1..].iter().all(u8::is_ascii_digit) {
        return reserved("a version number");
    }
    if (4..=64).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_hexdigit) {
        return reserved("an id");
    }
    let stem = segment.split('.').next().unwrap_or(segment);
    let device = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let numbered = matches!(device, "com" | "lpt");
    if WINDOWS.contains(&device) && (stem.len() == device.len() && !numbered || numbered && stem.len() == 4) {
        return reserved("a device on Windows");
    }
    Ok(())
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $separator:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks `text`.
            pub fn new(text: &str) -> Result<Self, NameError> {
                match $separator {
                    Some(separator) => text.split(separator as char).try_for_each(|s| check(s, text))?,
                    None => check(text, text)?,
                }
                Ok(Self(text.to_owned()))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }
    )*};
}

names! {
    /// A model: `fraud`, or `payments/fraud`.
    ModelName, Some('/');
    /// A stage a version can hold: `production`.
    StageName, None::<char>;
    /// A set of predictions or samples, or a source of training data: `test`, `train`.
    SetName, None::<char>;
}

impl StageName {
    /// The stage that most models have.
    pub fn production() -> Self {
        Self("production".to_owned())
    }
}

impl ModelName {
    /// As the name of one folder: `payments+fraud`.
    pub fn folder(&self) -> String {
        self.0.replace('/', JOINT)
    }

    /// What stands for the store as a whole where a journal is named.
    pub fn of_store() -> Self {
        Self(STORE.to_owned())
    }

    /// Whether it is no model, but what stands for the store as a whole.
    pub fn is_store(&self) -> bool {
        self.0 == STORE
    }

    /// Reads whose journal it is: a model's, or the store's own.
    pub fn of_journal(text: &str) -> Result<Self, NameError> {
        if text == STORE { Ok(Self::of_store()) } else { Self::new(text) }
    }

    /// Undoes [`Self::folder`].
    pub fn of_folder(folder: &str) -> Result<Self, NameError> {
        Self::new(&folder.replace(JOINT, "/"))
    }
}

/// How the names of some models begin: `payments/*` is `payments/fraud` and `payments/eu/fraud`, and not `payments`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelPrefix(String);

impl ModelPrefix {
    /// Reads `payments/*`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let prefix = text.strip_suffix("/*").filter(|prefix| !prefix.contains('*'));
        let prefix = prefix.ok_or_else(|| NameError::Prefix { text: text.chars().take(100).collect() })?;
        ModelName::new(prefix).map(|name| Self(format!("{name}/")))
    }

    /// What the names begin with: `payments/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}*", self.0))
    }
}

impl fmt::Debug for ModelPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A version number of a model, dense from 1; written `v7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("v{}", self.0))
    }
}

impl Version {
    /// Reads `v7`; anything else, `v0` and `v007` included, is none.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('v')?;
        let canonical =
            matches!(digits.as_bytes().first(), Some(b'1'..=b'9')) && digits.bytes().all(|b| b.is_ascii_digit());
        canonical.then(|| digits.parse().ok()).flatten().map(Self)
    }
}
