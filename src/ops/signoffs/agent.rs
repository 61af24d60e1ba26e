//! A key that a running SSH agent holds, for who has told git of none: `ssh-add -L` lists them.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use super::ssh_keygen::SignWith;
use crate::capture::git::Git;
use crate::process::{self, Program, Watched};
use crate::repository::Repository;
use crate::signature::ssh::SshKey;

const PROGRAM: &str = "ssh-add";
/// An agent answers at once; one on another machine may have gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// An agent holds a few keys.
const LONGEST: usize = 256 << 10;

/// What to sign with: where git names no key, the only one of an agent's that `may_sign` allows; else as it was asked for.
pub(in crate::ops) fn for_git_key(
    repository: &Repository,
    with: &SignWith,
    may_sign: &dyn Fn(&SshKey) -> bool,
) -> SignWith {
    let folder = repository.project().unwrap_or_else(|| repository.store_path());
    if *with != SignWith::GitKey || Git::signing_key(folder).is_some() {
        return with.clone();
    }
    let mut keys = held(folder);
    keys.retain(|(key, _)| may_sign(key));
    match keys.pop() {
        // Of several nobody knows which is meant.
        Some((_, line)) if keys.is_empty() => SignWith::AgentKey(line),
        _ => SignWith::GitKey,
    }
}

/// The keys of an agent, as `.pub` files have them; nothing where none runs, or none is found.
fn held(folder: &Path) -> Vec<(SshKey, String)> {
    let arguments = [OsString::from("-L")];
    let program = Program::new(OsStr::new(PROGRAM), &arguments, folder);
    let what = Watched { limit: Some(PATIENCE), ..Watched::new(program) };
    let mut said = Vec::new();
    let ended = process::run_watched(&what, &mut |bytes| {
        said.extend_from_slice(&bytes[..bytes.len().min(LONGEST.saturating_sub(said.len()))]);
    });
    if !ended.is_ok_and(|ended| ended.status == Some(0)) {
        return Vec::new();
    }
    let read = |line: &str| {
        let (name, rest) = line.split_once(' ')?;
        let key = SshKey::from_text(name, rest.split(' ').next()?).ok()?;
        Some((key, line.to_owned()))
    };
    String::from_utf8_lossy(&said).lines().filter_map(read).collect()
}
