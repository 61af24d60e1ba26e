//! "Did you mean": known words like the one that was written.

/// How many are offered.
const OFFERED: usize = 3;

/// The known words most like `word`, the likeliest first: those that contain it or are contained in it, then those a few
/// slips away.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let word = word.to_lowercase();
    let slips = (word.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|other| {
            let contained = word.len() >= 2 && (other.contains(&word) || other.len() >= 2 && word.contains(other));
            let distance = strsim::damerau_levenshtein(&word, &other.to_lowercase());
            (contained || distance <= slips).then_some((distance, other))
        })
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(OFFERED).map(|(_, other)| other.to_owned()).collect()
}

/// `; nearest: …` as the end of a message, or nothing.
pub fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; nearest: {}", nearest.join(", ")) }
}

/// From serde's "unknown field `x`, expected one of `a`, `b`": the nearest known key.
pub fn nearest_key(message: &str) -> Option<String> {
    let (unknown, known) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known = known.split('`').skip(1).step_by(2);
    nearest(unknown, known).into_iter().next()
}
