//! Columns that align, whatever is in them: width is what a terminal shows, colours take none.
//! A table that would not fit a terminal stands closer together.

use unicode_width::UnicodeWidthChar;

use super::terminal;

/// Which side a column's text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells.
#[derive(Debug, Default)]
pub struct Table {
    align: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table whose columns stand as `align` says; further ones stand left.
    pub fn new(align: &[Align]) -> Self {
        Self { align: align.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| self.rows.iter().filter_map(|r| r.get(column)).map(|c| visible_width(c)).max().unwrap_or(0);
        (0..columns).map(width).collect()
    }

    /// Columns of the terminal that it takes, two blanks behind each of its own.
    pub fn width(&self) -> usize {
        self.widths().iter().map(|width| width + 2).sum()
    }

    /// The table as lines, each indented by `indent` blanks.
    pub fn render(&self, indent: usize) -> String {
        let widths = self.widths();
        let wide = (indent + self.width()).saturating_sub(2);
        // Closer together only where that helps.
        let room = terminal::width();
        let gap = if wide > room && wide - widths.len() < room { " " } else { "  " };
        let mut text = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (column, cell) in row.iter().enumerate() {
                if column > 0 {
                    line.push_str(gap);
                }
                let room = " ".repeat(widths[column] - visible_width(cell));
                match self.align.get(column) {
                    Some(Align::Right) => line.push_str(&format!("{room}{cell}")),
                    _ => line.push_str(&format!("{cell}{room}")),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// `text` without colour in at most so many columns, and whether there was more.
pub(super) fn clipped(text: &str, columns: usize) -> String {
    if visible_width(text) <= columns {
        return text.to_owned();
    }
    let mut width = 1;
    let fits = |c: &char| {
        width += c.width().unwrap_or(0);
        width <= columns
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// Columns a terminal gives to `text`, or to the longest of its lines.
pub(super) fn visible_width(text: &str) -> usize {
    text.split('\n').map(width_of_line).max().unwrap_or(0)
}

fn width_of_line(text: &str) -> usize {
    let mut width = 0;
    let mut escape = false;
    for c in text.chars() {
        match c {
            '\u{1b}' => escape = true,
            'm' if escape => escape = false,
            _ if escape => {}
            c => width += c.width().unwrap_or(0),
        }
    }
    width
}
