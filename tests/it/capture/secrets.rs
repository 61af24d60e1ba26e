//! Secrets are found, hyper-parameters are not. Every token here is put together at run time, so that no scanner, ours
//! included, finds one in this file.

use std::time::{Duration, Instant};

use mlrun::capture::CaptureError;
use mlrun::capture::secrets::{Allowance, AllowanceError, Scanner, forbidden_name, rule_names, strip_userinfo};
use mlrun::ops::VerbError;
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::progress::Silent;
use proptest::prelude::*;

use crate::support::planted::kinds;
use crate::support::project::TestRepo;

const WORD: &str = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cD3fG6iJ9lM2oP5rS8uV1xZ4bC7eF0hI3kL6nO9qR2tU5wX8yA1bD4gE7hJ0kM3nP6qS9tV2wY5zC8eG1iL4o";
const HEX: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn word(length: usize) -> &'static str {
    &WORD[..length]
}

fn hex(length: usize) -> &'static str {
    &HEX[..length]
}

fn rules(path: &str, text: &str) -> Vec<&'static str> {
    Scanner::new(&[]).scan(path, text.as_bytes()).into_iter().map(|finding| finding.rule).collect()
}

/// A rule and text with one secret of it.
fn samples() -> Vec<(&'static str, String)> {
    let letters: String = WORD.chars().filter(char::is_ascii_alphabetic).collect();
    let base64 = word(80).replace('7', "+").replace('6', "/");
    vec![
        ("aws-access-key", format!("id = AKIA{}", "IOSFODNN7QWERTYZ")),
        ("aws-secret-key", format!("aws_secret_access_key = {}", &base64[..40])),
        ("azure-storage-key", format!("Account{}={base64}{}==;EndpointSuffix=core.windows.net", "Key", word(6))),
        ("azure-storage-key", format!("https://a.blob.core.windows.net/c?sv=2022-11-02&{}={}%3D", "sig", word(43))),
        ("github-pat", format!("git clone https://{}_{}@github.com/a/b", "ghp", word(36))),
        ("github-pat", format!("x = '{}_{}'", "gho", word(36))),
        ("github-fine-grained", format!("{}_pat_{}", "github", word(82))),
        ("gitlab-pat", format!("{}-{}", "glpat", word(20))),
        ("huggingface", format!("login('{}_{}')", "hf", &letters[..34])),
        ("google-api-key", format!("key={}{}", "AIza", word(35))),
        ("anthropic", format!("{}-ant-api03-{}-{}AA", "sk", word(80), word(10))),
        ("openai", format!("{}-proj-{}_{}", "sk", word(40), word(20))),
        ("openai", format!("{}-{}T3Blbk{}{}", "sk", word(20), "FJ", word(20))),
        ("slack", format!("{}-1234567890-{}", "xoxb", word(24))),
        ("slack", format!("https://hooks.slack.com/{}/T{}/B{}/{}", "services", word(10), word(10), word(24))),
        ("databricks", format!("{}{}", "dapi", hex(32))),
        ("pypi", format!("{}-AgEIcHlwaS5vcmc{}", "pypi", word(60))),
        ("npm", format!("//registry.npmjs.org/:_x={}_{}", "npm", word(36))),
        ("jwt", format!("{}hbGciOiJIUzI1NiJ9.{}zdWIiOiIxMjM0In0.{}", "eyJ", "eyJ", word(43))),
        ("stripe", format!("{}_live_{}", "sk", word(24))),
        ("sendgrid", format!("{}.{}.{}", "SG", word(22), word(43))),
        ("private-key", private_key("\n")),
        ("private-key", format!("\"key\": \"{}\"", private_key("\\n"))),
        ("url-password", format!("postgres://ml:{}@db.internal:5432/x", "p4ss:w@rd")),
        ("url-password", format!("https://user:{}@host/x", "tok")),
        ("url-password", format!("redis://:{}@cache", word(10))),
        ("generic-key", format!("api_key = \"{}\"", word(24))),
        ("generic-key", format!("API-KEY: {}", word(24))),
        ("generic-key", format!("export WANDB_API_KEY={}", hex(40))),
        ("generic-key", format!("{{\"dbPassword\": \"{}\"}}", word(20))),
        ("generic-key", format!("os.environ[\"HF_TOKEN\"] = '{}'", word(30))),
        ("generic-key", format!("token: str = \"{}\"", word(30))),
        ("generic-key", format!("    \"client_secret = \\\"{}\\\"\\n\",", word(30))),
        ("generic-key", format!("curl -H 'Authorization: Bearer {}'", word(40))),
        ("generic-key", format!("password='{}'", "MyS3cr3tP4ss+W0rd-2024")),
        ("generic-key", format!("credentials={}&x=1", word(32))),
        ("generic-key", format!("secret_id: {}", "3c9d7a52-1f5e-4b7c-9d33-0a1b5c7e9f24")),
    ]
}

