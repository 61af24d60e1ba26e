//! A small model to act with: numbers drawn by a generator written here, so that every run sees the same.

use super::harness::Project;

/// Rows of a predictions table: enough to be decided at the policy's margins.
pub const ROWS: u64 = 1200;

/// The configuration of every project made here. The policy is no code, so that editing it makes no new version.
pub const CONFIG: &str = r#"schema = 1

[model.fraud]
files = ["model/"]
params = ["params.yaml"]
metrics = ["metrics.json"]
code = ["train.py"]
policy = "policy.toml"

[model.fraud.predictions.test]
path = "out/predictions.csv"
key = ["row_id"]
label = "y"
score = "p"
positive = 1
slices = ["country"]

[model.fraud.samples.latency]
path = "out/latency.csv"
column = "ms"

[stage.production]
"#;

/// A configuration without evidence.
const PLAIN_CONFIG: &str = r#"schema = 1

[model.fraud]
files = ["model/"]
params = ["params.yaml"]
metrics = ["metrics.json"]
code = ["train.py"]
policy = "policy.toml"

[stage.production]
"#;

/// Rules on evidence.
pub const POLICY: &str = r#"schema = 1
task = "binary"

[[rule]]
id = "auc"
metric = "roc_auc"
prove = "non_inferior"
margin = 0.02

[[rule]]
id = "auc-floor"
metric = "roc_auc"
min = 0.6
on = "lower"

[[rule]]
id = "p95"
metric = { quantile = 0.95, of = "latency" }
max_ratio = 1.5
"#;

/// Rules on a number the trainer wrote down.
pub const REPORTED: &str = r#"schema = 1
task = "binary"

[[rule]]
id = "auc"
metric = { reported = "auc", better = "higher" }
max_drop = 0.0

[[rule]]
id = "auc-floor"
metric = { reported = "auc", better = "higher" }
min = -10.0
on = "point"
"#;

/// Numbers between 0 and 1 that depend on nothing but the seed.
pub struct Draw(u64);

impl Draw {
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x006d_6c72_756e)
    }

    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (self.0 >> 32)
    }

    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// One row of predictions: its label is its own, whichever model is asked.
pub struct Row {
    pub id: u64,
    pub label: u8,
    pub score: f64,
    pub country: &'static str,
}

/// Predictions of a model with `skill` between 0 (chance) and 1.
pub fn rows(skill: f64) -> Vec<Row> {
    rows_of(skill, 7)
}

/// The same of a model that errs in other rows, for each `seed`.
pub fn rows_of(skill: f64, seed: u64) -> Vec<Row> {
    let (mut truth, mut draw) = (Draw::new(5), Draw::new(seed));
    (0..ROWS)
        .map(|id| {
            let label = u8::from(truth.unit() < 0.4);
            let country = ["de", "fr", "it"][(truth.bits() % 3) as usize];
            let score = (skill.mul_add(f64::from(label) - 0.5, draw.unit()) + 0.5) / 2.0;
            Row { id, label, score, country }
        })
        .collect()
}

/// Rows as a table.
pub fn table(rows: &[Row]) -> String {
    let line = |row: &Row| format!("{},{},{:.6},{}\n", row.id, row.label, row.score, row.country);
    "row_id,y,p,country\n".to_owned() + &rows.iter().map(line).collect::<String>()
}

/// Latency samples around `ms`, another table for each `seed`.
pub fn latency(ms: f64, seed: u64) -> String {
    let mut draw = Draw::new(seed);
    "ms\n".to_owned() + &(0..400).map(|_| format!("{:.5}\n", ms * (0.95 + 0.1 * draw.unit()))).collect::<String>()
}

/// The area under the curve, as a trainer would write it down.
fn auc(rows: &[Row]) -> f64 {
    let scores = |label| rows.iter().filter(move |r| r.label == label).map(|r| r.score);
    let pairs = scores(1).flat_map(|a| scores(0).map(move |b| (a, b)));
    let (won, all) = pairs.fold((0u64, 0u64), |(won, all), (a, b)| (won + u64::from(a > b), all + 1));
    won as f64 / all as f64
}

impl Project {
    /// A model with parameters and metrics, an `mlrun.toml`, a store, no version yet.
    #[track_caller]
    pub fn tiny() -> Self {
        let project = Self::files();
        project.ok("init");
        project
    }

    /// The same in a git repository with one commit.
    #[track_caller]
    pub fn tiny_in_git() -> Self {
        let project = Self::files();
        project.committed().ok("init");
        project.git("commit --quiet --all --message init");
        project
    }

    fn files() -> Self {
        let project = Self::empty();
        project.write("mlrun.toml", PLAIN_CONFIG).write("policy.toml", REPORTED);
        project.write("model/weights.bin", "w0").write("train.py", "print('train')\n");
        project.write("params.yaml", "lr: 0.1\nseed: 7\n").write("metrics.json", "{\"auc\": 0.9}\n");
        project
    }

    /// The same with predictions, latency samples and rules on them.
    #[track_caller]
    pub fn rated() -> Self {
        let project = Self::empty();
        project.write("mlrun.toml", CONFIG).write("policy.toml", POLICY).write("train.py", "print('train')\n");
        project.ok("init");
        project
    }

    /// The same with v1 in production, and a better v2.
    #[track_caller]
    pub fn succeeded() -> Self {
        let project = Self::rated();
        let first = project.version(0.60);
        project.release(&first);
        project.version(0.65);
        project
    }

    /// Trains: every file another one than after any other training.
    pub fn train(&self, skill: f64) -> &Self {
        let seed = (skill * 1e6) as u64;
        let rows = rows(skill);
        self.write("model/weights.bin", format!("weights of {skill}\n"));
        self.write("params.yaml", format!("skill: {skill}\nseed: 7\n"));
        self.write("metrics.json", format!("{{\"auc\": {}}}\n", auc(&rows)));
        self.write("out/predictions.csv", table(&rows)).write("out/latency.csv", latency(10.0, seed))
    }

    /// Trains and takes a snapshot: `fraud@v1`.
    #[track_caller]
    pub fn version(&self, skill: f64) -> String {
        self.train(skill);
        self.ok("snapshot fraud").stdout.trim_end().to_owned()
    }

    /// A version with reported metrics only: `fraud@v1`.
    #[track_caller]
    pub fn reported(&self, metrics: &str) -> String {
        let number = metrics.len() + self.read("model/weights.bin").len();
        self.write("model/weights.bin", format!("{metrics}{number}")).write("metrics.json", metrics);
        self.ok("snapshot fraud").stdout.trim_end().to_owned()
    }

    /// Puts the first version into production.
    #[track_caller]
    pub fn release(&self, version: &str) -> &Self {
        self.ok(&format!("certify {version} --first-release --reason begin"));
        self.ok(&format!("promote {version} --to production"));
        self
    }

    /// Certifies a version against production and puts it there.
    #[track_caller]
    pub fn succeed(&self, version: &str) -> &Self {
        self.ok(&format!("certify {version}"));
        self.ok(&format!("promote {version} --to production"));
        self
    }

    /// A project whose production held v1, v2 and holds v3.
    #[track_caller]
    pub fn with_history() -> Self {
        let project = Self::rated();
        let first = project.version(0.60);
        project.release(&first);
        for skill in [0.65, 0.70] {
            let next = project.version(skill);
            project.succeed(&next);
        }
        project
    }
}
