//! Columns that align, whatever is in them, in as much room as a terminal has.
//!
//! What would be wider than the terminal stands closer together; then its last column of text goes on in further lines, names are cut
//! in their middle, that last column stands below its row, and in the end the table is told in parts, one below the other, each with
//! the names of the rows. No number, version, time or verdict is ever cut. Off a terminal nothing is: a row is a line.

mod layout;

use self::layout::{Layout, layout};
use super::extent::{clipped, shortened, visible_width};
use super::{lines, terminal};

/// Which side a column's text stands on, and what becomes of it where there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text: a name, whose middle may go; in the last column sentences, which go on in further lines.
    Left,
    /// Numbers.
    Right,
    /// Text that is never cut: versions, ids, times, verdicts.
    Whole,
    /// Text of less weight: the last column, cut at its end or left out.
    Spare,
}

/// Rows of cells.
#[derive(Debug, Default)]
pub struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
    keys: usize,
    has_head: bool,
}

impl Table {
    /// A table whose columns stand as `align` says; further ones stand left. The first column names the rows.
    pub fn new(align: &[Align]) -> Self {
        Self { align: align.to_vec(), rows: Vec::new(), keys: 1, has_head: false }
    }

    /// The same, where so many columns name the rows.
    #[must_use]
    pub fn named_by(self, keys: usize) -> Self {
        Self { keys, ..self }
    }

    /// Adds the first row, which says what is in the columns.
    pub fn head(&mut self, cells: impl IntoIterator<Item = String>) {
        self.has_head = true;
        self.row(cells);
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        // Further lines of a cell are somebody else's work, and set in.
        let first = |cell: &String| visible_width(cell.split('\n').next().unwrap_or_default());
        let width = |column: usize| self.rows.iter().filter_map(|r| r.get(column)).map(first).max().unwrap_or(0);
        (0..columns).map(width).collect()
    }

    /// A column of nothing but a head takes no room where there is little.
    fn without_empty(&self, widths: &mut [usize]) {
        let body = self.rows.iter().skip(usize::from(self.has_head));
        let is_empty = |column: usize| body.clone().all(|row| row.get(column).is_none_or(String::is_empty));
        let empty = widths.iter_mut().enumerate().skip(self.keys).filter(|(column, _)| is_empty(*column));
        empty.for_each(|(_, width)| *width = 0);
    }

    fn align(&self, column: usize) -> Align {
        self.align.get(column).copied().unwrap_or(Align::Left)
    }

    /// Columns of the terminal that it takes, two blanks behind each of its own.
    pub fn width(&self) -> usize {
        self.widths().iter().map(|width| width + 2).sum()
    }

    /// The table as lines, each indented by `indent` blanks.
    pub fn render(&self, indent: usize) -> String {
        self.within(indent, terminal::room())
    }

    /// The same in a terminal of so many columns; none: as wide as it is.
    pub fn within(&self, indent: usize, room: Option<usize>) -> String {
        let mut widths = self.widths();
        if room.is_some_and(|room| indent + self.width() > room) {
            self.without_empty(&mut widths);
        }
        let align: Vec<Align> = (0..widths.len()).map(|column| self.align(column)).collect();
        let parts = match room {
            Some(room) => layout(&widths, &align, self.keys, room.saturating_sub(indent)),
            None => vec![Layout::whole(widths, terminal::width().saturating_sub(indent))],
        };
        let part = |(number, part): (usize, &Layout)| {
            let rows: Vec<_> = self.rows.iter().filter(|row| number == 0 || part.has_more(row, self.keys)).collect();
            // A head over nothing.
            if number > 0 && self.has_head && rows.len() < 2 {
                return String::new();
            }
            let body: String = rows.into_iter().map(|row| self.line(row, part, indent, room)).collect();
            if number > 0 && !body.is_empty() { format!("\n{body}") } else { body }
        };
        parts.iter().enumerate().map(part).collect()
    }

    fn line(&self, row: &[String], part: &Layout, indent: usize, room: Option<usize>) -> String {
        let mut line = " ".repeat(indent);
        let mut further: Vec<String> = Vec::new();
        let (mut at, last) = (indent, part.columns.last().map(|(column, _)| *column));
        for (place, (column, width)) in part.columns.iter().enumerate() {
            let Some(cell) = row.get(*column) else { continue };
            if place > 0 {
                line.push_str(&" ".repeat(part.gap));
                at += part.gap;
            }
            let is_last = last == Some(*column) && *column + 1 == part.of;
            let cell = match self.align(*column) {
                _ if *width == 0 => String::new(),
                Align::Spare => clipped(cell, *width),
                Align::Left if is_last && !cell.contains('\n') && visible_width(cell) > *width => {
                    let mut lines = lines::filled(cell, *width, *width).into_iter();
                    let first = lines.next().unwrap_or_default();
                    further.extend(lines.map(|line| format!("{}{line}", " ".repeat(at))));
                    first
                }
                Align::Left if !cell.contains('\n') => shortened(cell, (*width).max(1)),
                _ => cell.clone(),
            };
            let room = " ".repeat(width.saturating_sub(visible_width(&cell)));
            match self.align(*column) {
                Align::Right => line.push_str(&format!("{room}{cell}")),
                _ => line.push_str(&format!("{cell}{room}")),
            }
            at += width;
        }
        let room = room.unwrap_or_default();
        if let Some(below) = part.below.and_then(|column| row.get(column)).filter(|cell| !cell.is_empty()) {
            let set_in = indent + layout::BELOW;
            // A name, and what is said of it, stand beside each other where they can.
            if part.of == 2 && at + part.gap + visible_width(below) <= room {
                line.push_str(&format!("{}{below}", " ".repeat(part.gap)));
            } else {
                let lines = lines::filled(below, room.saturating_sub(set_in), room.saturating_sub(set_in));
                further.extend(lines.iter().map(|line| format!("{}{line}", " ".repeat(set_in))));
            }
        }
        let mut text = format!("{}\n", line.trim_end());
        further.iter().for_each(|line| text += &format!("{}\n", line.trim_end()));
        text
    }
}
