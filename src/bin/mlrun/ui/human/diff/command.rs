//! The training command, word by word.

use mlrun::compare::{Command, Sign, compare_words};

use super::super::super::{Label, Style, clean};
use super::super::{command_line, wrapped};

/// What was there, and what is there.
pub(super) type Commands = (Option<Command>, Option<Command>);

/// Where both have one: one line, with what went in `[-…-]` and what came in `{+…+}`, as git marks words.
pub(super) fn command(change: Option<&Commands>, style: &Style) -> String {
    let Some((old, new)) = change else { return String::new() };
    let (Some(old), Some(new)) = (old, new) else {
        let line = |mark: &str, command: &Option<Command>| {
            let line =
                |command: &Command| format!("{}\n", wrapped(&format!("  {mark} {}{}", words(command), place(command))));
            command.as_ref().map_or_else(String::new, line)
        };
        return line("-", old) + &line("+", new);
    };
    let mut text = String::new();
    if old.argv == new.argv {
        text += &format!("{}\n", wrapped(&format!("  {}", words(new))));
    } else {
        let piece = |(sign, words): (Sign, Vec<String>)| {
            let line = command_line(&words);
            match sign {
                Sign::Removed => style.paint(Label::Bad, &format!("[-{line}-]")),
                Sign::Added => style.paint(Label::Good, &format!("{{+{line}+}}")),
                Sign::Same | Sign::NoEnd => line,
            }
        };
        let pieces: Vec<String> = compare_words(&old.argv, &new.argv).into_iter().map(piece).collect();
        text += &format!("{}\n", wrapped(&format!("  {}", pieces.join(" "))));
    }
    if old.folder != new.folder {
        let name = |command: &Command| command.folder.as_deref().map_or_else(|| "the project".to_owned(), clean);
        text += &format!("{}\n", wrapped(&format!("  in {} → {}", name(old), name(new))));
    }
    text
}

fn words(command: &Command) -> String {
    command_line(&command.argv)
}

fn place(command: &Command) -> String {
    command.folder.as_ref().map_or_else(String::new, |folder| format!(" (in {})", clean(folder)))
}
