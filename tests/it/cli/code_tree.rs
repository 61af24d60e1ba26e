//! The code of a version is the working tree as it was: committed or not, byte for byte, mode for mode, link for link.

use std::fs;

use super::code_scene::{CONFIG, texts, tree};
use super::harness::{Bad, Project, shown};

/// Bytes that no text has, and that are not the same twice.
fn noise(length: usize) -> Vec<u8> {
    let mut draw = super::scene::Draw::new(11);
    (0..length).map(|_| (draw.bits() >> 13) as u8).collect()
}

#[test]
fn every_kind_of_change_at_once() {
    let project = Project::empty();
    project.write("train.py", "a = 1\n").write("deep/er/x.py", "x\n").write("run.sh", "#!/bin/sh\n");
    project.executable("run.sh", true).write("was.sh", "#!/bin/sh\n").executable("was.sh", true);
    project
        .write("both.py", "1\n")
        .write("gone.py", "gone\n")
        .write("lost.py", "lost\n")
        .write("old name.py", "named\n");
    project.write("becomes a link", "file\n").write("becomes a folder", "file\n").write("dir/f.py", "f\n");
    project.write("kept.py", "not in the index any more\n").write("ünï cödé.py", "ü\n").write("quote\"d.py", "q\n");
    project.write("binary.bin", [0, 159, 146, 150, 0, 10, 13]).write("crlf.txt", "a\r\nb\r\n").write("empty", "");
    project.write(".gitignore", "ignored/\n*.log\n").link("link.py", "train.py").link("dangling", "nowhere/at all");
    project.link("to folder", "deep").write("moved/f.py", "f\n");
    project.committed();
    let project = project.with_model();
    // Staged, and changed again after that; only staged; only in the working tree.
    project.write("both.py", "2\n");
    project.git("add both.py");
    project.write("both.py", "3\n").write("staged.py", "new\n");
    project.git("add staged.py");
    project.git("rm --quiet gone.py");
    project.remove("lost.py").write("binary.bin", noise(3 << 20)).write("crlf.txt", "a\nb\r\n");
    project.git_in("", &["mv", "old name.py", "new name.py"]);
    project.git("rm --quiet --cached kept.py");
    project.executable("run.sh", false).executable("train.py", true);
    project.remove("becomes a link").link("becomes a link", "run.sh");
    project.remove("becomes a folder").write("becomes a folder/inside.py", "i\n");
    // A folder that became a link to another one with the same file.
    fs::rename(project.path("moved"), project.path("elsewhere")).unwrap();
    project.link("moved", "elsewhere");
    // Untracked: plain, executable, a link, large, in a folder, with awkward names, and what is ignored.
    project.write("new.py", "new\n").write("tool", "#!/bin/sh\n").executable("tool", true).link("new link", "new.py");
    project.write("huge.bin", noise(9 << 20)).write("more/and/more.py", "m\n").write("  blanks  ", "b\n");
    project.write("-rf", "dash\n").write(":(top)colon", "c\n").write("*", "star\n").write("new\nline.py", "n\n");
    project.write("back\\slash.py", "b\n").write("intended.py", "i\n").write("ignored/x", "x\n").write("a.log", "x\n");
    project.git("add --intent-to-add intended.py");
    let code = project.taken();
    assert_eq!((code["kind"].as_str(), code["dirty"].as_bool()), (Some("git"), Some(true)));
    // What cannot be named everywhere is said, and nothing else is missing.
    assert_eq!(texts(&code["left_out"], "path"), ["back\\slash.py", "new\nline.py"]);
    let left_out = ["back\\slash.py", "new\nline.py", "ignored", "a.log"];
    project.gives_back(&project.tree_without(&left_out));
    let untracked = texts(&code["untracked"], "");
    for path in
        ["new.py", "tool", "new link", "huge.bin", "more/and/more.py", "  blanks  ", "-rf", "*", "kept.py", "moved"]
    {
        assert!(untracked.contains(&path.to_owned()), "{path}: {untracked:?}");
    }
    assert!(!untracked.contains(&"staged.py".to_owned()) && !untracked.contains(&"intended.py".to_owned()));
    assert_eq!(project.json("snapshot fraud", 0)["unchanged"], true);
    project.ok("verify --full").says(&["whole"]);
}

