//! The verbs on a store that fails or rots: what they reported stays true, and what they answer is right or an error.

mod approve;
mod beside;
mod certified;
mod ci;
mod coverage;
mod diffs;
mod faults;
mod gate;
mod hooks;
mod lost;
mod purge;
mod recheck;
mod refusals;
mod reproduce;
mod reproducibility;
mod rot;
mod scene;
mod seed;
mod tools;
mod training;
mod waiting;
