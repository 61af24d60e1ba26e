//! The 68 opcodes of pickle, protocols 0 to 5, by their names in Python's `pickletools`.

macro_rules! opcodes {
    ($($name:ident = $byte:literal),+ $(,)?) => {
        $(pub(super) const $name: u8 = $byte;)+
        #[cfg(test)]
        const ALL: &[u8] = &[$($name),+];
    };
}

opcodes! {
    MARK = b'(', STOP = b'.', POP = b'0', POP_MARK = b'1', DUP = b'2',
    // Numbers, texts, bytes.
    FLOAT = b'F', BINFLOAT = b'G', INT = b'I', BININT = b'J', BININT1 = b'K', BININT2 = b'M', LONG = b'L', LONG1 = 0x8a,
    LONG4 = 0x8b, NONE = b'N', NEWTRUE = 0x88, NEWFALSE = 0x89, STRING = b'S', BINSTRING = b'T', SHORT_BINSTRING = b'U',
    UNICODE = b'V', BINUNICODE = b'X', SHORT_BINUNICODE = 0x8c, BINUNICODE8 = 0x8d, BINBYTES = b'B', SHORT_BINBYTES = b'C',
    BINBYTES8 = 0x8e, BYTEARRAY8 = 0x96, NEXT_BUFFER = 0x97, READONLY_BUFFER = 0x98,
    // What holds others.
    EMPTY_LIST = b']', APPEND = b'a', APPENDS = b'e', LIST = b'l', EMPTY_TUPLE = b')', TUPLE = b't', TUPLE1 = 0x85, TUPLE2 = 0x86,
    TUPLE3 = 0x87, EMPTY_DICT = b'}', DICT = b'd', SETITEM = b's', SETITEMS = b'u', EMPTY_SET = 0x8f, ADDITEMS = 0x90,
    FROZENSET = 0x91,
    // What was seen before.
    GET = b'g', BINGET = b'h', LONG_BINGET = b'j', PUT = b'p', BINPUT = b'q', LONG_BINPUT = b'r', MEMOIZE = 0x94,
    // What imports.
    GLOBAL = b'c', STACK_GLOBAL = 0x93, INST = b'i', EXT1 = 0x82, EXT2 = 0x83, EXT4 = 0x84,
    // What calls.
    REDUCE = b'R', BUILD = b'b', OBJ = b'o', NEWOBJ = 0x81, NEWOBJ_EX = 0x92, PERSID = b'P', BINPERSID = b'Q',
    PROTO = 0x80, FRAME = 0x95,
}

#[cfg(test)]
mod tests {
    /// As many as `len(pickletools.opcodes)`, and no byte twice.
    #[test]
    fn all_of_them() {
        let bytes: std::collections::BTreeSet<u8> = super::ALL.iter().copied().collect();
        assert_eq!((bytes.len(), super::ALL.len()), (68, 68));
    }
}
