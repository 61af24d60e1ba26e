//! The example is real: the quickstart tells its story with the committed runs.

use std::path::Path;

use super::harness::{PROGRAM, Project, shown};

#[test]
fn the_quickstart_ends_with_every_byte_back() {
    let project = Project::empty();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart.sh");
    let told = shown(project.other("bash").arg(script).args(["--bin", PROGRAM])).exits(0);
    let mut rest = told.stdout.as_str();
    for line in [
        "$ mlrun init",
        "$ mlrun snapshot digits",
        "digits@v1",
        "$ mlrun certify digits@v1 --first-release",
        "PASS",
        "$ mlrun promote digits@v1 --to production",
        "PROMOTED",
        "$ mlrun diff",
        "digits@v2",
        "PASS",
        "PROMOTED",
        "digits@v3",
        "slant=right",
        "FAIL",
        "REFUSED",
        "# refused: exit 1",
        "$ mlrun rollback digits",
        "ROLLED_BACK",
        "$ mlrun at",
        "digits@v2",
        "$ mlrun restore",
        "$ mlrun verify",
        "whole",
        "sha256sum -c",
        "params.yaml: OK",
        "model/model.joblib: OK",
        "out/predictions.csv: OK",
    ] {
        let at = rest.find(line).unwrap_or_else(|| panic!("`{line}` does not follow\n{told}"));
        rest = &rest[at + line.len()..];
    }
    assert!(!told.stdout.contains("FAILED"), "{told}");
    // Nothing is left in the folder it was started in.
    assert_eq!(std::fs::read_dir(project.path("")).unwrap().count(), 0);
}
