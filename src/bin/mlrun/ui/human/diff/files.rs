//! Files.

use mlrun::compare::{Change, FileFacts, Item};

use super::super::super::{Style, bytes, clean};
use super::items::both;

/// Digits of a digest.
const DIGITS: usize = 9;

pub(super) fn file_line(item: &Item<FileFacts>, _: &Style) -> Vec<String> {
    if let Change::Renamed(from) = &item.change {
        return vec![format!("was {}", clean(from))];
    }
    let size = |facts: &Option<FileFacts>| facts.as_ref().map(|f| bytes(f.size));
    let mut cells = both(size(&item.a), size(&item.b));
    // Two sizes that look alike say nothing.
    if let (Some(a), Some(b)) = (&item.a, &item.b)
        && bytes(a.size) == bytes(b.size)
        && a.content != b.content
    {
        let short = |facts: &FileFacts| clean(facts.content.get(..DIGITS).unwrap_or(&facts.content));
        cells.push(format!("{} → {}", short(a), short(b)));
    }
    cells
}
