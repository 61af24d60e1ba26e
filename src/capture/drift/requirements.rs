//! `requirements*.txt`: lines `name==1.2` (pip's manual, "Requirements File Format"). Other lines pin nothing.

use super::{Pin, Pins, Wanted};
use crate::capture::python::marker::{MarkerEnvironment, Truth};

/// The one that everybody installs; `requirements-dev.txt` is for who asks for it.
const FOR_EVERYBODY: &str = "requirements.txt";

pub(super) fn read(text: &str, path: &str, markers: &MarkerEnvironment) -> Result<Vec<Pins>, String> {
    let whole = if path == FOR_EVERYBODY { Wanted::Surely } else { Wanted::Perhaps };
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    Ok(Pins::of_python(joined.lines().filter_map(|line| pin(line, whole, markers)).collect()))
}

fn pin(line: &str, whole: Wanted, markers: &MarkerEnvironment) -> Option<Pin> {
    // A `#` begins a comment where a word would.
    let end = line.match_indices('#').find(|(at, _)| line[..*at].ends_with([' ', '\t']) || *at == 0);
    let line = end.map_or(line, |(at, _)| &line[..at]).trim();
    let line = line.find(" --").map_or(line, |at| line[..at].trim());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let length = line.find(|c| !is_name(c)).unwrap_or(line.len());
    let (name, rest) = line.split_at(length);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || rest.starts_with([':', '/', '\\']) {
        return None;
    }
    let (condition, marker) = rest.split_once(';').unwrap_or((rest, ""));
    let condition = condition.trim();
    let condition = match condition.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((_, behind)) => behind.trim(),
        None => condition,
    };
    let version = condition.strip_prefix("===").or_else(|| condition.strip_prefix("==")).map(str::trim);
    let version = version.filter(|version| !version.is_empty() && !version.contains(['*', ',', ' ']));
    let holds = if marker.trim().is_empty() { Truth::True } else { markers.holds(marker.trim()) };
    let wanted = if holds == Truth::True && version.is_some() { whole } else { Wanted::Elsewhere };
    Some(Pin { name: name.to_owned(), version: version.map(str::to_owned), wanted })
}
