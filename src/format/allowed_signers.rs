//! The `allowed_signers` file: whose keys they are, and what and when they may sign for. `ssh-keygen(1)`, "ALLOWED SIGNERS".
//!
//! ```text
//! ana@example.org,*@risk.example.org  namespaces="sign-off@*",valid-before="20270101Z"  ssh-ed25519 AAAA… a comment
//! ```
//! It is kept byte for byte. What `ssh-keygen` finds in a line is found here; a line that it would stumble over is refused at once,
//! and so is `cert-authority`. A time without `Z` is one of the machine that looks, as it is for `ssh-keygen`.

use base64ct::{Base64, Encoding as _};

use super::FormatError;
use crate::clock::{Time, calendar};

/// What errors call it.
pub const KIND: &str = "list of allowed signers";
/// A company's worth of keys: 1 MiB.
pub const LONGEST: usize = 1 << 20;
/// OpenSSH takes no longer pattern.
const LONGEST_PATTERN: usize = 1023;

/// The file, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSigners {
    /// Its lines, but for empty ones and comments.
    pub signers: Vec<SignerLine>,
}

/// One line: a key, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerLine {
    /// Its place, counted from 1.
    pub line: usize,
    /// Patterns of names, separated by commas; `!` excludes.
    principals: String,
    /// Patterns of namespaces; none: all.
    namespaces: Option<String>,
    /// From when it may sign.
    valid_after: Option<Limit>,
    /// Until when.
    valid_before: Option<Limit>,
    /// The key's type, as the line says.
    pub key_type: String,
    /// The key.
    pub key: Vec<u8>,
}

/// `YYYYMMDD[HHMM[SS]]`, in UTC or in the time of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Limit {
    digits: String,
    utc: bool,
}

/// Why somebody may not sign with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignerFlaw {
    /// No line has both.
    #[error("no line of the allowed signers gives them that key")]
    Unknown,
    /// It may sign other things.
    #[error("that key of theirs may sign other things only")]
    Namespace,
    /// It may not sign yet.
    #[error("that key of theirs was not valid yet")]
    NotYet,
    /// It may not sign any more.
    #[error("that key of theirs had expired")]
    Expired,
}

impl AllowedSigners {
    /// Reads the file.
    ///
    /// # Errors
    /// A [`FormatError`] that names the first line that is none. Whether the keys are keys is not looked at.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let malformed = |reason: String| FormatError::Malformed { kind: KIND, reason };
        if bytes.len() > LONGEST {
            return Err(malformed(format!("it has {} bytes; {LONGEST} are the most", bytes.len())));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8".to_owned()))?;
        let mut signers = Vec::new();
        for (line, content) in (1..).zip(text.lines()) {
            let content = content.trim_matches([' ', '\t', '\r', '\n']);
            if !content.is_empty() && !content.starts_with('#') {
                signers.push(signer(line, content).map_err(|reason| malformed(format!("line {line}: {reason}")))?);
            }
        }
        Ok(Self { signers })
    }

    /// Whether the person called `principal` may sign for `namespace` with this key at `time`.
    ///
    /// # Errors
    /// A [`SignerFlaw`]: of several lines with the key that of the last.
    pub fn allows(&self, principal: &str, key: &[u8], namespace: &str, time: Time) -> Result<(), SignerFlaw> {
        let mut flaw = SignerFlaw::Unknown;
        for line in self.signers.iter().filter(|line| line.key == key && listed(principal, &line.principals)) {
            match line.flaw(namespace, time) {
                None => return Ok(()),
                Some(found) => flaw = found,
            }
        }
        Err(flaw)
    }
}

impl SignerLine {
    fn flaw(&self, namespace: &str, time: Time) -> Option<SignerFlaw> {
        // OpenSSH counts in whole seconds.
        let now = time.milliseconds().div_euclid(1000);
        let of = |limit: &Option<Limit>| limit.as_ref().map(Limit::seconds);
        if self.namespaces.as_ref().is_some_and(|patterns| !listed(namespace, patterns)) {
            return Some(SignerFlaw::Namespace);
        }
        match (of(&self.valid_after), of(&self.valid_before)) {
            (Some(after), _) if after.is_none_or(|after| now < after) => Some(SignerFlaw::NotYet),
            (_, Some(before)) if before.is_none_or(|before| now > before) => Some(SignerFlaw::Expired),
            _ => None,
        }
    }
}

impl Limit {
    fn read(text: &str) -> Option<Self> {
        let ends = |end: &str| {
            let at = text.len().checked_sub(end.len()).filter(|at| *at > 0)?;
            text.get(at..).filter(|tail| tail.eq_ignore_ascii_case(end)).map(|_| &text[..at])
        };
        let utc = ends("Z").or_else(|| ends("UTC"));
        let limit = Self { digits: utc.unwrap_or(text).to_owned(), utc: utc.is_some() };
        // In any zone it is a time, and none before there were computers.
        calendar(&limit.digits, true).filter(|time| time.milliseconds() > 0).map(|_| limit)
    }

