//! A name that asks for a secret, and a value that looks like one: `api_key = "…"`, `TOKEN=…`, `"password": "…"`.

use std::ops::Range;

use regex::bytes::Regex;

use super::Hit;
use super::origin::Origin;

/// The name of the rule.
pub(super) const RULE: &str = "generic-key";

/// The end of a name, `=` or `:` in the ways languages write it, a value with or without quotes.
pub(super) const PATTERN: &str = concat!(
    r"(?i:token|secret|passw(?:or)?d|passphrase|pwd|api[_-]?key|access[_-]?key|private[_-]?key|credential|auth)",
    r#"[\w.-]{0,40}\\?["'`\]]{0,3}\s{0,8}"#,
    r"(?::\s{0,4}[A-Za-z][\w.\[\]| ]{0,40}=|:?={1,3}|=>|:)",
    r#"\s{0,8}(?:[bBrRuU]{0,2}\\?(?P<quote>["'`]))?(?:(?i:bearer|basic|token)\s{1,4})?"#,
    r##"(?P<value>[^\s"'`\\,;()<>]{16,500})"##,
);

const SHORTEST: usize = 16;
/// Bits per character. English words stay below it, random hex of this length is above it.
const ENTROPY: f64 = 3.5;

/// Adds the hits in `piece`.
pub(super) fn find(pattern: &Regex, bytes: &[u8], piece: Range<usize>, origin: Origin<'_>, found: &mut Vec<Hit>) {
    let text = &bytes[piece.clone()];
    let mut at = 0;
    while let Some(captures) = pattern.captures_at(text, at) {
        let (Some(whole), Some(value)) = (captures.get(0), captures.name("value")) else { return };
        // The value may itself be the name of a second assignment, so the search goes on before it.
        at = value.start();
        let quoted = captures.name("quote").is_some();
        // What ends an element of HTML is no code, nor is what took the place of another secret.
        let behind = text.get(value.end()..).unwrap_or_default();
        let next = behind.first().copied().filter(|_| !behind.starts_with(b"</") && !behind.starts_with(b"<redacted:"));
        let value = value_itself(value.as_bytes(), quoted);
        let name = name_around(text, whole.start());
        if asks_for_secret(&name) && is_complete(value, quoted, next) && is_secret(value, origin) {
            found.push(Hit { at: piece.start + at..piece.start + at + value.len(), rule: RULE });
        }
    }
}

/// Without quotes a value ends before the next one of a query, and the sentence it stands in may follow it.
fn value_itself(value: &[u8], quoted: bool) -> &[u8] {
    if quoted {
        return value;
    }
    let value = value.split(|b| *b == b'&').next().unwrap_or_default();
    value.iter().rposition(|b| !b".!?}]".contains(b)).map_or(&[], |last| &value[..=last])
}

/// The whole name of which a piece begins at `at`.
fn name_around(text: &[u8], at: usize) -> String {
    let is_name = |b: &u8| b.is_ascii_alphanumeric() || b"_.-".contains(b);
    let start = text[..at].iter().rposition(|b| !is_name(b)).map_or(0, |i| i + 1).max(at.saturating_sub(64));
    let end = text[at..].iter().take(64).position(|b| !is_name(b)).map_or(text.len().min(at + 64), |i| at + i);
    String::from_utf8_lossy(&text[start..end]).into_owned()
}

/// The words of a name, in lower case: `HF_apiKey` is `hf`, `api`, `key`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if (begins || !c.is_ascii_alphanumeric()) && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Words that say what a name is of, other than the secret itself.
const ASIDE: [&str; 24] = [
    "alphabet",
    "charset",
    "checksum",
    "chars",
    "class",
    "commit",
    "digest",
    "dir",
    "etag",
    "file",
    "filename",
    "fingerprint",
    "format",
    "hash",
    "md5",
    "name",
    "path",
    "pattern",
    "regex",
    "revision",
    "type",
    "uri",
    "url",
    "version",
];

