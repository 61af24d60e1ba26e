//! The profiles of training data, recorded with a version: made once, found again, erased with what they tell of.

use std::fs;

use mlrun::format::canonical;
use mlrun::format::profile::{self, ProfileRecord};
use mlrun::format::redacted::RedactedRecord;
use mlrun::ops::VerbError;
use mlrun::ops::bundle::check::verify_bundle;
use mlrun::ops::bundle::{BundleOptions, bundle};
use mlrun::ops::diff::{DiffOptions, diff};
use mlrun::ops::init::{InitOptions, init};
use mlrun::ops::purge::{PurgeOptions, PurgeReport, Target, purge};
use mlrun::ops::show::{ShowOptions, ShowReport, raw, show};
use mlrun::ops::snapshot::inputs::GivenInputs;
use mlrun::ops::snapshot::{SnapshotOptions, SnapshotReport, snapshot};
use mlrun::ops::verify::{VerifyOptions, verify};
use mlrun::progress::Silent;

use crate::support::project::TestRepo;

const TABLE: &str = "n,city\n1,oslo\n2,oslo\n3,lisbon\n4,lisbon\n5,oslo\n";

fn begun(table: &str) -> TestRepo {
    let repo = TestRepo::new();
    init(&repo.options(), &InitOptions::default()).unwrap();
    repo.write("model/weights.bin", "weights").write("data.csv", table);
    repo
}

fn take(repo: &TestRepo, more: impl FnOnce(&mut SnapshotOptions)) -> Result<SnapshotReport, VerbError> {
    let name = |name: &str, path: &str| (name.parse().unwrap(), path.to_owned());
    let path = if repo.path().join("data.csv").exists() { "data.csv" } else { "data.jsonl" };
    let given = GivenInputs {
        folder: repo.path(),
        files: vec!["model/".to_owned()],
        data: vec![name("train", path)],
        ..GivenInputs::default()
    };
    let mut options = SnapshotOptions { model: Some("fraud".parse().unwrap()), given, ..SnapshotOptions::default() };
    more(&mut options);
    snapshot(&repo.open(), &options, &Silent)
}

fn shown(repo: &TestRepo, revision: &str) -> ShowReport {
    show(&repo.open(), &ShowOptions { revision: revision.to_owned(), at: None }).unwrap()
}

fn profile_of(report: &ShowReport) -> &ProfileRecord {
    &report.profiles[&"train".parse().unwrap()]
}

fn erase(repo: &TestRepo, revision: &str, target: Target) -> PurgeReport {
    let (revision, reason) = (revision.to_owned(), "request 4711".to_owned());
    purge(&repo.open(), &PurgeOptions { revision, at: None, target, reason, dry_run: false }, &Silent).unwrap()
}

fn sound(repo: &TestRepo) -> bool {
    let options = VerifyOptions { full: true, ..VerifyOptions::default() };
    verify(&repo.open(), &options, &Silent).unwrap().problems.is_empty()
}

#[test]
fn a_version_names_the_profile_of_its_data() {
    let repo = begun(TABLE);
    let report = take(&repo, |_| {}).unwrap();
    let named = &report.profiles[&"train".parse().unwrap()];
    assert_eq!((named.sha256, named.failed.clone()), (report.record.data[0].sha256.unwrap(), None));
    let show = shown(&repo, "v1");
    let found = profile_of(&show);
    assert_eq!((found.rows, found.logical, found.sha256), (5, named.logical, named.sha256));
    let city = &found.columns[1];
    let listed: Vec<_> = city.categories.iter().map(|c| (c.value.as_str(), c.count)).collect();
    assert_eq!((city.kind.as_str(), city.nulls, listed), ("text", 0, vec![("oslo", 3), ("lisbon", 2)]));
    assert_eq!(found.columns[0].mean, Some(3.0));
    // A record as any other: canonical, named by its bytes, and reached by a check.
    let stored = raw(&repo.open(), &named.id.unwrap().to_string()).unwrap();
    assert_eq!(&canonical::decode::<ProfileRecord>(profile::FORMAT, &stored).unwrap(), found);
    assert!(sound(&repo));
    // It is no part of what the version is.
    assert!(!String::from_utf8(raw(&repo.open(), &report.id.to_string()).unwrap()).unwrap().contains("oslo"));
}

