//! Patches as git writes them, file by file.

/// The parts of a patch, each with the file it is about. Where names differ, as for one that was renamed, it is the new one.
pub fn sections(patch: &[u8]) -> Vec<(String, &[u8])> {
    const START: &[u8] = b"diff --git ";
    let mut starts: Vec<usize> = Vec::new();
    let mut line = 0;
    while line < patch.len() {
        if patch[line..].starts_with(START) {
            starts.push(line);
        }
        line = patch[line..].iter().position(|b| *b == b'\n').map_or(patch.len(), |n| line + n + 1);
    }
    let ends = starts.iter().skip(1).copied().chain([patch.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| {
            let section = &patch[*start..end];
            let head = section.split(|b| *b == b'\n').next().unwrap_or_default();
            (name(&head[START.len()..]), section)
        })
        .collect()
}

/// The second name of `a/NAME b/NAME`, each in quotes where git sets it in them.
fn name(head: &[u8]) -> String {
    if head.ends_with(b"\"") {
        let text = String::from_utf8_lossy(head).into_owned();
        let quoted = text.rsplit_once(" \"b/").map_or(text.as_str(), |(_, name)| name.trim_end_matches('"'));
        return unquoted(quoted);
    }
    // Both are the same: a name may itself hold ` b/`.
    let half = head.len() / 2;
    let name = match (head.get(..half), head.get(half..)) {
        (Some([b'a', b'/', a @ ..]), Some([b' ', b'b', b'/', b @ ..])) if a == b => b,
        _ => {
            let at = head.windows(3).rposition(|window| window == b" b/");
            at.map_or(head, |at| &head[at + 3..])
        }
    };
    String::from_utf8_lossy(name).into_owned()
}

/// Undoes git's quoting, which is C's; of bytes in octal, what is no text is lost.
fn unquoted(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'r') => bytes.push(b'\r'),
            Some(b'a') => bytes.push(7),
            Some(b'b') => bytes.push(8),
            Some(b'v') => bytes.push(11),
            Some(b'f') => bytes.push(12),
            Some(digit @ b'0'..=b'3') => {
                let mut value = digit - b'0';
                for _ in 0..2 {
                    if let Some(next) = rest.next_if(|b| (b'0'..=b'7').contains(b)) {
                        value = (value << 3) | (next - b'0');
                    }
                }
                bytes.push(value);
            }
            Some(other) => bytes.push(other),
            None => {}
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
