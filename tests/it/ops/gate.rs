//! A model with training data, predictions and a policy: versions are made of a few files and certified by the verbs.

use mlrun::format::certificate::{ResultRecord, Verdict};
use mlrun::ops::VerbError;
use mlrun::ops::certify::{CertifyOptions, CertifyReport, certify};
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::promote::{PromoteOptions, promote};
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::progress::Silent;

use crate::support::noise::text;
use crate::support::project::TestRepo;

/// A project whose first version is in production.
pub struct Gate {
    pub repo: TestRepo,
    versions: u32,
}

/// Passes always: the first version has something to be released by.
const FLOOR: &str =
    "[[rule]]\nid = \"auc\"\nmetric = { reported = \"auc\", better = \"higher\" }\nmin = 0.5\non = \"point\"\n";

impl Gate {
    /// With these lines of configuration below `[model.fraud]`, and these files.
    pub fn new(config: &str, files: &[(&str, String)]) -> Self {
        let repo = TestRepo::new();
        init(&repo.options(), &InitOptions::default()).unwrap();
        let begun = String::from_utf8(repo.read("mlrun.toml")).unwrap();
        let repository = begun.lines().find(|line| line.starts_with("repository")).unwrap();
        let model = "[model.fraud]\nfiles = [\"model/\"]\nmetrics = [\"metrics.json\"]\npolicy = \"policy.toml\"\n";
        let code = "code = [\"train.py\"]\n";
        repo.write("mlrun.toml", format!("schema = 1\n{repository}\n[stage.production]\n{model}{code}{config}"))
            .write("train.py", "print(1)\n");
        let mut gate = Self { repo, versions: 0 };
        gate.policy("").version(files);
        let first = CertifyOptions { first_release: Some("the first".to_owned()), ..gate.options("v1") };
        let report = certify(&gate.repo.open(), &first, &Silent).unwrap();
        assert_eq!(report.verdict(), Verdict::Pass, "{:?}", report.statement);
        gate.promote("v1");
        gate
    }

    fn given(&self) -> GivenInputs {
        GivenInputs { folder: self.repo.path(), ..GivenInputs::default() }
    }

    fn options(&self, revision: &str) -> CertifyOptions {
        CertifyOptions { revision: Some(revision.to_owned()), given: self.given(), ..CertifyOptions::default() }
    }

    /// Rules beside the floor.
    pub fn policy(&mut self, rules: &str) -> &mut Self {
        self.repo.write("policy.toml", format!("schema = 1\ntask = \"binary\"\n{FLOOR}{rules}"));
        self
    }

    /// A new version with these files changed.
    pub fn version(&mut self, files: &[(&str, String)]) -> &mut Self {
        self.versions += 1;
        self.repo.write("model/weights.txt", text(u64::from(self.versions), 2000));
        self.repo.write("metrics.json", format!("{{\"auc\": 0.8{}}}", self.versions));
        for (path, content) in files {
            self.repo.write(path, content);
        }
        let options = SnapshotOptions { given: self.given(), ..SnapshotOptions::default() };
        let report = snapshot(&self.repo.open(), &options, &Silent).unwrap();
        assert!(!report.unchanged);
        self
    }

    pub fn promote(&self, revision: &str) {
        let options = PromoteOptions { revision: revision.to_owned(), ..PromoteOptions::default() };
        assert!(promote(&self.repo.open(), &options, &Silent).unwrap().is_promoted());
    }

    pub fn try_certify(&self) -> Result<CertifyReport, VerbError> {
        let revision = format!("v{}", self.versions);
        let options = CertifyOptions { policy: Some(self.repo.path().join("policy.toml")), ..self.options(&revision) };
        certify(&self.repo.open(), &options, &Silent)
    }

    /// The newest version, as the first of an empty stage.
    pub fn certify_first(&self) -> CertifyReport {
        let reason = Some("once more".to_owned());
        let options = CertifyOptions { first_release: reason, ..self.options(&format!("v{}", self.versions)) };
        certify(&self.repo.open(), &options, &Silent).unwrap()
    }

    /// The newest version, certified by the policy as it is.
    pub fn certify(&self) -> CertifyReport {
        self.try_certify().unwrap()
    }

    /// The files as they are, certified and not recorded.
    pub fn check(&self) -> CertifyReport {
        let options = CertifyOptions {
            check: true,
            policy: Some(self.repo.path().join("policy.toml")),
            given: self.given(),
            ..CertifyOptions::default()
        };
        certify(&self.repo.open(), &options, &Silent).unwrap()
    }

    /// What becomes of one rule that measures `metric`, with more lines.
    pub fn rule(&mut self, metric: &str, more: &str) -> ResultRecord {
        self.policy(&format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{more}\n"));
        result(&self.certify())
    }

    /// The error of such a rule.
    pub fn refused(&mut self, metric: &str, more: &str) -> String {
        self.policy(&format!("[[rule]]\nid = \"r\"\nmetric = {metric}\n{more}\n"));
        let error = self.try_certify().unwrap_err();
        let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        causes.fold(error.to_string(), |said, cause| format!("{said}: {cause}"))
    }
}

/// The result of the rule `r`.
pub fn result(report: &CertifyReport) -> ResultRecord {
    report.statement.predicate.results.iter().find(|result| result.rule == "r").unwrap().clone()
}

/// Verdict and reason.
pub fn said(result: &ResultRecord) -> String {
    format!("{}: {}", result.verdict.name(), result.reason.as_deref().unwrap_or("-"))
}
