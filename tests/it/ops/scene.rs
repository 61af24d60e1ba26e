//! A small model with a history, its store in any backend. Its files take every way into a store: planes of floats,
//! differences to the version before, a constant, chunks of text, files that are one object.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlrun::clock::Clock;
use mlrun::ops::VerbError;
use mlrun::ops::block::{BlockOptions, block, unblock};
use mlrun::ops::certify::{CertifyOptions, certify};
use mlrun::ops::drop::{DropOptions, drop_version};
use mlrun::ops::gc::{GcOptions, gc};
use mlrun::ops::promote::{PromoteOptions, promote};
use mlrun::ops::resolve;
use mlrun::ops::restore::{self, Part, RestoreOptions};
use mlrun::ops::rollback::{RollbackOptions, rollback};
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::ops::verify::{VerifyOptions, VerifyReport, verify};
use mlrun::progress::Silent;
use mlrun::repository::{OpenOptions, Repository, RepositoryError};
use mlrun::store::{Backend, CopyError, Store};

use crate::store::tensors;
use crate::support::REPOSITORY;
use crate::support::noise::text;
use crate::support::project::TestRepo;

const CONFIG: &str = r#"schema = 1

[model.fraud]
files = ["model/"]
params = ["params.yaml"]
metrics = ["metrics.json"]
code = ["train.py"]
policy = "policy.toml"

[stage.production]
"#;

const POLICY: &str = r#"schema = 1
task = "binary"

[[rule]]
id = "auc"
metric = { reported = "auc", better = "higher" }
max_drop = 0.0

[[rule]]
id = "auc-floor"
metric = { reported = "auc", better = "higher" }
min = 0.5
on = "point"
"#;

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A verb with everything it needs to be told. Whether it reports that it was done.
pub type Verb = fn(&Scene, &Repository) -> Result<bool, VerbError>;

/// Three versions: the first two were in production, the third is certified and dropped.
pub const HISTORY: &[Verb] = &[
    |s, r| s.train(1).snapshot(r),
    |s, r| s.certify(r, "v1"),
    |s, r| s.promote(r, "v1"),
    |s, r| s.train(2).snapshot(r),
    |s, r| s.certify(r, "v2"),
    |s, r| s.promote(r, "v2"),
    |s, r| s.train(3).snapshot(r),
    |s, r| s.certify(r, "v3"),
    |s, r| s.drop(r, "v3"),
];

/// A project; the store is somewhere else.
pub struct Scene {
    pub repo: TestRepo,
}

impl Scene {
    pub fn new() -> Self {
        let repo = TestRepo::new();
        repo.write("mlrun.toml", CONFIG).write("policy.toml", POLICY);
        Self { repo }
    }

    /// Everything that a version consists of.
    pub fn files(version: u32) -> Files {
        let mut weights = tensors::weights(7, 132_000);
        (1..version).for_each(|step| weights = tensors::trained(&weights, step.into()));
        let layers = [("frozen", tensors::weights(8, 9_000)), ("unused", vec![0; 132_000]), ("w", weights)];
        let vocabulary = text(u64::from(version / 3), 270_000);
        let files = [
            ("model/weights.safetensors", tensors::model(&layers)),
            ("model/vocabulary.txt", vocabulary),
            ("model/config.json", format!("{{\"step\": {version}}}\n").into_bytes()),
            ("metrics.json", format!("{{\"auc\": 0.8{version}}}\n").into_bytes()),
            ("params.yaml", format!("lr: 0.{version}\nseed: 7\n").into_bytes()),
            ("train.py", b"print('train')\n".to_vec()),
        ];
        files.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect()
    }

    /// Puts the files of a version into the workspace.
    pub fn train(&self, version: u32) -> &Self {
        for (path, bytes) in Self::files(version) {
            self.repo.write(&path, bytes);
        }
        self
    }

    /// An empty store.
    pub fn create(backend: &Arc<dyn Backend>) {
        Store::create(Arc::clone(backend), REPOSITORY).unwrap();
    }

    /// The project with its store in `backend`.
    pub fn open(&self, backend: &Arc<dyn Backend>) -> Repository {
        self.try_open(backend).unwrap()
    }

    pub fn try_open(&self, backend: &Arc<dyn Backend>) -> Result<Repository, RepositoryError> {
        let clock = Arc::clone(&self.repo.clock) as Arc<dyn Clock>;
        let options = OpenOptions { start: self.repo.path(), store: Some(self.repo.beside("store")), clock };
        Repository::open_in(&options, |_| Arc::clone(backend))
    }

