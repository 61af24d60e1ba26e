//! Where files are cut into blocks: FastCDC (2020, normalisation level 1), so that an edit changes the blocks it touches
//! and no others. The parameters are part of the format; golden cut points pin the algorithm.
//!
//! A plan that knows the file's layout can take this one's place: putting a file together again needs only its recipe.

use fastcdc::v2020::FastCDC;

/// Files up to this size are one block.
pub const WHOLE: usize = 256 << 10;
/// The shortest block, unless the file ends.
pub const MINIMUM: usize = 128 << 10;
/// The average block.
pub const AVERAGE: usize = 512 << 10;
/// The longest block.
pub const MAXIMUM: usize = 2 << 20;

/// Cuts a stream of which a part is at hand.
#[derive(Debug, Default)]
pub struct Cutter {
    begun: bool,
}

impl Cutter {
    /// The length of the next block: the first bytes of `rest`, what is at hand behind the blocks so far. None while
    /// more bytes could move the cut; `last` says that no more will come.
    pub fn next_length(&mut self, rest: &[u8], last: bool) -> Option<usize> {
        if rest.is_empty() || !last && rest.len() < MAXIMUM {
            return None;
        }
        let whole = !self.begun && rest.len() <= WHOLE;
        self.begun = true;
        if whole {
            return Some(rest.len());
        }
        Some(FastCDC::new(rest, MINIMUM, AVERAGE, MAXIMUM).cut(0, rest.len()).1)
    }
}
