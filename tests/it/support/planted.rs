//! Secrets of every kind, put together at run time, so that no scanner, of a code host or ours, finds one in a source file.

/// Letters and digits without an end, the same in every run.
struct Letters(u64);

impl Letters {
    fn of(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let mut next = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            alphabet[(self.0 >> 33) as usize % alphabet.len()]
        };
        (0..length).map(|_| next()).collect()
    }
}

const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BECH32: &str = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";

/// A secret, and how it stands in a text.
pub struct Planted {
    /// Which rule must find it.
    pub rule: &'static str,
    /// A line with it.
    pub line: String,
    /// The secret alone.
    pub secret: String,
}

/// One of each kind: more than forty.
pub fn kinds() -> Vec<Planted> {
    let mut letters = Letters(20_240_229);
    let mut all = Vec::new();
    let mut plain = |rule: &'static str, start: &[&str], alphabet: &str, length: usize| {
        let secret = start.concat() + &letters.of(alphabet, length);
        all.push(Planted { rule, line: secret.clone(), secret });
    };
    plain("aws-access-key", &["AK", "IA"], BASE32, 16);
    for kind in ["p", "o", "u", "s", "r"] {
        plain("github-pat", &["gh", kind, "_"], WORD, 36);
    }
    plain("github-fine-grained", &["github", "_pat_"], WORD, 82);
    plain("gitlab-pat", &["gl", "pat-"], WORD, 20);
    plain("gitlab-pat", &["gl", "ft-"], WORD, 20);
    plain("huggingface", &["h", "f_"], WORD, 34);
    plain("google-api-key", &["AI", "za"], WORD, 35);
    plain("google-oauth-secret", &["GOC", "SPX-"], WORD, 28);
    plain("anthropic", &["sk-", "ant-api03-"], WORD, 93);
    plain("openai", &["sk-", "proj-"], WORD, 60);
    plain("slack", &["xo", "xb-1234567890-"], WORD, 24);
    plain("databricks", &["da", "pi"], HEX, 32);
    plain("pypi", &["pypi-", "AgEIcHlwaS5vcmc"], WORD, 60);
    plain("npm", &["np", "m_"], WORD, 36);
    plain("stripe", &["sk", "_live_"], WORD, 24);
    plain("stripe", &["wh", "sec_"], WORD, 32);
    plain("azure-client-secret", &["aB1", "8Q", "~"], WORD, 34);
    plain("nvidia", &["nv", "api-"], WORD, 64);
    plain("wandb", &["wandb", "_v1_"], WORD, 76);
    plain("neptune", &["eyJh", "cGlf"], WORD, 100);
    plain("kaggle", &["KG", "AT_"], HEX, 32);
    plain("replicate", &["r", "8_"], WORD, 37);
    plain("groq", &["gs", "k_"], WORD, 52);
    plain("perplexity", &["pp", "lx-"], WORD, 48);
    plain("xai", &["xa", "i-"], WORD, 80);
    plain("telegram", &["123456789", ":A", "A"], WORD, 33);
    plain("twilio", &["S", "K"], HEX, 32);
    plain("mailgun", &["ke", "y-"], HEX, 32);
    plain("digitalocean", &["dop", "_v1_"], HEX, 64);
    plain("docker", &["dckr", "_pat_"], WORD, 27);
    plain("doppler", &["dp.", "pt."], WORD, 43);
    plain("heroku", &["HRKU", "-AA"], WORD, 58);
    plain("linear", &["lin", "_api_"], WORD, 40);
    plain("notion", &["nt", "n_12345678901"], WORD, 35);
    plain("shopify", &["shp", "at_"], HEX, 32);
    plain("square", &["sq0", "csp-"], WORD, 43);
    plain("vault", &["hv", "s."], WORD, 90);
    plain("terraform", &["aB3dE6gH9jK2mN", ".atlas", "v1."], WORD, 67);
    plain("grafana", &["gl", "sa_"], WORD, 41);
    plain("new-relic", &["NR", "AK-"], BASE32, 27);
    plain("pulumi", &["pu", "l-"], HEX, 40);
    plain("rubygems", &["ruby", "gems_"], HEX, 48);
    plain("age", &["AGE-SECRET", "-KEY-1"], BECH32, 58);
    plain("atlassian", &["ATA", "TT3"], WORD, 180);
    plain("sentry", &["sntr", "ys_"], WORD, 64);
    plain("planetscale", &["pscale", "_tkn_"], WORD, 43);
    plain("prefect", &["pn", "u_"], WORD, 36);
    plain("supabase", &["sb", "p_"], HEX, 40);
    plain("artifactory", &["AK", "Cp"], WORD, 69);
    plain("1password", &["ops", "_eyJ"], WORD, 250);
    let mut named = |rule: &'static str, before: String, secret: String, behind: &str| {
        all.push(Planted { rule, line: format!("{before}{secret}{behind}"), secret });
    };
    let hex = |letters: &mut Letters, length| letters.of(HEX, length);
    named("postman", "PM".to_owned() + "AK-", format!("{}-{}", hex(&mut letters, 24), hex(&mut letters, 34)), "");
    named("langsmith", "lsv2".to_owned() + "_pt_", format!("{}_{}", hex(&mut letters, 32), hex(&mut letters, 10)), "");
    named("sendgrid", "S".to_owned() + "G.", format!("{}.{}", letters.of(WORD, 22), letters.of(WORD, 43)), "");
    let body = format!("{}.{}{}.", letters.of(WORD, 17), "ey", "J".to_owned() + &letters.of(WORD, 30));
    named("jwt", "ey".to_owned() + "J" + &body, letters.of(WORD, 43), "");
    named("aws-secret-key", "aws_secret_access_key = ".to_owned(), letters.of(WORD, 40), "");
    named("azure-storage-key", "Account".to_owned() + "Key=", letters.of(WORD, 86), "==");
    named("url-password", "postgres://ml:".to_owned(), letters.of(WORD, 12), "@db.internal/x");
    named("generic-key", "api_key = '".to_owned(), letters.of(WORD, 24), "'");
    named("generic-key", "client_secret: ".to_owned(), letters.of(WORD, 32), "");
    named("generic-key", "Authorization: Bearer ".to_owned(), letters.of(WORD, 40), "");
    let key = [letters.of(WORD, 64), letters.of(WORD, 64)].join("\n");
    let (begin, end) = (format!("-----BEGIN {}\n", "PRIVATE KEY-----"), format!("\n-----END {}", "PRIVATE KEY-----"));
    named("private-key", begin, key, &end);
    all
}