fn private_key(newline: &str) -> String {
    let lines = [
        format!("-----BEGIN RSA {}-----", "PRIVATE KEY"),
        word(64).to_owned(),
        word(64).to_owned(),
        format!("{}==", word(20)),
    ];
    lines.join(newline) + newline + "-----END RSA " + "PRIVATE KEY-----"
}

#[test]
fn every_rule_finds_its_kind() {
    for (rule, text) in samples() {
        assert_eq!(rules("train.py", &format!("import os\n{text}\n")), [rule], "{text}");
    }
    for kind in kinds() {
        assert_eq!(rules("train.py", &format!("import os\n{}\n", kind.line)), [kind.rule], "{}", kind.line);
        let (clean, _) = Scanner::new(&[]).redact(&kind.line);
        assert!(kind.secret.split('\n').all(|piece| !clean.contains(piece)), "{clean}");
    }
    let sampled = samples().into_iter().map(|(rule, _)| rule).chain(kinds().into_iter().map(|kind| kind.rule));
    let sampled: Vec<_> = sampled.collect();
    for rule in rule_names().filter(|rule| *rule != "unscanned") {
        assert!(sampled.contains(&rule), "{rule} has no sample");
    }
}

#[test]
fn hyper_parameters_and_code_are_no_secrets() {
    let innocent = [
        "max_tokens: 512",
        "tokenizer: bert-base-uncased",
        "pad_token_id: 0",
        "token_type_ids: [0, 1, 1]",
        "secret_sauce: true",
        "tokenizer_name: meta-llama/Llama-2-7b-chat-hf",
        "\"tokenizer_class\": \"PreTrainedTokenizerFast\"",
        "eos_token: \"<|endoftext|>\"",
        "pad_token = '[PAD]'",
        "num_tokens = 300000000000",
        "author: Jane Doe <jane@example.org>",
        "authors = [\"a\"]",
        "token = os.environ[\"HF_TOKEN_FOR_REPOSITORY\"]",
        "token = os.getenv('HF_TOKEN_FOR_REPOSITORY2')",
        "api_key: ${OPENAI_API_KEY}",
        "api_key = \"${oc.env:OPENAI_API_KEY_2}\"",
        "password: $DATABASE_PASSWORD_2",
        "password = get_password_from_vault2(config)",
        "auth_token = self.settings.auth_token_value",
        "api_key = \"your-api-key-goes-here-123\"",
        "password: changeme-changeme-1",
        "secret: <secret-value-goes-here1>",
        "api_key = 'xxxxxxxxxxxxxxxxxxxxxxxx'",
        "token_file: /run/secrets/kubernetes.io/token123",
        "token_path = './tokens/abc123def456.json'",
        "secret = \"several words with 1 space\"",
        "password = \"correct-horse-battery-staple\"",
        "auth_url: https://login.example.org/oauth2/v2.0/authorize",
        "  token = base64_encode_v2_of_something",
        "api_key_name = \"projects/1234567/secrets/foo/versions/3\"",
        "token: sha256:9f86d081884c7d65",
        "image: registry.io/auth@sha256:9f86d081884c7d659a2feaa0c55ad015",
        "http://host:8080/path@v2",
        "git@github.com:org/repo.git",
        "https://github.com/org/repo",
        "https://user:password@example.com/x",
        "https://user:${TOKEN}@host/x",
        "postgresql://{user}:{password}@{host}/db",
        "s3://bucket/key",
        "sk-learn",
        "task_live_1234567890",
        "assert text.startswith('-----BEGIN PRIVATE KEY-----')",
        "getAuthTokenFromTheRequestHeader: true",
        "auth = RefreshTokenGrantTypeHandlerFactory",
        "detokenize: abc1def2ghi3jkl4mno5",
        "tokenization = {'a1b2c3d4e5f6g7h8': 1}",
    ];
    for text in innocent {
        assert_eq!(rules("train.py", text), [""; 0], "{text}");
        assert_eq!(Scanner::new(&[]).scan("x.yaml", format!("a: 1\n{text}\r\nb: 2").as_bytes()), [], "{text}");
    }
    for name in ["token_hash", "secret_sha256", "auth_digest", "credential_commit", "api_key_etag", "password_checksum"]
    {
        assert_eq!(rules("x.toml", &format!("{name} = \"{HEX}\"")), [""; 0], "{name}");
    }
    let uuid = &format!("auth_id = \"{}\"", "3c9d7a52-1f5e-4b7c-9d33-0a1b5c7e9f24");
    assert_eq!(rules("sub/poetry.lock", uuid), [""; 0]);
    assert_eq!(rules("sub/poetry.toml", uuid), ["generic-key"]);
}

