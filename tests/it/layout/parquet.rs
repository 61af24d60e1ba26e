//! Tables whose footers are written here, in Thrift's compact protocol: what lies, and what is large.

use mlrun::layout::{self, Layout};

use super::{WithHole, fixture, flipped, inside, layout_of, varint};

const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// A field whose number is given in full, which the protocol allows anywhere.
fn field(id: u64, kind: u8, value: &[u8]) -> Vec<u8> {
    [vec![kind], varint(id << 1), value.to_vec()].concat()
}

fn whole(id: u64, n: i64) -> Vec<u8> {
    field(id, I64, &varint(((n << 1) ^ (n >> 63)) as u64))
}

fn list(kind: u8, count: u64, elements: &[u8]) -> Vec<u8> {
    [vec![0xf0 | kind], varint(count), elements.to_vec()].concat()
}

fn text(text: &[u8]) -> Vec<u8> {
    [varint(text.len() as u64), text.to_vec()].concat()
}

/// A struct of these fields.
fn record(fields: &[Vec<u8>]) -> Vec<u8> {
    [fields.concat(), vec![0]].concat()
}

fn chunk(fields: &[Vec<u8>]) -> Vec<u8> {
    let names = field(3, LIST, &list(BINARY, 2, &[text(b"a"), text(b"b")].concat()));
    record(&[field(3, STRUCT, &record(&[vec![names], fields.to_vec()].concat()))])
}

fn placed(start: i64, length: i64) -> Vec<u8> {
    chunk(&[whole(7, length), whole(9, start)])
}

fn group(chunks: &[Vec<u8>]) -> Vec<u8> {
    record(&[field(1, LIST, &list(STRUCT, chunks.len() as u64, &chunks.concat()))])
}

fn footer(groups: &[Vec<u8>]) -> Vec<u8> {
    record(&[field(4, LIST, &list(STRUCT, groups.len() as u64, &groups.concat()))])
}

