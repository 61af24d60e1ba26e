//! The environment as people and scripts see it: lock files that say otherwise, the image, what was not looked at.

use serde_json::json;

use super::harness::Project;

fn package(project: &Project, name: &str, version: &str) {
    let info = format!(".venv/lib/python3.11/site-packages/{name}-{version}.dist-info");
    project.write(&format!("{info}/METADATA"), format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"));
}

#[test]
fn lock_files_that_say_otherwise() {
    let project = Project::tiny();
    project.write(".venv/pyvenv.cfg", "home = /nowhere\nversion = 3.11.7\n");
    package(&project, "numpy", "2.1.0");
    package(&project, "click", "8.1.7");
    project.write(
        "requirements.txt",
        "NumPy==2.2.0\nclick==8.1.7\nabsent==1.0 ; sys_platform == 'nowhere'\ntqdm==4.66.5\n",
    );
    let words = "2 packages are not as `requirements.txt` wants: numpy 2.1.0, wanted 2.2.0, tqdm 4.66.5 is missing";
    project.ok("snapshot fraud --dry-run").says(&[words]);
    let taken = project.json("snapshot fraud", 0);
    let drift = json!([
        {"lock": "requirements.txt", "package": "numpy", "wanted": "2.2.0", "installed": "2.1.0"},
        {"lock": "requirements.txt", "package": "tqdm", "wanted": "4.66.5", "installed": null},
    ]);
    let checks = json!([{"lock": "requirements.txt", "agree": 1, "differ": 1, "missing": 1, "extra": 0}]);
    assert_eq!((&taken["drift"], &taken["lock_checks"]), (&drift, &checks));
    let shown = project.json("show latest", 0);
    assert_eq!((&shown["drift"], &shown["observation"]["lock_checks"]), (&drift, &checks));
    project.ok("show latest").says(&[words, "chosen", "the project has a `.venv`"]);
    // It is no part of the identity: nothing changed, so there is no new version.
    package(&project, "tqdm", "4.66.5");
    assert_eq!(project.json("snapshot fraud", 0)["unchanged"], true);
    project.write("requirements.txt", "numpy==2.1.0\n").edit("params.yaml", "0.1", "0.2");
    assert_eq!(project.json("snapshot fraud", 0)["drift"], json!([]));
    project.ok("show latest").says(&["1 package as `requirements.txt` wants"]);
}

#[test]
fn the_image_that_was_told() {
    let project = Project::tiny();
    let digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    let image = format!("registry.example.org/team/train@sha256:{digest}");
    let taken = project.json(&format!("snapshot fraud --image {image}"), 0);
    assert_eq!(taken["environment"]["image"], image.as_str());
    project.ok("show latest").says(&[&image]);
    let config = project.read("mlrun.toml");
    project.write("mlrun.toml", format!("{config}\n[environment]\nimage = \"team/train:latest\"\n"));
    project.ok("snapshot fraud --new-version").says(&["`team/train:latest` can be moved"]);
    assert_eq!(project.json("show latest", 0)["environment"]["image"], "team/train:latest");
    assert!(project.json("diff v1 v2", 0)["environment"].to_string().contains("team/train:latest"));
    let strict = project.mlrun("snapshot fraud --new-version --strict").exits(1);
    assert!(strict.stderr.contains("environment"), "{strict}");
    project.run(&["snapshot", "fraud", "--image", "two words"]).exits(2);
    project.run(&["purge", "v2", "--field", "environment.image", "--reason", "confidential"]).exits(0);
    assert!(project.json("show v2", 0)["environment"].get("image").is_none());
}

#[test]
fn what_was_not_looked_at_is_said() {
    let project = Project::tiny();
    project.ok("snapshot fraud --verbose").says(&["weights, tables, training data and binary files are not looked at"]);
    assert!(!project.ok("snapshot fraud --new-version").stderr.contains("binary files"));
}
