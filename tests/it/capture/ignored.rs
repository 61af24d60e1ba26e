//! `.mlrunignore` has the rules of `.gitignore`: git is asked.

use std::fs;

use mlrun::capture::ignored::Ignored;

use crate::support::project::TestRepo;

#[test]
fn what_git_ignores() {
    let rules = [
        "*.tmp",
        "*.tmp\n!",
        "*.tmp\n/",
        "!\n*.tmp",
        "*.tmp\n!keep.tmp",
        "/out",
        "out/",
        "**/deep",
        "out/**",
        "!/\n*.tmp",
        "\\!bang",
        "# *.tmp",
        "a[b-d].bin",
        "*.tmp   ",
        "//",
        "!!",
    ];
    let files = ["x.tmp", "keep.tmp", "out/model.bin", "deep/w.bin", "a/deep/w.bin", "!bang", "ac.bin", "plain"];
    for rule in rules {
        let project = TestRepo::new();
        assert_eq!(project.git(&["init", "-q"]).status, Some(0));
        project.write(".gitignore", rule).write(".mlrunignore", rule);
        for file in files {
            project.write(file, "x");
        }
        let ours = Ignored::read(&project.path()).unwrap();
        for file in files {
            let by_git = project.git(&["check-ignore", "-q", "--no-index", file]).status == Some(0);
            let path = project.path().join(file);
            let above = path.ancestors().skip(1).take_while(|folder| **folder != project.path());
            let by_us = ours.covers(&path, false) || above.into_iter().any(|folder| ours.covers(folder, true));
            assert_eq!(by_us, by_git, "`{rule}` and `{file}`");
        }
        assert!(ours.covers(&project.path().join(".git"), true), "`{rule}`");
        fs::remove_dir_all(project.path()).unwrap();
    }
}
