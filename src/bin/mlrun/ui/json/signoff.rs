//! `approve`, `withdraw`, and approvals wherever they are shown.

use mlrun::digest::Digest;
use mlrun::format::checkpoint::ApprovalRow;
use mlrun::format::event::SubjectRecord;
use mlrun::format::signoff::NAMESPACE;
use mlrun::ops::approve::ApproveReport;
use mlrun::ops::signoffs::approvals::GivenApproval;
use mlrun::ops::withdraw::WithdrawReport;
use serde_json::{Value, json};

use super::made_event;
use crate::failure::approval_flaw;

pub fn approve(report: &ApproveReport) -> Value {
    with_subject(
        json!({
            "schema": "mlrun/approve/1",
            "model": report.model.as_str(),
            "stage": report.stage.as_str(),
            "role": report.role,
            "person": report.person,
            "certificate": report.certificate.map(|c| c.to_string()),
            "statement": report.sha256.to_string(),
            "signature": report.signature.map(|s| s.to_string()),
            "signed": report.signature.is_some(),
            "key": report.key,
            "unchanged": report.unchanged,
            "event": made_event(report.event.as_ref()),
            "dry_run": report.dry_run,
        }),
        &report.subject,
    )
}

pub fn withdraw(report: &WithdrawReport) -> Value {
    with_subject(
        json!({
            "schema": "mlrun/withdraw/1",
            "model": report.model.as_str(),
            "stage": report.stage.as_str(),
            "role": report.role,
            "person": report.person,
            "approvals": report.approvals,
            "unchanged": report.unchanged,
            "event": made_event(report.event.as_ref()),
            "dry_run": report.dry_run,
        }),
        &report.subject,
    )
}

/// The statement that is to be signed: its bytes are those of the text.
pub fn statement(verb: &str, statement: &str) -> Value {
    json!({
        "schema": format!("mlrun/{verb}/1"),
        "statement": Digest::of(statement.as_bytes()).to_string(),
        "text": statement,
        "namespace": NAMESPACE,
    })
}

/// Approvals that counted.
pub fn approvals(rows: &[ApprovalRow]) -> Value {
    rows.iter().map(approval).collect()
}

/// An approval, and whether it counts now.
pub fn given(given: &GivenApproval) -> Value {
    let mut value = approval(&given.row);
    value["text"] = json!(given.text);
    value["counts"] = json!(given.flaw.is_none());
    value["reason"] = json!(given.flaw.as_ref().map(approval_flaw));
    value
}

fn approval(row: &ApprovalRow) -> Value {
    json!({
        "stage": row.stage.as_str(),
        "role": row.role,
        "person": row.person,
        "certificate": row.certificate.map(|c| c.to_string()),
        "statement": row.statement.to_string(),
        "signature": row.signature.map(|s| s.to_string()),
        "signed": row.signature.is_some(),
        "event": { "seq": row.event.seq, "id": row.event.id.to_string() },
        "time": row.time.to_string(),
        "withdrawn": row.withdrawn.map(|at| at.time.to_string()),
    })
}

fn with_subject(mut value: Value, subject: &SubjectRecord) -> Value {
    let (version, id, rules) = match subject {
        SubjectRecord::Version { version, snapshot } => (Some(version.to_string()), Some(snapshot.to_string()), None),
        SubjectRecord::Rules(rules) => (None, None, Some(rules.to_string())),
    };
    (value["version"], value["id"], value["rules"]) = (json!(version), json!(id), json!(rules));
    value
}