#[test]
fn findings_say_where_and_never_what() {
    let secret = format!("{}_{}", "ghp", word(36));
    let text = format!("a\nb = '{secret}'\n\nc = '{secret}' or '{secret}'\npassword=\"{}\"", word(20));
    let findings = Scanner::new(&[]).scan("src/a.py", text.as_bytes());
    let places: Vec<_> = findings.iter().map(|finding| (finding.path.as_str(), finding.line, finding.rule)).collect();
    assert_eq!(places, [("src/a.py", 2, "github-pat"), ("src/a.py", 4, "github-pat"), ("src/a.py", 5, "generic-key")]);
    assert!(!format!("{findings:?}").contains(word(20)));
}

#[test]
fn binary_content_is_not_scanned_and_says_so() {
    let secret = format!("{}_{}", "ghp", word(36));
    let binary = format!("\0{secret}");
    assert!(!Scanner::is_text(binary.as_bytes()));
    assert_eq!(Scanner::new(&[]).scan("w.bin", binary.as_bytes()), []);
    let late = format!("{}\n{secret}\0", "x".repeat(9000));
    assert!(Scanner::is_text(late.as_bytes()));
    assert_eq!(Scanner::new(&[]).scan("log", late.as_bytes()).len(), 1);
    let latin1 = [b"caf\xe9 = 1\n".as_slice(), secret.as_bytes(), b"\xff"].concat();
    assert_eq!(Scanner::new(&[]).scan("a.txt", &latin1)[0].line, 2);
}

#[test]
fn long_lines_are_searched_whole() {
    let secret = format!("{}_{}", "ghp", word(36));
    for before in [0, 1000, 16 << 10, (16 << 10) - 20, (14 << 10) - 20, 1 << 20, 5 << 20] {
        let noise = "token auth, ".repeat(before / 12) + &" ".repeat(before % 12);
        let found = Scanner::new(&[]).scan("a.json", format!("x\n{noise}{secret} {noise}").as_bytes());
        assert_eq!(
            found.iter().map(|finding| (finding.line, finding.rule)).collect::<Vec<_>>(),
            [(2, "github-pat")],
            "{before}"
        );
    }
}

#[test]
fn allowances() {
    let text = format!("api_key = \"{}\"\n{}_{}\n", word(24), "ghp", word(36));
    let found = |allow: &[&str], path: &str| -> Vec<&'static str> {
        let allow: Vec<_> = allow.iter().map(|text| Allowance::parse(text).unwrap()).collect();
        Scanner::new(&allow).scan(path, text.as_bytes()).into_iter().map(|finding| finding.rule).collect()
    };
    assert_eq!(found(&[], "docs/a.md"), ["generic-key", "github-pat"]);
    assert_eq!(found(&["generic-key"], "docs/a.md"), ["github-pat"]);
    assert_eq!(found(&["generic-key:docs/**"], "docs/b/a.md"), ["github-pat"]);
    assert_eq!(found(&["generic-key:docs/**"], "src/a.md").len(), 2);
    assert_eq!(found(&["generic-key:docs/*.md", "github-pat:**/a.md"], "docs/a.md"), [""; 0]);
    assert_eq!(found(&["generic-key:docs/*.md"], "docs/b/a.md").len(), 2);
    assert!(matches!(Allowance::parse("generic:docs/**"), Err(AllowanceError::UnknownRule { .. })));
    assert!(matches!(Allowance::parse("generic-key:docs/["), Err(AllowanceError::Glob { .. })));
    let (clean, _) = Scanner::new(&[Allowance::parse("generic-key").unwrap()]).redact(&text);
    assert!(!clean.contains(word(24)), "allowances are for files: {clean}");
}

