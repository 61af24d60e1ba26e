//! Pickles, read and never loaded: what they would make, as symbols, and what loading them would import.
//!
//! A file is read as joblib reads it, and, where joblib would skip the bytes of an array, once more as Python's pickle
//! does, which takes them for opcodes: whoever opens it, every import is listed. What lies behind the first pickle is read
//! too. Source: Python's `pickletools` and `Lib/pickle.py`; joblib's `numpy_pickle.py`.

pub(super) mod imports;
mod literal;
mod machine;
mod opcodes;
pub(super) mod value;

use std::io;

use self::imports::{Danger, Import};
use self::machine::{COMPUTED, Machine, Met, Reader};
use self::value::{Id, Values};
use super::Finding;
use super::stream::{Halt, Source, Stream};

/// What was found in a stream of pickles.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) values: Values,
    /// What the first one makes; nothing if it does not end.
    pub(super) root: Option<Id>,
    pub(super) imports: Vec<Import>,
    pub(super) findings: Vec<Finding>,
    /// Pickles that were read to their end.
    pub(super) pickles: u64,
    /// Arrays that lie between the opcodes.
    pub(super) arrays: u64,
    pub(super) read: u64,
    pub(super) size: u64,
}

/// Reads all pickles of `source`, one behind the other. Unless it is `claimed` that there are some, none if there is none
/// that imports anything: protocols 0 and 1 begin like any text, and some texts can be read as pickles.
pub(super) fn walk(source: &mut Source<'_>, claimed: bool) -> io::Result<Option<Walk>> {
    let mut found = Walk {
        values: Values::default(),
        root: None,
        imports: Vec::new(),
        findings: Vec::new(),
        pickles: 0,
        arrays: 0,
        read: 0,
        size: 0,
    };
    let mut met = Met::default();
    let mut stream = source.open()?;
    loop {
        let first = found.pickles == 0;
        let reader = if first { Reader::Joblib } else { Reader::Plain };
        match Machine::new(&mut stream, &mut found.values, &mut met, reader).run() {
            Ok(made) => {
                found.read = stream.at();
                found.pickles += 1;
                if first {
                    found.root = Some(made);
                }
            }
            // Bytes behind the last pickle are only that.
            Err(Halt::Broken(_) | Halt::Ended) if !first => break,
            Err(halt) => {
                found.read = stream.at();
                match finding_of(halt, stream.at())? {
                    Finding::Broken { .. } | Finding::Ended { .. } if !first => {}
                    finding => found.findings.push(finding),
                }
                break;
            }
        }
        if ended(&mut stream)? {
            break;
        }
    }
    found.imports = met.imports.iter().map(|(module, name)| imports::import(module.clone(), name.clone())).collect();
    let dangerous = found.imports.iter().any(|import| import.danger == Danger::Dangerous);
    if !claimed && !dangerous && (found.root.is_none() || found.imports.is_empty()) {
        return Ok(None);
    }
    // How much more there is to unpack, nobody needs to know of a file that is broken anyway.
    let (size, halt) = stream.size(found.findings.is_empty());
    found.size = size.max(found.read);
    if let Some(halt) = halt {
        found.findings.push(finding_of(halt, size)?);
    }
    if found.pickles > 1 {
        found.findings.push(Finding::SeveralPickles { count: found.pickles });
    }
    found.arrays = met.arrays;
    if met.arrays > 0 {
        found.findings.extend(hidden(source, &mut met)?);
    }
    if met.imports.iter().any(|(module, name)| module == COMPUTED || name == COMPUTED) {
        found.findings.push(Finding::ComputedImport);
    }
    found.findings.extend(met.extensions.iter().map(|code| Finding::Extension { code: *code }));
    if found.read < found.size {
        found.findings.push(Finding::Unread { read: found.read, size: found.size });
    }
    let more = met.imports.into_iter().skip(found.imports.len());
    found.imports.extend(more.map(|(module, name)| imports::import(module, name)));
    Ok(Some(found))
}

/// Reads the first pickle once more, as one who knows nothing of arrays; says if that imports more.
fn hidden(source: &mut Source<'_>, met: &mut Met) -> io::Result<Option<Finding>> {
    let before = met.imports.len();
    met.restart();
    let mut values = Values::default();
    let run = Machine::new(&mut source.open()?, &mut values, met, Reader::Mistaken).run();
    if let Err(Halt::Io(error)) = run {
        return Err(error);
    }
    let count = met.imports.len() - before;
    Ok((count > 0).then_some(Finding::HiddenImports { count: count as u64 }))
}

fn ended(stream: &mut Stream<'_>) -> io::Result<bool> {
    match stream.is_at_end() {
        Ok(end) => Ok(end),
        Err(Halt::Io(error)) => Err(error),
        Err(_) => Ok(true),
    }
}

/// What is said of a reading that stopped at byte `at`.
pub(super) fn finding_of(halt: Halt, at: u64) -> io::Result<Finding> {
    match halt {
        Halt::Io(error) => Err(error),
        Halt::Ended => Ok(Finding::Ended { at }),
        Halt::Broken(what) => Ok(Finding::Broken { what, at }),
        Halt::Limit(limit) => Ok(Finding::Limit(limit)),
    }
}
