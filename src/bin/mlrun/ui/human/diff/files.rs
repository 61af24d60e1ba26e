//! Files.

use mlrun::compare::{Change, FileFacts, Item};

use super::super::super::{Style, bytes, clean};
use super::items::both;

pub(super) fn file_line(item: &Item<FileFacts>, _: &Style) -> Vec<String> {
    if let Change::Renamed(from) = &item.change {
        return vec![format!("was {}", clean(from))];
    }
    let size = |facts: &Option<FileFacts>| facts.as_ref().map(|f| bytes(f.size));
    both(size(&item.a), size(&item.b))
}
