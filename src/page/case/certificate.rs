//! What the page says of certificates, approvals and waivers.

use super::super::html::{Column, Document, Text, Tone, number, words};
use super::{Beside, Case, maybe, maybe_code, toned};
use crate::certify::wording::{grouped, significant};
use crate::format::certificate::{CertificateRecord, ResultRecord};
use crate::format::policy::Severity;

pub(in crate::page) fn certificate(page: &mut Document, case: &Case) {
    page.section("certificate", "Certificate");
    let Some(known) = &case.certificate else {
        page.paragraph(&Text::plain("It has none: nobody compared it with anything by rules."));
        return;
    };
    let predicate = &known.statement.predicate;
    let baseline = match (&known.baseline, &predicate.baseline.snapshot) {
        (Some(label), Some(id)) => Text::plain(&format!("{label}, ")).then(&Text::code(&id.to_string())),
        (None, Some(id)) => Text::code(&id.to_string()),
        _ => Text::plain("none: ").then(&maybe(predicate.baseline.first_release.as_ref())),
    };
    let retired = predicate.baseline.retired.as_ref();
    page.facts(&[
        ("Verdict", toned(predicate.verdict)),
        (
            "Certificate",
            Text::code(&known.id)
                .then(&Text::plain(" is the SHA-256 of "))
                .then(&case.stored("certificate.json", &known.id)),
        ),
        ("Issued", Text::time(known.issued)),
        ("Counts until", if known.counts() { Text::time(known.expires) } else { Text::default() }),
        (
            "Rules in force",
            Text::plain(if known.proposed { "no: it never promotes" } else { "yes, when it was issued" }),
        ),
        ("Stage", Text::plain(predicate.baseline.stage.as_str())),
        ("Compared with", baseline),
        (
            "After",
            retired
                .map_or_else(Text::default, |one| Text::plain(&format!("{} was retired: {}", one.version, one.reason))),
        ),
        (
            "Policy",
            Text::code(&predicate.policy_sha256.to_string())
                .then(&Text::plain(" is the SHA-256 of "))
                .then(&case.stored("policy.json", &predicate.policy_sha256.to_string())),
        ),
        (
            "Judged by",
            Text::plain(&format!(
                "{} {}, statistics {}",
                predicate.tool.name, predicate.tool.version, predicate.tool.statistics
            )),
        ),
        ("Signed with", Text::list(known.signatures.iter().map(|(_, key)| Text::code(key)))),
    ]);
    rules(page, predicate);
    let rows = predicate.evidence.iter().map(|one| {
        let set = one.set.as_ref().map_or_else(Text::default, |set| Text::plain(set.as_str()));
        vec![
            Text::plain(&one.role),
            Text::plain(&one.kind),
            set,
            Text::plain(&grouped(one.rows)),
            Text::code(&one.sha256.to_string()),
        ]
    });
    let columns = [words("Of"), words("Kind"), words("Set"), number("Rows"), words("SHA-256")];
    page.table("What was read", &columns, &rows.collect::<Vec<_>>());
    let rows = predicate.waivers.iter().map(|one| {
        vec![Text::plain(&one.rule), Text::plain(&one.reason), Text::plain(&one.approver), Text::time(one.expires)]
    });
    let columns = [words("Rule"), words("Why"), words("Who"), words("Until")];
    page.table("Waivers it counts", &columns, &rows.collect::<Vec<_>>());
    for remark in &predicate.remarks {
        page.paragraph(&Text::plain("Note: ").then(&Text::plain(remark)));
    }
    let rows =
        case.others.iter().map(|(id, issued, verdict)| vec![Text::time(*issued), toned(*verdict), Text::code(id)]);
    let columns = [words("Issued"), words("Verdict"), words("Certificate")];
    page.table("Other certificates of this version", &columns, &rows.collect::<Vec<_>>());
}

fn rules(page: &mut Document, predicate: &CertificateRecord) {
    let columns: [Column; 8] = [
        words("Rule"),
        words("Verdict"),
        number("Candidate"),
        number("Baseline"),
        number("Difference"),
        number("Bounds"),
        number("Limit"),
        number("Rows"),
    ];
    let rows: Vec<_> =
        predicate.results.iter().map(|result| rule(result, predicate.policy.is_ratio(&result.rule))).collect();
    page.noted_table("Every rule, and how it came out", &columns, &rows);
}

