//! The integration tests: one binary, whose folders mirror `src`. Every file below this folder is reached from here;
//! `architecture` fails if one is not.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests set the stage themselves, and a failed expectation is a failed test"
)]

mod architecture;
mod bounded;
mod capture;
mod certify;
mod cli;
mod compare;
mod evidence;
mod format;
mod introspect;
mod layout;
mod measure;
mod ops;
mod page;
mod process;
mod registry;
mod revision;
mod shell;
mod signature;
mod snapshot;
mod store;
mod support;
mod table;
mod ui;
mod unseen;
