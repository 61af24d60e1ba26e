//! Beside another process: what a verb acts on is what there is once it holds the store, and what it reports as recorded is
//! recorded for good.

use std::sync::Arc;

use mlrun::ops::VerbError;
use mlrun::ops::rollback::{RollbackOptions, RollbackReport, rollback};
use mlrun::ops::snapshot::{SnapshotOptions, SnapshotReport, snapshot};
use mlrun::progress::Silent;
use mlrun::registry::rollback::RollbackRefusal;
use mlrun::repository::Repository;
use mlrun::store::Backend;
use mlrun::store::memory::Memory;

use super::scene::{HISTORY, Scene, Verb};
use crate::support::faulty::{EIO, Faulty};
use crate::support::journal::{model, stage};

/// Another process, in a project of its own, on the same store.
struct Other(Scene, Arc<dyn Backend>);

impl Other {
    fn does(self, verbs: &'static [Verb]) -> impl FnOnce() + Send + 'static {
        move || {
            for verb in verbs {
                assert!(verb(&self.0, &self.0.open(&self.1)).unwrap());
            }
        }
    }
}

struct Bench {
    scene: Scene,
    memory: Arc<dyn Backend>,
    faulty: Arc<Faulty>,
}

impl Bench {
    fn after(history: &[Verb]) -> Self {
        let memory = Arc::new(Memory::default()) as Arc<dyn Backend>;
        Scene::create(&memory);
        let scene = Scene::new();
        for verb in history {
            assert!(verb(&scene, &scene.open(&memory)).unwrap());
        }
        let faulty = Arc::new(Faulty::over(Arc::clone(&memory)));
        Self { scene, memory, faulty }
    }

    /// The project as a verb opens it that is about to be disturbed.
    fn open(&self) -> Repository {
        self.scene.open(&(Arc::clone(&self.faulty) as Arc<dyn Backend>))
    }

    fn other(&self) -> Other {
        Other(Scene::new(), Arc::clone(&self.memory))
    }

    fn state(&self) -> mlrun::registry::State {
        self.scene.open(&self.memory).registry().state(&model()).unwrap().unwrap()
    }

