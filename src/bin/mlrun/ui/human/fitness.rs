//! What a certificate and a workspace are worth now, in a few words.

use mlrun::clock::{Time, describe_expiry};
use mlrun::ops::status::{CertificateState, StageCertificate};

use super::super::{Label, Style, clean};

/// What the files differ in from the newest version, or why they cannot be looked at.
pub(super) fn changed(workspace: &Result<Vec<&'static str>, String>, style: &Style) -> String {
    match workspace {
        Ok(changed) if changed.is_empty() => "unchanged".to_owned(),
        Ok(changed) => format!("{} changed", style.paint(Label::Warning, &changed.join(", "))),
        Err(error) => style.paint(Label::Bad, &clean(error)),
    }
}

/// A certificate's state in a few words, and what they mean.
pub(super) fn certificate_words(certificate: &StageCertificate, now: Time) -> (Label, String) {
    let row = certificate.row.as_ref();
    let expiry = || row.map_or_else(String::new, |row| describe_expiry(row.expires, now));
    let verdict = || row.map_or_else(String::new, |row| row.verdict.name().to_owned());
    let word = |word: &str| word.to_owned();
    match certificate.state {
        CertificateState::Forced => (Label::Bad, word("FORCED")),
        CertificateState::NotAsked => (Label::Dim, word("not asked")),
        CertificateState::Missing => (Label::Warning, word("none")),
        CertificateState::OtherRules => (Label::Warning, word("other rules")),
        CertificateState::Refused => (Label::Bad, verdict()),
        CertificateState::Expired => (Label::Bad, expiry()),
        CertificateState::Stale => (Label::Warning, word("stale")),
        CertificateState::Outdated => (Label::Warning, word("outdated")),
        CertificateState::Expiring => (Label::Warning, expiry()),
        CertificateState::InForce if verdict() == "PASS" => (Label::Good, verdict()),
        CertificateState::InForce => (Label::Warning, verdict()),
    }
}
