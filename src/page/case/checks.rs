//! How a reader checks what the page says, with tools that every system has.

use super::super::html::{Document, Text};
use super::{Beside, Case, show_raw};

/// Lines of digests.
const MOST_SUMS: usize = 100;

pub(in crate::page) fn checks(page: &mut Document, case: &Case) {
    page.section("check", "How to check it");
    match case.beside {
        Beside::Bundle => in_bundle(page, case),
        Beside::Nothing => in_store(page, case),
    }
}

/// With the store that it is in.
fn in_store(page: &mut Document, case: &Case) {
    let mut check = |what: &str, commands: &str| {
        page.paragraph(&Text::plain(what));
        page.preformatted(commands);
    };
    let label = &case.label;
    check("Everything of it is there, and is what its digests say.", &format!("mlrun verify {label}"));
    check(&format!("The version is {}.", case.snapshot), &format!("{} | sha256sum", show_raw(&case.snapshot)));
    check(
        &format!(
            "No event was changed, removed or put in; the newest one this page knows of is {}:{}.",
            case.head.0, case.head.1
        ),
        "mlrun verify --journal",
    );
    if let Some(known) = &case.certificate {
        check(
            &format!("The certificate is {}, and its numbers come out again.", known.id),
            &format!("{} | sha256sum\nmlrun certify --recheck {label}", show_raw(&known.id)),
        );
    }
    let listed: Vec<String> =
        case.files.iter().take(MOST_SUMS).map(|file| format!("{}  {}", file.sha256, file.path)).collect();
    if !listed.is_empty() {
        check(
            "The model's files, wherever they are served from, are these: as sha256sum -c reads it.",
            &listed.join("\n"),
        );
    }
    check("An archive that can be checked without this program:", &format!("mlrun bundle {label} -o case.tar.gz"));
}

/// In the folder that it lies in.
fn in_bundle(page: &mut Document, case: &Case) {
    page.paragraph(&Text::plain("In the folder of this page, with tools that every system has:"));
    let mut check = |what: &str, commands: &str| {
        page.paragraph(&Text::plain(what));
        page.preformatted(commands);
    };
    check("Every file here is the one that was listed.", "sha256sum -c --quiet SHA256SUMS");
    check(
        &format!("The version is {}: its record names every folder, and those every file, by digest.", case.snapshot),
        "sha256sum snapshot.json\nfor tree in trees/*.json; do echo \"$(basename \"$tree\" .json)  $tree\"; done | sha256sum -c --quiet",
    );
    check(
        &format!(
            "No event was changed, removed or put in: each names the digest of the one before. The last line is {}; \
             who knows it from elsewhere knows that the history is the same.",
            case.head.1
        ),
        "while IFS= read -r event; do printf '%s\\n' \"$event\" | sha256sum | cut -c 1-64; done < journal.jsonl > ids\n\
         jq -r .prev journal.jsonl | tail -n +2 | cmp - <(head -n -1 ids) && tail -n 1 ids",
    );
    if let Some(known) = &case.certificate {
        check(
            &format!("The certificate is {}, and it is about this version.", known.id),
            "sha256sum certificate.json policy.json\njq -r '.predicate.verdict, .subject[0].digest.sha256, .predicate.policy_sha256' certificate.json",
        );
        for (record, key) in &known.signatures {
            check(
                &format!("It is signed with the key {key}; whose that is, its owner must have told you."),
                &format!(
                    "jq -r .public_key signatures/{record}.json > key.pem\n\
                     jq -r .signature signatures/{record}.json | base64 -d > signature.der\n\
                     {{ printf 'DSSEv1 28 application/vnd.in-toto+json %d ' \"$(wc -c < certificate.json)\"; cat certificate.json; }} |\n\
                     \x20 openssl dgst -sha256 -verify key.pem -signature signature.der"
                ),
            );
        }
    }
    for one in &case.approvals {
        if let (Some((signature, Some(namespace))), Some(statement)) = (&one.signature, &one.statement) {
            check(
                &format!(
                    "{} signed the approval of event {}. This shows that some key signed it; \
                     `-Y verify -f allowed_signers -I ADDRESS` in the place of `-Y check-novalidate` shows whose it is.",
                    one.person, one.event
                ),
                &format!("ssh-keygen -Y check-novalidate -n {namespace} -s {signature} < {statement}"),
            );
        }
    }
}
