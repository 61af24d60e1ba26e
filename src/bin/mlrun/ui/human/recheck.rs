//! `certify --recheck`, `export`.

use std::path::Path;

use mlrun::ops::export::ExportReport;

use super::super::{Label, Style, clean};
use super::count;

pub fn export(report: &ExportReport, place: Option<&Path>, style: &Style) -> String {
    let place = place.map_or_else(String::new, |path| format!(" → {}", clean(&path.display().to_string())));
    let signed = match report.signed_by.len() {
        0 => String::new(),
        n => format!(", {}", count(n as u64, "signature")),
    };
    let label = style.paint(Label::Strong, &report.label);
    format!("{label}  certificate {}{signed}{place}\n", report.certificate.short())
}
