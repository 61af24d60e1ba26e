//! How wide a line may be.

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use terminal_size::{Height, Width, terminal_size_of};

/// What most terminals show. Off a terminal every line keeps to it: an answer is the same wherever it is written to.
const USUAL: usize = 80;
/// A narrower terminal breaks lines by itself.
const NARROWEST: usize = 60;
/// Eyes lose the way in longer lines.
const WIDEST: usize = 160;
/// From here on there is room beside what every terminal has room for.
const WIDE: usize = 100;

/// Columns of the terminal that the answer is shown on.
pub fn width() -> usize {
    static FOUND: OnceLock<usize> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let stdout = io::stdout();
        let found = if stdout.is_terminal() { terminal_size_of(&stdout) } else { None };
        // Some say 0 where they do not know.
        let known = found.map(|(Width(columns), _)| usize::from(columns)).filter(|columns| *columns > 0);
        known.map_or(USUAL, |columns| columns.clamp(NARROWEST, WIDEST))
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
