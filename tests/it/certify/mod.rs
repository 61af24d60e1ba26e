//! Certification: policies, verdicts, certificates. Golden numbers: goldens.py.

mod comparisons;
mod facts;
mod limits;
mod never_passes;
mod policy;
mod provenance;
mod release;
mod reported;
mod samples;
pub mod scene;
mod slices;
mod statement;
