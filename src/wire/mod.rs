//! How foreign formats write numbers and structs. Pure. Everything is `None` where bytes end too soon, or say what no writer
//! says.

pub(crate) mod flatbuffer;
pub(crate) mod lz4;
pub(crate) mod thrift;

/// A number of variable length: seven bits a byte, the lowest first; the highest bit says that more follow.
pub(crate) fn varint(mut byte: impl FnMut() -> Option<u8>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = byte()?;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