/// The patch, which people read, is right too: applied to the commit it gives what is tracked.
#[test]
fn the_patch_leads_from_the_commit_to_the_tree() {
    let files = [("a.py", "1\n2\n3\n"), ("b c.py", "b\n"), ("gone.py", "g\n"), ("q\"t.py", "q\n"), ("x.sh", "x\n")];
    let project = Project::code(&files);
    project.write("data.bin", noise(5000));
    project.git("add --all");
    project.git("commit --quiet --message two");
    project.write("a.py", "1\nzwei\n3\n").write("b c.py", "b\nb\n").write("q\"t.py", "Q\n").executable("x.sh", true);
    project.write("data.bin", noise(6000)).remove("gone.py").write("added.py", "new\n");
    project.git("add added.py");
    // Whatever a person has configured, the patch is the same bytes.
    let plain = project.json("snapshot fraud --dry-run", 0)["code"]["patch_sha256"].clone();
    let settings = ["noprefix=true", "mnemonicPrefix=true", "context=9", "renames=copies", "algorithm=patience"];
    for setting in
        settings.into_iter().chain(["interHunkContext=5", "external=false", "submodule=log", "relative=true"])
    {
        let (key, value) = setting.split_once('=').unwrap();
        project.git(&format!("config diff.{key} {value}"));
    }
    project.git("config core.abbrev 20");
    assert_eq!(project.taken()["patch_sha256"], plain);
    let clone = project.beside("clone");
    project.git(&format!("clone --quiet . {}", clone.display()));
    fs::write(project.beside("code.patch"), project.patch("v1")).unwrap();
    let mut apply = project.other("git");
    shown(apply.current_dir(&clone).args(["apply", "--binary", "../code.patch"])).exits(0);
    assert_eq!(tree(&clone), project.tree_without(&[]));
}

/// A person who erases a file is told that the patch shows it too, whatever it is called.
#[test]
fn a_patch_that_shows_an_erased_file_is_named() {
    let project = Project::code(&[("q\"t.py", "q\n"), ("a b.py", "b\n"), ("plain.py", "p\n")]);
    for file in ["q\"t.py", "a b.py", "plain.py"] {
        project.write(file, format!("private {file}\n"));
    }
    project.ok("snapshot fraud");
    for file in ["q\"t.py", "a b.py", "plain.py"] {
        project
            .run(&["purge", "v1", "--path", file, "--reason", "x"])
            .exits(0)
            .says(&["stand in `code.patch` of fraud@v1"]);
    }
}

#[test]
fn submodules_with_work_of_their_own() {
    let project = Project::empty();
    for (name, text) in [("inner", "inner\n"), ("lib", "lib\n"), ("absent", "absent\n")] {
        project.write(&format!("../{name}/{name}.py"), text);
        let folder = format!("../{name}");
        project.git_in(&folder, &["init", "--quiet"]);
        if name == "lib" {
            project.git_in(&folder, &["submodule", "--quiet", "add", "../inner", "vendor/inner"]);
        }
        project.git_in(&folder, &["add", "--all"]);
        project.git_in(&folder, &["commit", "--quiet", "--message", name]);
    }
    project.write("train.py", "t\n").git("init --quiet");
    project.git_in("", &["submodule", "--quiet", "add", "../lib", "lib"]);
    project.git_in("", &["submodule", "--quiet", "add", "../absent", "absent"]);
    project.git_in("", &["submodule", "--quiet", "update", "--init", "--recursive"]);
    project.write("lib/.keep", "").git_in("lib", &["add", ".keep"]);
    project.git_in("lib", &["commit", "--quiet", "--message", "keep"]);
    // Whatever the repository says: a submodule is looked at.
    let modules = project.read(".gitmodules").replace("\turl", "\tignore = all\n\turl");
    project.write(".gitmodules", modules);
    project.git("add --all");
    project.git("commit --quiet --message begin");
    let project = project.with_model();
    project.git("add --all");
    project.git("commit --quiet --message model");
    project.git_in("", &["submodule", "--quiet", "deinit", "--force", "absent"]);
    let clean = project.taken();
    assert_eq!((clean["dirty"].as_bool(), clean["patch_sha256"].as_str()), (Some(false), None));
    let commit = project.git_in("", &["rev-parse", "HEAD:absent"]).stdout;
    assert_eq!(clean["left_out"][0]["path"], "absent");
    assert!(clean["left_out"][0]["reason"].as_str().unwrap().contains(commit.trim()), "{clean}");
    project.gives_back(&project.tree_without(&[]));
    // An untracked file, in a submodule of a submodule; then a change of what is tracked; then another commit.
    project.write("lib/vendor/inner/new.py", "new\n");
    let code = project.taken();
    assert_eq!(
        (code["dirty"].as_bool(), texts(&code["untracked"], "")),
        (Some(true), vec!["lib/vendor/inner/new.py".into()])
    );
    project.gives_back(&project.tree_without(&[]));
    project.write("lib/lib.py", "changed\n").remove("lib/vendor/inner/new.py");
    assert_eq!(project.taken()["dirty"], true);
    project.gives_back(&project.tree_without(&[]));
    let patch = project.patch("latest");
    assert!(patch.contains("+++ b/lib/lib.py\n@@ -1 +1 @@\n-lib\n+changed\n"), "{patch}");
    project.fails("snapshot fraud --require-clean", &Bad { exit: 1, message: &["1 file"], hint: &["lib/lib.py"] });
    project.git_in("lib", &["commit", "--quiet", "--all", "--message", "more"]);
    assert_eq!(project.json("snapshot fraud", 0)["unchanged"], true, "the same files");
    project.fails("snapshot fraud --require-clean", &Bad { exit: 1, message: &["1 file"], hint: &["lib"] });
    // A part of a submodule may be the scope.
    project.write("mlrun.toml", CONFIG.replace("[stage", "code = [\"lib/vendor/\", \"train.py\"]\n\n[stage"));
    project.write("lib/vendor/inner/inner.py", "mine\n");
    project.taken();
    let (all, wanted) =
        (project.tree_without(&[]), |name: &String| name.starts_with("lib/vendor/") || name == "train.py");
    project.gives_back(&all.into_iter().filter(|(name, _)| wanted(name)).collect());
}

