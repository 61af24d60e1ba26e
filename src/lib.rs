//! git for the life of a machine-learning model: snapshot, diff, certify, promote, roll back, and know what was in production.
//!
//! # Bird's-eye view
//!
//! ```text
//!  files, code, environment            evidence + policy                 a stage
//!            │                                 │                            │
//!            ▼                                 ▼                            ▼
//!        capture ──Capture──▶ snapshot ──▶ certify ──Certificate──▶ registry ──event──▶ journal
//!                                │  ▲                                   │
//!                       packs    ▼  │ records                           ▼
//!                              store                          at · log · restore · rollback
//! ```
//! A verb is one file in [`ops`]: options in, a report out. The binary in `src/bin/mlrun` turns arguments into options
//! and reports into text or JSON; this library never prints, never exits and knows no flag.
//!
//! # Code map, in the order of who may use whom
//!
//! | modules | own |
//! |---|---|
//! | [`digest`] [`id`] [`name`] [`signature`] [`nearest`] [`revision`] [`clock`] [`process`] [`host`] [`progress`] [`shell`] [`bounded`] [`unseen`] | the vocabulary; the only places that hash, sign, read the time, start a program, read the environment |
//! | [`format`] | bytes ⇄ records, one file for each stored kind |
//! | `wire` | how foreign formats write numbers and structs |
//! | [`layout`] | where the tensors lie in a model file, the columns in a table |
//! | [`introspect`] | what a model file says of itself: class, hyper-parameters, imports; never executed |
//! | [`store`] | content-addressed bytes in packs; knows no word of machine learning |
//! | [`table`] | csv and parquet by column, their profile and logical digest; the only module that names polars |
//! | [`measure`] | metrics and intervals: numbers in, numbers out |
//! | [`capture`] | the outside world, described; writes nothing |
//! | [`snapshot`] | a capture → a stored version, and back to files |
//! | [`evidence`] | predictions of two models, matched row by row |
//! | [`certify`] | evidence and policy → a certificate |
//! | [`compare`] | two snapshots → what is different |
//! | [`registry`] | the journal, and the state that follows from it |
//! | [`page`] | certificates as Markdown, JUnit and SARIF; a version and its life as HTML with charts, or as a model card |
//! | [`repository`] | a project, its configuration and its store, opened together |
//! | [`ops`] | one file for each verb |
//!
//! A module may use those above it and never those below; `tests/it/architecture.rs` fails on any other edge.
//!
//! # What always holds
//!
//! - **A snapshot is immutable**: its id is the SHA-256 of its stored bytes, and there is no clock in it.
//! - **The journal is the only mutable state**: an append-only, hash-chained list of events for each model. Versions, stages,
//!   blocks, certificates in force: all are a fold over it ([`registry::State`]).
//! - **Nothing undefined passes**: missing, NaN, mismatched or too little evidence is INCONCLUSIVE or an error.
//! - **A certificate is bound** to candidate, baseline and the event that put it there, policy, evidence and tool.
//! - **A stage moves by one exclusive creation** of the next event file; of two processes one wins, the other sees why.
//! - **The user's files are never moved or deleted, and executed only where that is what was asked for** ([`ops::reproduce`],
//!   [`ops::certify`] where the rules say how, in a folder of their own, and [`ops::hooks`] around a move), and secrets are looked
//!   for before anything is written.
//! - **A crash loses nothing that was reported**: packs are durable before the event that names them, and an event is whole
//!   or absent.
//!
//! # A store on disk
//!
//! ```text
//! format.json                    what this is, and whose history
//! packs/<blake3>.pack            blocks, recipes, trees, records
//! index/<…>.idx                  where objects are: a cache, rebuilt from the packs
//! journal/<model>/<16 digits>    `/` in a name as `+`; events, each checked by `head -n 1 FILE | sha256sum`
//! journal/<name>/<16 digits>     a later name of a model: one event that says whose it is
//! journal/.store/<16 digits>     the same for the store as a whole: what `gc` let go of
//! trash/begun/<16 digits>        what a `gc` is about to let go of, until that is in the journal
//! trash/<time>/<blake3>.pack     what `gc` let go of, and damaged packs that were repaired, for a while; never what `purge` erased
//! cache/                         checkpoints and their tables, files that are known, packs that were checked; may be deleted at any time
//! tmp/, lock                     work in progress, held by kernel locks; nothing to clean by hand
//! ```
//! The bytes of each are documented in [`format`].

pub mod bounded;
pub mod capture;
pub mod certify;
pub mod clock;
pub mod compare;
pub mod digest;
pub mod evidence;
pub mod format;
pub mod host;
pub mod id;
pub mod introspect;
pub mod layout;
pub mod measure;
pub mod name;
pub mod nearest;
pub mod ops;
pub mod page;
pub mod process;
pub mod progress;
pub mod registry;
pub mod repository;
pub mod revision;
pub mod shell;
pub mod signature;
pub mod snapshot;
pub mod store;
pub mod table;
pub mod unseen;
mod wire;
