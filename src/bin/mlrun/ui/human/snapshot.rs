//! `snapshot` and `show`.

use mlrun::format::found::{DangerRecord, FoundFileRecord};
use mlrun::format::observation::{DriftRecord, ExecutionRecord, GpuRecord, LockCheckRecord, MachineRecord};
use mlrun::format::snapshot::{CodeKind, DataKind, DataRecord, SnapshotRecord};
use mlrun::ops::ErasedPart;
use mlrun::ops::declared::{Contradiction, dangerous};
use mlrun::ops::reproducibility::Reason;
use mlrun::ops::resolve::Dropped;
use mlrun::ops::seeds::{self, Seeds};
use mlrun::ops::show::ShowReport;
use mlrun::ops::snapshot::SnapshotReport;
use mlrun::snapshot::TreeFile;

use super::super::{Align, Label, Style, Table, bytes, clean, lines, time};
use super::purge::erased;
use super::{command_line, count, cut, exact, measured, shortened, usage, verdict, wrapped};
use super::{event, profile};
use crate::failure::approval_flaw;

pub fn snapshot(report: &SnapshotReport, style: &Style) -> String {
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.version));
    let id = style.paint(Label::Dim, &report.id.short());
    if report.unchanged {
        let mut text = format!("{label}  {id}  unchanged\n");
        if !report.environment_changes.is_empty() {
            let n = report.environment_changes.len() as u64;
            text += &format!(
                "same as {}; {}: {}\n",
                report.version,
                count(n, "difference") + " in the environment",
                first(&report.environment_changes, 3)
            );
        }
        return text;
    }
    let mut text = format!("{label}  {id}\n");
    let seeds = seeds::of(&report.record, Some(&report.found));
    text += &parts(&report.record, &report.files, None, &seeds, report.execution.as_ref()).render(2);
    if !report.changed.is_empty() {
        let before = report.parent.map_or_else(String::new, |p| format!(" since {p}"));
        text += &format!("  changed{before}: {}\n", report.changed.join(", "));
    }
    if let [first, ..] = report.same_as.as_slice() {
        text += &format!("  the same content as {first}\n");
    }
    let stored = report.written;
    text += &style.paint(
        Label::Dim,
        &format!("  {} captured, {} new, {} stored\n", bytes(stored.plain), bytes(stored.new), bytes(stored.stored)),
    );
    text
}

/// Where `restore` looks for data that is not kept.
fn elsewhere(data: &DataRecord) -> String {
    let declared = data.declared.as_ref();
    let has_md5 = declared.and_then(|declared| declared.checksum.as_ref()).is_some_and(|c| c.md5().is_some());
    if data.sha256.is_none() && !has_md5 {
        return "; without a checksum nothing else can be told to be it".to_owned();
    }
    let mut places = Vec::new();
    if data.kind != DataKind::Uri {
        places.push("where it lies now");
    }
    if has_md5 {
        places.push("in DVC's cache");
    }
    places.push("where `--data NAME=PATH` says");
    format!("; `mlrun restore` looks for it {}, and checks what it finds", places.join(", "))
}

/// The widest name of a parameter or metric.
const WIDEST: usize = 40;

/// What a person should know about a capture, on standard error.
/// Declared `c` is 2; `model.joblib` says 1 (`svc__C`).
fn contradiction(found: &Contradiction) -> String {
    let (declared, path, name) = (clean(&found.declared), clean(&found.path), clean(&found.found));
    format!("`{declared}` is declared as {}, and `{path}` has {} (`{name}`)", exact(&found.value), exact(&found.says))
}

/// What is bad about loading a file.
fn danger(file: &FoundFileRecord) -> String {
    let names: Vec<String> =
        file.imports.iter().map(|import| clean(&format!("{}.{}", import.module, import.name))).collect();
    let what = match (file.danger, names.is_empty()) {
        (Some(DangerRecord::Dangerous), false) => {
            format!("loading it may run anything: it imports {}", first(&names, 3))
        }
        (Some(DangerRecord::Dangerous), true) => format!("loading it may run anything: {}", first(&file.findings, 3)),
        (_, false) => format!("loading it imports what is not known here: {}", first(&names, 3)),
        (_, true) => first(&file.findings, 3),
    };
    format!("`{}`: {what}", clean(&file.path))
}

