//! The cells of one column in some rows of a record batch.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use super::super::column::Column;
use super::super::error::TableError;
use super::super::guard::{malformed, within};
use super::Dictionaries;
use super::body::Body;
use super::messages::Record;
use super::schema::{Field, Parts, Type};

/// Bytes of text in one column of a batch: what views and dictionaries repeat takes nothing in the file.
const TEXT: u64 = 1 << 28;
/// Milliseconds.
const DAY: i64 = 86_400_000;

impl Field {
    /// So many cells from a first one on.
    pub(super) fn cells(
        &self,
        record: &Record<'_>,
        body: &mut Body<'_, impl Read + Seek>,
        dictionaries: &Dictionaries,
        (first, rows): (u64, u64),
    ) -> Result<Column, TableError> {
        let mut reading = Reading::new(record, body, self.first, (first, rows));
        let column = match &self.cells {
            Type::Coded { bytes, signed, id, .. } => {
                let dictionary = dictionaries.get(id).ok_or_else(|| malformed("a dictionary is missing"))?;
                let places = reading.whole(*bytes, *signed)?;
                dictionary
                    .at(places.into_iter().map(|place| place.map(|p| usize::try_from(p).unwrap_or(usize::MAX))), TEXT)?
            }
            cells => reading.column(cells)?,
        };
        if column.len() as u64 != rows {
            return Err(malformed("a column is shorter than its rows"));
        }
        Ok(column.named(&self.name))
    }

    /// No cells.
    pub(super) fn empty(&self) -> Column {
        let cells = if let Type::Coded { values, .. } = &self.cells { values } else { &self.cells };
        cells.empty().named(&self.name)
    }
}

impl Type {
    /// All cells of a dictionary.
    pub(super) fn read(
        &self,
        record: &Record<'_>,
        body: &mut Body<'_, impl Read + Seek>,
    ) -> Result<Column, TableError> {
        within("values of a dictionary", record.rows, TEXT)?;
        Reading::new(record, body, Parts::default(), (0, record.rows)).column(self)
    }

    fn empty(&self) -> Column {
        match self {
            Self::Boolean => Column::booleans(std::iter::empty()),
            Self::Whole { bytes: 8, signed: false } => Column::naturals(std::iter::empty()),
            Self::Whole { .. } => Column::integers(std::iter::empty()),
            Self::Single => Column::singles(std::iter::empty()),
            Self::Double => Column::doubles(std::iter::empty()),
            Self::Text { .. } | Self::View => Column::of_texts(std::iter::empty()),
            Self::Date { .. } => Column::dates(std::iter::empty()),
            Self::DateTime { per_second, utc } => Column::date_times(std::iter::empty(), *per_second, *utc),
            Self::Time { .. } => Column::times(std::iter::empty()),
            Self::Duration { digits } => Column::decimals(std::iter::empty(), *digits),
            Self::Decimal { scale, .. } => Column::decimals(std::iter::empty(), *scale),
            Self::Empty | Self::Coded { .. } | Self::Opaque => Column::empty(0),
        }
    }
}

/// Some rows of one column.
struct Reading<'a, 'r, R> {
    record: &'a Record<'a>,
    body: &'a mut Body<'r, R>,
    parts: Parts,
    /// The first of its buffers: those of views before it are as many as the batch says.
    buffers: usize,
    first: u64,
    rows: u64,
}

impl<'a, 'r, R: Read + Seek> Reading<'a, 'r, R> {
    fn new(record: &'a Record<'a>, body: &'a mut Body<'r, R>, parts: Parts, (first, rows): (u64, u64)) -> Self {
        let views = record.views.as_ref();
        let before = (0..parts.views).filter_map(|at| usize::try_from(views?.i64(at, 0)?).ok());
        let buffers = before.fold(parts.buffers, usize::saturating_add);
        Self { record, body, parts, buffers, first, rows }
    }