    fn given(&self) -> GivenInputs {
        GivenInputs { folder: self.repo.path(), ..GivenInputs::default() }
    }

    pub fn snapshot(&self, repository: &Repository) -> Result<bool, VerbError> {
        let options = SnapshotOptions { given: self.given(), ..SnapshotOptions::default() };
        snapshot(repository, &options, &Silent).map(|report| !report.dry_run)
    }

    pub fn certify(&self, repository: &Repository, version: &str) -> Result<bool, VerbError> {
        let first_release = (version == "v1").then(|| "the first one".to_owned());
        let revision = Some(version.to_owned());
        let options = CertifyOptions { revision, first_release, given: self.given(), ..CertifyOptions::default() };
        certify(repository, &options, &Silent).map(|report| report.conflict.is_none())
    }

    pub fn promote(&self, repository: &Repository, version: &str) -> Result<bool, VerbError> {
        let options = PromoteOptions { revision: version.to_owned(), ..PromoteOptions::default() };
        promote(repository, &options, &Silent).map(|report| report.is_promoted())
    }

    /// From v2, wherever that leads.
    pub fn rollback(&self, repository: &Repository) -> Result<bool, VerbError> {
        let options = RollbackOptions {
            model: None,
            stage: None,
            reason: "slow".to_owned(),
            from: Some("v2".to_owned()),
            to: None,
            block: true,
            unblock: false,
            full: false,
            no_hooks: false,
            dry_run: false,
        };
        rollback(repository, &options, &Silent).map(|report| report.refusal.is_none())
    }

    pub fn drop(&self, repository: &Repository, version: &str) -> Result<bool, VerbError> {
        let reason = "diverged".to_owned();
        let options = DropOptions { revision: version.to_owned(), reason, ..DropOptions::default() };
        drop_version(repository, &options).map(|report| report.held.is_none())
    }

    pub fn block(&self, repository: &Repository, version: &str) -> Result<bool, VerbError> {
        let options =
            BlockOptions { revision: version.to_owned(), reason: Some("slow".to_owned()), ..BlockOptions::default() };
        block(repository, &options).map(|_| true)
    }

    pub fn unblock(&self, repository: &Repository, version: &str) -> Result<bool, VerbError> {
        let options = BlockOptions { revision: version.to_owned(), ..BlockOptions::default() };
        unblock(repository, &options).map(|_| true)
    }

    pub fn gc(&self, repository: &Repository, now: bool) -> Result<bool, VerbError> {
        gc(repository, &GcOptions { dry_run: false, now }, &Silent).map(|report| report.collected.is_some())
    }

    /// Every byte of everything, or of the journals alone.
    pub fn verify(&self, repository: &Repository, journal: bool) -> Result<VerifyReport, VerbError> {
        verify(repository, &VerifyOptions { full: true, journal, ..VerifyOptions::default() }, &Silent)
    }

    /// What a version's files are in the store: each is put together and hashed on the way, but not written.
    pub fn read(&self, repository: &Repository, version: &str) -> Result<Files, VerbError> {
        let found = resolve::revision(repository, version, None)?;
        resolve::kept(repository, &found)?;
        let record = mlrun::snapshot::load(repository.store(), found.snapshot())?;
        let mut files = Files::new();
        for file in restore::files_of(repository.store(), &record, &Part::ALL)?.0 {
            let mut bytes = Vec::new();
            match file.id.map(|id| repository.store().copy_file(id, &mut bytes, &Silent)).transpose() {
                Err(CopyError::Store(error)) => return Err(error.into()),
                Err(CopyError::Write(error)) => panic!("{error}"),
                Ok(_) => drop(files.insert(file.path, bytes)),
            }
        }
        Ok(files)
    }

    /// The same by the verb, on a disk.
    pub fn restore(&self, repository: &Repository, version: &str) -> Result<Files, VerbError> {
        let to = tempfile::tempdir().unwrap();
        let options =
            RestoreOptions { revision: version.to_owned(), to: to.path().join("to"), ..RestoreOptions::default() };
        match restore::restore(repository, &options, &Silent) {
            Ok(_) => Ok(crate::support::project::contents(&options.to)),
            Err(error) => {
                assert!(!options.to.exists(), "all of it or none: {error}");
                Err(error)
            }
        }
    }
}
