//! `report`.

use mlrun::ops::report::{Report, SiteReport};

use super::super::{Label, Style, bytes, clean};
use super::count;

pub fn report(report: &Report, style: &Style) -> String {
    let labels = report.versions.iter().map(|one| format!("{}@{}", one.model, one.version)).collect::<Vec<_>>();
    let labels = style.paint(Label::Strong, &labels.join(", "));
    let size = bytes(report.text.len() as u64);
    let place = report.output.as_ref().map_or_else(|| "a page".to_owned(), |path| clean(&path.display().to_string()));
    match (report.dry_run, report.unchanged) {
        (true, _) => format!("{labels} would become {place}, {size}\n"),
        (false, true) => format!("{labels} → {place}\n  it says the same already\n"),
        (false, false) => format!("{labels} → {place}\n  {size}, SHA-256 {}\n", report.sha256()),
    }
}

pub fn site(report: &SiteReport, style: &Style) -> String {
    let place = style.paint(Label::Strong, &clean(&report.output.display().to_string()));
    let models = count(report.models as u64, "model");
    let versions = count(report.versions as u64, "version");
    let pages = count(report.pages as u64, "page");
    if report.dry_run {
        return format!("{models}, {versions} would become {pages} in {place}\n");
    }
    let mut text =
        format!("{models}, {versions} → {place}\n  {pages}, {} written", count(report.written as u64, "file"));
    if report.removed > 0 {
        text += &format!(", {} removed", report.removed);
    }
    text + "; open index.html\n"
}
