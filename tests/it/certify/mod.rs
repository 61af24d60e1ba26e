//! Certification: policies, verdicts, certificates. Golden numbers: goldens.py.

mod comparisons;
mod journal;
mod limits;
mod never_passes;
mod policy;
mod provenance;
mod release;
mod reported;
mod runs;
mod samples;
pub mod scene;
mod slices;
mod statement;
