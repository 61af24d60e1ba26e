//! Flatbuffers, in which arrow writes what it says of itself: a table begins with the way back to a list of its fields' places.
//! Source: `docs/source/internals.md` of google/flatbuffers.
//!
//! Nothing is followed unseen: every place and every length is checked when it is used, and nothing is held but the bytes.

/// A table at a place in the bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Where its list of fields begins, and how long it is.
    fields: (usize, usize),
}

/// Elements of one length, one behind the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vector<'a> {
    bytes: &'a [u8],
    start: usize,
    len: usize,
    width: usize,
}

impl<'a> Table<'a> {
    /// The outermost table.
    pub(crate) fn root(bytes: &'a [u8]) -> Option<Self> {
        let at = u32::from_le_bytes(fixed(bytes, 0)?) as usize;
        Self::new(bytes, at)
    }

    fn new(bytes: &'a [u8], at: usize) -> Option<Self> {
        let back = i32::from_le_bytes(fixed(bytes, at)?);
        let start = usize::try_from(i64::try_from(at).ok()?.checked_sub(back.into())?).ok()?;
        let length = usize::from(u16::from_le_bytes(fixed(bytes, start)?));
        (length >= 4 && start.checked_add(length)? <= bytes.len()).then_some(Self {
            bytes,
            at,
            fields: (start, length),
        })
    }

    /// Where a field is; none if it is not there, which means its default.
    fn place(&self, field: usize) -> Option<usize> {
        let offset = 4 + 2 * field;
        if offset + 2 > self.fields.1 {
            return None;
        }
        let offset = usize::from(u16::from_le_bytes(fixed(self.bytes, self.fields.0 + offset)?));
        if offset == 0 { None } else { self.at.checked_add(offset) }
    }

    /// A number of so many bytes; `Some(None)`: it is not there. None: it would lie outside.
    fn number<const N: usize>(&self, field: usize) -> Option<Option<[u8; N]>> {
        match self.place(field) {
            None => Some(None),
            Some(at) => fixed(self.bytes, at).map(Some),
        }
    }

    pub(crate) fn u8(&self, field: usize, default: u8) -> Option<u8> {
        self.number(field).map(|bytes| bytes.map_or(default, u8::from_le_bytes))
    }

    pub(crate) fn i16(&self, field: usize, default: i16) -> Option<i16> {
        self.number(field).map(|bytes| bytes.map_or(default, i16::from_le_bytes))
    }

    pub(crate) fn i32(&self, field: usize, default: i32) -> Option<i32> {
        self.number(field).map(|bytes| bytes.map_or(default, i32::from_le_bytes))
    }

    pub(crate) fn i64(&self, field: usize, default: i64) -> Option<i64> {
        self.number(field).map(|bytes| bytes.map_or(default, i64::from_le_bytes))
    }

    /// Whether a field is there.
    pub(crate) fn has(&self, field: usize) -> bool {
        self.place(field).is_some()
    }

    /// Where the offset at `at` leads.
    fn target(bytes: &[u8], at: usize) -> Option<usize> {
        at.checked_add(u32::from_le_bytes(fixed(bytes, at)?) as usize)
    }

    /// A table in a field.
    pub(crate) fn table(&self, field: usize) -> Option<Self> {
        Self::new(self.bytes, Self::target(self.bytes, self.place(field)?)?)
    }

    /// A text in a field.
    pub(crate) fn text(&self, field: usize) -> Option<&'a str> {
        let vector = self.vector(field, 1)?;
        std::str::from_utf8(vector.bytes.get(vector.start..vector.start + vector.len)?).ok()
    }

    /// Elements of `width` bytes in a field.
    pub(crate) fn vector(&self, field: usize, width: usize) -> Option<Vector<'a>> {
        let at = Self::target(self.bytes, self.place(field)?)?;
        let len = u32::from_le_bytes(fixed(self.bytes, at)?) as usize;
        let start = at.checked_add(4)?;
        let end = start.checked_add(len.checked_mul(width)?)?;
        (end <= self.bytes.len()).then_some(Vector { bytes: self.bytes, start, len, width })
    }

    /// Tables in a field; nothing where the field is not there.
    pub(crate) fn tables(&self, field: usize) -> Option<Vec<Self>> {
        if !self.has(field) {
            return Some(Vec::new());
        }
        let vector = self.vector(field, 4)?;
        // Each takes four bytes at least, so there are no more than the bytes bear.
        let table = |number: usize| Self::new(self.bytes, Self::target(self.bytes, vector.start + 4 * number)?);
        (0..vector.len).map(table).collect()
    }
}

impl Vector<'_> {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The number of eight bytes at a place in an element.
    pub(crate) fn i64(&self, number: usize, offset: usize) -> Option<i64> {
        if number >= self.len || offset + 8 > self.width {
            return None;
        }
        fixed(self.bytes, self.start + number * self.width + offset).map(i64::from_le_bytes)
    }
}

fn fixed<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.first_chunk().copied()
}
