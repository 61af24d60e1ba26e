//! Whole numbers of any size, as far as exact sums need them.

/// A whole number, its 64-bit digits from the lowest up, the highest not 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Natural(Vec<u64>);

impl Natural {
    pub(super) fn of(value: u64) -> Self {
        let mut natural = Self::default();
        natural.add(value.into(), 0);
        natural
    }

    /// Adds `value` · 2^`shift`.
    pub(super) fn add(&mut self, value: u128, shift: usize) {
        let (place, up) = (shift / 64, shift % 64);
        // Three digits, the lowest first.
        let low = value << up;
        let high = if up == 0 { 0 } else { value >> (128 - up) };
        if self.0.len() < place + 4 {
            self.0.resize(place + 4, 0);
        }
        let mut carry = 0;
        for (at, digit) in self.0.iter_mut().skip(place).enumerate() {
            let added = match at {
                0 => low as u64,
                1 => (low >> 64) as u64,
                2 => high as u64,
                _ if carry == 0 => break,
                _ => 0,
            };
            let sum = u128::from(*digit) + u128::from(added) + carry;
            (*digit, carry) = (sum as u64, sum >> 64);
        }
        if carry > 0 {
            self.0.push(carry as u64);
        }
        self.trim();
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        let mut digits = vec![0; self.0.len() + other.0.len()];
        for (at, a) in self.0.iter().enumerate() {
            let mut carry = 0;
            for (digit, b) in digits.iter_mut().skip(at).zip(other.0.iter().chain([&0])) {
                let sum = u128::from(*digit) + u128::from(*a) * u128::from(*b) + carry;
                (*digit, carry) = (sum as u64, sum >> 64);
            }
        }
        let mut product = Self(digits);
        product.trim();
        product
    }

    /// The difference, and whether it is negative.
    pub(super) fn minus(&self, other: &Self) -> (Self, bool) {
        let less = self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())).is_lt();
        let (large, small) = if less { (other, self) } else { (self, other) };
        let mut borrowed = false;
        let mut digits = Vec::with_capacity(large.0.len());
        for (at, digit) in large.0.iter().enumerate() {
            let (rest, first) = digit.overflowing_sub(small.0.get(at).copied().unwrap_or(0));
            let (rest, second) = rest.overflowing_sub(borrowed.into());
            borrowed = first || second;
            digits.push(rest);
        }
        let mut difference = Self(digits);
        difference.trim();
        (difference, less)
    }

    /// The double nearest to itself divided by `by` (not 0), as a double and the exponent of 2 to multiply it with.
    pub(super) fn divided(&self, by: u64) -> (f64, i32) {
        // The 128 highest bits, and whether there are any below.
        let Some(highest) = self.0.last() else { return (0.0, 0) };
        let bits = self.0.len() * 64 - highest.leading_zeros() as usize;
        let below = bits.saturating_sub(128);
        let (place, down) = (below / 64, below % 64);
        let digit = |at: usize| u128::from(self.0.get(place + at).copied().unwrap_or(0));
        let low = digit(0) | digit(1) << 64;
        let top = if down == 0 { low } else { low >> down | digit(2) << (128 - down) };
        let lost = self.0.iter().take(place).any(|digit| *digit != 0) || low & ((1 << down) - 1) != 0;
        // As many as there can be, so that the quotient has more bits than a double.
        let up = top.leading_zeros();
        let top = top << up;
        let rest = lost || top % u128::from(by) != 0;
        // What is left tells a half from more than a half.
        (((top / u128::from(by)) | u128::from(rest)) as f64, below as i32 - up as i32)
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}