#[test]
fn unchanged_data_is_not_profiled_again() {
    let repo = begun(TABLE);
    let first = take(&repo, |_| {}).unwrap();
    let again = take(&repo, |_| {}).unwrap();
    assert!(again.unchanged && again.profiles == first.profiles);
    // Another version of the same data: were it profiled again, a record made by hand would not be what it names.
    repo.write("model/weights.bin", "others");
    assert_eq!(take(&repo, |_| {}).unwrap().profiles, first.profiles);
    // The same rows, written otherwise.
    fs::remove_file(repo.path().join("data.csv")).unwrap();
    let lines = "{\"city\":\"oslo\",\"n\":5}\n{\"n\":4,\"city\":\"lisbon\"}\n{\"n\":3,\"city\":\"lisbon\"}\n{\"n\":2,\"city\":\"oslo\"}\n{\"n\":1,\"city\":\"oslo\"}\n";
    repo.write("data.jsonl", lines);
    let third = take(&repo, |_| {}).unwrap();
    let train = "train".parse().unwrap();
    assert_ne!(third.profiles[&train].sha256, first.profiles[&train].sha256);
    assert_eq!(third.profiles[&train].logical, first.profiles[&train].logical);
    let options = DiffOptions { a: Some("v2".into()), b: Some("v3".into()), ..DiffOptions::default() };
    let diff = diff(&repo.open(), &options, &Silent).unwrap().diff;
    assert!(diff.data.len() == 1 && diff.data[0].same_rows());
}

#[test]
fn a_table_that_cannot_be_read_blocks_nothing_but_strictly() {
    let repo = begun("n,city\n1,oslo\n2\n");
    let strict = |options: &mut SnapshotOptions| options.given.strict = true;
    assert!(take(&repo, strict).is_err());
    let report = take(&repo, |_| {}).unwrap();
    assert_eq!(report.record.not_captured.iter().filter(|part| part.part == "data.train.schema").count(), 1);
    let failed = report.profiles[&"train".parse().unwrap()].failed.clone().unwrap();
    assert!(failed.contains("row 2 has 1 cells, the header has 2"), "{failed}");
    assert!(shown(&repo, "v1").profiles.is_empty());
}

#[test]
fn secrets_among_categories_are_not_stored() {
    let secret = format!("ghp_{}", "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX");
    let table = format!(
        "source,password\n{secret},x7Kq9ZpL2mVb4TnR\n{secret},x7Kq9ZpL2mVb4TnR\nplain,x7Kq9ZpL2mVb4TnR\nplain,none\n"
    );
    let repo = begun(&table);
    let report =
        take(&repo, |options| options.given.data_store = Some(mlrun::format::config::DataStore::Hash)).unwrap();
    let id = report.profiles[&"train".parse().unwrap()].id.unwrap();
    let stored = String::from_utf8(raw(&repo.open(), &id.to_string()).unwrap()).unwrap();
    assert!(!stored.contains("ghp_") && !stored.contains("x7Kq9") && stored.contains("<redacted:"), "{stored}");
    let show = shown(&repo, "v1");
    assert!(profile_of(&show).redactions.iter().map(|r| r.count).sum::<u64>() >= 2);
}

#[test]
fn secrets_among_names_of_columns_and_in_reasons_are_not_stored() {
    let secret = format!("ghp_{}", "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX");
    let hash = |options: &mut SnapshotOptions| options.given.data_store = Some(mlrun::format::config::DataStore::Hash);
    let repo = begun(&format!("{secret},a=b\n1,x\n2,x\n3,y\n4,y\n"));
    let report = take(&repo, hash).unwrap();
    let stored = raw(&repo.open(), &report.profiles[&"train".parse().unwrap()].id.unwrap().to_string()).unwrap();
    let stored = String::from_utf8(stored).unwrap();
    assert!(!stored.contains("ghp_") && stored.contains("<redacted:"), "{stored}");
    let show = shown(&repo, "v1");
    let found = profile_of(&show);
    let redactions: Vec<_> = found.redactions.iter().map(|r| (r.field.as_str(), r.count)).collect();
    assert_eq!(redactions, [("data.train.profile", 1)]);
    // A name may hold what stands between a name and its value.
    let listed: Vec<_> = found.columns[1].categories.iter().map(|c| c.value.as_str()).collect();
    assert_eq!((found.columns[1].name.as_str(), listed), ("a=b", vec!["x", "y"]));
    // Why there is no profile quotes the table.
    repo.write("data.csv", format!("{secret},{secret}\n1,2\n"));
    let report = take(&repo, hash).unwrap();
    let failed = report.profiles[&"train".parse().unwrap()].failed.clone().unwrap();
    assert!(!failed.contains("ghp_") && failed.contains("<redacted:"), "{failed}");
    let observation = shown(&repo, "v2").observation;
    assert!(observation.redactions.iter().any(|r| r.field == "data.train.profile"), "{:?}", observation.redactions);
}

