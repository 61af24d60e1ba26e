//! What secrets of known make look like. Patterns after gitleaks (<https://github.com/gitleaks/gitleaks>, MIT).

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

use super::origin::Origin;
use super::{Hit, assignment, url};

/// A kind of secret.
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// The secret is the group `secret`, or the whole match. ASCII only: `(?-u)` is put before it.
    pattern: &'static str,
}

const fn rule(name: &'static str, pattern: &'static str) -> Rule {
    Rule { name, pattern }
}

const PRIVATE_KEY: &str = "private-key";
const URL_PASSWORD: &str = "url-password";

/// Reported for the whole text should the patterns not compile.
pub(super) const UNSCANNED: &str = "unscanned";

/// All rules but the one for assignments.
pub(super) const RULES: &[Rule] = &[
    rule("aws-access-key", r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b"),
    rule(
        "aws-secret-key",
        r#"(?i:aws_?secret_?(?:access_?)?key|secretaccesskey)\W{1,8}(?P<secret>[A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
    ),
    rule(
        "azure-storage-key",
        r"(?:AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)|[?&]sig=[A-Za-z0-9+/%]{40,}(?:=|%3[Dd]))",
    ),
    rule("github-pat", r"\bgh[pousr]_[0-9A-Za-z]{36,255}\b"),
    rule("github-fine-grained", r"\bgithub_pat_\w{82}\b"),
    rule("gitlab-pat", r"\bgl(?:pat|ptt|dt|rt|cbt)-[\w-]{20,}"),
    rule("huggingface", r"\b(?:hf_|api_org_)[A-Za-z0-9]{34,}\b"),
    rule("google-api-key", r"\bAIza[\w-]{35}"),
    rule("anthropic", r"\bsk-ant-[a-z]{3,6}\d{2}-[\w-]{24,}"),
    rule(
        "openai",
        r"\bsk-(?:(?:proj|svcacct|admin)-[\w-]{20,}|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}|[A-Za-z0-9]{48}\b)",
    ),
    rule(
        "slack",
        r"(?:\bxox[abeoprs]-[\w-]{10,}|\bxapp-\d-[\w-]{10,}|hooks\.slack\.com/(?:services|workflows|triggers)/[\w+/]{40,})",
    ),
    rule("databricks", r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    rule("pypi", r"\bpypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[\w-]{16,}"),
    rule("npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    rule("jwt", r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    rule("stripe", r"\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,99}\b"),
    rule("sendgrid", r"\bSG\.[\w-]{16,32}\.[\w-]{30,64}"),
    rule(PRIVATE_KEY, r"-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----"),
    // A raw `/` ends the authority, so a password cannot hold one; `@` it can, so the last one counts.
    rule(
        URL_PASSWORD,
        r#"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@'"`<>]{0,100}:(?P<secret>[^\s/'"`<>]{1,300})@[\w.\[-]{1,100}"#,
    ),
];

/// What every secret has a piece of; where it does not match, nothing else is tried.
const TRIGGER: &str = r"AKIA|ASIA|ABIA|ACCA|A3T|gh[pousr]_|github_pat_|gl(?:pat|ptt|dt|rt|cbt)-|hf_|api_org_|AIza|\bsk-|\b[sr]k_|xox[abeoprs]-|xapp-|hooks\.slack|dapi|pypi-|npm_|eyJ|-----BEGIN|://|AccountKey|[?&]sig=|\bSG\.|(?i:token|secret|passw|passphrase|pwd|api[_-]?key|access[_-]?key|credential|auth)";

/// What follows the header of a key in use, and not its mere mention: base64, perhaps after PEM headers, inside of
/// quotes or with the line breaks written `\n`.
const KEY_BODY: &str = r#"\A(?:[\s"'`+,>|]|\\[nrt]|(?:Proc-Type|DEK-Info|Comment|Version):[^\n\\]*)*[A-Za-z0-9+/]{16,}={0,2}(?:[\s"'`\\=-]|\z)"#;

/// The most bytes of a private key.
const KEY_LIMIT: usize = 16 << 10;

/// The rules, compiled.
pub(super) struct Patterns {
    pub(super) trigger: Regex,
    pub(super) assignment: Regex,
    set: RegexSet,
    each: Vec<Regex>,
    key_body: Regex,
}

/// The rules, compiled at the first call; none if one of them were malformed.
pub(super) fn patterns() -> Option<&'static Patterns> {
    static PATTERNS: LazyLock<Result<Patterns, regex::Error>> = LazyLock::new(|| {
        let ascii = |pattern: &str| format!("(?-u){pattern}");
        let each = || RULES.iter().map(|rule| ascii(rule.pattern));
        Ok(Patterns {
            trigger: Regex::new(&ascii(TRIGGER))?,
            assignment: Regex::new(&ascii(assignment::PATTERN))?,
            set: RegexSet::new(each())?,
            each: each().map(|pattern| Regex::new(&pattern)).collect::<Result<_, _>>()?,
            key_body: Regex::new(&ascii(KEY_BODY))?,
        })
    });
    PATTERNS.as_ref().ok()
}

impl Patterns {
    /// Adds the hits that begin in `piece`.
    pub(super) fn find(&self, bytes: &[u8], piece: Range<usize>, origin: Origin<'_>, found: &mut Vec<Hit>) {
        let text = &bytes[piece.clone()];
        for index in self.set.matches(text) {
            let (rule, pattern) = (&RULES[index], &self.each[index]);
            for captures in pattern.captures_iter(text) {
                let Some(secret) = captures.name("secret").or_else(|| captures.get(0)) else { continue };
                let at = piece.start + secret.start()..piece.start + secret.end();
                let at = match rule.name {
                    PRIVATE_KEY => self.private_key(bytes, at),
                    URL_PASSWORD => {
                        let whole = captures.get(0).map_or(&b""[..], |whole| whole.as_bytes());
                        Some(at).filter(|_| url::is_password(whole, secret.as_bytes(), origin))
                    }
                    _ => Some(at),
                };
                found.extend(at.map(|at| Hit { at, rule: rule.name }));
            }
        }
    }

    /// The whole key behind a header, if there is one.
    fn private_key(&self, bytes: &[u8], header: Range<usize>) -> Option<Range<usize>> {
        let body = &bytes[header.end..bytes.len().min(header.end + KEY_LIMIT)];
        let begun = self.key_body.find(body)?;
        let marker = b"-----END";
        let length = match body.windows(marker.len()).position(|window| window == marker) {
            Some(end) => {
                let rest = &body[end + marker.len()..];
                let closing = rest.windows(5).position(|window| window == b"-----").filter(|length| *length < 120);
                end + marker.len() + closing.map_or(0, |length| length + 5)
            }
            // Cut off: everything that could still be the key.
            None => {
                let rest = &body[begun.end()..];
                let is_key = |b: &u8| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || b"+/=\\\"'".contains(b);
                begun.end() + rest.iter().position(|b| !is_key(b)).unwrap_or(rest.len())
            }
        };
        Some(header.start..header.end + length)
    }
}
