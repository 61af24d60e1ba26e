//! The bodies of the fuzz targets: each takes any bytes, and panics where the library breaks a promise.
//!
//! What a body promises beyond "no panic, no overflow, no endless loop, no memory by a declared length" stands in its asserts.

#![allow(clippy::disallowed_methods, reason = "what is read from a disk is put there first")]

mod captured;
mod cutting;
mod encoding;
mod introspected;
mod journal;
mod packed;
mod records;
mod signed;
mod stored;
mod tables;
mod typed;

pub use captured::{ignored, installed, json, machine, secrets, secrets_stream, toml, yaml};
pub use cutting::{cut, layout};
pub use encoding::{block_decode, block_round_trip};
pub use introspected::introspect;
pub use journal::{checkpoint, journal};
pub use packed::{index, object, planes, recipe, trailer};
pub use records::{bundle, known, records};
pub use signed::signatures;
pub use stored::store;
pub use tables::{arrow, csv, lines, parquet, predictions};
pub use typed::{config, policy, words};

/// `data` where what follows it is a checksum: without this, no mutation would get past it.
fn with_blake3(data: &[u8]) -> Vec<u8> {
    [data, blake3::hash(data).as_bytes()].concat()
}

/// `data` without the checksum its seeds end with.
fn without_blake3(data: &[u8]) -> &[u8] {
    match data.split_last_chunk::<32>() {
        Some((body, checksum)) if blake3::hash(body) == *checksum => body,
        _ => data,
    }
}

/// A folder of this process, for what can only be read from a disk.
fn folder() -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("mlrun-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    folder
}