/// Other repositories that lie in this one without being part of it.
#[test]
fn repositories_inside() {
    let project = Project::code(&[("train.py", "t\n")]);
    project.write("third party/lib.py", "lib\n").write("third party/.gitignore", "out\n").write("third party/out", "o");
    project.git_in("third party", &["init", "--quiet"]);
    project.git_in("third party", &["add", "--all"]);
    project.git_in("third party", &["commit", "--quiet", "--message", "theirs"]);
    project.write("third party/new.py", "n\n").write("fresh/f.py", "f\n").git_in("fresh", &["init", "--quiet"]);
    project.git("worktree add --quiet tree");
    let code = project.taken();
    assert_eq!(texts(&code["left_out"], "path"), ["tree"]);
    assert!(texts(&code["untracked"], "").contains(&"third party/lib.py".to_owned()), "{code}");
    project.gives_back(&project.tree_without(&["tree", "third party/out"]));
}

/// What the configuration of a repository inside names is not in this tree.
#[test]
fn a_repository_inside_that_names_files_elsewhere() {
    let project = Project::code(&[("train.py", "t\n")]);
    project.write("../beside.py", "not of this tree\n").write("nested/a.py", "a\n");
    project.git_in("nested", &["init", "--quiet"]);
    for elsewhere in ["../../..", "../..", "/nowhere"] {
        project.git_in("nested", &["config", "core.worktree", elsewhere]);
        let shown = project.json("snapshot fraud --dry-run", 0);
        let left_out = &shown["code"]["left_out"];
        assert_eq!(texts(left_out, "path"), ["nested"], "{elsewhere}: {shown}");
        assert!(texts(left_out, "reason")[0].contains("working tree"), "{shown}");
        assert!(!shown["code"].to_string().contains("beside.py"), "{elsewhere}: {shown}");
    }
    let code = project.taken();
    assert_eq!(texts(&code["left_out"], "path"), ["nested"]);
    project.gives_back(&project.tree_without(&["nested/a.py"]));
    // Named as its own folder, it is one like any other.
    project.git_in("nested", &["config", "core.worktree", ".."]);
    project.taken();
    project.gives_back(&project.tree_without(&[]));
}

