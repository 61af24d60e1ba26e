//! One file for each verb: options in, a report out. A refusal is a report; an error is something that kept the verb from deciding.
//!
//! Nothing here prints, reads an environment variable or knows how a flag is spelled.

mod actor;
pub mod approve;
pub mod at;
pub mod attach;
mod attached;
pub mod bisect;
pub mod block;
pub mod bundle;
pub mod cases;
pub mod certify;
mod changed;
pub mod ci;
pub mod declared;
pub mod deployed;
pub mod diff;
pub mod doctor;
pub mod drop;
mod erasures;
mod error;
pub mod exec;
pub mod export;
pub mod gc;
pub mod hooks;
pub mod import;
mod imported;
pub mod init;
mod judging;
pub mod known_heads;
mod life;
pub mod list;
pub mod log;
pub mod observed;
pub mod policy;
mod profiles;
pub mod promote;
pub mod purge;
pub mod recheck;
mod recorded;
mod records;
pub mod rename;
pub mod repair;
pub mod report;
pub mod reproduce;
pub mod reproducibility;
pub mod resolve;
pub mod restore;
pub mod retire;
pub mod rollback;
pub mod rules;
mod scratch;
pub mod seed;
pub mod seeds;
pub mod show;
pub mod signing;
pub mod signoffs;
pub mod snapshot;
pub mod status;
mod suspects;
mod told;
mod training;
mod typed_path;
pub mod verify;
pub mod waive;
pub mod withdraw;
mod workspace;
pub mod wrong_clock;

pub use self::actor::Asked;
pub use self::erasures::{ErasedAgain, ErasedPart, why};
pub use self::error::{ApprovalError, CertificationError, UsageError, VerbError};
pub use self::purge::remaining::Remaining;
pub use self::recorded::Recorded;
pub use self::signoffs::ssh_keygen::SignWith;

use crate::capture::secrets::Scanner;
use crate::clock::Time;
use crate::format::event::EventRef;

/// This program's version, as recorded.
pub const TOOL: &str = env!("CARGO_PKG_VERSION");

/// Text in the journal is for people to read: 4 KiB.
const MAX_TEXT: usize = 4 << 10;

/// Refuses text that would stand in the journal for ever and is empty, endless or looks like a secret.
pub fn check_text(field: &'static str, text: Option<&str>) -> Result<(), VerbError> {
    let refuse = |reason: String| UsageError::Option { option: field.to_owned(), reason };
    match text {
        Some(text) if text.trim().is_empty() => return Err(refuse("say it in words".to_owned()).into()),
        Some(text) if text.len() > MAX_TEXT => {
            return Err(refuse(format!("it has {} bytes; {MAX_TEXT} are the most", text.len())).into());
        }
        Some(text) => check_characters(field, text)?,
        None => {}
    }
    let found = text.map(|text| Scanner::new(&[]).scan(field, text.as_bytes())).unwrap_or_default();
    match found.first() {
        None => Ok(()),
        Some(first) => Err(VerbError::Secret { place: format!("{field} line {} ({})", first.line, first.rule) }),
    }
}

/// Refuses text with a control character, which would steer the terminal of everybody who reads it raw. Lines may end, as
/// notes do on any system, and be indented.
fn check_characters(field: &str, text: &str) -> Result<(), UsageError> {
    let lines = text.replace("\r\n", "\n");
    for (line, content) in (1..).zip(lines.split('\n')) {
        let mut characters = (1..).zip(content.chars());
        if let Some((at, c)) = characters.find(|(_, c): &(u32, char)| c.is_control() && *c != '\t') {
            let code = u32::from(c);
            let reason = format!("line {line}, character {at} is the control character U+{code:04X}");
            return Err(UsageError::Option { option: field.to_owned(), reason });
        }
    }
    Ok(())
}

/// An event that a verb made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeEvent {
    /// Which.
    pub event: EventRef,
    /// When.
    pub time: Time,
}

/// An error and its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}
