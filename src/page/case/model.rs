//! What a version's model is, as its own files say: estimators, libraries, hyper-parameters, tensors.

use super::super::html::{Document, Text, number, shorten, words};
use super::Case;
use crate::certify::wording::{count, grouped};
use crate::format::found::FoundFileRecord;
use crate::format::scalar::Scalar;

/// Estimators of a pipeline, and hyper-parameters, that are named in a line.
const MOST_STEPS: usize = 6;
const MOST_PARAMS: usize = 6;

/// The files that say what the model is; of a folder of many the first.
pub(in crate::page) fn files(case: &Case) -> impl Iterator<Item = &FoundFileRecord> {
    case.observation.found.iter().flat_map(|found| &found.files)
}

/// What a file holds, in a line: `Pipeline: ColumnTransformer → RandomForestClassifier, scikit-learn 1.9.1`.
pub(in crate::page) fn what_it_holds(file: &FoundFileRecord) -> String {
    let mut said: Vec<String> = Vec::new();
    if let Some(class) = &file.class {
        let steps: Vec<&str> = steps(file).map(|(_, class)| short(class)).collect();
        let more = if steps.len() > MOST_STEPS { " → …" } else { "" };
        let shown = steps.get(..MOST_STEPS).unwrap_or(&steps).join(" → ");
        said.push(if shown.is_empty() { short(class).to_owned() } else { format!("{}: {shown}{more}", short(class)) });
    }
    said.extend(file.library.as_ref().map(|library| format!("{} {}", library.name, library.version)));
    said.extend(file.tensors.as_ref().map(|tensors| {
        let numbers = tensors.elements.map_or_else(String::new, |all| format!(" with {}", count(all, "number")));
        let types: Vec<String> = tensors.dtypes.keys().cloned().collect();
        let types = if types.is_empty() { String::new() } else { format!(" ({})", types.join(", ")) };
        format!("{}{numbers}{types}", count(tensors.count, "tensor"))
    }));
    if said.is_empty() { file.format.clone() } else { said.join(", ") }
}

/// The hyper-parameters that tell one model of its kind from another: of the last estimator, those that are set.
pub(in crate::page) fn foremost(file: &FoundFileRecord) -> Vec<(&str, &Scalar)> {
    let prefix = steps(file).last().map_or_else(String::new, |(name, _)| format!("{name}__"));
    let rank = |value: &Scalar| match value {
        Scalar::Int(0) => Some(3),
        Scalar::Float(number) if *number == 0.0 => Some(3),
        Scalar::Int(_) | Scalar::Float(_) => Some(0),
        Scalar::Text(text) if object(text).is_none() => Some(1),
        Scalar::Bool(true) => Some(2),
        _ => None,
    };
    let own = file.params.iter().filter_map(|(name, value)| {
        let name = name.strip_prefix(prefix.as_str()).filter(|name| !name.contains("__"))?;
        Some((rank(value)?, name, value))
    });
    let mut own: Vec<_> = own.collect();
    own.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    own.into_iter().take(MOST_PARAMS).map(|(_, name, value)| (name, value)).collect()
}

/// The same in words: `max_depth 6, n_estimators 30`.
pub(in crate::page) fn foremost_words(file: &FoundFileRecord) -> String {
    let said: Vec<String> = foremost(file).into_iter().map(|(name, value)| format!("{name} {value}")).collect();
    said.join(", ")
}

/// The estimators of a pipeline, in its order: name and class.
fn steps(file: &FoundFileRecord) -> impl Iterator<Item = (&str, &str)> {
    let steps = match file.params.get("steps") {
        Some(Scalar::List(steps)) => steps.as_slice(),
        _ => &[],
    };
    steps.iter().filter_map(|step| match step {
        Scalar::List(step) => match step.as_slice() {
            [Scalar::Text(name), Scalar::Text(class), ..] => Some((name.as_str(), object(class)?)),
            _ => None,
        },
        _ => None,
    })
}

/// The class of a value that is no plain one.
fn object(text: &str) -> Option<&str> {
    text.strip_prefix('<')?.strip_suffix('>')
}

/// A class without its module.
fn short(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

/// The table, and every hyper-parameter.
pub(in crate::page) fn section(page: &mut Document, case: &Case) {
    let rows: Vec<Vec<Text>> = files(case)
        .map(|file| {
            vec![
                Text::code(&file.path),
                Text::plain(&shorten(&what_it_holds(file))),
                Text::plain(&shorten(&foremost_words(file))),
                Text::plain(&file.format),
            ]
        })
        .collect();
    let columns = [words("File"), words("What it holds"), words("Set to"), words("Format")];
    page.table("The model, as its own files say", &columns, &rows);
    for file in files(case).filter(|file| !file.params.is_empty()) {
        let class = file.class.as_ref().map(|class| vec![Text::code("class"), Text::code(class)]);
        let row = |(name, value): (&String, &Scalar)| {
            vec![Text::code(&shorten(name)), Text::code(&shorten(&value.to_string()))]
        };
        let rows: Vec<Vec<Text>> = class.into_iter().chain(file.params.iter().map(row)).collect();
        let summary = format!("{} of {}", count(file.params.len() as u64, "hyper-parameter"), file.path);
        page.folded(&summary, |page| page.table("Hyper-parameters", &[words("Name"), words("Value")], &rows));
    }
    let types: Vec<Vec<Text>> = files(case)
        .filter_map(|file| Some((file, file.tensors.as_ref()?)))
        .flat_map(|(file, tensors)| tensors.dtypes.iter().map(move |(kind, many)| (file, kind, *many)))
        .map(|(file, kind, many)| vec![Text::code(&file.path), Text::code(kind), Text::plain(&grouped(many))])
        .collect();
    if types.len() > 1 {
        let columns = [words("File"), words("Type"), number("Tensors")];
        page.folded("Tensors by type", |page| page.table("Tensors by type", &columns, &types));
    }
}
