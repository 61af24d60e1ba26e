//! mlrun

pub mod clock;
pub mod digest;
pub mod format;
pub mod host;
pub mod id;
pub mod name;
pub mod process;
pub mod progress;
pub mod revision;
pub mod store;
