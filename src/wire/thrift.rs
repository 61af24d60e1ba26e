//! Thrift's compact protocol, in which parquet writes what it says of itself: a struct is fields, each with what its number is
//! more than the last one's and a kind (4 bits each), and a zero at the end.
//! Source: `thrift-compact-protocol.md` of apache/thrift.

use super::varint;

pub(crate) const TRUE: u8 = 1;
pub(crate) const FALSE: u8 = 2;
pub(crate) const BYTE: u8 = 3;
pub(crate) const I16: u8 = 4;
pub(crate) const I32: u8 = 5;
pub(crate) const I64: u8 = 6;
pub(crate) const DOUBLE: u8 = 7;
pub(crate) const BINARY: u8 = 8;
pub(crate) const LIST: u8 = 9;
pub(crate) const SET: u8 = 10;
pub(crate) const MAP: u8 = 11;
pub(crate) const STRUCT: u8 = 12;
pub(crate) const UUID: u8 = 13;

/// Structs and lists lie no deeper in each other.
const MAX_DEPTH: u32 = 32;

/// What the fields of a struct are, by number. A field that is not named may be anything.
pub(crate) type Shape = &'static [(i16, Kind)];

/// What a value is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// True or false.
    Truth,
    /// A number, or bytes: of this kind.
    Plain(u8),
    /// A struct.
    Struct(Shape),
    /// A list of structs.
    Structs(Shape),
    /// A list of values of this kind.
    List(u8),
}

/// What is left to read.
#[derive(Clone)]
pub(crate) struct Compact<'a>(pub(crate) &'a [u8]);

impl<'a> Compact<'a> {
    /// Every field of a struct up to its end, its value to be taken by `take`, which gets its number and its kind.
    pub(crate) fn fields(&mut self, mut take: impl FnMut(&mut Self, i16, u8) -> Option<()>) -> Option<()> {
        let mut number = 0_i16;
        loop {
            let head = self.byte()?;
            if head & 15 == 0 {
                return (head == 0).then_some(());
            }
            number = match head >> 4 {
                0 => i16::try_from(self.signed()?).ok()?,
                more => number.checked_add(more.into())?,
            };
            take(self, number, head & 15)?;
        }
    }

    /// Every struct of a list. The count only promises: each takes a byte at least.
    pub(crate) fn structs(&mut self, mut take: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        let (kind, count) = self.list()?;
        if kind != STRUCT && count > 0 {
            return None;
        }
        (0..count).try_for_each(|_| take(self))
    }

    /// The kind of a list's elements, and how many it says there are.
    pub(crate) fn list(&mut self) -> Option<(u8, u64)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.number()?,
            few => few.into(),
        };
        Some((head & 15, count))
    }

    /// Reads a struct that must have `shape`, and no list of more than `longest`. Readers that allocate by a list's count, or
    /// take a field for what its number says whatever its kind, can be trusted with what was found right here.
    pub(crate) fn check(&mut self, shape: Shape, longest: u64) -> Option<()> {
        self.fields(|at, number, kind| match shape.iter().find(|(named, _)| *named == number) {
            Some((_, expected)) => at.check_value(*expected, kind, longest),
            None => at.skip(kind),
        })
    }

    fn check_value(&mut self, expected: Kind, kind: u8, longest: u64) -> Option<()> {
        match (expected, kind) {
            (Kind::Truth, TRUE | FALSE) => Some(()),
            (Kind::Plain(I32), I32) => i32::try_from(self.signed()?).ok().map(drop),
            (Kind::Plain(expected), _) if expected == kind => self.skip(kind),
            (Kind::Struct(shape), STRUCT) => self.check(shape, longest),
            (Kind::Structs(_) | Kind::List(_), LIST) => {
                let (kind, count) = self.list()?;
                let wanted = if let Kind::List(wanted) = expected { wanted } else { STRUCT };
                if count > longest || (kind != wanted && count > 0) {
                    return None;
                }
                (0..count).try_for_each(|_| match expected {
                    Kind::Structs(shape) => self.check(shape, longest),
                    _ => self.skip(kind),
                })
            }
            _ => None,
        }
    }

    /// Passes over a value of this kind.
    pub(crate) fn skip(&mut self, kind: u8) -> Option<()> {
        self.skip_within(kind, MAX_DEPTH)
    }

    fn skip_within(&mut self, kind: u8, depth: u32) -> Option<()> {
        match kind {
            // A field's truth is in its kind.
            TRUE | FALSE => Some(()),
            BYTE => self.take(1).map(drop),
            I16 | I32 | I64 => self.number().map(drop),
            DOUBLE => self.take(8).map(drop),
            BINARY => self.binary().map(drop),
            LIST | SET => {
                let (kind, count) = self.list()?;
                let depth = depth.checked_sub(1)?;
                (0..count).try_for_each(|_| self.skip_element(kind, depth))
            }
            MAP => {
                let depth = depth.checked_sub(1)?;
                let count = self.number()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                (0..count).try_for_each(|_| {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 15, depth)
                })
            }
            STRUCT => {
                let depth = depth.checked_sub(1)?;
                self.fields(|at, _, kind| at.skip_within(kind, depth))
            }
            UUID => self.take(16).map(drop),
            _ => None,
        }
    }

    /// In lists and maps, a truth takes a byte.
    fn skip_element(&mut self, kind: u8, depth: u32) -> Option<()> {
        self.skip_within(if matches!(kind, TRUE | FALSE) { BYTE } else { kind }, depth)
    }

    /// 0, -1, 1, -2, 2 and so on.
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn number(&mut self) -> Option<u64> {
        varint(|| self.byte())
    }

    /// A length and so many bytes.
    pub(crate) fn binary(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}
