//! Blocks in force, in the order they came.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::BlockRow;
use crate::format::FormatError;
use crate::format::rows::{KEY, Opening, Pages, Part, Rows, Which, Writing};
use crate::id::{SnapshotId, TreeId};

/// Blocks in force, in the order they came. Looked up by what they are about, so that a long list of them costs nothing.
#[derive(Clone, Default)]
pub struct Blocks {
    rows: Rows<BlockRow>,
    /// Places of those that are in force no more.
    lifted: Arc<BTreeSet<usize>>,
}

impl Blocks {
    /// How many are in force.
    pub fn len(&self) -> usize {
        self.rows.len() - self.lifted.len()
    }

    /// Whether none is in force.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those in force, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &BlockRow> {
        self.rows.iter().enumerate().filter(|(place, _)| !self.lifted.contains(place)).map(|(_, row)| row)
    }

    /// The newest in force.
    pub fn last(&self) -> Option<&BlockRow> {
        self.iter().next_back()
    }

    /// Those of a snapshot and of others with the same model files, in order.
    pub fn of(&self, snapshot: SnapshotId, model_tree: Option<TreeId>) -> impl Iterator<Item = &BlockRow> {
        self.places_of(snapshot, model_tree).into_iter().map(|place| &self.rows[place])
    }

    fn places_of(&self, snapshot: SnapshotId, model_tree: Option<TreeId>) -> Vec<usize> {
        let (key, tree) = (*snapshot.digest().as_bytes(), model_tree.map(|tree| *tree.digest().as_bytes()));
        let same = |keys: &[[u8; KEY]]| match keys {
            [of, of_tree] => *of == key || tree.as_ref() == Some(of_tree),
            // What cannot be read may be a block of anything.
            _ => true,
        };
        let mut places = self.rows.places(same, |row| row.is_of(snapshot, model_tree));
        places.retain(|place| {
            let row = &self.rows[*place];
            !self.lifted.contains(place) && (row.is_of(snapshot, model_tree) || row.is_unreadable())
        });
        places
    }

    /// Adds one.
    pub fn push(&mut self, row: BlockRow) {
        self.rows.push(row);
    }

    /// Lifts those of a snapshot and of others with the same model files that are meant.
    pub fn lift(&mut self, snapshot: SnapshotId, model_tree: Option<TreeId>, meant: impl Fn(&BlockRow) -> bool) {
        let is_meant = |row: &BlockRow| !row.is_unreadable() && meant(row);
        let places = self.places_of(snapshot, model_tree).into_iter().filter(|place| is_meant(&self.rows[*place]));
        let places: Vec<usize> = places.collect();
        if !places.is_empty() {
            Arc::make_mut(&mut self.lifted).extend(places);
        }
    }

    /// All of them, decoded, to be changed.
    pub fn to_mut(&mut self) -> &mut Vec<BlockRow> {
        if !self.lifted.is_empty() {
            *self = self.iter().cloned().collect();
        }
        self.rows.to_mut()
    }

    /// Those of the older rows that are in force no more.
    pub(super) fn lifted(&self) -> Vec<u64> {
        self.lifted.range(..self.rows.older()).map(|place| *place as u64).collect()
    }

    pub(super) fn pages(&self) -> Option<&Arc<Pages>> {
        self.rows.pages()
    }

    pub(super) fn part(&self) -> Part {
        self.rows.part()
    }

    pub(super) fn write(&self, format: &'static str, which: Which) -> Result<Writing, FormatError> {
        let older = match which {
            Which::All => 0,
            Which::Newer => self.rows.older(),
        };
        let mut writing = Writing::new(format);
        let kept = (older..self.rows.len()).filter(|place| !self.lifted.contains(place));
        kept.map(|place| &self.rows[place]).try_for_each(|row| writing.row(row))?;
        Ok(writing)
    }

    pub(super) fn open(opening: &mut Opening, part: Part, lifted: &[u64]) -> Option<Self> {
        let rows = Rows::open(opening, part)?;
        let within = |place: &u64| usize::try_from(*place).ok().filter(|place| *place < rows.len());
        let lifted: BTreeSet<usize> = lifted.iter().map(within).collect::<Option<_>>()?;
        Some(Self { rows, lifted: Arc::new(lifted) })
    }
}

impl FromIterator<BlockRow> for Blocks {
    fn from_iter<I: IntoIterator<Item = BlockRow>>(rows: I) -> Self {
        Self { rows: rows.into_iter().collect(), lifted: Arc::default() }
    }
}

impl PartialEq for Blocks {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