/// Somebody else's repository inside stops nothing; what git says of it is kept, without where the project lies.
#[test]
fn repositories_inside_that_git_refuses() {
    let project = Project::code(&[("train.py", "t\n")]);
    project.write("../lib/lib.py", "lib\n").git_in("../lib", &["init", "--quiet"]);
    project.git_in("../lib", &["add", "--all"]);
    project.git_in("../lib", &["commit", "--quiet", "--message", "lib"]);
    project.git_in("", &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../lib", "lib"]);
    project.write("theirs/a.py", "a\n").git_in("theirs", &["init", "--quiet"]);
    let trusted = project.beside("trusted");
    fs::write(&trusted, format!("[safe]\n\tdirectory = {}\n", project.path("").canonicalize().unwrap().display()))
        .unwrap();
    let mut command = project.command(&["snapshot", "fraud", "--json"]);
    command.env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1").env("GIT_CONFIG_GLOBAL", &trusted);
    let code = shown(&mut command).exits(0).object()["code"].clone();
    assert_eq!(texts(&code["left_out"], "path"), ["lib", "theirs"], "{code}");
    for reason in texts(&code["left_out"], "reason") {
        assert!(reason.contains("dubious ownership"), "{reason}");
        assert!(!reason.contains(project.path("").to_str().unwrap()), "{reason}");
    }
    project.gives_back(&project.tree_without(&["lib/lib.py", "theirs/a.py"]));
}

#[test]
fn worktrees_detached_heads_and_shallow_clones() {
    let origin = Project::code(&[("train.py", "1\n"), ("lib/a.py", "a\n")]);
    origin.write("train.py", "2\n").git("commit --quiet --all --message two");
    // A worktree, on a branch of its own, with work of its own.
    let there = origin.beside("there");
    origin.git(&format!("worktree add --quiet -b side {}", there.display()));
    fs::copy(origin.path("mlrun.toml"), there.join("mlrun.toml")).unwrap();
    fs::write(there.join("train.py"), "side\n").unwrap();
    fs::write(there.join("new.py"), "new\n").unwrap();
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        shown(origin.command(&words).current_dir(&there)).exits(0)
    };
    run("snapshot fraud");
    let version = origin.json("show latest", 0);
    assert_eq!(
        (version["code"]["dirty"].as_bool(), version["observation"]["branch"].as_str()),
        (Some(true), Some("side"))
    );
    assert!(texts(&version["code"]["untracked"], "").contains(&"new.py".to_owned()));
    origin.gives_back(&tree(&there));
    // A detached head has a commit and no branch.
    origin.git("checkout --quiet --detach HEAD~1");
    let commit = origin.git("rev-parse HEAD").stdout;
    assert_eq!(origin.taken()["commit"], commit.trim());
    assert!(origin.json("show latest", 0)["observation"]["branch"].is_null());
    origin.gives_back(&origin.tree_without(&[]));
    // A clone without a history.
    let clone = Project::empty();
    let url = format!("file://{}", origin.path("").display());
    clone.git_in("..", &["clone", "--quiet", "--depth", "1", "--branch", "side", &url, "project"]);
    let clone = clone.with_model();
    clone.write("train.py", "here\n");
    clone.ok("snapshot fraud").says(&["not captured: code.history: the clone is shallow"]);
    let version = clone.json("show latest", 0);
    assert_eq!(version["not_captured"][0]["part"], "code.history");
    assert_eq!(version["observation"]["remote"].as_str(), Some(url.as_str()));
    assert_eq!(version["observation"]["commit_on_remote"], true);
    clone.gives_back(&clone.tree_without(&[]));
    let bad = Bad { exit: 1, message: &["code.history", "shallow"], hint: &["--strict"] };
    clone.write("train.py", "again\n").fails("snapshot fraud --strict", &bad);
}

#[test]
fn a_conflict_a_sparse_checkout_and_what_git_was_told_not_to_see() {
    let project = Project::code(&[("train.py", "1\n"), ("a/a.py", "a\n"), ("b/b.py", "b\n"), ("b/c.py", "c\n")]);
    project.git("add --all");
    project.git("commit --quiet --message all");
    project.git("checkout --quiet -b other");
    project.write("train.py", "2\n").remove("a/a.py").git("commit --quiet --all --message two");
    project.git("checkout --quiet -");
    project.write("train.py", "3\n").write("a/a.py", "A\n").git("commit --quiet --all --message three");
    assert_eq!(shown(project.other("git").args(["merge", "--quiet", "other"])).code, Some(1), "a conflict");
    let code = project.taken();
    assert_eq!(code["dirty"], true);
    project.gives_back(&project.tree_without(&[]));
    assert!(project.read("train.py").contains("<<<<<<<") && project.patch("latest").contains("train.py"));
    project.git("merge --abort");
    // A file that git does not look at is looked at all the same.
    for option in ["--assume-unchanged", "--skip-worktree"] {
        project.git(&format!("update-index {option} b/b.py"));
        assert_eq!(project.json("snapshot fraud --dry-run", 0)["code"]["dirty"], false, "{option}");
        project.write("b/b.py", format!("hidden by {option}\n"));
        assert_eq!(project.taken()["dirty"], true, "{option}");
        project.gives_back(&project.tree_without(&[]));
        project.git(&format!("update-index {} b/b.py", option.replace("--", "--no-")));
        project.git("checkout --quiet b/b.py");
    }
    project.git("sparse-checkout set --no-cone /a/ /train.py /mlrun.toml");
    assert!(!project.path("b").exists());
    let taken =
        project.ok("snapshot fraud").says(&["code.sparse: the checkout is sparse: 2 tracked files are not here"]);
    let code = project.json("show latest", 0)["code"].clone();
    assert_eq!((code["dirty"].as_bool(), code["files"].as_u64()), (Some(false), Some(3)), "{taken}");
    project.gives_back(&project.tree_without(&[]));
}

