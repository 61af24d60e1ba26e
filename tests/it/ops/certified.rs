//! What a certificate names besides its evidence: what was retired, the policy as it was written, the size of the files.

use mlrun::format::certificate::Verdict;
use mlrun::format::event::{ActorRecord, EventBody};
use mlrun::name::{ModelName, StageName, Version};
use mlrun::ops::promote::{PromoteOptions, promote};
use mlrun::ops::show::raw;
use mlrun::ops::verify::{VerifyOptions, verify};
use mlrun::progress::Silent;
use mlrun::registry::promote::Obstacle;
use mlrun::registry::{Decision, JournalError};

use super::gate::{Gate, result};

fn retire(gate: &Gate) {
    let (model, stage) = (ModelName::new("fraud").unwrap(), StageName::new("production").unwrap());
    let repository = gate.repo.open();
    let retire = |state: &mlrun::registry::State| {
        let held = state.occupant(&stage).unwrap();
        let (version, snapshot, reason) = (held.version, held.snapshot, "it was broken".to_owned());
        Ok(Decision::Append(EventBody::Retire { stage: stage.clone(), version, snapshot, reason }, ()))
    };
    repository.registry().commit::<(), JournalError>(&model, &ActorRecord::default(), retire).unwrap();
}

#[test]
fn a_first_release_names_what_was_retired() {
    let mut gate = Gate::new("", &[]);
    gate.version(&[]);
    // A stage that is held has nothing to name.
    assert_eq!(gate.certify().statement.predicate.baseline.retired, None);
    retire(&gate);
    let undeclared = gate.certify();
    assert_eq!(undeclared.verdict(), Verdict::Inconclusive);
    let report = gate.certify_first();
    assert_eq!((report.verdict(), &report.conflict), (Verdict::Pass, &None), "{:?}", report.statement);
    let retired = report.statement.predicate.baseline.retired.clone().unwrap();
    assert_eq!((retired.version, retired.reason.as_str()), (Version(1), "it was broken"));
    assert!(report.event.is_some() && report.takes_force);
    // The rules in force name nobody who may excuse that nothing is compared.
    let production = Some(StageName::new("production").unwrap());
    let options = PromoteOptions { revision: "v2".to_owned(), stage: production, ..PromoteOptions::default() };
    let refused = promote(&gate.repo.open(), &options, &Silent).unwrap();
    assert!(matches!(&refused.obstacles[..], [Obstacle::Uncompared { held: Some(Version(1)), .. }]), "{refused:?}");
    let forced = PromoteOptions { force: true, reason: Some("it was broken".to_owned()), ..options };
    let forced = promote(&gate.repo.open(), &forced, &Silent).unwrap();
    assert!(forced.event.is_some() && !forced.overruled.is_empty());
}

#[test]
fn the_policy_is_kept_as_it_was_written() {
    let mut gate = Gate::new("", &[]);
    gate.version(&[]).policy("# why it is as it is\n");
    let written = gate.repo.read("policy.toml");
    let report = gate.certify();
    let predicate = &report.statement.predicate;
    assert!(predicate.policy_file_kept);
    let file = predicate.policy_file_sha256;
    assert_eq!(raw(&gate.repo.open(), &file.to_string()).unwrap(), written);
    assert_ne!(file, predicate.policy_sha256);
    let whole = verify(&gate.repo.open(), &VerifyOptions::default(), &Silent).unwrap();
    assert!(whole.problems.is_empty(), "{:?}", whole.problems);
    // A look writes nothing, and says nothing of what is kept.
    gate.policy("# another word\n");
    let looked = gate.check().statement.predicate.policy_file_sha256;
    assert!(raw(&gate.repo.open(), &looked.to_string()).is_err());
}

#[test]
fn the_size_of_the_files_needs_no_run() {
    let mut gate = Gate::new("", &[("model/big.bin", "x".repeat(8000))]);
    gate.version(&[("model/big.bin", "x".repeat(18_000))]);
    let found = gate.rule("{ measured = \"size\" }", "max_ratio = 1.5");
    // 2,000 bytes of weights beside it.
    assert_eq!((found.verdict, found.candidate, found.baseline), (Verdict::Fail, Some(20_000.0), Some(10_000.0)));
    assert_eq!(gate.rule("{ measured = \"size\" }", "max_ratio = 2").verdict, Verdict::Pass);
    assert_eq!(gate.rule("{ measured = \"size\" }", "max = 19999").verdict, Verdict::Fail);
    assert_eq!(result(&gate.certify()).n, 1);
}
