//! The journal and what follows from it: the fold, the chain, promotion, rollback, `at`, many at once.

mod chain;
mod checkpoints;
mod concurrent;
mod evidence;
mod fold;
mod machine;
mod names;
mod promotion;
mod quorum;
mod rollback;
mod sequences;
mod tables;