#[test]
fn text_is_redacted() {
    let scanner = Scanner::new(&[]);
    let text = format!("ü {}_{} and https://me:{}@host/x?a=b, password='{}' ü", "ghp", word(36), word(9), word(20));
    let (clean, counts) = scanner.redact(&text);
    assert_eq!(
        clean,
        "ü <redacted:github-pat> and https://me:<redacted:url-password>@host/x?a=b, password='<redacted:generic-key>' ü"
    );
    assert_eq!(counts, [("generic-key", 1), ("github-pat", 1), ("url-password", 1)]);
    let key = private_key("\n");
    assert_eq!(scanner.redact(&format!("a\n{key}\nb")).0, "a\n<redacted:private-key>\nb");
    let (cut, _) = scanner.redact(&format!("a\n{}", &key[..100]));
    assert_eq!(cut, "a\n<redacted:private-key>");
    for (rule, text) in samples() {
        let (clean, counts) = scanner.redact(&text);
        assert_eq!(counts, [(rule, 1)], "{text}");
        assert_eq!(scanner.redact(&clean), (clean.clone(), vec![]), "not stable: {text}");
    }
    assert_eq!(
        scanner.redact("python train.py --max-tokens 512"),
        ("python train.py --max-tokens 512".to_owned(), vec![])
    );
    assert_eq!(scanner.redact("https://user:password@example.com/").1.len(), 1, "no doubt counts for generated text");
}

#[test]
fn arguments_are_redacted_by_their_flags() {
    let shown = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        Scanner::new(&[]).redact_arguments(&arguments).0.join(" ")
    };
    assert_eq!(
        shown(&["train.py", "--password", "hunter2", "--lr", "0.1"]),
        "train.py --password <redacted:generic-key> --lr 0.1"
    );
    assert_eq!(shown(&["--api-key=abc", "x"]), "--api-key=<redacted:generic-key> x");
    assert_eq!(shown(&["db.password=abc", "lr=1"]), "db.password=<redacted:generic-key> lr=1");
    assert_eq!(shown(&["--hf-token", "abc123def456gh"]), "--hf-token <redacted:generic-key>");
    assert_eq!(shown(&["--password", "--verbose", "x"]), "--password --verbose x");
    let plain = [
        "--max-tokens",
        "512",
        "--pad-token",
        "<pad>",
        "--tokenizer",
        "bert-base-uncased",
        "--password-file",
        "a.txt",
        "--token",
        "$HF",
        "--auth=none",
    ];
    assert_eq!(shown(&plain), plain.join(" "));
    let secret = format!("{}_{}", "ghp", word(36));
    assert_eq!(shown(&["--url", &format!("https://x:{secret}@h/")]), "--url https://x:<redacted:github-pat>@h/");
    assert_eq!(shown(&["--token", &secret]), "--token <redacted:generic-key>");
}

#[test]
fn user_info_is_stripped() {
    for (url, expected) in [
        ("https://user:tok§host/x", "https://host/x"),
        ("https://tok§host/x", "https://host/x"),
        ("https://user:p§ss§host:80/x§y", "https://host:80/x§y"),
        ("https://user:p/ss§host/x", "https://host/x"),
        ("https://host/x", "https://host/x"),
        ("https://host:80/x§y", "https://host:80/x§y"),
        ("https://host?a=b§c", "https://host?a=b§c"),
        ("git+https://u:t§host/x§v1", "git+https://host/x§v1"),
        ("ssh://git§host/x", "ssh://git§host/x"),
        ("git+ssh://git:pw§host/x", "git+ssh://git§host/x"),
        ("git§host:x", "git§host:x"),
        ("/srv/git/x", "/srv/git/x"),
        ("file:///srv/a§b", "file:///srv/a§b"),
        ("", ""),
    ] {
        assert_eq!(strip_userinfo(&url.replace('§', "@")), expected.replace('§', "@"));
    }
}