    fn column(&mut self, cells: &Type) -> Result<Column, TableError> {
        Ok(match cells {
            Type::Empty => Column::empty(self.rows as usize),
            Type::Boolean => {
                let bits = self.bits(1)?;
                Column::booleans(self.present()?.into_iter().zip(bits).map(|(there, bit)| there.then_some(bit)))
            }
            Type::Whole { bytes: 8, signed: false } => {
                let values = self.fixed::<8>()?;
                Column::naturals(self.there(values)?.map(|cell| cell.map(u64::from_le_bytes)))
            }
            Type::Whole { bytes, signed } => Column::integers(self.whole(*bytes, *signed)?.into_iter()),
            Type::Single => {
                let values = self.fixed::<4>()?;
                Column::singles(self.there(values)?.map(|cell| cell.map(f32::from_le_bytes)))
            }
            Type::Double => {
                let values = self.fixed::<8>()?;
                Column::doubles(self.there(values)?.map(|cell| cell.map(f64::from_le_bytes)))
            }
            Type::Text { wide } => self.texts(*wide)?,
            Type::View => self.views()?,
            Type::Date { wide: false } => {
                let values = self.fixed::<4>()?;
                Column::dates(self.there(values)?.map(|cell| cell.map(i32::from_le_bytes)))
            }
            Type::Date { wide: true } => {
                let days = self.whole(8, true)?.into_iter().map(|cell| match cell {
                    Some(time) if time % DAY != 0 => Err(malformed("a date is no whole day")),
                    Some(time) => i32::try_from(time / DAY).map(Some).map_err(|_| malformed("a date is out of range")),
                    None => Ok(None),
                });
                Column::dates(days.collect::<Result<Vec<_>, _>>()?.into_iter())
            }
            Type::DateTime { per_second, utc } => {
                Column::date_times(self.whole(8, true)?.into_iter(), *per_second, *utc)
            }
            Type::Time { wide, per_second } => {
                let (bytes, factor) = (if *wide { 8 } else { 4 }, 1_000_000_000 / per_second);
                let times = self.whole(bytes, true)?.into_iter().map(|cell| cell.map(|time| time.checked_mul(factor)));
                let times = times.map(|cell| match cell {
                    Some(None) => Err(malformed("a time is out of range")),
                    cell => Ok(cell.flatten()),
                });
                Column::times(times.collect::<Result<Vec<_>, _>>()?.into_iter())
            }
            Type::Duration { digits } => {
                Column::decimals(self.whole(8, true)?.into_iter().map(|cell| cell.map(i128::from)), *digits)
            }
            Type::Decimal { bytes: 16, scale } => {
                let values = self.fixed::<16>()?;
                Column::decimals(self.there(values)?.map(|cell| cell.map(i128::from_le_bytes)), *scale)
            }
            Type::Decimal { bytes, scale } => {
                Column::decimals(self.whole(*bytes, true)?.into_iter().map(|cell| cell.map(i128::from)), *scale)
            }
            Type::Coded { .. } | Type::Opaque => return Err(malformed("a dictionary of dictionaries")),
        })
    }

    /// Which cells are there.
    fn present(&mut self) -> Result<Vec<bool>, TableError> {
        let nodes = self.record.nodes.as_ref();
        let nulls = nodes.and_then(|nodes| nodes.i64(self.parts.nodes, 8));
        let rows = nodes.and_then(|nodes| nodes.i64(self.parts.nodes, 0)).and_then(|rows| u64::try_from(rows).ok());
        let (Some(nulls), Some(rows)) = (nulls, rows) else { return Err(malformed("a column has no node")) };
        if self.first + self.rows > rows {
            return Err(malformed("a column is shorter than its rows"));
        }
        // Where nothing is missing, there need be no bits that say so.
        if nulls == 0 || !Body::<R>::has(self.record, self.buffers) {
            return Ok(vec![true; self.rows as usize]);
        }
        self.bits(0)
    }

    fn bits(&mut self, buffer: usize) -> Result<Vec<bool>, TableError> {
        let (from, to) = (self.first / 8, (self.first + self.rows).div_ceil(8));
        let bytes = self.buffer(buffer, (from, to))?;
        let bit = |row: u64| {
            let at = (self.first % 8 + row) as usize;
            bytes[at / 8] >> (at % 8) & 1 == 1
        };
        Ok((0..self.rows).map(bit).collect())
    }

    fn buffer(&mut self, buffer: usize, range: (u64, u64)) -> Result<Vec<u8>, TableError> {
        self.body.range(self.record, self.buffers.saturating_add(buffer), range)
    }

    /// Cells of so many bytes each.
    fn fixed<const N: usize>(&mut self) -> Result<Vec<[u8; N]>, TableError> {
        let (first, width) = (self.first, N as u64);
        let end = (first + self.rows).checked_mul(width).ok_or_else(|| malformed("it has more rows than can be"))?;
        Ok(self.buffer(1, (first * width, end))?.as_chunks::<N>().0.to_vec())
    }

    fn there<T>(&mut self, cells: Vec<T>) -> Result<impl Iterator<Item = Option<T>>, TableError> {
        let present = self.present()?;
        Ok(present.into_iter().zip(cells).map(|(there, cell)| there.then_some(cell)))
    }

