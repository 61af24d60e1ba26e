//! Several models with a journal each, in a project on a disk, in the year 2099: the program's own clock is behind the newest event,
//! so that what it shows does not depend on the day of the test.

use std::time::Duration;

use mlrun::clock::Time;
use mlrun::digest::Digest;
use mlrun::format::certificate::Verdict;
use mlrun::format::event::{ActorRecord, EventBody, RulesRecord};
use mlrun::id::CertificateId;
use mlrun::name::{ModelName, Version};
use mlrun::ops::VerbError;
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::ops::status::waiting::Waiting;
use mlrun::ops::status::{StatusOptions, StatusReport, status};
use mlrun::progress::Silent;
use mlrun::registry::{Decision, State};

use super::clock::time;
use super::journal::{certified_rules, open_rules, policy, stage};
use super::project::TestRepo;

/// A project with models.
pub struct Board {
    pub repo: TestRepo,
}

pub fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

fn named(model: &str) -> ModelName {
    ModelName::new(model).unwrap()
}

impl Board {
    /// With these stages in mlrun.toml, and models that have no version yet.
    pub fn new(stages: &str, models: &[&str]) -> Self {
        let repo = TestRepo::new();
        repo.clock.set(time("2099-01-01T12:00:00Z"));
        init(&repo.options(), &InitOptions::default()).unwrap();
        let begun = String::from_utf8(repo.read("mlrun.toml")).unwrap();
        let repository = begun.lines().find(|line| line.starts_with("repository")).unwrap();
        let mut config = format!("schema = 1\n{repository}\n{stages}\n");
        for model in models {
            config += &format!("[model.\"{model}\"]\nfiles = [\"{model}/\"]\n");
            repo.write(&format!("{model}/w"), format!("{model} 0"));
        }
        repo.write("mlrun.toml", config);
        Self { repo }
    }

    fn given(&self) -> GivenInputs {
        GivenInputs { folder: self.repo.path(), ..GivenInputs::default() }
    }

    pub fn wait(&self, duration: Duration) -> &Self {
        self.repo.clock.advance(duration);
        self
    }

    /// The next version of a model.
    pub fn version(&self, model: &str) -> &Self {
        let next = self.state(model).map_or(1, |state| state.versions.len() + 1);
        self.repo.write(&format!("{model}/w"), format!("{model} {next}"));
        let options = SnapshotOptions { model: Some(named(model)), given: self.given(), ..SnapshotOptions::default() };
        assert!(!snapshot(&self.repo.open(), &options, &Silent).unwrap().unchanged);
        self
    }

    pub fn state(&self, model: &str) -> Option<State> {
        self.repo.open().registry().state(&named(model)).unwrap()
    }

    pub fn now(&self) -> Time {
        use mlrun::clock::Clock;
        self.repo.clock.now()
    }

    /// The next event of a model, whatever any rule says.
    pub fn append(&self, model: &str, body: impl Fn(&State) -> EventBody) -> &Self {
        let append = |state: &State| Ok(Decision::Append(body(state), ()));
        let actor = ActorRecord { name: Some("Ana".to_owned()), ..ActorRecord::default() };
        self.repo.open().registry().commit::<(), VerbError>(&named(model), &actor, append).unwrap();
        self
    }

    /// A certificate by policy `a` against what production holds; for so many days.
    pub fn certify(&self, model: &str, version: u32, verdict: Verdict, valid: u64) -> &Self {
        self.append(model, |state| {
            let baseline = state.occupant(&stage("production"));
            EventBody::Certify {
                snapshot: state.version(Version(version)).unwrap().snapshot,
                certificate: CertificateId::new(Digest::of(format!("{model} {}", state.seq()).as_bytes())),
                verdict,
                stage: stage("production"),
                baseline: baseline.map(|o| o.snapshot),
                baseline_event: baseline.map(|o| o.event),
                policy: policy("a"),
                expires: self.now().after(days(valid)),
                proposed: false,
                first_release: baseline.is_none().then(|| "the first".to_owned()),
                sets: Vec::new(),
                waivers: Vec::new(),
            }
        })
    }

    /// Moves a stage by these rules, with hooks behind it.
    pub fn promote_by(&self, model: &str, version: u32, to: &str, rules: &RulesRecord, after: &[&str]) -> &Self {
        self.append(model, |state| {
            let snapshot = state.version(Version(version)).unwrap().snapshot;
            let has_rules = state.stages.get(&stage(to)).is_some_and(|row| row.rules.is_some());
            EventBody::Promote {
                stage: stage(to),
                version: Version(version),
                snapshot,
                replaces: state.occupant(&stage(to)).map(|o| o.snapshot),
                certificate: state.certificates.get(&snapshot).map(|row| row.certificate),
                adopts: (!has_rules).then(|| rules.clone()),
                approvals: Vec::new(),
                no_hooks: false,
                after: after.iter().map(|&hook| hook.to_owned()).collect(),
                reason: None,
            }
        })
    }

    /// Moves a stage that asks for a certificate.
    pub fn promote(&self, model: &str, version: u32, to: &str) -> &Self {
        self.promote_by(model, version, to, &certified_rules("a"), &[])
    }

    /// Moves a stage that asks for nothing.
    pub fn release(&self, model: &str, version: u32, to: &str) -> &Self {
        self.promote_by(model, version, to, &open_rules(), &[])
    }

    /// A version that is certified for 30 days and in production.
    pub fn live(&self, model: &str) -> &Self {
        self.version(model);
        let version = self.state(model).unwrap().versions.len() as u32;
        self.certify(model, version, Verdict::Pass, 30).promote(model, version, "production")
    }

    /// A place that serves production was found to hold a version.
    pub fn seen(&self, model: &str, place: &str, version: Option<u32>) -> &Self {
        self.append(model, |state| EventBody::Observed {
            stage: stage("production"),
            place: place.to_owned(),
            version: version.map(Version),
            expected: state.occupant(&stage("production")).unwrap().version,
            differences: 1,
        })
    }

    pub fn status(&self) -> StatusReport {
        let options = StatusOptions { given: self.given(), ..StatusOptions::default() };
        status(&self.repo.open(), &options, &Silent).unwrap()
    }

    pub fn waiting(&self) -> Vec<Waiting> {
        self.status().waiting
    }

    /// Urgency, task, version and stage of what waits.
    pub fn waits(&self) -> Vec<String> {
        let line = |one: &Waiting| {
            format!("{} {} {}@{} {}", one.urgency.name(), one.task.name(), one.model, one.version, one.stage)
        };
        self.waiting().iter().map(line).collect()
    }
}
