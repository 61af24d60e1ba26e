//! What code is made of, file by file: pointers of git LFS, patches, and the record's form.

use std::fs;

use mlrun::capture::files::SourceFile;
use mlrun::capture::lfs::{among, among_many, pointer};
use mlrun::capture::patch::sections;
use mlrun::digest::Digest;
use mlrun::format::canonical;
use mlrun::format::snapshot::{CodeRecord, LfsRecord};

use crate::support::project::TestRepo;
use crate::support::sha256sum;

/// As the specification of git LFS gives it.
const POINTER: &str = "version https://git-lfs.github.com/spec/v1\n\
                       oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";

#[test]
fn a_pointer_of_git_lfs() {
    let digest: Digest = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393".parse().unwrap();
    assert_eq!(pointer(POINTER.as_bytes()), Some((digest, 12345)));
    let extended = POINTER.replace("oid ", &format!("ext-0-foo sha256:{digest}\next-1-bar sha256:{digest}\noid "));
    assert_eq!(pointer(extended.as_bytes()), Some((digest, 12345)));
    assert!(pointer(POINTER.replace("git-lfs.github.com", "hawser.github.com").as_bytes()).is_some());
    let none = [
        String::new(),
        "version ".to_owned(),
        POINTER.trim_end().to_owned(),
        POINTER.replace("spec/v1", "spec/v2"),
        POINTER.replace("sha256:4d", "sha256:4"),
        POINTER.replace("sha256", "md5"),
        POINTER.replace("size 12345", "size -1"),
        POINTER.replace("size 12345", "size +1"),
        POINTER.replace("size 12345", "size "),
        POINTER.replace("size 12345", "size 99999999999999999999999"),
        POINTER.replace('\n', "\r\n"),
        POINTER.to_owned() + "more\n",
        format!("\n{POINTER}"),
        POINTER.replace("oid ", &format!("ext-0-{} x\noid ", "x".repeat(1000))),
        POINTER.lines().rev().map(|line| format!("{line}\n")).collect(),
    ];
    for text in none {
        assert_eq!(pointer(text.as_bytes()), None, "{text}");
    }
    assert_eq!(pointer(&[0xff; 130]), None);
}

/// What is too short for a pointer is not opened to see whether it is one.
#[test]
fn pointers_are_looked_for_by_size() {
    let temp = tempfile::tempdir().unwrap();
    let describe = |name: &str, text: &str| {
        fs::write(temp.path().join(name), text).unwrap();
        SourceFile::describe(name.to_owned(), temp.path().join(name)).unwrap()
    };
    let shortest = POINTER.replace("12345", "0").replace("git-lfs", "hawser");
    assert_eq!(shortest.len(), 125);
    let files = [describe("empty.py", ""), describe("short.py", &"#".repeat(124)), describe("old.bin", &shortest)];
    fs::remove_file(temp.path().join("short.py")).unwrap();
    let paths = |found: Vec<LfsRecord>| found.into_iter().map(|pointer| pointer.path).collect::<Vec<_>>();
    assert_eq!(paths(among(&files).unwrap()), ["old.bin"]);
    assert_eq!(paths(among_many(files.iter()).unwrap()), ["old.bin"]);
}

/// git itself writes the patches; names are as awkward as it lets them be.
#[test]
fn a_patch_file_by_file() {
    let project = TestRepo::new();
    let git = |arguments: &[&str]| assert_eq!(project.git(arguments).status, Some(0), "{arguments:?}");
    git(&["init", "-q"]);
    git(&["config", "core.quotePath", "false"]);
    let names = [
        "plain.py",
        "a b/c d.py",
        "x b/x b/y",
        "ü/é.py",
        "quote\".py",
        "tab\t.py",
        "new\nline",
        "back\\slash",
        "b/b/b",
    ];
    for name in names {
        project.write(name, "diff --git a/no b/no\nold\n");
    }
    git(&["add", "--all"]);
    git(&["commit", "-qm", "begin"]);
    for name in names {
        project.write(name, "diff --git a/no b/no\nnew\n");
    }
    fs::remove_file(project.path().join("plain.py")).unwrap();
    project.write("added", [0, 1, 2, 0xff]);
    git(&["add", "--all"]);
    let said = project.git(&["diff", "--binary", "--no-renames", "HEAD"]);
    let patch = said.stdout.as_bytes();
    let found = sections(patch);
    let mut about: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    about.sort_unstable();
    let mut expected: Vec<&str> = names.into_iter().chain(["added"]).collect();
    expected.sort_unstable();
    assert_eq!(about, expected);
    let whole: Vec<u8> = found.iter().flat_map(|(_, section)| section.iter().copied()).collect();
    assert_eq!(whole, patch, "nothing is lost between them");
    // Where git quotes every byte beyond ASCII.
    git(&["config", "core.quotePath", "true"]);
    let said = project.git(&["diff", "HEAD", "--", "ü"]);
    assert!(said.stdout.contains("\\303"), "{said}");
    assert_eq!(sections(said.stdout.as_bytes())[0].0, "ü/é.py");
    for odd in [
        b"".as_slice(),
        b"diff --git ",
        b"diff --git \"",
        b"diff --git a/\n",
        b"x\ndiff --git a/x b/x",
        b"diff --git \"a/\\",
    ] {
        assert!(sections(odd).len() <= 1);
    }
}

/// Written once, read for ever: these bytes are nobody's but Python's (`json.dumps(…, sort_keys=True, separators=(",", ":"))`).
#[test]
fn the_record_of_code_with_notebooks_and_pointers() {
    let of = |text: &str| Digest::of(text.as_bytes());
    let bytes = format!(
        "{{\"commit\":null,\"dirty\":true,\"kind\":\"git\",\"left_out\":[],\"lfs\":[{{\"path\":\"w.bin\",\"sha256\":\"{}\",\
         \"size\":5000000000}}],\"notebooks\":[{{\"out_of_order\":true,\"path\":\"a.ipynb\",\"sha256\":\"{}\"}},{{\"path\":\
         \"b.ipynb\",\"sha256\":\"{}\"}}],\"patch\":null,\"prefix\":\"\",\"scope\":[],\"tree\":null,\"untracked\":[]}}",
        of("w"),
        of("a"),
        of("b")
    );
    let record: CodeRecord = serde_json::from_str(&bytes).unwrap();
    assert_eq!(canonical::encode("code", &record).unwrap(), bytes.as_bytes());
    assert_eq!((record.lfs[0].size, record.lfs[0].sha256), (5_000_000_000, of("w")));
    assert_eq!((record.notebooks[0].out_of_order, record.notebooks[1].out_of_order), (true, false));
    assert_eq!(sha256sum(b"w"), record.lfs[0].sha256.to_string());
    // One made before is what it was.
    let empty = CodeRecord { notebooks: Vec::new(), lfs: Vec::new(), ..record };
    let text = String::from_utf8(canonical::encode("code", &empty).unwrap()).unwrap();
    assert!(!text.contains("notebooks") && !text.contains("lfs"), "{text}");
}
