//! Hooks whose process was killed: nobody wrote down how they ended.

use std::time::Duration;

use mlrun::format::event::{ActorRecord, EventBody, HookOutcome};
use mlrun::ops::VerbError;
use mlrun::ops::hooks::Deployed;
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::promote::{PromoteOptions, promote};
use mlrun::ops::snapshot::{SnapshotOptions, snapshot};
use mlrun::progress::Silent;
use mlrun::registry::Decision;

use crate::support::project::TestRepo;

fn scene(hooks: &str) -> TestRepo {
    let repo = TestRepo::new();
    repo.write("model/w", "0");
    init(&repo.options(), &InitOptions::default()).unwrap();
    let config = String::from_utf8(repo.read("mlrun.toml")).unwrap();
    let stage = format!("[stage.production]\ncertificate = \"none\"\n{hooks}");
    repo.write("mlrun.toml", config.replace("[stage.production]", &stage));
    snapshot(&repo.open(), &SnapshotOptions::default(), &Silent).unwrap();
    repo
}

/// Moves the stage as a process does that is killed at once.
fn moved(repo: &TestRepo, hooks: &[&str]) {
    let repository = repo.open();
    let model = repository.registry().models().unwrap().remove(0);
    let append = |state: &mlrun::registry::State| {
        let row = state.versions[0];
        Ok(Decision::Append(
            EventBody::Promote {
                stage: mlrun::name::StageName::new("production").unwrap(),
                version: row.version,
                snapshot: row.snapshot,
                replaces: None,
                certificate: None,
                adopts: None,
                approvals: Vec::new(),
                no_hooks: false,
                after: hooks.iter().map(|&hook| hook.to_owned()).collect(),
                reason: None,
            },
            (),
        ))
    };
    repository.registry().commit::<(), VerbError>(&model, &ActorRecord::default(), append).unwrap();
}

fn again(repo: &TestRepo) -> Deployed {
    let options = PromoteOptions { revision: "v1".to_owned(), ..PromoteOptions::default() };
    let report = promote(&repo.open(), &options, &Silent).unwrap();
    assert!(report.unchanged);
    report.deployed
}

#[test]
fn one_that_may_still_run_is_left_alone_until_its_time_is_up() {
    let repo = scene("after = [\"touch first\", \"touch second\"]\nhook_timeout = \"5m\"");
    moved(&repo, &["touch first", "touch second"]);
    let left = again(&repo);
    assert!(left.hooks.is_empty() && !left.is_settled(), "{left:?}");
    assert!(left.open[0].may_run_until.is_some() && left.open[1].may_run_until.is_none(), "{left:?}");
    repo.clock.advance(Duration::from_secs(5 * 60));
    assert!(again(&repo).hooks.is_empty(), "its end has to be written down, too");
    repo.clock.advance(Duration::from_secs(11));
    let ran: Vec<HookOutcome> = again(&repo).hooks.iter().map(|hook| hook.outcome).collect();
    assert_eq!(ran, [HookOutcome::Succeeded; 2]);
    assert!(repo.path().join("first").exists() && repo.path().join("second").exists());
    assert!(again(&repo).is_settled() && again(&repo).hooks.is_empty());
}

/// What was added since belongs behind the next move.
#[test]
fn a_hook_that_came_later_does_not_run_for_what_was_moved_before() {
    let repo = scene("after = [\"touch later\"]");
    moved(&repo, &[]);
    assert!(again(&repo).is_settled());
    assert!(!repo.path().join("later").exists());
}
