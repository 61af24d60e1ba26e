//! What a policy may hold, for a terminal: the reference that stands in front of the code that reads policies.

/// The code whose documentation is the reference.
const SOURCE: &str = include_str!("../../../certify/policy.rs");
const WIDTH: usize = 79;

/// The reference in front of a verb's examples: tables as entries, everything broken into lines.
pub fn policy_reference(examples: &str) -> String {
    let lines: Vec<&str> = SOURCE.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    let mut text = "What a policy may hold\n\n".to_owned();
    let mut paragraph = String::new();
    for (at, line) in lines.iter().enumerate() {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        match cells(line) {
            None if line.is_empty() => {
                text += &wrapped(&std::mem::take(&mut paragraph), "");
                text.push('\n');
            }
            None => paragraph += &format!("{line} "),
            Some((rule, _)) if rule.starts_with("---") => {}
            Some((first, second)) if next.starts_with("|---") => text += &wrapped(&format!("{first}: {second}"), ""),
            Some((first, second)) => {
                text += &wrapped(first, "  ");
                text += &wrapped(second, "      ");
            }
        }
    }
    format!("{text}{}\n{examples}", wrapped(&paragraph, ""))
}

/// The two cells of a table's row.
fn cells(line: &str) -> Option<(&str, &str)> {
    let (first, second) = line.strip_prefix('|')?.strip_suffix('|')?.split_once('|')?;
    Some((first.trim(), second.trim()))
}

fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &format!("{indent}{line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    if line.is_empty() { lines } else { format!("{lines}{indent}{line}\n") }
}
