//! Signing with the SSH key that somebody has: `ssh-keygen`, or what git runs in its place, is run as git runs it, so that agents,
//! passphrases and security keys work.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::capture::git::Git;
use crate::capture::secrets::Scanner;
use crate::format::signoff::NAMESPACE;
use crate::ops::scratch::Scratch;
use crate::ops::{ApprovalError, VerbError};
use crate::process::{self, Interruption, Program, Watched};
use crate::repository::Repository;
use crate::signature::sshsig::{LONGEST, SshSignature};

const PROGRAM: &str = "ssh-keygen";
/// To look for a security key, find a passphrase and type it.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// What it says when it fails is short.
const LONGEST_WORD: usize = 4 << 10;

/// Where a signature comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SignWith {
    /// There is none.
    #[default]
    Nothing,
    /// Made with the key that git signs with.
    GitKey,
    /// Made with the key of which this is the public half, as a `.pub` file has it, and which an agent has.
    AgentKey(String),
    /// Made with the key in this file, or with the one of which this file is the public half and which an agent has.
    Key(PathBuf),
    /// Made elsewhere, with `ssh-keygen -Y sign`: the file that holds it.
    File(PathBuf),
}

impl SignWith {
    /// Whether there is to be a signature.
    pub fn signs(&self) -> bool {
        *self != Self::Nothing
    }
}

/// Reads a signature that was made elsewhere.
pub(in crate::ops) fn read(path: &Path) -> Result<SshSignature, VerbError> {
    let failed = |source| VerbError::Io { action: "read the signature", path: path.to_path_buf(), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    SshSignature::read(&bytes).map_err(|source| ApprovalError::Signature { source }.into())
}

/// Signs a statement. What `ssh-keygen` says meanwhile, such as to touch a security key, is handed to `output`.
pub(in crate::ops) fn sign(
    repository: &Repository,
    with: &SignWith,
    statement: &[u8],
    patience: Duration,
    output: &mut dyn FnMut(&[u8]),
) -> Result<SshSignature, VerbError> {
    let folder = repository.project().unwrap_or_else(|| repository.store_path());
    let interruption = Interruption::begin();
    let scratch = Scratch::temporary("sign")?;
    let key = match with {
        SignWith::Key(path) => path.clone(),
        SignWith::AgentKey(public) => scratch.write("key.pub", &format!("{public}\n"))?,
        _ => git_key(folder, &scratch)?,
    };
    // Whether it is there is said in our words, and before anybody is asked for a passphrase.
    std::fs::metadata(&key).map_err(|source| VerbError::Io { action: "read the key", path: key.clone(), source })?;
    let statement = std::str::from_utf8(statement).unwrap_or_default();
    let message = scratch.write("statement", statement)?;
    let words = ["-q", "-Y", "sign", "-n", NAMESPACE, "-f"].map(OsString::from);
    let arguments: Vec<OsString> = words.into_iter().chain([key.into(), message.into()]).collect();
    let named = Git::signing_program(folder);
    let program = Program::new(OsStr::new(named.as_deref().unwrap_or(PROGRAM)), &arguments, folder);
    // Among our processes: it asks for a passphrase on our terminal.
    let what = Watched { limit: Some(patience), interruption: Some(&interruption), ..Watched::new(program) };
    let mut said = Vec::new();
    let ended = process::run_watched(&what, &mut |bytes| {
        output(bytes);
        said.extend_from_slice(&bytes[..bytes.len().min(LONGEST_WORD.saturating_sub(said.len()))]);
    });
    let ended = ended.map_err(|error| ApprovalError::NoProgram { source: error.source })?;
    if let Some(signal) = interruption.signal() {
        return Err(ApprovalError::Interrupted { signal }.into());
    }
    if ended.timed_out || ended.status != Some(0) {
        let said = scratch.redacted(&String::from_utf8_lossy(&said));
        let said = Scanner::new(&[]).redact(&said).0;
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        return Err(ApprovalError::NotMade { said: lines.join("; "), timed_out: ended.timed_out }.into());
    }
    let made = scratch.beside("statement.sig");
    if !made.is_file() {
        let said = "it said that it had, and there is none".to_owned();
        return Err(ApprovalError::NotMade { said, timed_out: false }.into());
    }
    read(&made)
}

/// The key git signs with: a file, or the public half of one that an agent has, written out.
fn git_key(folder: &Path, scratch: &Scratch) -> Result<PathBuf, VerbError> {
    let key = Git::signing_key(folder).ok_or(ApprovalError::NoKey)?;
    let literal = key.strip_prefix("key::").or_else(|| Some(key.as_str()).filter(|key| key.starts_with("ssh-")));
    match literal {
        Some(public) => scratch.write("key.pub", &format!("{public}\n")),
        None => Ok(folder.join(key)),
    }
}
