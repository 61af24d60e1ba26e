//! Who is doing this, as every event says.

use std::io;
use std::thread::{Builder, JoinHandle};

use super::ci;
use crate::capture::git::Git;
use crate::capture::secrets::Scanner;
use crate::format::event::ActorRecord;
use crate::host;
use crate::repository::Repository;

/// A question to git, under way: a process takes milliseconds to start, in which the verb does something else.
pub struct Asked(io::Result<JoinHandle<(Option<String>, Option<String>)>>);

impl Asked {
    /// Begins to ask.
    pub fn begin(repository: &Repository) -> Self {
        let folder = repository.project().unwrap_or_else(|| repository.store_path()).to_owned();
        Self(Builder::new().spawn(move || Git::identity(&folder)))
    }

    /// Git's identity if there is one, else the account.
    pub fn answer(self) -> ActorRecord {
        let answered = self.0.ok().and_then(|thread| thread.join().ok());
        let (name, email) = answered.unwrap_or_default();
        let name = name.or_else(host::user).map(|name| printable(&name));
        ActorRecord {
            name,
            email: email.map(|email| printable(&email)),
            host: host::name(),
            ci: ci::job(&host::variable),
        }
    }
}

/// A name as it may stand in the journal for ever. Where it is set, nobody looks; and a verb is not refused for it.
fn printable(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    Scanner::new(&[]).redact(&name).0
}
