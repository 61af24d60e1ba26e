//! Two versions of the same thing → which is later, and how far they are apart.
//!
//! Python's by PEP 440, those of Rust and Julia by SemVer 2.0, where `0.x` to `0.y` is as far as `1` to `2`. Others, such as R's
//! `1.2-3`, by the numbers in them, from left to right; what has none at its beginning is neither later nor earlier.

use std::cmp::Ordering;

use crate::format::python_version;

/// From one version to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To a later one.
    Up(Size),
    /// To an earlier one.
    Down(Size),
    /// Neither is later: another build, or no version that could be compared.
    Beside,
}

/// How far two versions are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// In the first number.
    Major,
    /// In the second.
    Minor,
    /// In the third.
    Patch,
    /// Behind it: pre-releases, post-releases, further numbers.
    Rest,
}

impl Size {
    const fn at(place: usize) -> Self {
        match place {
            0 => Self::Major,
            1 => Self::Minor,
            2 => Self::Patch,
            _ => Self::Rest,
        }
    }

    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Patch => "patch",
            Self::Rest => "rest",
        }
    }
}

impl Step {
    fn of(order: Ordering, size: Size) -> Self {
        match order {
            Ordering::Less => Self::Up(size),
            Ordering::Greater => Self::Down(size),
            Ordering::Equal => Self::Beside,
        }
    }

    /// Which way, as in JSON.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Down(_) => "down",
            Self::Beside => "beside",
        }
    }

    /// How far; none where neither is later.
    pub const fn size(self) -> Option<Size> {
        match self {
            Self::Up(size) | Self::Down(size) => Some(size),
            Self::Beside => None,
        }
    }
}

/// The step from `a` to `b`, versions as `language` writes them.
pub fn step(language: &str, a: &str, b: &str) -> Step {
    let known = match language {
        "python" | "conda" => by_pep_440(a, b),
        "rust" | "julia" => by_semver(a, b),
        _ => None,
    };
    known.or_else(|| by_numbers(a, b)).unwrap_or(Step::Beside)
}

fn by_pep_440(a: &str, b: &str) -> Option<Step> {
    let (a, b) = (python_version::Version::parse(a)?, python_version::Version::parse(b)?);
    let size = if a.epoch() == b.epoch() { first_other(a.release(), b.release()) } else { Size::Major };
    Some(Step::of(a.public_order(&b), size))
}

fn by_semver(a: &str, b: &str) -> Option<Step> {
    let (a, b) = (semver::Version::parse(a).ok()?, semver::Version::parse(b).ok()?);
    let numbers = |version: &semver::Version| [version.major, version.minor, version.patch];
    // What stands before the first number that is not 0 promises nothing.
    let zeros = numbers(&a).iter().zip(numbers(&b)).take_while(|(a, b)| **a == 0 && *b == 0).count();
    let size = match first_other(&numbers(&a), &numbers(&b)) {
        Size::Rest => Size::Rest,
        found => Size::at((found as usize).saturating_sub(zeros)),
    };
    Some(Step::of(a.cmp_precedence(&b), size))
}

fn by_numbers(a: &str, b: &str) -> Option<Step> {
    let (a, b) = (numbers(a)?, numbers(b)?);
    let longest = a.len().max(b.len());
    let padded =
        |numbers: &[u64]| numbers.iter().copied().chain(std::iter::repeat(0)).take(longest).collect::<Vec<_>>();
    Some(Step::of(padded(&a).cmp(&padded(&b)), first_other(&a, &b)))
}

/// The numbers at the beginning of a version; none where it begins with something else.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let parts = version.trim().trim_start_matches('v').split(['.', '-', '_', '+']);
    let numbers: Vec<u64> = parts.map_while(|part| part.parse().ok()).collect();
    (!numbers.is_empty()).then_some(numbers)
}

/// In which number two differ first; what is not there is 0.
fn first_other(a: &[u64], b: &[u64]) -> Size {
    let at = |numbers: &[u64], place: usize| numbers.get(place).copied().unwrap_or(0);
    let place = (0..a.len().max(b.len())).find(|place| at(a, *place) != at(b, *place));
    place.map_or(Size::Rest, Size::at)
}