#[test]
fn names_that_never_enter() {
    for name in [
        ".env",
        "a/.env",
        "a/.env.production",
        ".ENV",
        "key.pem",
        "certs/server.KEY",
        "id_rsa",
        "home/id_ed25519",
        "credentials",
        ".aws/credentials",
        "credentials.json",
        "conf/local/credentials.yml",
        ".netrc",
        ".pypirc",
        "a.p12",
        "a.pfx",
        ".git-credentials",
    ] {
        assert!(forbidden_name(name).is_some(), "{name}");
    }
    for name in [
        ".env.example",
        ".env.sample",
        "a/.env.template",
        "env.py",
        ".envrc",
        "id_rsa.pub",
        "credentials.py",
        "keys.py",
        "a.pem.md",
        "environment.yml",
        "monkey",
    ] {
        assert_eq!(forbidden_name(name), None, "{name}");
    }
    assert_eq!(forbidden_name("x/.env.local"), Some(".env.*"));
}

#[test]
fn fifty_megabytes_of_source_take_about_a_second() {
    let line =
        "    def forward(self, input_ids, token_type_ids=None, auth=None):  # see https://host/path, author: x\n";
    let plain = "    x = torch.nn.functional.linear(x, self.weight, self.bias) + residual[:, : x.shape[1]]\n";
    let text = (plain.repeat(9) + line).repeat((50 << 20) / (9 * plain.len() + line.len()));
    let begun = Instant::now();
    assert_eq!(Scanner::new(&[]).scan("a.py", text.as_bytes()), []);
    let limit = if cfg!(debug_assertions) { 60 } else { 3 };
    assert!(begun.elapsed() < Duration::from_secs(limit), "{:?}", begun.elapsed());
}

/// Where windows meet, on long lines and on short ones: what a stream has is what all of its bytes have.
#[test]
fn a_stream_is_scanned_like_its_bytes() {
    let scanner = Scanner::new(&[]);
    let samples = samples();
    for (filler, length) in [("x = 1\n", 600), ("x = 1, ", 3000)] {
        // Secrets of every kind, the next one at another distance from the last: some of them on every border.
        let mut text = String::new();
        for n in 0..900 {
            let (_, sample) = &samples[n % samples.len()];
            text += &filler.repeat(length + n % 37);
            text += &format!("{sample}\n");
        }
        assert!(text.len() > 3 << 20);
        let whole = scanner.scan("train.py", text.as_bytes());
        assert!(whole.len() >= 900);
        let streamed = scanner.scan_stream("train.py", text.as_bytes()).unwrap().unwrap();
        assert_eq!(streamed.findings, whole);
        assert_eq!(streamed.read, text.len() as u64);
    }
    for bytes in [&b""[..], b"x", b"x\n"] {
        assert_eq!(scanner.scan_stream("a", bytes).unwrap().unwrap().findings, []);
    }
    // What is no text is not read to its end.
    let binary = std::io::repeat(0);
    assert_eq!(scanner.scan_stream("a", binary).unwrap(), None);
}

/// As Windows' shells write it, with a mark or without, and longer than a window.
#[test]
fn utf_16_is_text() {
    let scanner = Scanner::new(&[]);
    let text = "caf\u{e9} \u{1f600} = 1\r\n".repeat(90_000) + &format!("token = '{}_{}'\r\n", "ghp", word(36));
    let (mark, plain) = (format!("\u{feff}{text}"), format!("x = 1\r\n{text}"));
    for (text, line) in [(mark, 90_001), (plain, 90_002)] {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            let has_mark = text.starts_with('\u{feff}');
            // Without a mark, what lies beyond Latin-1 in the begin tells nothing.
            let text = if has_mark { text.clone() } else { text.replace('\u{1f600}', "\u{fc}") };
            let bytes: Vec<u8> = text.encode_utf16().flat_map(order).collect();
            let streamed = scanner.scan_stream("a.ps1", bytes.as_slice()).unwrap().unwrap();
            let found: Vec<_> = streamed.findings.iter().map(|f| (f.line, f.rule)).collect();
            assert_eq!(found, [(line, "github-pat")]);
            assert_eq!(streamed.read, bytes.len() as u64);
            assert_eq!(scanner.scan("a.ps1", &bytes), streamed.findings);
        }
    }
    // Half a pair, and half a unit, at the end.
    for end in [&b"\x3d\xd8"[..], b"\x3d"] {
        let mut bytes: Vec<u8> =
            format!("\u{feff}{}_{}\n", "ghp", word(36)).encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.extend(end);
        let streamed = scanner.scan_stream("a.ps1", bytes.as_slice()).unwrap().unwrap();
        assert_eq!((streamed.findings.len(), streamed.read), (1, bytes.len() as u64));
    }
    for binary in [&b"\0\0\0\0"[..], b"\0x", b"ab\0\0", b"a\0b\0\0c"] {
        assert!(!Scanner::is_text(binary), "{binary:?}");
    }
}