fn asks_for_secret(name: &str) -> bool {
    let words = words(name);
    let asks = |word: &str| {
        word.contains("token") && !word.contains("tokeni")
            || word.contains("auth") && (!word.contains("author") || word.contains("authoriz"))
            || ["secret", "passw", "passphrase", "pwd", "apikey", "accesskey", "privatekey", "credential"]
                .iter()
                .any(|key| word.contains(key))
    };
    let asks_in_two = |pair: &[String]| {
        pair[1].starts_with("key") && ["api", "access", "private"].iter().any(|w| pair[0].ends_with(w))
    };
    (words.iter().any(|word| asks(word)) || words.windows(2).any(asks_in_two))
        && !words.iter().any(|word| word.starts_with("sha") || ASIDE.contains(&word.as_str()))
}

/// Whether the value ends where the match ended: a call, an index or an attribute is code.
fn is_complete(value: &[u8], quoted: bool, next: Option<u8>) -> bool {
    if quoted {
        return matches!(next, None | Some(b'"' | b'\'' | b'`' | b'\\' | b' '));
    }
    let is_code = matches!(next, Some(b'(' | b'<'))
        || value.iter().any(|b| b"[]{}|:".contains(b))
        || value.contains(&b'.') && value.split(|b| *b == b'.').all(is_short_identifier);
    !is_code
}

fn is_short_identifier(part: &[u8]) -> bool {
    part.len() < 20
        && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        && !part.first().is_some_and(u8::is_ascii_digit)
}

/// What stands where a secret should, and what is no secret though it looks random.
const PLACEHOLDERS: [&str; 15] = [
    "example",
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "your",
    "xxxx",
    "dummy",
    "fake",
    "insert",
    "redacted",
    "****",
    "...",
    "todo",
    "abcdefghijklmnop",
];

fn is_secret(value: &[u8], origin: Origin<'_>) -> bool {
    let Ok(value) = std::str::from_utf8(value) else { return false };
    let lower = value.to_ascii_lowercase();
    let is_reference =
        value.starts_with(['$', '%']) || ["${", "$(", "{{", "%(", "}}"].iter().any(|open| value.contains(open));
    let is_place =
        lower.contains("://") || value.starts_with(['/', '~']) || value.starts_with("./") || value.starts_with("../");
    let is_digest = ["sha256", "sha384", "sha512", "sha1", "md5"].iter().any(|kind| lower.starts_with(kind));
    let in_lock_file = matches!(origin, Origin::File(path) if super::files::is_lock(path));
    let is_placeholder = PLACEHOLDERS.iter().any(|placeholder| lower.contains(placeholder));
    if is_reference || is_place || is_digest || is_placeholder || in_lock_file && is_uuid(&lower) {
        return false;
    }
    value.len() >= SHORTEST
        && entropy(value.as_bytes()) >= ENTROPY
        && value.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

fn is_uuid(value: &str) -> bool {
    let lengths = value.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Shannon entropy in bits per byte.
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    value.iter().for_each(|b| counts[usize::from(*b)] += 1);
    let share = |count: &u32| f64::from(*count) / value.len() as f64;
    counts.iter().filter(|count| **count > 0).map(share).map(|p| -p * p.log2()).sum()
}

/// Whether a run of letters and digits is none that people write: names have their digits at the end
/// (`bert-base-v2`), and their capitals at the beginnings of words.
fn is_random(run: &str) -> bool {
    let changes =
        |class: fn(&u8) -> bool| run.as_bytes().windows(2).filter(|pair| class(&pair[0]) != class(&pair[1])).count();
    let into_digits = changes(u8::is_ascii_digit);
    let of_case = changes(u8::is_ascii_uppercase);
    run.len() >= 12 && into_digits >= 2
        || run.len() >= 8 && into_digits >= 3
        || run.len() >= 20 && of_case * 5 >= run.len() * 2
}

/// Whether the value of a command's argument called `name` is to be hidden.
pub(super) fn is_secret_argument(name: &str, value: &str) -> bool {
    let words = words(name.trim_start_matches('-'));
    let last = words.last().map_or("", String::as_str);
    let before = words.iter().rev().nth(1).map_or("", String::as_str);
    let is_reference = value.is_empty() || value.starts_with(['$', '-', '<']);
    let hides_anything = matches!(last, "password" | "passwd" | "passphrase" | "secret" | "apikey")
        || last == "key" && matches!(before, "api" | "access" | "secret");
    let hides_random = asks_for_secret(name) && value.len() >= 12 && is_random(&value.replace(['-', '_'], ""));
    !is_reference
        && (hides_anything || hides_random || asks_for_secret(name) && is_secret(value.as_bytes(), Origin::Generated))
}
