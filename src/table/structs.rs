//! What the fields of parquet's structs are, so far as polars reads them: by number, whatever kind the file says they have.
//! Source: apache/parquet-format's `parquet.thrift`.

use crate::wire::thrift::{BINARY, BYTE, I16, I32, I64, Kind, Shape};

/// FileMetaData: the footer of a file.
pub(super) const FILE: Shape = &[
    (1, Kind::Plain(I32)),
    (2, Kind::Structs(SCHEMA_ELEMENT)),
    (3, Kind::Plain(I64)),
    (4, Kind::Structs(ROW_GROUP)),
    (5, Kind::Structs(KEY_VALUE)),
    (6, Kind::Plain(BINARY)),
    (7, Kind::Structs(COLUMN_ORDER)),
];

const SCHEMA_ELEMENT: Shape = &[
    (1, Kind::Plain(I32)),
    (2, Kind::Plain(I32)),
    (3, Kind::Plain(I32)),
    (4, Kind::Plain(BINARY)),
    (5, Kind::Plain(I32)),
    (6, Kind::Plain(I32)),
    (7, Kind::Plain(I32)),
    (8, Kind::Plain(I32)),
    (9, Kind::Plain(I32)),
    (10, Kind::Struct(LOGICAL_TYPE)),
];

/// A union: decimal, time, timestamp and integer have something to say, the others are empty.
const LOGICAL_TYPE: Shape = &[
    (1, EMPTY),
    (2, EMPTY),
    (3, EMPTY),
    (4, EMPTY),
    (5, Kind::Struct(&[(1, Kind::Plain(I32)), (2, Kind::Plain(I32))])),
    (6, EMPTY),
    (7, TIME),
    (8, TIME),
    (10, Kind::Struct(&[(1, Kind::Plain(BYTE)), (2, Kind::Truth)])),
    (11, EMPTY),
    (12, EMPTY),
    (13, EMPTY),
    (14, EMPTY),
    (15, EMPTY),
];
const TIME: Kind = Kind::Struct(&[(1, Kind::Truth), (2, Kind::Struct(&[(1, EMPTY), (2, EMPTY), (3, EMPTY)]))]);
const EMPTY: Kind = Kind::Struct(&[]);

const ROW_GROUP: Shape = &[
    (1, Kind::Structs(COLUMN_CHUNK)),
    (2, Kind::Plain(I64)),
    (3, Kind::Plain(I64)),
    (4, Kind::Structs(&[(1, Kind::Plain(I32)), (2, Kind::Truth), (3, Kind::Truth)])),
    (5, Kind::Plain(I64)),
    (6, Kind::Plain(I64)),
    (7, Kind::Plain(I16)),
];

const COLUMN_CHUNK: Shape = &[
    (1, Kind::Plain(BINARY)),
    (2, Kind::Plain(I64)),
    (3, Kind::Struct(COLUMN_META_DATA)),
    (4, Kind::Plain(I64)),
    (5, Kind::Plain(I32)),
    (6, Kind::Plain(I64)),
    (7, Kind::Plain(I32)),
];

const COLUMN_META_DATA: Shape = &[
    (1, Kind::Plain(I32)),
    (2, Kind::List(I32)),
    (3, Kind::List(BINARY)),
    (4, Kind::Plain(I32)),
    (5, Kind::Plain(I64)),
    (6, Kind::Plain(I64)),
    (7, Kind::Plain(I64)),
    (9, Kind::Plain(I64)),
    (10, Kind::Plain(I64)),
    (11, Kind::Plain(I64)),
    (12, Kind::Struct(STATISTICS)),
    (14, Kind::Plain(I64)),
    (15, Kind::Plain(I32)),
];

const STATISTICS: Shape = &[
    (1, Kind::Plain(BINARY)),
    (2, Kind::Plain(BINARY)),
    (3, Kind::Plain(I64)),
    (4, Kind::Plain(I64)),
    (5, Kind::Plain(BINARY)),
    (6, Kind::Plain(BINARY)),
    (7, Kind::Truth),
    (8, Kind::Truth),
];

const KEY_VALUE: Shape = &[(1, Kind::Plain(BINARY)), (2, Kind::Plain(BINARY))];
const COLUMN_ORDER: Shape = &[(1, EMPTY), (2, EMPTY)];

/// PageHeader: what stands before each page of a column.
pub(super) const PAGE: Shape = &[
    (1, Kind::Plain(I32)),
    (2, Kind::Plain(I32)),
    (3, Kind::Plain(I32)),
    (4, Kind::Plain(I32)),
    (5, Kind::Struct(DATA_PAGE)),
    (6, EMPTY),
    (7, Kind::Struct(DICTIONARY_PAGE)),
    (8, Kind::Struct(DATA_PAGE_V2)),
];

const DATA_PAGE: Shape = &[
    (1, Kind::Plain(I32)),
    (2, Kind::Plain(I32)),
    (3, Kind::Plain(I32)),
    (4, Kind::Plain(I32)),
    (5, Kind::Struct(STATISTICS)),
];

const DICTIONARY_PAGE: Shape = &[(1, Kind::Plain(I32)), (2, Kind::Plain(I32)), (3, Kind::Truth)];

const DATA_PAGE_V2: Shape = &[
    (1, Kind::Plain(I32)),
    (2, Kind::Plain(I32)),
    (3, Kind::Plain(I32)),
    (4, Kind::Plain(I32)),
    (5, Kind::Plain(I32)),
    (6, Kind::Plain(I32)),
    (7, Kind::Truth),
    (8, Kind::Struct(STATISTICS)),
];