/// The bytes of the working tree count, not what git would make of them.
#[test]
fn line_ends_are_kept_as_they_are() {
    let project = Project::empty();
    project.write(".gitattributes", "*.dos text eol=crlf\n*.unix text eol=lf\n*.id ident\n").write("a.unix", "a\nb\n");
    project.write("a.dos", "a\r\nb\r\n").write("plain.txt", "a\nb\n").write("a.id", "$Id$\n").git("init --quiet");
    project.git("config core.autocrlf true");
    project.git("add --all");
    project.git("commit --quiet --message begin");
    project.remove("a.dos").remove("a.unix").remove("plain.txt").remove("a.id");
    project.git("checkout --quiet .");
    assert_eq!((project.read("plain.txt"), project.read("a.dos")), ("a\r\nb\r\n".into(), "a\r\nb\r\n".into()));
    assert!(project.read("a.id").starts_with("$Id: "));
    let project = project.with_model();
    project.git("add mlrun.toml");
    project.git("commit --quiet --message model");
    assert_eq!(project.taken()["dirty"], false);
    project.gives_back(&project.tree_without(&[]));
}

#[test]
fn no_commit_a_bare_repository_and_no_git() {
    let files = |project: &Project| {
        project.write("train.py", "t\n").write("lib/a.py", "a\n").write("run.sh", "r\n").executable("run.sh", true);
        project.link("link", "lib/a.py");
    };
    let fresh = Project::empty();
    files(&fresh);
    fresh.git("init --quiet");
    fresh.git("add train.py");
    let fresh = fresh.with_model();
    let code = fresh.taken();
    assert_eq!((code["commit"].as_str(), code["dirty"].as_bool()), (None, Some(true)));
    fresh.gives_back(&fresh.tree_without(&[]));
    assert!(fresh.patch("v1").contains("+++ b/train.py\n@@ -0,0 +1 @@\n+t\n"));
    fresh.ok("show v1").says(&["no commit yet, with uncommitted work"]);
    // Without git the folder's files are the code; a name that cannot be kept is left out there too.
    let plain = Project::empty();
    files(&plain);
    plain.write("new\nline", "n");
    let plain = plain.with_model();
    let code = plain.taken();
    assert_eq!(
        (code["kind"].as_str(), texts(&code["left_out"], "path")),
        (Some("folder"), vec!["new\nline".to_owned()])
    );
    plain.gives_back(&plain.tree_without(&["new\nline"]));
    plain.ok("show v1").says(&["no git"]);
    // git's own files are no code.
    let bare = Project::empty();
    bare.git("init --quiet --bare");
    let bare = bare.with_model();
    let code = bare.taken();
    assert_eq!((code["kind"].as_str(), code["files"].as_u64()), (Some("none"), Some(0)));
    bare.ok("snapshot fraud --new-version").says(&["bare git repository"]);
    // A folder that the repository above ignores is not its business.
    let above = Project::empty();
    above.write(".gitignore", "scratch/\n").write("other.py", "o\n").committed();
    above.write("scratch/train.py", "t\n").write("scratch/mlrun.toml", CONFIG.replace("../model", "model"));
    above.write("scratch/model/w", "w");
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        shown(above.command(&words).current_dir(above.path("scratch"))).exits(0)
    };
    run("init");
    run("snapshot fraud").says(&["ignores the project's folder"]);
    let code = run("show latest --json").object()["code"].clone();
    assert_eq!((code["kind"].as_str(), code["files"].as_u64()), (Some("folder"), Some(2)), "{code}");
}

/// What is to be restored elsewhere leads nowhere else.
#[test]
fn links_that_lead_out_are_said() {
    let project = Project::code(&[("train.py", "t\n")]);
    project.link("out", "/etc/hostname").link("up", "../beside").link("fine", "train.py");
    project.taken();
    let shown = project.ok("restore latest --only code --to ../back").says(&["out", "up", "leads out of the folder"]);
    let back = tree(&project.beside("back"));
    assert!(back.contains_key("fine") && !back.contains_key("out") && !back.contains_key("up"), "{shown}");
    project.gives_back(&project.tree_without(&["out", "up"]));
}