/// What is not as a lock file wants it; nothing if all is.
fn drift(check: &LockCheckRecord, drift: &[DriftRecord]) -> Option<String> {
    let lock = clean(&check.lock);
    let unread = check.unread.as_ref().map(|reason| format!("`{lock}` was not compared: {}", clean(reason)));
    let all = check.differ + check.missing;
    if all == 0 {
        return unread;
    }
    let of_lock = drift.iter().filter(|found| found.lock == check.lock);
    let named: Vec<String> = of_lock.take(3).map(drifted).collect();
    let (shown, more) = (named.join(", "), all - named.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let are = if all == 1 { "is" } else { "are" };
    let also = unread.map_or_else(String::new, |unread| format!("; {unread}"));
    Some(format!("{} {are} not as `{lock}` wants: {shown}{more}{also}", count(all, "package")))
}

/// `numpy 2.1.0, wanted 2.2.0`.
fn drifted(found: &DriftRecord) -> String {
    let wanted = found.wanted.as_deref().map_or_else(String::new, |version| format!(" {}", clean(version)));
    match &found.installed {
        Some(installed) => format!("{} {}, wanted{wanted}", clean(&found.package), clean(installed)),
        None => format!("{}{wanted} is missing", clean(&found.package)),
    }
}

pub fn warnings(report: &SnapshotReport) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in &report.record.metrics {
        if value.finite().is_none() && !matches!(value, mlrun::format::scalar::Scalar::List(_)) {
            lines.push(format!(
                "metric `{}` is {}: recorded as it is, and never enough to be certified on",
                clean(name),
                value.kind()
            ));
        }
    }
    for stale in &report.stale_evidence {
        lines.push(format!("evidence not refreshed: `{stale}` is the parent's, but the model is another"));
    }
    for data in &report.record.data {
        if let Some(reason) = &data.not_stored {
            lines.push(format!("mlrun cannot restore the data `{}`: {reason}{}", data.name, elsewhere(data)));
        }
    }
    for part in &report.record.not_captured {
        lines.push(format!("not captured: {}: {}", part.part, clean(&part.reason)));
    }
    let lfs: Vec<String> =
        report.record.code.lfs.iter().map(|p| format!("{} ({})", clean(&p.path), bytes(p.size))).collect();
    if !lfs.is_empty() {
        lines.push(format!(
            "in the code, pointers of git LFS stand for files that `git lfs pull` fetches: {}",
            first(&lfs, 3)
        ));
    }
    let restless = report.record.code.notebooks.iter().filter(|n| n.out_of_order).map(|n| clean(&n.path));
    let restless: Vec<String> = restless.collect();
    if !restless.is_empty() {
        lines.push(format!("cells were run in another order than they stand in: {}", first(&restless, 3)));
    }
    for (name, profile) in &report.profiles {
        if let Some(reason) = &profile.failed {
            lines.push(format!("the data `{name}` has no profile: {}", clean(reason)));
        }
    }
    let left_out = &report.record.code.left_out;
    if !left_out.is_empty() {
        let names: Vec<String> = left_out.iter().map(|l| format!("{} ({})", clean(&l.path), l.reason)).collect();
        lines.push(format!("left out of the code: {}", first(&names, 3)));
    }
    let seeds = seeds::of(&report.record, Some(&report.found));
    if seeds.known.is_empty() {
        lines.push("no seed was found in the parameters or the model, or given".to_owned());
    }
    lines.extend(report.lock_checks.iter().filter_map(|check| drift(check, &report.drift)));
    lines.extend(
        seeds
            .unset_beside(&report.contradictions)
            .map(|unset| format!("no seed is set in `{}`: `{}` is null there", clean(&unset.path), clean(&unset.name))),
    );
    lines.extend(report.contradictions.iter().map(contradiction));
    lines.extend(dangerous(&report.found).into_iter().map(danger));
    for field in &report.erased_before {
        lines.push(format!("`{}`, erased from an earlier version, is recorded again", clean(field)));
    }
    let stored = if report.dry_run { "would be stored" } else { "is stored" };
    for again in &report.erased_again {
        let (name, label) = (clean(&again.name), &again.label);
        lines.push(format!("`{name}` {stored} again, which was of `{label}` and {}", again.why));
    }
    for redaction in report.record.redactions.iter().chain(&report.redactions) {
        lines.push(format!("redacted {}× in {} ({})", redaction.count, redaction.field, redaction.rule));
    }
    if report.unchanged {
        lines.retain(|l| l.starts_with("metric"))
    }
    lines
}

