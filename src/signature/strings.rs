//! How SSH writes what it signs with: RFC 4251 §5. A string is its length in four bytes, most significant first, and its bytes.
//!
//! Nothing is allocated by a length that is read: a string is a part of the bytes there are.

/// Bytes that are read from their beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strings<'b>(pub(super) &'b [u8]);

impl<'b> Strings<'b> {
    /// The next bytes.
    pub(super) fn bytes(&mut self, length: usize) -> Option<&'b [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        let bytes = self.bytes(4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }

    pub(super) fn string(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?;
        self.bytes(usize::try_from(length).ok()?)
    }

    pub(super) fn text(&mut self) -> Option<&'b str> {
        std::str::from_utf8(self.string()?).ok()
    }

    /// A number that is not negative, without the zeros it may begin with.
    pub(super) fn positive(&mut self) -> Option<&'b [u8]> {
        let bytes = self.string()?;
        if bytes.first().is_some_and(|first| first & 0x80 != 0) {
            return None;
        }
        Some(&bytes[bytes.iter().take_while(|byte| **byte == 0).count()..])
    }

    /// Nothing may be left.
    pub(super) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Appends a string.
pub(super) fn put(bytes: &mut Vec<u8>, string: &[u8]) {
    // What is longer than any length says is no string; nothing here comes near.
    let length = u32::try_from(string.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(string);
}

/// What a stranger wrote, for people.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// A number in as many bytes as a field has; none if it has more.
pub(super) fn padded<const N: usize>(number: &[u8]) -> Option<[u8; N]> {
    let mut field = [0; N];
    let from = N.checked_sub(number.len())?;
    field[from..].copy_from_slice(number);
    Some(field)
}
