//! Columns made of cells, of other columns' cells by their places, and of several columns.

use polars::polars_utils::total_ord::TotalOrd;
use polars::prelude::{ChunkedArray, FalseT, PolarsDataType};

use super::column::{Cells, Column};
use super::error::TableError;
use super::guard::{malformed, within};

impl Column {
    /// Cells of one type, which have no name yet.
    const fn nameless(cells: Cells) -> Self {
        Self::of(String::new(), cells)
    }

    pub(super) const fn empty(rows: usize) -> Self {
        Self::nameless(Cells::Empty(rows))
    }

    pub(super) fn integers(cells: impl Iterator<Item = Option<i64>>) -> Self {
        Self::nameless(Cells::Integer(cells.collect()))
    }

    pub(super) fn naturals(cells: impl Iterator<Item = Option<u64>>) -> Self {
        Self::nameless(Cells::Natural(cells.collect()))
    }

    pub(super) fn singles(cells: impl Iterator<Item = Option<f32>>) -> Self {
        Self::nameless(Cells::Single(cells.collect()))
    }

    pub(super) fn doubles(cells: impl Iterator<Item = Option<f64>>) -> Self {
        Self::nameless(Cells::Double(cells.collect()))
    }

    pub(super) fn booleans(cells: impl Iterator<Item = Option<bool>>) -> Self {
        Self::nameless(Cells::Boolean(cells.collect()))
    }

    pub(super) fn of_texts<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Self {
        Self::nameless(Cells::Text(cells.collect()))
    }

    pub(super) fn dates(days: impl Iterator<Item = Option<i32>>) -> Self {
        Self::nameless(Cells::Date(days.collect()))
    }

    pub(super) fn date_times(ticks: impl Iterator<Item = Option<i64>>, per_second: i64, utc: bool) -> Self {
        Self::nameless(Cells::DateTime { ticks: ticks.collect(), per_second, utc })
    }

    pub(super) fn times(nanoseconds: impl Iterator<Item = Option<i64>>) -> Self {
        Self::nameless(Cells::Time(nanoseconds.collect()))
    }

    pub(super) fn decimals(unscaled: impl Iterator<Item = Option<i128>>, scale: usize) -> Self {
        Self::nameless(Cells::Decimal { unscaled: unscaled.collect(), scale })
    }

    /// The cells at these places; those that are texts take at most `limit` bytes together.
    pub(super) fn at(&self, places: impl Iterator<Item = Option<usize>>, limit: u64) -> Result<Self, TableError> {
        let len = self.len();
        let places = places.map(|place| match place {
            Some(place) if place >= len => Err(malformed("a dictionary has no such value")),
            place => Ok(place),
        });
        let cells = match self.cells() {
            Cells::Empty(_) => Cells::Empty(places.collect::<Result<Vec<_>, _>>()?.len()),
            Cells::Integer(cells) => Cells::Integer(taken(places, |place| cells.get(place))?),
            Cells::Natural(cells) => Cells::Natural(taken(places, |place| cells.get(place))?),
            Cells::Single(cells) => Cells::Single(taken(places, |place| cells.get(place))?),
            Cells::Double(cells) => Cells::Double(taken(places, |place| cells.get(place))?),
            Cells::Boolean(cells) => Cells::Boolean(taken(places, |place| cells.get(place))?),
            Cells::Text(cells) => {
                let mut bytes = 0;
                let text = |place: Result<Option<usize>, TableError>| {
                    let text = place?.and_then(|place| cells.get(place));
                    bytes += text.map_or(0, str::len) as u64;
                    within("bytes of text in one batch", bytes, limit)?;
                    Ok::<_, TableError>(text)
                };
                Cells::Text(places.map(text).collect::<Result<_, _>>()?)
            }
            Cells::Date(cells) => Cells::Date(taken(places, |place| cells.get(place))?),
            Cells::DateTime { ticks, per_second, utc } => {
                let ticks = taken(places, |place| ticks.get(place))?;
                Cells::DateTime { ticks, per_second: *per_second, utc: *utc }
            }
            Cells::Time(cells) => Cells::Time(taken(places, |place| cells.get(place))?),
            Cells::Decimal { unscaled, scale } => {
                Cells::Decimal { unscaled: taken(places, |place| unscaled.get(place))?, scale: *scale }
            }
        };
        Ok(Self::of(self.name().to_owned(), cells))
    }