fn first(items: &[String], n: usize) -> String {
    let shown: Vec<_> = items.iter().take(n).map(String::as_str).collect();
    let more = if items.len() > n { format!(" and {} more", items.len() - n) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// One line for each part of a version.
fn parts(
    record: &SnapshotRecord,
    files: &[TreeFile],
    dropped: Option<&Dropped>,
    seeds: &Seeds,
    run: Option<&ExecutionRecord>,
) -> Table {
    let mut table = Table::new(&[]);
    let mut line = |name: &str, text: String| table.row([name.to_owned(), text]);
    let total: u64 = files.iter().map(|f| f.size).sum();
    let gone = if dropped.is_some() { ", dropped" } else { "" };
    line("model", format!("{}, {}{gone}", count(files.len() as u64, "file"), bytes(total)));
    let style = Style::new(false, None);
    let named = |shown: Vec<String>| first(&shown, 3);
    let called = |name: &str| shortened(&clean(name), WIDEST);
    if !record.params.is_empty() {
        line("params", named(record.params.iter().map(|(k, v)| format!("{} {}", called(k), exact(v))).collect()));
    }
    if !record.metrics.is_empty() {
        let shown = record.metrics.iter().map(|(k, v)| format!("{} {}", called(k), measured(v, &style)));
        line("metrics", named(shown.collect()));
    }
    for data in &record.data {
        let rows = data.rows.map_or_else(String::new, |r| format!(", {}", count(r, "row")));
        let kept = match (data.stored, dropped) {
            (Some(_), _) => "kept",
            (None, Some(_)) => "not kept",
            (None, None) if data.sha256.is_some() => "by digest only: mlrun cannot restore it",
            (None, None) => "as declared: mlrun cannot restore it",
        };
        line("data", format!("{}: {}{rows}, {kept}", data.name, bytes(data.size)));
    }
    let sets: Vec<String> = record
        .predictions
        .iter()
        .map(|p| p.name.to_string())
        .chain(record.samples.iter().map(|s| s.name.to_string()))
        .chain(record.reports.iter().map(|r| r.name.to_string()))
        .collect();
    if !sets.is_empty() {
        line("evidence", sets.join(", "));
    }
    let gone = if record.code.tree.is_some() { gone } else { "" };
    line("code", format!("{}{gone}", code(record)));
    for runtime in &record.environment.runtimes {
        let version = runtime.version.as_deref().unwrap_or("unknown version");
        line(
            "software",
            format!("{} {version}, {}", runtime.language, count(runtime.packages.len() as u64, "package")),
        );
    }
    if let Some(image) = &record.environment.image {
        line("image", clean(image));
    }
    let seed = |seed: &seeds::KnownSeed| {
        let origin = seed.origin.path().unwrap_or_else(|| seed.origin.name());
        format!("{} = {} ({})", clean(&seed.name), exact(&seed.value), clean(origin))
    };
    if !seeds.known.is_empty() {
        line("seeds", first(&seeds.known.iter().map(seed).collect::<Vec<_>>(), 3));
    }
    if let Some(argv) = &record.argv {
        let place = record.cwd.as_ref().map_or_else(String::new, |cwd| format!(" in `{}`", clean(cwd)));
        let used = run.map_or_else(String::new, |run| format!(" {}", usage(run)));
        line("made by", format!("`{}`{place}{used}", cut(&command_line(argv), 60)));
    }
    table
}

fn code(record: &SnapshotRecord) -> String {
    let code = &record.code;
    let files = code.tree.map_or_else(|| "no files".to_owned(), |t| count(t.files, "file"));
    let words = match (&code.kind, &code.commit) {
        (CodeKind::None, _) => "not captured".to_owned(),
        (CodeKind::Folder, _) => format!("{files}, no git"),
        (CodeKind::Git, commit) => {
            let commit = commit.as_ref().map_or("no commit yet", |c| c.get(..9).unwrap_or(c));
            let dirty = if code.dirty { ", with uncommitted work" } else { "" };
            format!("{files}, {commit}{dirty}")
        }
    };
    let several = |n: usize, what: &str| match n {
        0 => String::new(),
        n => format!(", {}", count(n as u64, what)),
    };
    words + &several(code.notebooks.len(), "notebook") + &several(code.lfs.len(), "LFS pointer")
}

pub fn show(report: &ShowReport, style: &Style) -> String {
    let record = &report.record;
    let label = style.paint(Label::Strong, &format!("{}@{}", report.model, report.row.version));
    let mut text = format!("{label}  {}\n", report.row.snapshot);
    let by = report.actor.name.as_deref().map_or_else(String::new, |n| format!(" by {}", clean(n)));
    let on = report.observation.machine.host.as_deref().map_or_else(String::new, |h| format!(" on {}", clean(h)));
    text += &format!("taken {}{by}{on}\n", time(report.row.time));
    if let Some(notes) = &record.notes {
        text += &notes.lines().map(|l| format!("    {}\n", clean(l))).collect::<String>();
    }
    let mut facts = Table::new(&[]);
    if let Some(origin) = &report.origin {
        let there = format!("{}@{} of history {}", origin.model, origin.version, clean(&origin.repository));
        facts.row(["imported".to_owned(), there]);
    }
    if let Some(parent) = report.parent {
        facts.row(["after".to_owned(), parent.to_string()]);
    }
    if !report.stages.is_empty() {
        let names: Vec<_> = report.stages.iter().map(ToString::to_string).collect();
        facts.row(["in stage".to_owned(), style.paint(Label::Good, &names.join(", "))]);
    }
    for (stage, occupancy) in &report.forced {
        let words = format!("{stage}: {}", super::event::forced(occupancy, style));
        facts.row([style.paint(Label::Bad, "FORCED"), words]);
    }
    if let Some(c) = &report.certificate {
        let signed = match c.signatures.len() {
            0 => "",
            1 => ", signed",
            _ => ", signed by several",
        };
        let until = if c.verdict.counts() { format!(", expires {}", time(c.expires)) } else { String::new() };
        let words = format!("{}, {}{until}{signed}", verdict(c.verdict, style), c.certificate.short());
        facts.row(["certificate".to_owned(), words]);
    }
    for given in &report.waivers {
        let waiver = &given.row;
        let by = waiver.email.as_deref().or(waiver.actor.as_deref()).unwrap_or("somebody unknown");
        let but = given.flaw.as_ref().map_or_else(String::new, |flaw| format!("; does not count: {}", clean(flaw)));
        let words = format!(
            "`{}` by {} until {}{but}: {}",
            clean(&waiver.rule),
            clean(by),
            time(waiver.expires),
            clean(&waiver.reason)
        );
        facts.row([style.paint(Label::Warning, "waived"), words]);
    }
    for given in &report.approvals {
        let row = &given.row;
        let signed = if row.signature.is_some() { ", signed" } else { "" };
        let but =
            given.flaw.as_ref().map_or_else(String::new, |flaw| format!("; no more: {}", clean(&approval_flaw(flaw))));
        let said = given.text.as_ref().map_or_else(String::new, |text| format!(": {}", clean(text)));
        let who = format!("for {} by {} as {}", row.stage, clean(&row.person), clean(&row.role));
        facts.row(["approved".to_owned(), format!("{who} {}{signed}{but}{said}", time(row.time))]);
    }
    for block in &report.blocks {
        let place = block.stage.as_ref().map_or_else(|| "every stage".to_owned(), ToString::to_string);
        facts.row([style.paint(Label::Bad, "blocked"), format!("from {place}: {}", clean(&block.reason))]);
    }
    text += &facts.render(2);
    if let Some(dropped) = &report.dropped {
        text += &format!("{}\n", wrapped(&format!("  {}", clean(&dropped.to_string()))));
        text += &format!("{}\n", wrapped("  its files are not kept: a collection may have taken their bytes already"));
    }
    text.push('\n');
    let run = report.observation.execution.as_ref();
    text += &parts(record, &report.files, report.dropped.as_ref(), &report.seeds, run).render(2);
    section(&mut text, style, "files", |table| {
        *table = Table::new(&[Align::Left, Align::Right, Align::Whole]);
        for file in &report.files {
            let id = file.id.map_or_else(String::new, |id| id.short());
            let is_it = |part: &ErasedPart| part.row.file().is_some_and(|erased| Some(erased.sha256) == file.id);
            let id = match (report.erased.iter().any(is_it), &report.dropped) {
                (true, _) => style.paint(Label::Warning, "erased"),
                (false, Some(_)) => style.paint(Label::Warning, "dropped"),
                (false, None) => style.paint(Label::Dim, &id),
            };
            table.row([clean(&file.path), bytes(file.size), id]);
        }
    });
    if let Some(linked) = &report.observation.linked {
        let paths: Vec<String> = linked.paths.iter().take(3).map(|path| clean(path)).collect();
        let more = linked.count.saturating_sub(3);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text += &format!("  through links: {}{more}\n", paths.join(", "));
    }
    text += &profile::columns(report, style);
    section(&mut text, style, "found in the files", |table| {
        report.observation.found.iter().flat_map(|found| &found.files).for_each(|file| found_lines(table, file, style));
    });
    section(&mut text, style, "software and machine", |table| {
        let observed = &report.observation;
        if let Some(chosen) = &observed.interpreter {
            table.row(["chosen".to_owned(), clean(chosen)]);
        }
        for check in &observed.lock_checks {
            let told = drift(check, &observed.drift);
            let label = if told.is_some() { Label::Warning } else { Label::Good };
            let agrees = || format!("{} as `{}` wants", count(check.agree, "package"), clean(&check.lock));
            table.row(["lock file".to_owned(), style.paint(label, &told.unwrap_or_else(agrees))]);
        }
        machine(&observed.machine).into_iter().for_each(|(what, text)| table.row([what.to_owned(), text]));
    });
    section(&mut text, style, "declared otherwise", |table| {
        for found in &report.contradictions {
            let says = format!("{} in `{}` (`{}`)", exact(&found.says), clean(&found.path), clean(&found.found));
            table.row([clean(&found.declared), exact(&found.value), style.paint(Label::Warning, &says)]);
        }
    });
    section(&mut text, style, "parameters", |table| {
        record.params.iter().for_each(|(k, v)| table.row([shortened(&clean(k), WIDEST), exact(v)]));
    });
    section(&mut text, style, "metrics", |table| {
        *table = Table::new(&[Align::Left, Align::Whole]);
        record.metrics.iter().for_each(|(k, v)| table.row([shortened(&clean(k), WIDEST), measured(v, style)]));
    });
    if !report.erased.is_empty() {
        text += &format!("\n{}\n{}", style.paint(Label::Strong, "erased"), erased(&report.erased));
    }
    section(&mut text, style, "attached later", |table| {
        *table = Table::new(&[Align::Left, Align::Right]);
        for one in &report.attached {
            let by = one.actor.name.as_deref().map_or_else(String::new, |name| format!(" by {}", clean(name)));
            let why = one.reason.as_deref().map_or_else(String::new, |why| format!(": {}", clean(why)));
            let gone = if one.superseded { style.paint(Label::Warning, "  a newer one counts") } else { String::new() };
            let words = format!("{}{by}{why}{gone}", time(one.time));
            table.row([clean(one.evidence.path()), bytes(one.evidence.size()), words]);
        }
    });
    section(&mut text, style, "life", |table| {
        *table = Table::new(&[Align::Right, Align::Whole, Align::Whole]);
        report.life.iter().for_each(|entry| table.row(event::line(entry, style)));
    });
    section(&mut text, style, "evidence not refreshed", |table| {
        for name in &report.stale_evidence {
            table.row([clean(name), style.paint(Label::Warning, "the parent's, but the model is another")]);
        }
    });
    text += &format!("\n{}\n", style.paint(Label::Strong, "reproducible?"));
    text += &reasons(&report.reproducibility, style);
    text
}

/// What a version was taken on.
fn machine(machine: &MachineRecord) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let system = [machine.os.as_deref(), machine.kernel.as_deref()].into_iter().flatten().map(clean);
    let system: Vec<String> = system.chain([machine.architecture.clone()]).filter(|word| !word.is_empty()).collect();
    if !system.is_empty() {
        lines.push(("system", system.join(", ")));
    }
    let name = machine.cpu.as_deref().map_or_else(String::new, |name| format!(" × {}", clean(name)));
    let memory = machine.memory.map_or_else(String::new, |n| format!(", {} of memory", bytes(n)));
    if machine.cpus > 0 {
        lines.push(("processors", format!("{}{name}{memory}", machine.cpus)));
    }
    lines.extend(machine.gpus.iter().map(|gpu| ("GPU", self::gpu(gpu))));
    lines.extend(machine.container.iter().map(|container| ("container", clean(container))));
    lines
}

fn gpu(gpu: &GpuRecord) -> String {
    let model = gpu.model.as_deref().unwrap_or("of unknown kind");
    let driver = gpu.driver.as_deref().map_or_else(String::new, |driver| format!(", {}", clean(driver)));
    let memory = gpu.memory.map_or_else(String::new, |n| format!(", {}", bytes(n)));
    format!("{} {}{driver}{memory}", clean(&gpu.vendor), clean(model))
}

/// What speaks for and against training a version again.
pub fn reasons(all: &[Reason], style: &Style) -> String {
    let line = |reason: &Reason| {
        let mark = if reason.good { style.paint(Label::Good, "+") } else { style.paint(Label::Warning, "-") };
        format!("  {mark}  {}\n", lines::wrapped(&clean(&reason.text), 5, 5))
    };
    all.iter().map(line).collect()
}

/// What a file says of itself.
fn found_lines(table: &mut Table, file: &FoundFileRecord, style: &Style) {
    let mut line = |what: &str, text: String| table.row([what.to_owned(), text]);
    let library = file.library.as_ref().map_or_else(String::new, |l| format!(", {} {}", l.name, l.version));
    line(&clean(&file.path), clean(&format!("{}{library}", file.format)));
    if let Some(class) = &file.class {
        line("  class", clean(class));
    }
    if let Some(tensors) = &file.tensors {
        let elements = tensors.elements.map_or_else(String::new, |n| format!(", {n} numbers"));
        let types: Vec<String> = tensors.dtypes.iter().map(|(dtype, n)| format!("{n} × {}", clean(dtype))).collect();
        line("  tensors", format!("{}{elements}: {}", tensors.count, first(&types, 3)));
    }
    let shown: Vec<String> = file.params.iter().map(|(k, v)| format!("{} {}", clean(k), exact(v))).collect();
    if !shown.is_empty() {
        line("  parameters", first(&shown, 4));
    }
    if let Some(bad @ (DangerRecord::Unknown | DangerRecord::Dangerous)) = file.danger {
        let label = if bad == DangerRecord::Dangerous { Label::Bad } else { Label::Warning };
        let names: Vec<String> =
            file.imports.iter().map(|import| clean(&format!("{}.{}", import.module, import.name))).collect();
        line("  loading it", format!("{} {}", style.paint(label, bad.name()), first(&names, 3)));
    }
    for finding in file.findings.iter().take(3) {
        line("  note", clean(finding));
    }
}

fn section(text: &mut String, style: &Style, title: &str, fill: impl FnOnce(&mut Table)) {
    let mut table = Table::new(&[]);
    fill(&mut table);
    let body = table.render(2);
    if !body.is_empty() {
        *text += &format!("\n{}\n{body}", style.paint(Label::Strong, title));
    }
}
