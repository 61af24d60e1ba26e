//! `mlrun certify`.

use std::path::PathBuf;

use mlrun::certify::Warning;
use mlrun::format::certificate::Verdict;
use mlrun::ops::VerbError;
use mlrun::ops::certify::{CertifyOptions, CertifyReport, certify};
use mlrun::ops::recheck::{RecheckOptions, recheck};

use super::policy_reference::policy_reference;
use super::report_file::{Format, ReportFile, check_key, rendered, report_file};
use super::{Context, next_step};
use crate::failure::{CONFLICT, Failure, INTEGRITY, NO, verdict_code};
use crate::ui::{Shown, human, json};

const EXAMPLES: &str = "Examples:\n  mlrun certify fraud@v8 --report junit=certify.xml --report markdown=certify.md\n  mlrun certify fraud@v1 --first-release --reason \"nothing is in production yet\"\n  mlrun certify fraud@v8 --sign key.pem\n  mlrun certify --recheck fraud-v8.dsse.json --key public.pem";

/// Judge a version by the policy, against what is in the stage now
///
/// Exit 0: certified. 1: shown to be not good enough. 3: not decided. 5: something moved, or other rules are in
/// force. Without REVISION: the version that the workspace is. `--check` judges the workspace itself.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = policy_reference(EXAMPLES))]
pub struct Args {
    /// The version; the one that the workspace is if left out
    revision: Option<String>,
    /// See the version as it was at TIME
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Another policy than the configured one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// There is no baseline yet, or it was retired: judge by absolute rules
    ///
    /// Where one was retired, this takes somebody whom the rules in force let waive; where those ask for signatures,
    /// `mlrun waive VERSION --rule first-release --sign` before it. Where they name nobody, `promote` takes `--force`.
    #[arg(long, requires = "reason")]
    first_release: bool,
    /// Why there is no baseline
    #[arg(long, value_name = "TEXT", requires = "first_release")]
    reason: Option<String>,
    /// Judge the workspace, or the version that is named, and write no certificate
    #[arg(long)]
    check: bool,
    /// Judge, and write no certificate: the same as `--check`
    #[arg(long)]
    dry_run: bool,
    /// Say what each rule asks, what these rows can tell, and how it treats equal models; write nothing
    #[arg(long, conflicts_with_all = ["format", "reports", "first_release"])]
    explain_policy: bool,
    /// Sign the certificate with a private key: EC P-256, in PEM
    #[arg(long, value_name = "KEY", conflicts_with_all = ["check", "dry_run"])]
    sign: Option<PathBuf>,
    /// Show a certificate again as far as can be: a file, its id, or a version whose newest one is meant
    ///
    /// Exit 0, 1 or 3 as it says; 4 if it does not hold, 1 if it does not by today's rules.
    #[arg(long, value_name = "CERTIFICATE", conflicts_with_all = ["revision", "policy", "first_release", "check", "dry_run", "explain_policy", "sign", "format", "reports"])]
    recheck: Option<String>,
    /// A public key that must have signed it; may be repeated
    #[arg(long = "key", value_name = "KEY", requires = "recheck")]
    keys: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "human", conflicts_with = "json")]
    format: Format,
    /// Also write a report to a file; may be repeated
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = report_file)]
    reports: Vec<(Format, PathBuf)>,
}

