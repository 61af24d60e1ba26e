//! mlrun

pub mod capture;
pub mod certify;
pub mod clock;
pub mod compare;
pub mod digest;
pub mod evidence;
pub mod format;
pub mod host;
pub mod id;
pub mod measure;
pub mod name;
pub mod ops;
pub mod page;
pub mod process;
pub mod progress;
pub mod registry;
pub mod repository;
pub mod revision;
pub mod snapshot;
pub mod store;
pub mod table;
