//! `mlrun seed`.

use mlrun::ops::VerbError;
use mlrun::ops::seed::seeds;

use super::Context;
use crate::failure::{DONE, Failure};
use crate::ui::{Shown, human, json};

/// Derive independent seeds from one number
///
/// The same ROOT and NAME give the same seed for ever, on every machine: 32 bits out of ChaCha20, keyed by both. With one NAME
/// the number stands alone, for scripts.
#[derive(Debug, clap::Args)]
#[command(after_help = "The same in Python, without mlrun:
  from hashlib import sha256
  from cryptography.hazmat.primitives.ciphers import Cipher, algorithms as a
  def seed(root, name):
      data = root.to_bytes(8, \"little\") + name.encode()
      key = sha256(b\"mlrun/seed/1\\0\" + data).digest()
      chacha = Cipher(a.ChaCha20(key, bytes(16)), None).encryptor()
      return int.from_bytes(chacha.update(bytes(4)), \"little\")

Examples:
  mlrun seed 42 numpy
  mlrun seed 42 split model shuffle")]
pub struct Args {
    /// The number all of them follow from: 0 to 2⁶⁴-1
    root: u64,
    /// What each is for
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    let seeds = seeds(args.root, &args.names).map_err(VerbError::from)?;
    Ok(context.shown(DONE, || json::project::seeds(args.root, &seeds), |_| human::project::seeds(&seeds)))
}
