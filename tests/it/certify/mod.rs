//! Certification: policies, verdicts, certificates. Golden numbers: goldens.py and goldens_rules.py.

mod classes;
mod comparisons;
mod data_drift;
mod explained;
mod facts;
mod failures;
mod flips;
mod holdout;
mod insists;
mod journal;
mod limits;
mod metrics;
mod never_passes;
mod over_slices;
mod policy;
mod provenance;
mod rederived;
mod release;
mod remarks;
mod reported;
mod runs;
mod samples;
pub mod scene;
mod slices;
mod statement;
mod versions;
