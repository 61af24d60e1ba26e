//! Draws of rows for whoever makes up other rows: by the name of the draw, like all random numbers here.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;

use super::random::Key;

/// The random numbers of one draw.
#[derive(Debug)]
pub struct Draws(ChaCha8Rng);

impl Draws {
    /// Draw `number` for one purpose, under a seed that follows from the evidence.
    pub fn new(seed: &[u8; 32], purpose: &str, number: u32) -> Self {
        Self(Key::new(seed, purpose).resample(number))
    }

    /// A whole number below `bound`; its bias is below bound / 2⁶⁴. 0 below 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.0.next_u64()) * bound as u128) >> 64) as usize
    }

    /// A number above 0 and below 1.
    pub fn unit(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / (1_u64 << 52) as f64
    }

    /// True half of the time.
    pub fn coin(&mut self) -> bool {
        self.0.next_u32() & 1 == 1
    }

    /// Puts items in any order, each as likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
