//! What the page says of the version itself: what changed, its values, data, code, environment and files.

use super::super::html::{Document, Text, Tone, number, shorten, words};
use super::{Beside, Case, maybe, maybe_code, model};
use crate::certify::wording::{count, grouped};
use crate::format::snapshot::{CodeRecord, DataRecord, RuntimeRecord};

pub(super) fn changes(page: &mut Document, case: &Case) {
    page.section("changes", "What changed since the version before");
    let Some(changes) = &case.changes else {
        page.paragraph(&Text::plain("There was none before it, or it cannot be compared."));
        return;
    };
    let against = Text::plain(&format!("Against {}", changes.before));
    page.paragraph(&against.then(&case.in_file("; all of it is in ", "diff.json", "")));
    if changes.items.is_empty() {
        page.paragraph(&Text::plain("Nothing is different."));
    }
    let rows = changes.items.iter().map(|[part, name, how, was, is]| {
        vec![Text::plain(part), Text::code(name), Text::plain(how), Text::shortened(was), Text::shortened(is)]
    });
    let columns = [words("Part"), words("Name"), words("How"), words("Was"), words("Is")];
    page.table("Differences", &columns, &rows.collect::<Vec<_>>());
}

pub(in crate::page) fn values(page: &mut Document, case: &Case) {
    page.section("values", "Parameters, metrics and seeds");
    let table = |page: &mut Document, caption: &str, rows: Vec<Vec<Text>>| {
        page.table(caption, &[words("Name"), words("Value")], &rows);
    };
    let params = case
        .record
        .params
        .iter()
        .map(|(name, value)| vec![Text::code(&shorten(name)), Text::code(&shorten(&value.to_string()))]);
    table(page, "Parameters", params.collect());
    let metrics = case
        .record
        .metrics
        .iter()
        .map(|(name, value)| vec![Text::code(&shorten(name)), Text::code(&shorten(&value.to_string()))]);
    table(page, "Metrics, as its training reported them", metrics.collect());
    let seeds = case.record.seeds.iter().map(|seed| {
        let source = format!("{:?}", seed.source).to_lowercase();
        vec![Text::code(&seed.name), Text::code(&seed.value.to_string()), Text::plain(&source)]
    });
    let in_files = model::files(case).flat_map(|file| file.seeds.iter().map(move |seed| (file, seed)));
    let in_files = in_files.map(|(file, (name, value))| {
        vec![Text::code(&shorten(name)), Text::code(&shorten(&value.to_string())), Text::code(&shorten(&file.path))]
    });
    let seeds = seeds.chain(in_files);
    let columns = [words("Name"), words("Value"), words("From")];
    page.table("Seeds", &columns, &seeds.collect::<Vec<_>>());
}

pub(in crate::page) fn data(page: &mut Document, case: &Case) {
    page.section("data", "Data");
    if case.record.data.is_empty() {
        page.paragraph(&Text::plain("No training data was declared."));
    }
    let rows = case.record.data.iter().map(|data| {
        let logical = case.observation.profiles.get(&data.name).and_then(|profile| profile.logical);
        vec![
            Text::plain(data.name.as_str()),
            Text::code(&data.path),
            data.rows.map_or_else(Text::default, |rows| Text::plain(&grouped(rows))),
            Text::plain(&grouped(data.size)),
            data.sha256.map_or_else(Text::default, |digest| Text::code(&digest.to_string())),
            logical.map_or_else(Text::default, |digest| Text::code(&digest.to_string())),
            kept(data),
        ]
    });
    let columns = [
        words("Name"),
        words("Path"),
        number("Rows"),
        number("Bytes"),
        words("SHA-256"),
        words("Digest of the rows"),
        words("Kept"),
    ];
    page.table("Fingerprints of the training data", &columns, &rows.collect::<Vec<_>>());
    let evidence = case.record.predictions.iter().map(|set| ("predictions", set.name.as_str(), &set.path, set.file));
    let samples = case.record.samples.iter().map(|set| ("samples", set.name.as_str(), &set.path, set.file));
    let reports = case.record.reports.iter().map(|one| ("report", one.name.as_str(), &one.path, one.file));
    let rows = evidence.chain(samples).chain(reports).map(|(kind, name, path, file)| {
        vec![Text::plain(kind), Text::plain(name), Text::code(path), Text::code(&file.to_string())]
    });
    let columns = [words("Kind"), words("Set"), words("Path"), words("SHA-256")];
    page.table("Results for each row, samples, reports", &columns, &rows.collect::<Vec<_>>());
}

fn kept(data: &DataRecord) -> Text {
    match (&data.stored, &data.not_stored) {
        (Some(_), _) => Text::plain("yes"),
        (None, Some(why)) => Text::plain("no: ").then(&Text::plain(why)),
        (None, None) => Text::plain("no"),
    }
}