/// A secret at every place around the border of two windows is found once.
#[test]
fn a_secret_on_a_border_is_found_once() {
    let scanner = Scanner::new(&[]);
    let secret = format!("api_key = \"{}\"", word(24));
    let key = private_key("\n");
    for behind in [0, 64 << 10, (64 << 10) + (4 << 10)] {
        for shift in (0..400).step_by(13) {
            let text = "a line\n".repeat(((1 << 20) - behind) / 7 - 30) + &"#".repeat(shift) + "\n";
            for secret in [&secret, &key] {
                let text = format!("{text}{secret}\n{}", "more\n".repeat(60_000));
                let found = scanner.scan_stream("a.py", text.as_bytes()).unwrap().unwrap().findings;
                assert_eq!(found, scanner.scan("a.py", text.as_bytes()), "{behind} {shift}");
                assert_eq!(found.len(), 1, "{behind} {shift}");
            }
        }
    }
}

/// No file is too long to be looked at.
#[test]
fn code_of_any_size_is_scanned() {
    let project = TestRepo::new();
    let lines = (33 << 20) / 64;
    let text = format!("{}\n", "-".repeat(63)).repeat(lines) + &format!("token = '{}_{}'\n", "ghp", word(36));
    project.write("model/weights.bin", "w").write("notes.sql", text);
    init(&project.options(), &InitOptions::default()).unwrap();
    let taken = snapshot(&project.open(), &SnapshotOptions::default(), &Silent);
    let Err(VerbError::Capture(CaptureError::Secrets { findings })) = taken else { panic!("{taken:?}") };
    let found: Vec<_> = findings.iter().map(|f| (f.path.as_str(), f.line, f.rule)).collect();
    assert_eq!(found, [("notes.sql", lines as u64 + 1, "github-pat")]);
}

proptest! {
    #[test]
    fn nothing_is_left_after_redaction(
        pieces in prop::collection::vec((0..40_usize, "[ \n\"'ü,:=@/-]{0,3}|token[=:] ?|https://a:|-----END|.{0,8}"), 0..8)
    ) {
        let samples = samples();
        let text: String = pieces.iter().map(|(index, between)| samples.get(*index).map_or("", |sample| &sample.1).to_owned() + between).collect();
        let scanner = Scanner::new(&[]);
        let (clean, counts) = scanner.redact(&text);
        prop_assert_eq!(scanner.scan("a.py", clean.as_bytes()), vec![], "{}", clean);
        prop_assert_eq!(counts.is_empty(), clean == text);
        prop_assert!(scanner.scan("a.py", text.as_bytes()).is_empty() || !counts.is_empty());
    }

    #[test]
    fn any_bytes_are_scanned(bytes in prop::collection::vec(any::<u8>(), 0..2000), text in ".{0,200}") {
        let scanner = Scanner::new(&[]);
        scanner.scan("a", &bytes);
        scanner.redact(&text);
        scanner.redact(&String::from_utf8_lossy(&bytes));
        strip_userinfo(&text);
        forbidden_name(&text);
        scanner.redact_arguments(&[text]);
    }
}

/// Every text file below `folder` that `is_meant`, with what is found in it.
fn findings_below(folder: &std::path::Path, is_meant: &dyn Fn(&std::path::Path) -> bool) -> (usize, Vec<String>) {
    let (mut files, mut found) = (0, Vec::new());
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(&next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() && is_meant(&path) {
                open.push(path);
            } else if path.is_file() && is_meant(&path) {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                let scanned = Scanner::new(&[]).scan(&name, &std::fs::read(&path).unwrap());
                found.extend(scanned.iter().map(|f| format!("{}:{} {}", f.path, f.line, f.rule)));
                files += 1;
            }
        }
    }
    (files, found)
}

#[test]
fn no_false_alarms_on_this_repository() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_meant = |path: &std::path::Path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        !matches!(name, "target" | ".git" | ".mlrun" | ".venv") && !name.ends_with(".target")
    };
    let (files, found) = findings_below(root, &is_meant);
    assert!(files > 500, "{files}");
    assert!(found.len() <= 5, "{} in {files} files: {found:#?}", found.len());
}

