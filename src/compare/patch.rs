//! Two versions of a file → the patch between them, in git's form: `git apply` makes the one out of the other, byte for byte.
//!
//! Every file is a text here, so that a patch needs no names of git's objects: git takes any bytes between two ends of lines.

use std::fmt::Write as _;

use super::hunk::hunks;

/// How git writes down what a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A file.
    File,
    /// A file that may be executed.
    Executable,
    /// A symbolic link; its bytes are its target.
    Link,
}

impl Mode {
    const fn digits(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Executable => "100755",
            Self::Link => "120000",
        }
    }
}

/// One version of a file.
#[derive(Debug, Clone, Copy)]
pub struct PatchFile<'f> {
    /// Its path, `/`-separated.
    pub path: &'f str,
    /// What it is.
    pub mode: Mode,
    /// Its bytes.
    pub bytes: &'f [u8],
}

/// Adds the patch of one file to `patch`: of one that is new, gone, or another; nothing where both are the same.
pub fn write_patch(patch: &mut Vec<u8>, a: Option<PatchFile<'_>>, b: Option<PatchFile<'_>>) {
    match (a, b) {
        // Of another kind: git takes the one away and makes the other.
        (Some(a), Some(b)) if (a.mode == Mode::Link) != (b.mode == Mode::Link) => {
            write_patch(patch, Some(a), None);
            write_patch(patch, None, Some(b));
        }
        (Some(a), Some(b)) => changed(patch, a, b),
        (None, Some(b)) => {
            let head = format!(
                "diff --git {} {}\nnew file mode {}\n",
                name("a/", b.path),
                name("b/", b.path),
                b.mode.digits()
            );
            patch.extend(head.as_bytes());
            body(patch, "/dev/null", &line_name("b/", b.path), &[], b.bytes);
        }
        (Some(a), None) => {
            let head = format!(
                "diff --git {} {}\ndeleted file mode {}\n",
                name("a/", a.path),
                name("b/", a.path),
                a.mode.digits()
            );
            patch.extend(head.as_bytes());
            body(patch, &line_name("a/", a.path), "/dev/null", a.bytes, &[]);
        }
        (None, None) => {}
    }
}

fn changed(patch: &mut Vec<u8>, a: PatchFile<'_>, b: PatchFile<'_>) {
    if a.path == b.path && a.mode == b.mode && a.bytes == b.bytes {
        return;
    }
    let mut head = format!("diff --git {} {}\n", name("a/", a.path), name("b/", b.path));
    if a.mode != b.mode {
        head += &format!("old mode {}\nnew mode {}\n", a.mode.digits(), b.mode.digits());
    }
    if a.path != b.path {
        if a.bytes == b.bytes {
            head += "similarity index 100%\n";
        }
        head += &format!("rename from {}\nrename to {}\n", name("", a.path), name("", b.path));
    }
    patch.extend(head.as_bytes());
    body(patch, &line_name("a/", a.path), &line_name("b/", b.path), a.bytes, b.bytes);
}

/// The hunks behind the names they are of; nothing where there are none.
fn body(patch: &mut Vec<u8>, from: &str, to: &str, a: &[u8], b: &[u8]) {
    if a == b {
        return;
    }
    patch.extend(format!("--- {from}\n+++ {to}\n").as_bytes());
    for hunk in hunks(a, b) {
        patch.extend(hunk.head().as_bytes());
        patch.push(b'\n');
        for (sign, line) in &hunk.lines {
            patch.push(sign.mark() as u8);
            patch.extend(*line);
            if !line.ends_with(b"\n") {
                patch.extend(b"\n\\ No newline at end of file\n");
            }
        }
    }
}

/// A name on a line of its own: where it holds a blank, a tab says that it ends.
fn line_name(side: &str, path: &str) -> String {
    let name = name(side, path);
    if name.contains(' ') && !name.starts_with('"') { name + "\t" } else { name }
}

/// A name as git quotes it: as it is, unless something in it would end it.
fn name(side: &str, path: &str) -> String {
    if !path.bytes().any(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f)) {
        return format!("{side}{path}");
    }
    let mut quoted = format!("\"{side}");
    for c in path.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if u32::from(c) < 0x20 || c == '\u{7f}' => {
                // Writing to a string cannot fail.
                let _ = write!(quoted, "\\{:03o}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
