//! LightGBM's text files: lines of `name=value`, the trees, and a block of all hyper-parameters as `[name: value]`.

use super::param::{Param, Params};
use super::stream::{Reading, Stream};

/// A text that begins with this is one.
pub(super) const MAGIC: &[u8] = b"tree\nversion=";
/// No line that matters is longer; those of trees are.
const MAX_LINE: usize = 64 << 10;
/// Names are shorter.
const MAX_NAME: usize = 128;

/// The header's lines become state, the block's become parameters.
pub(super) fn read(stream: &mut Stream<'_>, found: &mut Params) -> Reading<()> {
    let (mut header, mut block) = (true, false);
    // A last line without a newline holds nothing of interest.
    while let Some((line, length)) = stream.line(MAX_LINE)? {
        let line = line.trim_ascii_end();
        if header && (line.is_empty() || line.starts_with(b"Tree=")) {
            header = false;
        }
        match line {
            b"parameters:" => block = true,
            b"end of parameters" => block = false,
            _ => {}
        }
        let Some(text) = std::str::from_utf8(line).ok().filter(|_| length <= MAX_LINE as u64) else { continue };
        if header && let Some((name, value)) = text.split_once('=').filter(|(name, _)| name.len() <= MAX_NAME) {
            if found.room(value.len()) {
                found.state(name.to_owned(), Param::Text(value.to_owned()));
            }
        } else if block
            && let Some(pair) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'))
            && let Some((name, value)) = pair.split_once(": ").or_else(|| Some((pair.strip_suffix(':')?, "")))
            && name.len() <= MAX_NAME
            && found.room(value.len())
        {
            found.param(name.to_owned(), scalar(value));
        }
    }
    Ok(())
}

/// Numbers as numbers: the block does not tell them from texts, and no text of it looks like one.
fn scalar(value: &str) -> Param {
    if let Ok(number) = value.parse() {
        Param::Int(number)
    } else if value.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && let Ok(number) = value.parse()
    {
        Param::Float(number)
    } else {
        Param::Text(value.to_owned())
    }
}