    /// Seconds since 1970; none where this machine's zone has no such time.
    fn seconds(&self) -> Option<i64> {
        calendar(&self.digits, self.utc).map(|time| time.milliseconds().div_euclid(1000))
    }
}

/// Whether a list of patterns has a name, and none of its exclusions does: OpenSSH's `match_pattern_list`.
fn listed(name: &str, patterns: &str) -> bool {
    let mut found = false;
    for pattern in patterns.split(',') {
        let (excludes, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |rest| (true, rest));
        if pattern.len() > LONGEST_PATTERN {
            return false;
        }
        if matches(name.as_bytes(), pattern.as_bytes()) {
            if excludes {
                return false;
            }
            found = true;
        }
    }
    found
}

/// `*` stands for any bytes, `?` for one. Each star is tried once more at most for each byte.
fn matches(name: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut in_pattern) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(in_pattern) {
            Some(b'*') => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => match star.as_mut() {
                None => return false,
                Some((place, taken)) => {
                    *taken += 1;
                    (at, in_pattern) = (*taken, *place + 1);
                }
            },
        }
    }
    pattern[in_pattern..].iter().all(|byte| *byte == b'*')
}

fn signer(line: usize, content: &str) -> Result<SignerLine, String> {
    let (principals, rest) = match content.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or("a quotation mark is not closed")?,
        None => content.split_once([' ', '\t']).ok_or("a key is missing")?,
    };
    let rest = rest.trim_start_matches([' ', '\t']);
    let mut found = SignerLine {
        line,
        principals: principals.to_owned(),
        namespaces: None,
        valid_after: None,
        valid_before: None,
        key_type: String::new(),
        key: Vec::new(),
    };
    let is_type = |word: &str| ["ssh-", "ecdsa-", "sk-"].iter().any(|start| word.starts_with(start));
    let (word, after) = word(rest)?;
    let rest = if is_type(word) {
        rest
    } else {
        options(word, &mut found)?;
        after
    };
    let mut words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let (key_type, base64) = words.next().zip(words.next()).ok_or("a key is missing")?;
    found.key_type = key_type.to_owned();
    found.key = Base64::decode_vec(base64).map_err(|_| "its key is not base64")?;
    Ok(found)
}

/// The first word, in which what stands between quotation marks is one with the rest, and what comes behind it.
fn word(text: &str) -> Result<(&str, &str), String> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' if escaped => {}
            '"' => quoted = !quoted,
            ' ' | '\t' if !quoted => return Ok((&text[..at], &text[at..])),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    if quoted { Err("a quotation mark is not closed".to_owned()) } else { Ok((text, "")) }
}

/// `namespaces="…",valid-after="…",valid-before="…"`; names in any case.
fn options(text: &str, found: &mut SignerLine) -> Result<(), String> {
    let mut rest = text;
    loop {
        let (name, behind) = rest.split_at(rest.find([',', '=']).unwrap_or(rest.len()));
        if name.eq_ignore_ascii_case("cert-authority") {
            return Err("`cert-authority` is not supported: list the keys themselves".to_owned());
        }
        let known = ["namespaces", "valid-after", "valid-before"];
        let name = known.iter().find(|known| known.eq_ignore_ascii_case(name));
        let name = *name.ok_or_else(|| format!("`{}` is no option of a signer", shown(text)))?;
        let quoted =
            behind.strip_prefix("=\"").ok_or_else(|| format!("`{name}` takes a value between quotation marks"))?;
        let (value, behind) = unquoted(quoted).ok_or("a quotation mark is not closed")?;
        let limit = || Limit::read(&value).ok_or_else(|| format!("`{}` is no time such as `20270101Z`", shown(&value)));
        let twice = match name {
            "namespaces" => found.namespaces.replace(value.clone()).is_some(),
            "valid-after" => found.valid_after.replace(limit()?).is_some(),
            _ => found.valid_before.replace(limit()?).is_some(),
        };
        if twice {
            return Err(format!("`{name}` is said twice"));
        }
        match behind.strip_prefix(',') {
            Some(more) => rest = more,
            None if behind.is_empty() => break,
            None => return Err(format!("`{}` is no option of a signer", shown(text))),
        }
    }
    let of = |limit: &Option<Limit>| limit.as_ref().and_then(Limit::seconds);
    match (of(&found.valid_after), of(&found.valid_before)) {
        (Some(after), Some(before)) if before <= after => Err("it ends to be valid before it begins".to_owned()),
        _ => Ok(()),
    }
}

/// Up to the closing quotation mark, with `\"` for one that is meant, and what is behind.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                value.push('"');
                characters.next();
            }
            other => value.push(other),
        }
    }
    None
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