/// On scikit-learn's own source, where it is installed: `tests/all.sh` does that.
#[test]
fn no_false_alarms_on_scikit_learn() {
    let venv = std::path::Path::new(env!("CARGO_BIN_EXE_mlrun")).ancestors().nth(2).unwrap().join("test-venv/lib");
    let versions = std::fs::read_dir(venv).into_iter().flatten().flatten();
    let Some(source) = versions.map(|v| v.path().join("site-packages/sklearn")).find(|path| path.is_dir()) else {
        crate::support::lacking("scikit-learn is not installed");
        return;
    };
    let (files, found) = findings_below(&source, &|path| path.extension().is_none_or(|e| e != "pyc" && e != "so"));
    eprintln!("{} in {files} files", found.len());
    assert!(files > 500 && found.len() <= 5, "{} in {files} files: {found:#?}", found.len());
}

/// Lines of real parameter files, model cards and code that look like secrets and are none.
#[test]
fn tricky_lines_are_no_secrets() {
    let digest = hex(64);
    let lines = [
        // transformers, peft, trl, vllm, openai clients.
        r#""bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<|finetune_right_pad_id|>","#.to_owned(),
        r#""pad_token_id": 128004, "eos_token_id": [128001, 128008, 128009], "image_token_index": 32000,"#.to_owned(),
        r#""tokenizer_class": "PreTrainedTokenizerFast", "auto_map": {"AutoTokenizer": "tokenization_chatglm.ChatGLM4Tokenizer"},"#.to_owned(),
        r#""additional_special_tokens": ["<|im_start|>", "<|im_end|>", "<|vision_start|>"],"#.to_owned(),
        r#"{"id": 151643, "content": "<|endoftext|>", "single_word": false, "special": true}"#.to_owned(),
        r#""forced_bos_token_id": 250004, "decoder_start_token_id": 2, "max_new_tokens": 1024, "min_tokens": 1"#.to_owned(),
        r#""_name_or_path": "meta-llama/Meta-Llama-3.1-8B-Instruct", "_commit_hash": "0e9e39f249a16976918f6564b8830bc894c89659","#.to_owned(),
        "token_dropout: 0.1\ntokens_per_sample: 2048\ntoken_shift: true".to_owned(),
        "use_auth_token: true\ntokenizer_revision: 5f0b02c75b57c5855da9ae460ce51323ea669d8a".to_owned(),
        "hf_hub_token_env: HUGGING_FACE_HUB_TOKEN".to_owned(),
        "--max-num-batched-tokens 8192 --tokenizer-mode auto --trust-remote-code".to_owned(),
        "stop_token_ids=[151329, 151336, 151338]".to_owned(),
        "secret_sauce_dim: 1024".to_owned(),
        // Placeholders of manuals.
        format!("export GITHUB_TOKEN={}_{}", "ghp", "x".repeat(36)),
        format!("aws_access_key_id = {}IOSFODNN7EXAMPLE", "AKIA"),
        format!("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY{}", "EXAMPLEKEY"),
        format!("api_key={}-{}", "sk", "0".repeat(48)),
        format!("HF_TOKEN={}_{}", "hf", "X".repeat(34)),
        "OPENAI_API_KEY=sk-...".to_owned(),
        "password: \"{{ vault_database_password_2 }}\"".to_owned(),
        "token = os.environ.get(\"WANDB_API_KEY_2024\", \"\")".to_owned(),
        "postgresql://postgres:postgres@localhost:5432/test".replace("postgres@", "password@"),
        // Digests, ids and keys that are names.
        format!("cache_key: {digest}"),
        format!("key-{}", "feature-importance-permutation-test"),
        format!("checkpoint_sha256: {digest}"),
        format!("image: registry.example.org/train@sha256:{digest}"),
        "primary_key: customer_id_2024_q1_segment_3".to_owned(),
        "sort_key = lambda r8_value: r8_value[\"xai-score\"]".to_owned(),
        "from sklearn.model_selection import train_test_split as pul_split".to_owned(),
        "SKLEARN_SEED = 42; SK1 = 7".to_owned(),
        "dp.step(x); dp.state(y); hvs = hvs.fit(x)".to_owned(),
        "https://example.org/?key-word=1&sq0=2".to_owned(),
    ];
    for line in lines {
        for path in ["config.json", "params.yaml", "train.py", "README.md"] {
            assert_eq!(rules(path, &line), [""; 0], "{path}: {line}");
        }
        let (clean, _) = Scanner::new(&[]).redact_arguments(std::slice::from_ref(&line));
        assert!(!clean[0].is_empty());
    }
}
