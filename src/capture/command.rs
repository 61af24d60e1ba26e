//! The training command as it is recorded: without secrets, and with a word on what was taken out.

use super::CaptureOptions;
use super::secrets::Scanner;
use crate::format::snapshot::RedactionRecord;

/// A command without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redacted {
    /// Program and arguments.
    pub argv: Option<Vec<String>>,
    /// The folder it ran in, relative to the project.
    pub cwd: Option<String>,
}

/// The command of some options without secrets; what was replaced is added to `redactions`.
pub fn redacted(scanner: &Scanner, options: &CaptureOptions, redactions: &mut Vec<RedactionRecord>) -> Redacted {
    let mut note = |field: &str, hits: Vec<(&'static str, u64)>| {
        let record =
            |(rule, count): (&str, u64)| RedactionRecord { field: field.to_owned(), rule: rule.to_owned(), count };
        redactions.extend(hits.into_iter().map(record));
    };
    let argv = options.argv.as_ref().map(|argv| {
        let (clean, hits) = scanner.redact_arguments(argv);
        note("argv", hits);
        clean
    });
    let cwd = options.cwd.as_ref().map(|cwd| {
        let (clean, hits) = scanner.redact(cwd);
        note("cwd", hits);
        clean
    });
    Redacted { argv, cwd }
}