#[test]
fn a_profile_goes_with_the_bytes_it_tells_of() {
    let repo = begun(TABLE);
    let id = take(&repo, |_| {}).unwrap().profiles[&"train".parse().unwrap()].id.unwrap();
    repo.write("model/weights.bin", "others");
    take(&repo, |_| {}).unwrap();
    let report = erase(&repo, "v1", Target::File { path: "data.csv".to_owned(), folder: repo.path() });
    assert_eq!(report.profiles, ["fraud@v1 data.train.profile", "fraud@v2 data.train.profile"]);
    let gone = raw(&repo.open(), &id.to_string()).unwrap_err();
    assert!(matches!(gone, VerbError::ErasedRecord { .. }), "{gone}");
    for revision in ["v1", "v2"] {
        let show = shown(&repo, revision);
        assert!(show.profiles.is_empty() && show.observation.profiles[&"train".parse().unwrap()].logical.is_none());
        assert!(show.erased.iter().any(|part| part.row.field() == Some("data.train.profile")));
    }
    assert!(sound(&repo));
    // The same data again is refused; asked for, it has a profile again.
    repo.write("model/weights.bin", "third");
    assert!(take(&repo, |_| {}).is_err());
    let again = take(&repo, |options| options.allow_erased = true).unwrap();
    assert_eq!(again.profiles[&"train".parse().unwrap()].id, Some(id));
    assert!(!shown(&repo, "v3").profiles.is_empty());
    assert!(sound(&repo));
}

#[test]
fn a_profile_can_be_erased_by_itself_and_is_not_made_again() {
    let repo = begun(TABLE);
    let kept_by_digest =
        |options: &mut SnapshotOptions| options.given.data_store = Some(mlrun::format::config::DataStore::Hash);
    let id = take(&repo, kept_by_digest).unwrap().profiles[&"train".parse().unwrap()].id.unwrap();
    let field = || Target::Field("data.train.profile".to_owned());
    erase(&repo, "v1", field());
    assert!(erase(&repo, "v1", field()).unchanged && sound(&repo));
    assert!(raw(&repo.open(), &id.to_string()).is_err());
    repo.write("model/weights.bin", "others");
    let second = take(&repo, kept_by_digest).unwrap();
    let named = &second.profiles[&"train".parse().unwrap()];
    assert!(named.id.is_none() && named.failed.as_ref().unwrap().contains("request 4711"), "{named:?}");
    // What is left says of which data it was, and nothing of what was in it.
    let show = shown(&repo, "v1");
    let row = &show.erased[0].row;
    let left = raw(&repo.open(), &row.copy_of(id.digest()).unwrap().to_string()).unwrap();
    let left = RedactedRecord::<ProfileRecord>::decode(&left, id.digest()).unwrap().record;
    assert_eq!((left.columns.len(), left.rows, left.logical, left.sha256), (0, 0, None, named.sha256));
}

#[test]
fn a_bundle_holds_the_profiles() {
    let repo = begun(TABLE);
    take(&repo, |_| {}).unwrap();
    let made = |name: &str| {
        let output = repo.path().join(name);
        let options = BundleOptions { revision: "v1".to_owned(), output: output.clone(), ..BundleOptions::default() };
        bundle(&repo.open(), &options, &Silent).unwrap();
        verify_bundle(&output).unwrap().entries
    };
    let whole = made("whole.tar.gz");
    erase(&repo, "v1", Target::Field("data.train.profile".to_owned()));
    // One entry less; more are the tombstone and what is left of the profile, which it names.
    assert_eq!(made("less.tar.gz"), whole + 1);
}
