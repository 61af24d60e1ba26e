//! `--sign`, `--signature`, `--print-statement`: of every verb whose word may be signed.

use std::path::PathBuf;

use mlrun::format::signoff::NAMESPACE;
use mlrun::ops::SignWith;

use super::Context;

/// Flags of a sign-off.
#[derive(Debug, Clone, clap::Args)]
pub struct SignArgs {
    /// Sign it with `ssh-keygen`: with KEY, a private key or the public half of one that an agent has, else with the key git signs with
    #[arg(long, value_name = "KEY", num_args = 0..=1, require_equals = true, conflicts_with = "signature", help_heading = "Signature")]
    sign: Option<Option<PathBuf>>,
    /// Take a signature that `ssh-keygen -Y sign` made elsewhere
    #[arg(long, value_name = "FILE", help_heading = "Signature")]
    signature: Option<PathBuf>,
    /// Print the statement that is to be signed, to the last byte, and do nothing else
    #[arg(long, conflicts_with_all = ["sign", "signature"], help_heading = "Signature")]
    pub print_statement: bool,
}

impl SignArgs {
    /// Where the signature comes from.
    pub fn with(&self, context: &Context<'_>) -> SignWith {
        match (&self.sign, &self.signature) {
            (_, Some(file)) => SignWith::File(context.path(file)),
            (Some(None), None) => SignWith::GitKey,
            (Some(Some(key)), None) => SignWith::Key(context.path(key)),
            (None, None) => SignWith::Nothing,
        }
    }
}

/// What is done with a statement that was printed.
pub fn elsewhere(command: &str) -> [String; 2] {
    [
        format!("save it as FILE, then `ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE`"),
        format!("next: `{command} --signature FILE.sig`"),
    ]
}