pub fn run(context: &Context<'_>, args: &Args) -> Result<Shown, Failure> {
    if let Some(certificate) = &args.recheck {
        return run_recheck(context, args, certificate);
    }
    let repository = context.repository()?;
    let options = CertifyOptions {
        revision: args.revision.clone(),
        at: args.at.clone(),
        policy: args.policy.as_deref().map(|p| context.path(p)),
        first_release: args.reason.clone().filter(|_| args.first_release),
        check: args.check || args.dry_run,
        explain: args.explain_policy,
        given: context.nothing_given(),
        sign: args.sign.as_deref().map(|p| context.path(p)),
    };
    let formats = args.reports.iter().map(|(format, _)| *format).chain([args.format]);
    check_key(formats, args.sign.is_some())?;
    let opened = |(format, path): &(Format, PathBuf)| Ok((*format, ReportFile::open(context.path(path))?));
    let again = |at: &usize| args.reports[..*at].iter().any(|(_, other)| *other == args.reports[*at].1);
    if let Some(at) = (0..args.reports.len()).find(again) {
        let message = format!("two reports go to `{}`", args.reports[at].1.display());
        return Err(Failure::usage(message, Some("give each a file of its own".to_owned())));
    }
    let files = args.reports.iter().map(opened).collect::<Result<Vec<_>, Failure>>()?;
    let report = certify(&repository, &options, &context.ui.reporter())?;
    if let Some(explanation) = &report.explained {
        let mut shown = context.shown(
            0,
            || json::explain::explain(&report, explanation),
            |style| human::explain::explain(&report, explanation, style),
        );
        shown.warnings = explanation.warnings.iter().map(warning).collect();
        return Ok(shown);
    }
    let exit = exit_code(&report);
    let root = repository.project().unwrap_or(&context.folder);
    for (format, file) in files {
        file.write(&rendered(format, &report, exit, root))?;
    }
    let answer = match args.format {
        Format::Human => return Ok(finish(context, &report, exit)),
        other => rendered(other, &report, exit, root),
    };
    let warnings = report.warnings.iter().map(warning).collect();
    Ok(Shown { answer, warnings, exit, ..Shown::default() })
}

/// What is odd about a rule, in a line.
fn warning(warning: &Warning) -> String {
    match &warning.rule {
        Some(rule) => format!("rule `{rule}`: {}", warning.text),
        None => format!("the policy: {}", warning.text),
    }
}

fn run_recheck(context: &Context<'_>, args: &Args, certificate: &str) -> Result<Shown, Failure> {
    let options = RecheckOptions {
        certificate: certificate.to_owned(),
        folder: context.folder.clone(),
        at: args.at.clone(),
        keys: args.keys.iter().map(|path| context.path(path)).collect(),
    };
    let path = context.path(certificate.as_ref());
    if looks_like_a_path(certificate) && !path.exists() {
        let source = std::io::ErrorKind::NotFound.into();
        return Err(VerbError::Io { action: "read", path, source }.into());
    }
    // A file needs no project.
    let repository = match context.repository() {
        Ok(repository) => Some(repository),
        Err(_) if path.is_file() => None,
        Err(failure) => return Err(failure),
    };
    let report = recheck(repository.as_ref(), &options, &context.ui.reporter())?;
    let exit = match (report.is_broken(), report.is_outdated()) {
        (true, _) => INTEGRITY,
        (false, true) => NO,
        // Nobody is to rely on what was not shown.
        (false, false) if report.is_open() => {
            verdict_code(report.statement.predicate.verdict.min(Verdict::Inconclusive))
        }
        // What is shown again may be a no.
        (false, false) => verdict_code(report.statement.predicate.verdict),
    };
    Ok(context.shown(exit, || json::recheck::recheck(&report, exit), |style| human::recheck::recheck(&report, style)))
}

/// Whether it was meant as a file. A `/` alone does not tell: names of models have some.
fn looks_like_a_path(text: &str) -> bool {
    text.starts_with(['/', '.']) || text.ends_with(".json")
}

fn exit_code(report: &CertifyReport) -> u8 {
    if report.conflict.is_some() || report.proposed.is_some() { CONFLICT } else { verdict_code(report.verdict()) }
}

fn finish(context: &Context<'_>, report: &CertifyReport, exit: u8) -> Shown {
    let mut shown =
        context.shown(exit, || json::certify::certify(report, exit), |style| human::certify::certify(report, style));
    shown.warnings = report.warnings.iter().map(warning).collect();
    if let Some(signed) = report.signed.as_ref().filter(|signed| signed.exposed) {
        let what = format!("others on this machine may read the key {}: `chmod 600` it", signed.keyid.short());
        shown.warnings.push(what);
    }
    shown.hints = next_step::after(report, exit, &context.folder);
    shown
}
