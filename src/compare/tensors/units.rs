//! The change of bytes that are no numbers, by unit: how many quantised blocks, structs or bytes are different.

/// Units of a tensor, or of a stretch of it, that are different. A unit may lie in two stretches: it is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Units {
    /// How many there are.
    pub count: u64,
    /// Those that are different.
    pub changed: u64,
    /// The last of them.
    last: Option<u64>,
    first: Option<u64>,
}

impl Units {
    /// Of `a` and `b`, which are as long; `start` bytes of the tensor come before, in units of `width` bytes.
    pub fn of(width: usize, start: u64, a: &[u8], b: &[u8]) -> Self {
        let mut units = Self::default();
        let width = width.max(1) as u64;
        let end = start + a.len() as u64;
        // A unit counts where it begins.
        units.count = end.div_ceil(width) - start.div_ceil(width);
        if width == 1 {
            units.changed = a.iter().zip(b).filter(|(a, b)| a != b).count() as u64;
            return units;
        }
        let mut at = start;
        let (mut a, mut b) = (a, b);
        while !a.is_empty() {
            let unit = at / width;
            let length = ((unit + 1) * width - at).min(a.len() as u64) as usize;
            let (first_a, rest_a) = a.split_at(length);
            let (first_b, rest_b) = b.split_at(length.min(b.len()));
            if first_a != first_b {
                units.changed += 1;
                units.first = units.first.or(Some(unit));
                units.last = Some(unit);
            }
            (a, b) = (rest_a, rest_b);
            at += length as u64;
        }
        units
    }

    /// Of bytes that are the same.
    pub fn of_equal(width: usize, start: u64, length: u64) -> Self {
        let width = width.max(1) as u64;
        let count = (start + length).div_ceil(width) - start.div_ceil(width);
        Self { count, ..Self::default() }
    }

    /// The share of them that is different.
    pub fn share(&self) -> f64 {
        self.changed as f64 / self.count.max(1) as f64
    }

    /// Adds those of the stretch behind.
    pub fn add(&mut self, next: &Self) {
        let twice = self.last.is_some() && self.last == next.first;
        self.count += next.count;
        self.changed += next.changed - u64::from(twice);
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
    }
}