    /// Whole numbers; those of eight bytes without a sign are read as if they had one.
    fn whole(&mut self, bytes: usize, signed: bool) -> Result<Vec<Option<i64>>, TableError> {
        let numbers: Vec<i64> = match (bytes, signed) {
            (1, true) => self.fixed::<1>()?.into_iter().map(|cell| i8::from_le_bytes(cell).into()).collect(),
            (1, false) => self.fixed::<1>()?.into_iter().map(|cell| u8::from_le_bytes(cell).into()).collect(),
            (2, true) => self.fixed::<2>()?.into_iter().map(|cell| i16::from_le_bytes(cell).into()).collect(),
            (2, false) => self.fixed::<2>()?.into_iter().map(|cell| u16::from_le_bytes(cell).into()).collect(),
            (4, true) => self.fixed::<4>()?.into_iter().map(|cell| i32::from_le_bytes(cell).into()).collect(),
            (4, false) => self.fixed::<4>()?.into_iter().map(|cell| u32::from_le_bytes(cell).into()).collect(),
            _ => self.fixed::<8>()?.into_iter().map(i64::from_le_bytes).collect(),
        };
        Ok(self.there(numbers)?.collect())
    }

    fn texts(&mut self, wide: bool) -> Result<Column, TableError> {
        let present = self.present()?;
        if self.rows == 0 {
            return Ok(Column::of_texts(std::iter::empty()));
        }
        // One more offset than there are cells.
        self.rows += 1;
        let offsets: Result<Vec<u64>, TableError> = if wide {
            self.fixed::<8>().map(|cells| cells.into_iter().map(u64::from_le_bytes).collect())
        } else {
            self.fixed::<4>().map(|cells| cells.into_iter().map(|cell| u32::from_le_bytes(cell).into()).collect())
        };
        self.rows -= 1;
        let offsets = offsets?;
        let (Some(start), Some(end)) = (offsets.first().copied(), offsets.last().copied()) else {
            return Err(malformed("a column is shorter than its rows"));
        };
        if offsets.len() as u64 != self.rows + 1 || !offsets.is_sorted() {
            return Err(malformed("the offsets of a column of text do not ascend"));
        }
        within("bytes of text in one batch", end - start, TEXT)?;
        let bytes = self.buffer(2, (start, end))?;
        let cells = present.into_iter().zip(offsets.windows(2)).map(|(there, ends)| {
            let cell = bytes.get((ends[0] - start) as usize..(ends[1] - start) as usize).filter(|_| there);
            cell.map(text).transpose()
        });
        Ok(Column::of_texts(cells.collect::<Result<Vec<_>, _>>()?.into_iter()))
    }

    fn views(&mut self) -> Result<Column, TableError> {
        let present = self.present()?;
        let views = self.fixed::<16>()?;
        let counts = self.record.views.as_ref();
        let count = counts.and_then(|counts| usize::try_from(counts.i64(self.parts.views, 0)?).ok()).unwrap_or(0);
        let lies = || malformed("a text lies outside its column");
        let number =
            |view: &[u8; 16], at: usize| view[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        // What is needed of each buffer: from where to where.
        let mut needed: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        let mut total = 0;
        for (view, _) in views.iter().zip(&present).filter(|(view, there)| **there && number(view, 0) > 12) {
            let (length, buffer) = (u64::from(number(view, 0)), number(view, 8) as usize);
            let (from, to) = (u64::from(number(view, 12)), u64::from(number(view, 12)) + length);
            total += length;
            within("bytes of text in one batch", total, TEXT)?;
            if buffer >= count {
                return Err(lies());
            }
            let range = needed.entry(buffer).or_insert((from, to));
            *range = (range.0.min(from), range.1.max(to));
        }
        let mut buffers = BTreeMap::new();
        let mut held = 0;
        for (at, (from, to)) in needed {
            held += to - from;
            within("bytes of text in one batch", held, 2 * TEXT)?;
            buffers.insert(at, (from, self.buffer(at.saturating_add(2), (from, to))?));
        }
        let cells = views.iter().zip(&present).map(|(view, there)| {
            let length = number(view, 0) as usize;
            if !*there {
                return Ok(None);
            }
            if length <= 12 {
                return text(&view[4..4 + length]).map(Some);
            }
            let (start, bytes) = buffers.get(&(number(view, 8) as usize)).ok_or_else(lies)?;
            let from = (u64::from(number(view, 12)) - start) as usize;
            text(bytes.get(from..from + length).ok_or_else(lies)?).map(Some)
        });
        Ok(Column::of_texts(cells.collect::<Result<Vec<_>, _>>()?.into_iter()))
    }
}

fn text(bytes: &[u8]) -> Result<&str, TableError> {
    std::str::from_utf8(bytes).map_err(|_| malformed("a text is not UTF-8"))
}