    /// The cells of several columns of one type, one behind the other; none if they are of several.
    pub(super) fn joined(columns: Vec<Self>) -> Option<Self> {
        let mut columns = columns.into_iter();
        let mut all = columns.next()?;
        for column in columns {
            all = all.and(&column)?;
        }
        Some(all.in_one_chunk())
    }

    fn and(self, other: &Self) -> Option<Self> {
        let name = self.name().to_owned();
        let cells = match (self.into_cells(), other.cells()) {
            (Cells::Empty(a), Cells::Empty(b)) => Cells::Empty(a.checked_add(*b)?),
            (Cells::Integer(a), Cells::Integer(b)) => Cells::Integer(appended(a, b)?),
            (Cells::Natural(a), Cells::Natural(b)) => Cells::Natural(appended(a, b)?),
            (Cells::Single(a), Cells::Single(b)) => Cells::Single(appended(a, b)?),
            (Cells::Double(a), Cells::Double(b)) => Cells::Double(appended(a, b)?),
            (Cells::Boolean(a), Cells::Boolean(b)) => Cells::Boolean(appended(a, b)?),
            (Cells::Text(a), Cells::Text(b)) => Cells::Text(appended(a, b)?),
            (Cells::Date(a), Cells::Date(b)) => Cells::Date(appended(a, b)?),
            (Cells::Time(a), Cells::Time(b)) => Cells::Time(appended(a, b)?),
            (Cells::DateTime { ticks, per_second, utc }, Cells::DateTime { ticks: more, .. }) => {
                Cells::DateTime { ticks: appended(ticks, more)?, per_second, utc }
            }
            (Cells::Decimal { unscaled, scale }, Cells::Decimal { unscaled: more, .. }) => {
                Cells::Decimal { unscaled: appended(unscaled, more)?, scale }
            }
            _ => return None,
        };
        Some(Self::of(name, cells))
    }

    fn in_one_chunk(self) -> Self {
        let name = self.name().to_owned();
        let cells = match self.into_cells() {
            Cells::Empty(rows) => Cells::Empty(rows),
            Cells::Integer(cells) => Cells::Integer(cells.rechunk().into_owned()),
            Cells::Natural(cells) => Cells::Natural(cells.rechunk().into_owned()),
            Cells::Single(cells) => Cells::Single(cells.rechunk().into_owned()),
            Cells::Double(cells) => Cells::Double(cells.rechunk().into_owned()),
            Cells::Boolean(cells) => Cells::Boolean(cells.rechunk().into_owned()),
            Cells::Text(cells) => Cells::Text(cells.rechunk().into_owned()),
            Cells::Date(cells) => Cells::Date(cells.rechunk().into_owned()),
            Cells::DateTime { ticks, per_second, utc } => {
                Cells::DateTime { ticks: ticks.rechunk().into_owned(), per_second, utc }
            }
            Cells::Time(cells) => Cells::Time(cells.rechunk().into_owned()),
            Cells::Decimal { unscaled, scale } => Cells::Decimal { unscaled: unscaled.rechunk().into_owned(), scale },
        };
        Self::of(name, cells)
    }
}

fn taken<T, C: FromIterator<Option<T>>>(
    places: impl Iterator<Item = Result<Option<usize>, TableError>>,
    cell: impl Fn(usize) -> Option<T>,
) -> Result<C, TableError> {
    places.map(|place| Ok(place?.and_then(&cell))).collect()
}

fn appended<T>(mut a: ChunkedArray<T>, b: &ChunkedArray<T>) -> Option<ChunkedArray<T>>
where
    T: PolarsDataType<IsNested = FalseT, IsObject = FalseT>,
    for<'a> T::Physical<'a>: TotalOrd,
{
    a.append(b).ok()?;
    Some(a)
}
