//! How wide a line may be.

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use mlrun::host::variable;
use terminal_size::{Height, Width, terminal_size_of};

/// What most terminals show. Off a terminal sentences keep to it: an answer is the same wherever it is written to.
const USUAL: usize = 80;
/// A narrower terminal breaks lines by itself.
const NARROWEST: usize = 30;
/// Eyes lose the way in longer sentences.
const WIDEST: usize = 160;
/// From here on there is room beside what every terminal has room for.
const WIDE: usize = 100;

/// Columns that a sentence has.
pub fn width() -> usize {
    room().map_or(USUAL, |columns| columns.min(WIDEST))
}

/// Columns of the terminal that the answer is shown on, or as many as `COLUMNS` says; none where neither is there: what reads it then
/// wants all of a table, each row on its line.
pub fn room() -> Option<usize> {
    static FOUND: OnceLock<Option<usize>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let stdout = io::stdout();
        let found = if stdout.is_terminal() { terminal_size_of(&stdout) } else { None };
        // Some say 0 where they do not know.
        let known = found.map(|(Width(columns), _)| usize::from(columns)).filter(|columns| *columns > 0);
        let said = || variable("COLUMNS")?.trim().parse().ok().filter(|columns| *columns > 0);
        let known = known.or_else(said).or(if stdout.is_terminal() { Some(USUAL) } else { None });
        known.map(|columns| columns.max(NARROWEST))
    })
}

/// Whether there is room for what is nice to have.
pub fn is_wide() -> bool {
    width() >= WIDE
}

/// Rows of the terminal that the answer is shown on; none where that is no terminal, or it does not say.
pub fn height() -> Option<usize> {
    let stdout = io::stdout();
    let found = if stdout.is_terminal() { terminal_size_of(&stdout) } else { None };
    found.map(|(_, Height(rows))| usize::from(rows)).filter(|rows| *rows > 0)
}
