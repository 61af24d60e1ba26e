//! Numbers and texts as protocol 0 writes them: as Python's source would, on one line.

/// `'it\'s'`, quotes included, as Python's `codecs.escape_decode` reads it.
pub(super) fn string(line: &[u8]) -> Option<String> {
    let [quote @ (b'\'' | b'"'), inside @ .., last] = line.trim_ascii() else { return None };
    if quote != last {
        return None;
    }
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let escaped = match rest.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'x' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            first @ b'0'..=b'7' => {
                let mut code = u32::from(first - b'0');
                for _ in 0..2 {
                    let Some(digit) = rest.next_if(|byte| (b'0'..=b'7').contains(byte)) else { break };
                    code = code * 8 + u32::from(digit - b'0');
                }
                (code & 0xff) as u8
            }
            same @ (b'\\' | b'\'' | b'"') => same,
            other => {
                bytes.push(b'\\');
                other
            }
        };
        bytes.push(escaped);
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// `caf\u00e9`: Latin-1 with escapes for the rest, and for what lines cannot hold.
pub(super) fn unicode(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        let digits = match line.get(at..at + 2) {
            Some(b"\\u") => 4,
            Some(b"\\U") => 8,
            _ => 0,
        };
        let code = line.get(at + 2..at + 2 + digits).filter(|hex| !hex.is_empty());
        let code = code.and_then(|hex| u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        if let Some(code) = code {
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            at += 2 + digits;
        } else {
            text.push(char::from(line[at]));
            at += 1;
        }
    }
    text
}

/// Little-endian, in two's complement, of any length; none where more than 128 bits are needed.
pub(super) fn integer(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut all = [if negative { 0xff } else { 0 }; 16];
    all.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(i128::from_le_bytes(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python prints for `codecs.escape_decode` and `raw_unicode_escape`.
    #[test]
    fn as_python_reads_them() {
        assert_eq!(string(br"'o\x73\0\47\''").as_deref(), Some("os\0''"));
        assert_eq!(string(br#""a\qb\\""#).as_deref(), Some(r"a\qb\"));
        assert_eq!(string(b"'open"), None);
        assert_eq!(string(b"'"), None);
        assert_eq!(unicode(b"caf\xe9 \\u20ac \\U0001f600 \\n \\u12"), "café € 😀 \\n \\u12");
        assert_eq!(integer(&[]), Some(0));
        assert_eq!(integer(&[0xff, 0]), Some(255));
        assert_eq!(integer(&[0xff]), Some(-1));
        assert_eq!(integer(&[1; 17]), None);
    }
}
