//! What the cells of a column are, so far as statistics and the logical digest tell them apart.

use polars::prelude::{DataType, TimeUnit};

use super::grammar::TextKind;

/// The kind of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of a type that has no values, or without any in a csv.
    Empty,
    /// Whole numbers within i64.
    Integer,
    /// Whole numbers within u64.
    Natural,
    /// Whole numbers, in one file within i64 and in another within u64.
    Whole,
    Float,
    Boolean,
    Text,
    Date,
    DateTime {
        per_second: i64,
        utc: bool,
    },
    Time,
    Decimal,
    /// Seconds with so many digits behind the point.
    Duration {
        digits: usize,
    },
}

impl Kind {
    /// The kind of a typed column; none for lists, bytes and whatever else is no single value.
    pub(super) const fn of(kind: &DataType) -> Option<Self> {
        Some(match kind {
            DataType::Null => Self::Empty,
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => Self::Integer,
            DataType::UInt64 => Self::Natural,
            DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Boolean => Self::Boolean,
            DataType::String | DataType::Categorical(..) | DataType::Enum(..) => Self::Text,
            DataType::Date => Self::Date,
            DataType::Datetime(unit, zone) => {
                Self::DateTime { per_second: 10_i64.pow(digits(*unit) as u32), utc: zone.is_some() }
            }
            DataType::Time => Self::Time,
            DataType::Decimal(_, scale) if *scale <= 38 => Self::Decimal,
            DataType::Duration(unit) => Self::Duration { digits: digits(*unit) },
            _ => return None,
        })
    }

    /// The kind a column has in several files; none if they are not one column.
    pub(super) fn unified(self, other: Self) -> Option<Self> {
        let whole = |kind| matches!(kind, Self::Integer | Self::Natural | Self::Whole);
        match (self, other) {
            (Self::Empty, kind) | (kind, Self::Empty) => Some(kind),
            (a, b) if a == b => Some(a),
            (a, b) if whole(a) && whole(b) => Some(Self::Whole),
            (Self::Duration { digits: a }, Self::Duration { digits: b }) => Some(Self::Duration { digits: a.max(b) }),
            _ => None,
        }
    }

    /// The word for it in a [shape](super::shape()), of the kinds a csv can have.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Integer | Self::Natural | Self::Whole => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::Date => "date",
            Self::DateTime { .. } => "datetime",
            Self::Time => "time",
            Self::Decimal => "decimal",
            Self::Duration { .. } => "duration",
        }
    }

    /// The word for it in the schema of a logical digest.
    pub(super) const fn digested(self) -> &'static str {
        match self {
            // Written as they are in a csv.
            Self::Date | Self::DateTime { .. } | Self::Time => "text",
            other => other.word(),
        }
    }
}

impl Kind {
    /// The kind of a column of text or json; none for what is no single value, or of several kinds.
    pub(super) const fn of_texts(kind: TextKind) -> Option<Self> {
        Some(match kind {
            TextKind::Empty => Self::Empty,
            TextKind::Integer => Self::Integer,
            TextKind::Natural => Self::Natural,
            TextKind::Float => Self::Float,
            TextKind::Boolean => Self::Boolean,
            TextKind::Text => Self::Text,
            TextKind::List | TextKind::Struct | TextKind::Mixed => return None,
        })
    }
}

const fn digits(unit: TimeUnit) -> usize {
    match unit {
        TimeUnit::Milliseconds => 3,
        TimeUnit::Microseconds => 6,
        TimeUnit::Nanoseconds => 9,
    }
}
