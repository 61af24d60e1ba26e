//! Tables: cut at their column chunks, by content inside, and never stored as differences.

use std::io::Cursor;

use mlrun::format::pack::ObjectKind;
use mlrun::layout::{self, Layout};

use super::cut::{table, with_noise};
use super::tensors::put_after;
use super::{get, problems};
use crate::support::memory_store;

/// Blocks begin where pyarrow says that column chunks do; a recipe lists tensors, and a table has none.
#[test]
fn a_table_is_cut_at_its_columns() {
    let (_, store) = memory_store();
    let bytes = with_noise(&table());
    let (stored, _) = put_after(&store, &[], &bytes);
    assert!(get(&store, stored.id).unwrap() == bytes);
    let recipe = store.recipe(stored.id).unwrap();
    assert_eq!(recipe.tensors, []);
    let Layout::Columns(columns) = layout::of(&mut Cursor::new(&bytes), bytes.len() as u64).unwrap() else { panic!() };
    let mut begins: Vec<u64> = vec![0];
    begins.extend(recipe.blocks.iter().scan(0, |at, block| {
        *at += u64::from(block.length);
        Some(*at)
    }));
    let long: Vec<_> = columns.iter().filter(|c| c.length >= 4096).collect();
    assert_eq!(long.len(), 6);
    assert!(long.iter().all(|c| begins.contains(&c.start) && begins.contains(&(c.start + c.length))), "{begins:?}");
}

/// A column that was computed anew costs its own bytes; the others are found again, and are nobody's difference.
#[test]
fn a_column_that_changed_costs_itself() {
    let (_, store) = memory_store();
    let before = with_noise(&table());
    let after = with_noise(&table().replace("noise 2 ", "noise 7 "));
    let changed: usize = before.iter().zip(&after).filter(|(a, b)| a != b).count();
    assert!(changed > 8 * 220_000 && before.len() == after.len());
    let (one, _) = put_after(&store, &[], &before);
    let (two, written) = put_after(&store, &[one], &after);
    assert!(written.new <= 8 * 230_000 + 4096, "{written:?}");
    assert!(get(&store, two.id).unwrap() == after);
    let blocks = store.recipe(two.id).unwrap().blocks.len();
    let parts = store.parts(two.id).unwrap();
    assert!(parts.len() <= blocks && parts.iter().all(|(kind, _)| *kind == ObjectKind::Block));
    assert_eq!(problems(&store), []);
}
