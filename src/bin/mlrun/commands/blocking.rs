//! What `block` and `unblock` both take: a version, and the stages it is kept out of.

use mlrun::name::StageName;
use mlrun::ops::block::BlockOptions;

/// A version and a stage.
#[derive(Debug, clap::Args)]
pub struct Blocking {
    /// The version
    revision: String,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// The stage; every one if left out
    #[arg(long, value_name = "STAGE")]
    stage: Option<StageName>,
    /// Say what would happen
    #[arg(long)]
    dry_run: bool,
}

impl Blocking {
    /// What is to be done, and why.
    pub fn options(&self, reason: Option<&str>) -> BlockOptions {
        BlockOptions {
            revision: self.revision.clone(),
            at: self.at.clone(),
            stage: self.stage.clone(),
            reason: reason.map(str::to_owned),
            dry_run: self.dry_run,
        }
    }
}
