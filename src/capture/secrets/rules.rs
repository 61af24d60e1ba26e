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
    rule("gitlab-pat", r"\bgl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|oas|soat|ffct)-[\w-]{20,}"),
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
    rule("stripe", r"\b(?:[sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,99}\b|whsec_[A-Za-z0-9+/]{32,})"),
    rule("sendgrid", r"\bSG\.[\w-]{16,32}\.[\w-]{30,64}"),
    rule("azure-client-secret", r"(?:^|[^\w.~])(?P<secret>[\w.~]{3}\dQ~[\w.~-]{31,34})(?:[^\w.~-]|$)"),
    rule("google-oauth-secret", r"\bGOCSPX-[\w-]{28}"),
    rule("nvidia", r"\bnvapi-[\w-]{60,}"),
    rule("wandb", r"\bwandb_v1_[\w-]{40,}"),
    // Base64 of `{"api_`, as the token of a run's service begins.
    rule("neptune", r"\beyJhcGlf[A-Za-z0-9+/]{60,}={0,2}"),
    rule("kaggle", r"\bKGAT_[A-Za-z0-9]{32,}\b"),
    rule("langsmith", r"\blsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}\b"),
    rule("replicate", r"\br8_[A-Za-z0-9]{37}\b"),
    rule("groq", r"\bgsk_[A-Za-z0-9]{40,}\b"),
    rule("perplexity", r"\bpplx-[A-Za-z0-9]{40,}\b"),
    rule("xai", r"\bxai-[A-Za-z0-9]{60,}\b"),
    rule("telegram", r"\b(?P<secret>\d{8,10}:AA[\w-]{33})(?:[^\w-]|$)"),
    rule("twilio", r"\bSK[0-9a-fA-F]{32}\b"),
    rule("mailgun", r"\bkey-[a-f0-9]{32}\b"),
    rule("digitalocean", r"\bdo[opr]_v1_[a-f0-9]{64}\b"),
    rule("docker", r"\bdckr_(?:pat|oat)_[\w-]{27,}"),
    rule("doppler", r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{40,}"),
    rule("heroku", r"\bHRKU-AA[\w-]{58}"),
    rule("linear", r"\blin_api_[A-Za-z0-9]{40}\b"),
    rule("notion", r"\bntn_\d{11}[A-Za-z0-9]{35}\b"),
    rule("shopify", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}\b"),
    rule("square", r"\bsq0[a-z]{3}-[\w-]{22,43}"),
    rule("vault", r"\bhv[sbr]\.[\w-]{24,}"),
    rule("terraform", r"\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,70}"),
    rule("grafana", r"\bgl(?:sa|c)_[A-Za-z0-9+/_]{32,}={0,2}"),
    rule("new-relic", r"\bNRAK-[A-Za-z0-9]{27}\b"),
    rule("postman", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}\b"),
    rule("pulumi", r"\bpul-[a-f0-9]{40}\b"),
    rule("rubygems", r"\brubygems_[a-f0-9]{48}\b"),
    rule("age", r"\bAGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}\b"),
    rule("1password", r"\bops_eyJ[\w+/=-]{200,}"),
    rule("atlassian", r"\bATATT3[\w=-]{40,}"),
    rule("sentry", r"\bsntry[su]_[\w+/=]{40,}"),
    rule("planetscale", r"\bpscale_(?:tkn|oauth|pw)_[\w=.-]{32,64}"),
    rule("prefect", r"\bpn[ub]_[A-Za-z0-9]{36}\b"),
    rule("supabase", r"\bsbp_[a-f0-9]{40}\b"),
    rule("artifactory", r"\bAKCp[A-Za-z0-9]{60,}"),
    rule(PRIVATE_KEY, r"-----BEGIN[ A-Z0-9_-]{0,100}PRIVATE KEY(?: BLOCK)?-----"),
    // A raw `/` ends the authority, so a password cannot hold one; `@` it can, so the last one counts.
    rule(
        URL_PASSWORD,
        r#"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@'"`<>]{0,100}:(?P<secret>[^\s/'"`<>]{1,300})@[\w.\[-]{1,100}"#,
    ),
];

/// What every secret has a piece of; where it does not match, nothing else is tried.
const TRIGGER: &str = r"AKIA|ASIA|ABIA|ACCA|A3T|gh[pousr]_|github_pat_|gl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|oas|soat|ffct)-|hf_|api_org_|AIza|\bsk-|\b[sr]k_|xox[abeoprs]-|xapp-|hooks\.slack|dapi|pypi-|npm_|eyJ|-----BEGIN|://|AccountKey|[?&]sig=|\bSG\.|whsec_|\dQ~|GOCSPX-|nvapi-|wandb_v1_|KGAT_|lsv2_|r8_|gsk_|pplx-|xai-|:AA|\bSK[0-9a-fA-F]{8}|\bkey-|do[opr]_v1_|dckr_|\bdp\.|HRKU-|lin_api_|ntn_|shp(?:at|ca|pa|ss)_|sq0|hv[sbr]\.|\.atlasv1\.|gl(?:sa|c)_|NRAK-|PMAK-|pul-|rubygems_|AGE-SECRET|ops_eyJ|ATATT3|sntry|pscale_|pn[ub]_|sbp_|AKCp|(?i:token|secret|passw|passphrase|pwd|api[_-]?key|access[_-]?key|credential|auth)";

/// What follows the header of a key in use, and not its mere mention: base64, perhaps after PEM headers, inside of
/// quotes or with the line breaks written `\n`.
const KEY_BODY: &str = r#"\A(?:[\s"'`+,>|]|\\{1,4}[nrt]|(?:Proc-Type|DEK-Info|Comment|Version):[^\n\\]*)*[A-Za-z0-9+/]{16,}={0,2}(?:[\s"'`\\=-]|\z)"#;

/// The most bytes of a private key.
const KEY_LIMIT: usize = 16 << 10;

/// Compiled apart from the rules: most short texts have none of it, and need no more.
pub(super) fn trigger() -> Option<&'static Regex> {
    static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("(?-u){TRIGGER}")).ok());
    PATTERN.as_ref()
}

/// The rules, compiled.
pub(super) struct Patterns {
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
            assignment: Regex::new(&ascii(assignment::PATTERN))?,
            set: RegexSet::new(each())?,
            each: each().map(|pattern| Regex::new(&pattern)).collect::<Result<_, _>>()?,
            key_body: Regex::new(&ascii(KEY_BODY))?,
        })
    });
    PATTERNS.as_ref().ok()
}

/// Bits per character of a token, below which it is one of a manual: `ghp_xxxxxxxx…`. That of random hex is above 3.
const ENTROPY: f64 = 2.5;

/// Whether a token in a file was never one: made of the same few characters, or said to be an example, as Amazon's are.
fn is_example(token: &[u8], origin: Origin<'_>) -> bool {
    let says_so = || token.to_ascii_lowercase().windows(7).any(|window| window == b"example");
    matches!(origin, Origin::File(_)) && (assignment::entropy(token) < ENTROPY || says_so())
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
                    _ => Some(at).filter(|_| !is_example(secret.as_bytes(), origin)),
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