/// 100 bytes of columns and a footer.
fn file(footer: &[u8]) -> Vec<u8> {
    [b"PAR1", &[7; 100][..], footer, &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat()
}

fn places(bytes: &[u8]) -> Vec<(String, u64, u64)> {
    match layout_of(bytes) {
        Layout::Columns(columns) => columns.into_iter().map(|c| (c.name, c.start, c.length)).collect(),
        Layout::Tensors(_) => panic!("tensors in a table"),
        Layout::Unknown => Vec::new(),
    }
}

#[test]
fn every_byte_of_it() {
    for name in ["table.parquet", "plain.parquet"] {
        let whole = fixture(name);
        let end = whole.len() - 8;
        let length = u32::from_le_bytes(whole[end..end + 4].try_into().unwrap()) as usize;
        flipped(&whole, end - length..whole.len());
        for length in 0..whole.len() {
            assert_eq!(layout_of(&whole[..length]), Layout::Unknown, "{name}: {length}");
        }
        // A footer that ends too soon, and says so itself.
        for short in 0..length {
            let start = end - length;
            let told = (short as u32).to_le_bytes();
            inside(&[&whole[..start + short], &told, b"PAR1"].concat());
        }
    }
}

#[test]
fn what_is_told_is_found() {
    let (a, b) = (placed(4, 10), chunk(&[whole(7, 50), whole(9, 20), whole(11, 14)]));
    let expected = [("0/a.b".to_owned(), 4, 10), ("1/a.b".to_owned(), 14, 50)];
    assert_eq!(places(&file(&footer(&[group(std::slice::from_ref(&a)), group(&[b])]))), expected);
    // A dictionary at 0, or behind the data, is none.
    for dictionary in [0, 90] {
        let chunk = chunk(&[whole(7, 50), whole(9, 20), whole(11, dictionary)]);
        assert_eq!(places(&file(&footer(&[group(&[chunk])]))), [("0/a.b".to_owned(), 20, 50)]);
    }
    // Columns in another file, encrypted columns, columns of no rows.
    let elsewhere = [field(1, BINARY, &text(b"other.parquet")), a.clone()].concat();
    let encrypted = record(&[field(9, BINARY, &text(&[1; 40]))]);
    let chunks = [elsewhere, encrypted, placed(14, 0), a];
    assert_eq!(places(&file(&footer(&[group(&chunks)]))), [("0/a.b".to_owned(), 4, 10)]);
}

#[test]
fn footers_that_lie() {
    let good = placed(4, 10);
    let honest = footer(&[group(std::slice::from_ref(&good))]);
    let with = |more: Vec<u8>| [more, honest.clone()].concat();
    assert_eq!(places(&file(&with(Vec::new()))).len(), 1);
    let deep = |kind: u8, head: &[u8], depth: usize| field(40, kind, &head.repeat(depth));
    let name = field(3, LIST, &list(BINARY, 2, &[text(&[b'n'; 600]), text(&[b'n'; 600])].concat()));
    let not_text = field(3, LIST, &list(BINARY, 1, &text(&[0xff, 0xfe])));
    let endless = [&[0xff; 9][..], &[1]].concat();
    let nothing: Vec<(&str, Vec<u8>)> = vec![
        ("one over another", footer(&[group(&[placed(4, 10), placed(13, 10)])])),
        ("the magic", footer(&[group(&[placed(3, 10)])])),
        ("the footer", footer(&[group(&[placed(4, 101)])])),
        ("beyond the file", footer(&[group(&[placed(1 << 40, 10)])])),
        ("beyond any file", footer(&[group(&[placed(i64::MAX, i64::MAX)])])),
        ("below zero", footer(&[group(&[placed(-4, 10)])])),
        ("a length below zero", footer(&[group(&[placed(4, -10)])])),
        ("without a place", footer(&[group(&[chunk(&[whole(7, 10)])])])),
        ("without a length", footer(&[group(&[chunk(&[whole(9, 10)])])])),
        ("a long name", footer(&[group(&[chunk(&[whole(7, 10), whole(9, 4), name])])])),
        ("no name", footer(&[group(&[chunk(&[whole(7, 10), whole(9, 4), not_text])])])),
        ("groups that are no structs", record(&[field(4, LIST, &list(I64, 3, &[0; 3]))])),
        ("more groups than bytes", record(&[field(4, LIST, &[&[0xfc][..], &endless].concat())])),
        ("more texts than bytes", with(field(40, LIST, &[&[0xf8][..], &endless].concat()))),
        ("more truths than bytes", with(field(40, LIST, &[&[0xf1][..], &endless].concat()))),
        ("more pairs than bytes", with(field(40, MAP, &[&endless[..], &[0x88]].concat()))),
        ("a text longer than all", with(field(40, BINARY, &endless))),
        ("structs in structs", with(deep(STRUCT, &[0x1c], 100_000))),
        ("lists in lists", with(deep(LIST, &[0x19], 100_000))),
        ("maps in maps", with(deep(MAP, &[1, 0xbb], 100_000))),
        ("an unknown kind", with(vec![0x1e, 0])),
        ("a number too far", with(field(40_000, I64, &[0]))),
        ("a number without end", with(field(40, I64, &[0x80; 11]))),
        ("no end", honest[..20].to_vec()),
    ];
    for (what, footer) in nothing {
        assert_eq!(layout_of(&file(&footer)), Layout::Unknown, "{what}");
    }
    let whole = file(&footer(&[group(&[good])]));
    let end = whole.len() - 8;
    for length in [0, end as u32 - 3, end as u32, 1 << 30, u32::MAX] {
        let mut lie = whole.clone();
        lie[end..end + 4].copy_from_slice(&length.to_le_bytes());
        assert_eq!(layout_of(&lie), Layout::Unknown, "a footer of {length}");
    }
    let mut encrypted = whole;
    *encrypted.last_mut().unwrap() = b'E';
    assert_eq!(layout_of(&encrypted), Layout::Unknown);
    assert_eq!(layout_of(b"PAR1PAR1PAR1"), Layout::Unknown);
    assert_eq!(layout_of(b"PAR1\0\0\0\0PAR1"), Layout::Unknown);
}

/// What is passed over: a value of every kind, within others and alone.
#[test]
fn values_of_every_kind() {
    let mut more: Vec<u8> = [vec![0x11, 0x12, 0x13, 9, 0x14, 0x80, 1, 0x15, 3, 0x16, 4, 0x17], vec![0; 8]].concat();
    more.extend([field(30, LIST, &list(1, 3, &[1, 2, 1])), field(31, 10, &list(7, 1, &[0; 8]))].concat());
    more.extend(field(32, MAP, &[vec![2, 0x81], text(b"k"), vec![1], text(b"l"), vec![2]].concat()));
    more.extend([field(33, MAP, &[0]), field(34, 13, &[0; 16]), field(35, STRUCT, &[0x11, 0x12, 0])].concat());
    let rest = footer(&[group(&[placed(4, 10)])]);
    assert_eq!(places(&file(&[more, rest].concat())).len(), 1);
}

/// Of a table, the footer is read and nothing else.
#[test]
fn a_large_table_is_hardly_read() {
    let hole = 1_u64 << 40;
    let footer = footer(&[group(&[placed(4, 1 << 39), placed(4 + (1 << 39), 1 << 39)])]);
    let tail = [&footer[..], &(footer.len() as u32).to_le_bytes(), b"PAR1"].concat();
    let mut file = WithHole::new(b"PAR1".to_vec(), hole, tail);
    let size = file.size();
    let Layout::Columns(columns) = layout::of(&mut file, size).unwrap() else { panic!() };
    assert_eq!(columns.len(), 2);
    assert!(file.read < 4096, "{} bytes were read", file.read);
}
