//! Training data.

use mlrun::compare::{DataFacts, Item};

use super::super::super::{Style, bytes};
use super::super::count;
use super::items::both;

pub(super) fn data_line(item: &Item<DataFacts>, _: &Style) -> Vec<String> {
    let show = |facts: &Option<DataFacts>| {
        facts.as_ref().map(|f| {
            let declared = || f.checksum.as_deref().unwrap_or("no digest");
            let digest = f.sha256.as_deref().and_then(|d| d.get(..12)).unwrap_or_else(declared);
            f.rows.map_or_else(
                || format!("{} {digest}", bytes(f.size)),
                |rows| format!("{} {digest}", count(rows, "row")),
            )
        })
    };
    let mut cells = both(show(&item.a), show(&item.b));
    if let (Some(a), Some(b)) = (&item.a, &item.b)
        && let (Some(old), Some(new)) = (&a.columns, &b.columns)
        && old != new
    {
        cells.push("columns differ".to_owned());
    }
    if item.same_rows() {
        cells.push("same rows, written otherwise".to_owned());
    }
    cells
}