    fn snapshot(&self, repository: &Repository) -> SnapshotReport {
        let given = mlrun::ops::snapshot::inputs::GivenInputs { folder: self.scene.repo.path(), ..Default::default() };
        snapshot(repository, &SnapshotOptions { given, ..SnapshotOptions::default() }, &Silent).unwrap()
    }
}

fn back(from: Option<&str>, to: Option<&str>, dry_run: bool) -> RollbackOptions {
    let [from, to] = [from, to].map(|text| text.map(str::to_owned));
    let (model, stage, reason) = (None, None, "slow".to_owned());
    RollbackOptions {
        model,
        stage,
        reason,
        from,
        to,
        block: false,
        unblock: false,
        full: false,
        no_hooks: false,
        dry_run,
    }
}

#[test]
fn what_was_dropped_meanwhile_is_not_certified() {
    let bench = Bench::after(&HISTORY[..7]);
    bench.faulty.meddle("lock", bench.other().does(&[|s, r| s.drop(r, "v3")]));
    let events = bench.state().seq();
    let error = bench.scene.certify(&bench.open(), "v3").unwrap_err();
    assert!(matches!(&error, VerbError::Dropped { label, .. } if label == "fraud@v3"), "{error:?}");
    assert_eq!(bench.state().seq(), events + 1, "the drop and nothing else");
}

#[test]
fn the_baseline_is_what_holds_the_stage_once_the_store_is_held() {
    let bench = Bench::after(&HISTORY[..8]);
    bench.faulty.meddle("lock", bench.other().does(&[|s, r| s.promote(r, "v3")]));
    // Against what held it before, the answer would be a conflict, and no certificate.
    assert!(bench.scene.certify(&bench.open(), "v2").unwrap());
    assert_eq!(bench.state().occupant(&stage("production")).unwrap().version.0, 3);
}

#[test]
fn back_from_what_is_there_and_to_what_was_before_it() {
    let bench = Bench::after(&HISTORY[..8]);
    let options = back(Some("v3"), Some("production~1"), false);
    bench.faulty.meddle("lock", bench.other().does(&[|s, r| s.promote(r, "v3")]));
    let report: RollbackReport = rollback(&bench.open(), &options, &Silent).unwrap();
    assert_eq!((report.refusal, report.version.unwrap().0), (None, 2));
    assert_eq!(bench.state().occupant(&stage("production")).unwrap().version.0, 2);
}

/// Who says only "back" means back from what was there when it was said.
#[test]
fn nobody_goes_back_from_what_they_have_not_seen() {
    let bench = Bench::after(&HISTORY[..8]);
    bench.faulty.meddle("lock", bench.other().does(&[|s, r| s.promote(r, "v3")]));
    let report = rollback(&bench.open(), &back(None, None, false), &Silent).unwrap();
    assert!(matches!(report.refusal, Some(RollbackRefusal::Guarded { current, .. }) if current.0 == 3), "{report:?}");
    assert_eq!(bench.state().occupant(&stage("production")).unwrap().version.0, 3);
}

#[test]
fn a_dry_run_tells_of_what_there_is() {
    let bench = Bench::after(&HISTORY[..8]);
    bench.faulty.meddle("lock", bench.other().does(&[|s, r| s.promote(r, "v3")]));
    let report = rollback(&bench.open(), &back(None, None, true), &Silent).unwrap();
    assert_eq!((report.previous.unwrap().0, report.version.unwrap().0), (3, 2));
}

/// The newest version was recorded while the files were looked for: what is the one before it is no longer the newest.
#[test]
fn a_snapshot_is_compared_with_the_newest_version() {
    let bench = Bench::after(&[|s, r| s.train(1).snapshot(r)]);
    bench.faulty.meddle("lock", bench.other().does(&[|s, r| s.train(2).snapshot(r)]));
    let report = bench.snapshot(&bench.open());
    assert!(!report.unchanged, "v1 again is not v2");
    assert_eq!((report.version.0, report.parent.unwrap().0), (3, 2));
    assert_eq!(report.same_as.iter().map(|v| v.0).collect::<Vec<_>>(), [1]);
    let state = bench.state();
    assert_eq!(state.versions[2].parent, Some(state.versions[1].snapshot));
}

/// The same, while the bytes were written: another version, or the very same.
#[test]
fn a_snapshot_is_compared_with_the_version_it_follows() {
    for (there, version) in [(2, 3), (3, 2)] {
        let bench = Bench::after(&[|s, r| s.train(1).snapshot(r)]);
        bench.scene.train(3);
        let deed: &'static [Verb] =
            if there == 2 { &[|s, r| s.train(2).snapshot(r)] } else { &[|s, r| s.train(3).snapshot(r)] };
        bench.faulty.meddle("publish_new journal/fraud/", bench.other().does(deed));
        let report = bench.snapshot(&bench.open());
        let state = bench.state();
        assert_eq!((report.version.0, state.versions.len()), (version, version as usize));
        assert_eq!((report.unchanged, report.event.is_none()), (there == 3, there == 3));
        if there == 2 {
            assert_eq!(report.parent.unwrap().0, 2);
            assert_eq!(state.versions[2].parent, Some(state.versions[1].snapshot));
            assert!(report.changed.contains(&"model"));
        } else {
            assert_eq!(report.id, state.versions[1].snapshot);
        }
    }
}

/// Its event can be seen although nothing says that it will be there after a power failure: whoever answers that it is there
/// sees to that, and where it cannot be done, it is not there.
#[test]
fn what_was_done_already_is_made_durable() {
    let left: [Verb; 4] =
        [|s, r| s.train(3).snapshot(r), |s, r| s.block(r, "v3"), |s, r| s.train(4).snapshot(r), |s, r| s.drop(r, "v4")];
    let history = [&HISTORY[..6], &left[..]].concat();
    let verbs: [(&str, Verb); 5] = [
        ("promote", |s, r| s.promote(r, "v2")),
        ("block", |s, r| s.block(r, "v3")),
        ("unblock", |s, r| s.unblock(r, "v1")),
        ("drop", |s, r| s.drop(r, "v4")),
        ("certify", |s, r| s.certify(r, "v2")),
    ];
    for (name, verb) in verbs {
        let bench = Bench::after(&history);
        // The first time a certificate is made against what holds the stage now.
        assert!(verb(&bench.scene, &bench.scene.open(&bench.memory)).unwrap());
        let before = bench.state().seq();
        bench.faulty.set(crate::support::faulty::Fault::Never);
        assert!(verb(&bench.scene, &bench.open()).unwrap(), "{name}");
        assert_eq!(bench.state().seq(), before, "{name}: nothing happened twice");
        let log = bench.faulty.log();
        let settled = log.iter().position(|line| line == "settle journal/fraud");
        let settled = settled.unwrap_or_else(|| panic!("{name}: {log:?}"));

        let faulty = Arc::new(Faulty::with_error(Arc::clone(&bench.memory), EIO));
        faulty.fail_at(settled as u64 + 1);
        let failed = verb(&bench.scene, &bench.scene.open(&(Arc::clone(&faulty) as Arc<dyn Backend>)));
        assert!(failed.is_err(), "{name}: {:?}", faulty.log());
    }
}