/// A row, and why it came out so.
fn rule(result: &ResultRecord, is_ratio: bool) -> (Vec<Text>, Text) {
    let value = |value: Option<f64>| value.map_or_else(Text::default, |value| Text::plain(&significant(value)));
    let times = if is_ratio { "×" } else { "" };
    let compared = |value: Option<f64>| {
        value.map_or_else(Text::default, |value| Text::plain(&format!("{times}{}", significant(value))))
    };
    let bounds = match (result.lower, result.upper) {
        (None, None) => String::new(),
        (lower, upper) => {
            let bound = |bound: Option<f64>, none: &str| {
                bound.map_or_else(|| none.to_owned(), |bound| format!("{times}{}", significant(bound)))
            };
            format!("{} to {}", bound(lower, "−∞"), bound(upper, "+∞"))
        }
    };
    let warns =
        if result.severity == Severity::Warn { Text::toned(Tone::Dim, " (does not block)") } else { Text::default() };
    let set = result.set.as_ref().map_or_else(String::new, |set| format!(" of {set}"));
    let method = result.method.as_ref().map_or_else(String::new, |method| format!("; method: {method}"));
    let measured = Text::toned(Tone::Dim, &format!("{}{set}{method}", result.metric));
    let why = match &result.reason {
        Some(reason) => Text::plain(&format!("{reason}. ")).then(&measured),
        None => measured,
    };
    let cells = vec![
        Text::plain(&name_of(result)),
        toned(result.verdict).then(&warns),
        value(result.candidate),
        value(result.baseline),
        compared(result.delta),
        Text::plain(&bounds),
        compared(result.margin),
        Text::plain(&grouped(result.n)),
    ];
    (cells, why)
}

/// A rule, and the slice it was judged on.
pub(in crate::page) fn name_of(result: &ResultRecord) -> String {
    match &result.slice {
        Some(slice) => format!("{} [{slice}]", result.rule),
        None => result.rule.clone(),
    }
}

pub(in crate::page) fn sign_offs(page: &mut Document, case: &Case) {
    page.section("approvals", "Approvals and waivers");
    if case.approvals.is_empty() && case.waivers.is_empty() {
        page.paragraph(&Text::plain("There are none."));
    }
    let rows = case.approvals.iter().map(|one| {
        let signature = match (&one.signature, &one.statement) {
            _ if case.beside == Beside::Nothing => {
                Text::plain(if one.signature.is_some() { "signed" } else { "not signed" })
            }
            (Some((file, _)), Some(statement)) => Text::list([Text::file(statement), Text::file(file)]),
            (None, Some(statement)) => Text::file(statement).then(&Text::plain(", not signed")),
            _ => Text::default(),
        };
        vec![
            Text::time(one.time),
            Text::plain(&one.person),
            Text::plain(&one.role),
            Text::plain(&one.stage),
            Text::plain(&one.subject),
            maybe_code(one.certificate.as_ref()),
            one.withdrawn
                .map_or_else(Text::default, |time| Text::toned(Tone::Bad, "withdrawn ").then(&Text::time(time))),
            signature,
            Text::plain(&one.event.to_string()),
        ]
    });
    let columns = [
        words("When"),
        words("Who"),
        words("Role"),
        words("For stage"),
        words("Of"),
        words("On certificate"),
        words("Taken back"),
        words("Statement and signature"),
        number("Event"),
    ];
    page.table("Approvals", &columns, &rows.collect::<Vec<_>>());
    let rows = case.waivers.iter().map(|one| {
        vec![
            Text::plain(&one.rule),
            Text::plain(&one.reason),
            Text::plain(&one.who),
            Text::time(one.expires),
            Text::plain(if one.is_signed { "yes" } else { "no" }),
            Text::plain(&one.event.to_string()),
        ]
    });
    let columns = [words("Rule"), words("Why"), words("Who"), words("Until"), words("Signed"), number("Event")];
    page.table("Waivers that were given to it", &columns, &rows.collect::<Vec<_>>());
}