pub(in crate::page) fn code(page: &mut Document, case: &Case) {
    page.section("code", "Code");
    let CodeRecord { commit, dirty, prefix, tree, untracked, left_out, .. } = &case.record.code;
    let uncommitted =
        if *dirty { Text::toned(Tone::Open, "yes: the files are kept as they were") } else { Text::plain("no") };
    let folder = if prefix.is_empty() { Text::default() } else { Text::code(prefix) };
    page.facts(&[
        ("Commit", maybe_code(commit.as_ref())),
        ("Remote", maybe_code(case.observation.remote.as_ref())),
        ("Branch", maybe_code(case.observation.branch.as_ref())),
        (
            "Commit on the remote",
            case.observation
                .commit_on_remote
                .map_or_else(Text::default, |is| Text::plain(if is { "yes" } else { "no" })),
        ),
        ("Uncommitted changes", uncommitted),
        ("Folder in the repository", folder),
        (
            "Files",
            tree.map_or_else(
                || Text::plain("none were kept"),
                |tree| match case.beside {
                    Beside::Bundle => {
                        Text::plain(&format!("{} below ", grouped(tree.files))).then(&Text::code("files/"))
                    }
                    Beside::Nothing => Text::plain(&format!("{} kept", grouped(tree.files))),
                },
            ),
        ),
        ("Not tracked by git", Text::list(untracked.iter().take(100).map(|path| Text::code(path)))),
    ]);
    let rows = left_out.iter().map(|left| vec![Text::code(&left.path), Text::plain(&left.reason)]);
    page.table("Left out", &[words("Path"), words("Why")], &rows.collect::<Vec<_>>());
    if let Some(patch) = case.patch.as_ref().filter(|patch| !patch.is_empty()) {
        let patch_file = case.in_file("What was not committed: ", "code.patch", "");
        if !patch_file.is_empty() {
            page.paragraph(&patch_file);
        }
        page.folded("The patch", |page| page.preformatted(patch));
    }
}

pub(in crate::page) fn environment(page: &mut Document, case: &Case) {
    page.section("environment", "Environment");
    let machine = &case.observation.machine;
    let gpus = machine
        .gpus
        .iter()
        .map(|gpu| Text::plain(&format!("{} {}", gpu.vendor, gpu.model.as_deref().unwrap_or_default())));
    page.facts(&[
        ("System", maybe(machine.os.as_ref())),
        ("Kernel", maybe(machine.kernel.as_ref())),
        (
            "Processor",
            Text::plain(&format!(
                "{} × {}, {}",
                machine.cpus,
                machine.cpu.as_deref().unwrap_or("unknown"),
                machine.architecture
            )),
        ),
        ("Graphics processors", Text::list(gpus)),
        ("Host", maybe_code(machine.host.as_ref())),
        ("Container", maybe(machine.container.as_ref())),
        ("Image", maybe_code(case.record.environment.image.as_ref())),
        ("Interpreter", maybe_code(case.observation.interpreter.as_ref())),
    ]);
    for runtime in &case.record.environment.runtimes {
        packages(page, runtime);
    }
    let rows = case
        .record
        .environment
        .locks
        .iter()
        .map(|lock| vec![Text::code(&lock.path), Text::code(&lock.sha256.to_string())]);
    page.table("Lock files", &[words("Path"), words("SHA-256")], &rows.collect::<Vec<_>>());
    let rows = case.record.environment.variables.iter().map(|(name, value)| vec![Text::code(name), Text::code(value)]);
    page.table("Variables", &[words("Name"), words("Value")], &rows.collect::<Vec<_>>());
    let rows = case.record.not_captured.iter().map(|one| vec![Text::code(&one.part), Text::plain(&one.reason)]);
    page.table("What could not be found out", &[words("Part"), words("Why")], &rows.collect::<Vec<_>>());
}

fn packages(page: &mut Document, runtime: &RuntimeRecord) {
    let version = runtime.version.as_deref().unwrap_or("of an unknown version");
    let summary = format!("{} {version}, {}", runtime.language, count(runtime.packages.len() as u64, "package"));
    let rows: Vec<_> =
        runtime.packages.iter().map(|(name, version)| vec![Text::code(name), Text::code(version)]).collect();
    page.folded(&summary, |page| page.table("Packages", &[words("Name"), words("Version")], &rows));
}

pub(in crate::page) fn files(page: &mut Document, case: &Case) {
    page.section("files", "Files");
    if case.beside == Beside::Bundle {
        page.paragraph(
            &Text::plain(&format!("{} below ", count(case.kept as u64, "file"))).then(&Text::code("files/")).then(
                &Text::plain(", where they lay in the project; all digests are in ")
                    .then(&Text::file("SHA256SUMS"))
                    .then(&Text::plain(".")),
            ),
        );
    }
    let rows = case.files.iter().map(|file| {
        let path = match &file.entry {
            Some(entry) => Text::file(entry),
            None if case.beside == Beside::Nothing => Text::code(&file.path),
            None => Text::code(&file.path).then(&Text::toned(Tone::Bad, " is not here")),
        };
        vec![path, Text::plain(&grouped(file.size)), Text::code(&file.sha256)]
    });
    let columns = [words("Path"), number("Bytes"), words("SHA-256")];
    page.table("The model's own files", &columns, &rows.collect::<Vec<_>>());
}
