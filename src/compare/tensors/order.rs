//! The order of names that hold numbers: `layer.2` before `layer.10`, `f2` before `f10`.

use std::cmp::Ordering;

/// Compares names, runs of digits in them as the numbers that they are. Equal are only names that are the same.
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        let (digits_left, digits_right) = (digits(left), digits(right));
        if digits_left > 0 && digits_right > 0 {
            let (number_left, rest_left) = left.split_at(digits_left);
            let (number_right, rest_right) = right.split_at(digits_right);
            let (one, other) = (without_zeros(number_left), without_zeros(number_right));
            // However long: more digits are more.
            match one.len().cmp(&other.len()).then_with(|| one.cmp(other)) {
                Ordering::Equal => (left, right) = (rest_left, rest_right),
                unequal => return unequal,
            }
            continue;
        }
        match (left.split_first(), right.split_first()) {
            (Some((one, rest_left)), Some((other, rest_right))) if one == other => {
                (left, right) = (rest_left, rest_right);
            }
            // `f01` and `f1` are two names.
            (None, None) => return a.cmp(b),
            (one, other) => return one.map(|(byte, _)| byte).cmp(&other.map(|(byte, _)| byte)),
        }
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}
