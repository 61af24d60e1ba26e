//! Markdown: a line with the verdict, a table of the rules, then why each is not PASS, and the rows behind that.
//!
//! GitHub refuses comments over 65,536 characters. What does not fit is left out by severity, passes first, and said to be.

use super::Context;
use super::escape;
use crate::certify::wording::{count, grouped, nth, significant};
use crate::certify::{FlipSummary, NamedRow, NamedRows};
use crate::format::certificate::{CertificateRecord, ResultRecord, StatementRecord, Verdict};
use crate::format::policy::Severity;

/// Bytes, of which there are never fewer than characters.
const LONGEST: usize = 65_536;
/// Kept free for what says that something was left out.
const RESERVE: usize = 512;
const TABLE: &str = "| rule | verdict | metric | candidate | baseline | difference | limit | n |\n\
                     |---|---|---|---:|---:|---:|---:|---:|\n";

const ROWS: &str = "| | key | label | candidate | baseline |\n|---|---|---|---|---|\n";
/// Rows that are named where every rule is passed.
const FEW: usize = 3;

/// Sets whose uses stand at the head.
const MOST_SETS: usize = 10;

/// The certificate as a page.
pub fn certificate(statement: &StatementRecord, context: &Context) -> String {
    let predicate = &statement.predicate;
    let mut page = head(predicate, context);
    let mut room = LONGEST.saturating_sub(page.len() + TABLE.len() + RESERVE);
    let (rows, reasons) = Part::fitting(predicate, &mut room);
    if !rows.lines.is_empty() {
        page.push_str(TABLE);
        page.push_str(&rows.lines);
    }
    page.push_str(&rows.left_out("rules"));
    if !reasons.lines.is_empty() {
        page.push('\n');
        page.push_str(&reasons.lines);
    }
    page.push_str(&reasons.left_out("reasons"));
    page.push_str(&failures(context, &mut room));
    let mut remarks = Part::default();
    for remark in &predicate.remarks {
        remarks.add(&format!("- Note: {}\n", sentence(remark)), &mut room);
    }
    if !remarks.lines.is_empty() {
        page.push('\n');
        page.push_str(&remarks.lines);
    }
    page.push_str(&remarks.left_out("notes"));
    page
}

/// The rows behind what is not passed, else a few of the first rule's; and how many changed sides.
fn failures(context: &Context, room: &mut usize) -> String {
    let open: Vec<&NamedRows> = context.rows.iter().filter(|named| named.open).collect();
    let (listed, most) =
        if open.is_empty() { (context.rows.iter().take(1).collect(), FEW) } else { (open, usize::MAX) };
    let mut text = String::new();
    let mut left_out = 0;
    for named in listed {
        let slice = named.slice.as_deref().map(|slice| format!(", {}", name(slice))).unwrap_or_default();
        let what = if named.open { "rows" } else { "largest failures" };
        let head = format!("\n**{}**{slice}: {what} of {}\n\n{ROWS}", name(&named.rule), name(named.set.as_str()));
        let lines: Vec<String> = named.rows.iter().take(most).map(failure).collect();
        let mut part = Part::default();
        if let Some(first) = lines.first().filter(|first| head.len() + first.len() <= *room) {
            *room -= head.len();
            part.add(first, room);
            lines[1..].iter().for_each(|line| part.add(line, room));
            text.push_str(&head);
            text.push_str(&part.lines);
            left_out += part.left_out;
        } else {
            left_out += lines.len();
        }
    }
    let mut sides = Part::default();
    for flips in &context.flips {
        sides.add(&changed_sides(flips), room);
    }
    if !sides.lines.is_empty() {
        text.push('\n');
        text.push_str(&sides.lines);
    }
    text + &Part { lines: String::new(), left_out }.left_out("rows")
}

fn failure(row: &NamedRow) -> String {
    let new = if row.new { "new" } else { "" };
    let baseline = row.baseline.as_deref().map(name).unwrap_or_default();
    format!("| {new} | {} | {} | {} | {baseline} |\n", name(&row.key), name(&row.label), name(&row.candidate))
}

fn changed_sides(flips: &FlipSummary) -> String {
    let most = flips.most.as_ref().map(|most| {
        format!("; most in {}: {} of {}", name(&most.slice), grouped(most.right_to_wrong), grouped(most.rows))
    });
    format!(
        "- Flips: {} of {} of {} were right and are wrong, {} the other way round{}\n",
        grouped(flips.right_to_wrong),
        count(flips.rows, "row"),
        name(flips.set.as_str()),
        grouped(flips.wrong_to_right),
        most.unwrap_or_default()
    )
}

fn head(predicate: &CertificateRecord, context: &Context) -> String {
    let mut facts = vec![match (&context.baseline, &predicate.baseline.first_release) {
        (Some(baseline), _) => {
            format!("compared with {} in {}", name(baseline), name(predicate.baseline.stage.as_str()))
        }
        (None, Some(why)) => {
            let after = predicate.baseline.retired.as_ref().map(|retired| {
                let version = name(&format!("{}@{}", predicate.model, retired.version));
                format!(" after {version} was retired ({})", sentence(&retired.reason))
            });
            let (stage, after) = (name(predicate.baseline.stage.as_str()), after.unwrap_or_default());
            format!("first release to {stage}{after}: {}", sentence(why))
        }
        (None, None) => format!("nothing to compare with in {}", name(predicate.baseline.stage.as_str())),
    }];
    facts.push(format!("policy {}", predicate.policy_sha256.short()));
    if let Some(certificate) = &context.certificate {
        facts.push(format!("certificate {}", name(certificate)));
    }
    if let Some(expires) = &context.expires {
        facts.push(format!("counts until {}", name(expires)));
    }
    // Notes may find no room on a full page; these bear on every number of it.
    for used in predicate.holdout.iter().take(MOST_SETS) {
        facts.push(format!("{} candidate judged on {}", nth(used.ordinal), name(used.set.as_str())));
    }
    for replaced in predicate.replaced.iter().take(MOST_SETS) {
        facts.push(format!("{} of the {}: {}", name(replaced.set.as_str()), replaced.role, sentence(&replaced.how())));
    }
    let said = verdict(predicate.verdict);
    let (title, why) = match &context.not_certified {
        // A line that is only skimmed is not to be read as a certificate.
        Some(why) => (
            "NOT CERTIFIED".to_owned(),
            format!("The rules say {said}, and it counts for nothing: {}.\n\n", sentence(why)),
        ),
        None => (said.to_string(), String::new()),
    };
    format!("## {title}: {}\n\n{why}{}\n\n", name(&context.candidate), facts.join(" · "))
}

/// Lines that fitted, and how many did not.
#[derive(Default)]
struct Part {
    lines: String,
    left_out: usize,
}

impl Part {
    /// Rows and reasons of the results, in their order; where room is short, the gravest are kept.
    fn fitting(predicate: &CertificateRecord, room: &mut usize) -> (Self, Self) {
        let results = &predicate.results;
        let mut order: Vec<usize> = (0..results.len()).collect();
        order.sort_by_key(|at| gravity(&results[*at]));
        let mut kept: Vec<(Self, Self)> = results.iter().map(|_| Default::default()).collect();
        for at in order {
            let (rows, reasons) = &mut kept[at];
            rows.add(&row(&results[at], predicate.policy.is_ratio(&results[at].rule)), room);
            if let Some(reason) = reason(&results[at]) {
                reasons.add(&reason, room);
            }
        }
        let (rows, reasons): (Vec<Self>, Vec<Self>) = kept.into_iter().unzip();
        (Self::joined(&rows), Self::joined(&reasons))
    }

    fn joined(parts: &[Self]) -> Self {
        let lines = parts.iter().map(|part| part.lines.as_str()).collect();
        Self { lines, left_out: parts.iter().map(|part| part.left_out).sum() }
    }

    fn add(&mut self, line: &str, room: &mut usize) {
        if line.len() <= *room {
            *room -= line.len();
            self.lines.push_str(line);
        } else {
            self.left_out += 1;
        }
    }

    fn left_out(&self, what: &str) -> String {
        if self.left_out == 0 {
            return String::new();
        }
        format!("\n{} more {what} did not fit on this page.\n", grouped(self.left_out as u64))
    }
}

/// The order in which lines are worth their room.
fn gravity(result: &ResultRecord) -> (bool, Verdict) {
    let quiet = matches!(result.verdict, Verdict::Pass | Verdict::NotApplicable);
    (quiet || result.severity == Severity::Warn, result.verdict)
}

fn row(result: &ResultRecord, is_ratio: bool) -> String {
    let rule = match &result.slice {
        Some(slice) => format!("{} ({})", name(&result.rule), name(slice)),
        None => name(&result.rule),
    };
    let number = |value: Option<f64>| value.map_or_else(String::new, significant);
    let times = if is_ratio { "×" } else { "" };
    let bounds = match (result.lower, result.upper) {
        (Some(lower), Some(upper)) => {
            format!(" \\[{times}{}, {times}{}\\]", significant(lower), significant(upper))
        }
        _ => String::new(),
    };
    // Bounds are those of the difference where there is one, else of the candidate's value.
    let (candidate, difference) = match result.delta {
        Some(delta) => (number(result.candidate), format!("{times}{}{bounds}", significant(delta))),
        None => (format!("{}{bounds}", number(result.candidate)), String::new()),
    };
    let n = if result.n > 0 { grouped(result.n) } else { String::new() };
    format!(
        "| {rule} | {} | {} | {candidate} | {} | {difference} | {} | {n} |\n",
        word(result),
        name(&result.metric),
        number(result.baseline),
        result.margin.map_or_else(String::new, |limit| format!("{times}{}", significant(limit))),
    )
}

/// Why a result is not PASS.
fn reason(result: &ResultRecord) -> Option<String> {
    if result.verdict == Verdict::Pass {
        return None;
    }
    let slice = result.slice.as_deref().map(|slice| format!(", {}", name(slice))).unwrap_or_default();
    let reason = sentence(result.reason.as_deref().unwrap_or("no reason was recorded"));
    Some(format!("- {} **{}**{slice}: {reason}\n", word(result), name(&result.rule)))
}

fn word(result: &ResultRecord) -> String {
    let word = verdict(result.verdict);
    if result.severity == Severity::Warn { format!("{word} (does not block)") } else { word }
}

fn verdict(verdict: Verdict) -> String {
    name(verdict.words())
}

/// A name; a longer one tells nobody more.
fn name(text: &str) -> String {
    escape::markdown(text, 100)
}

fn sentence(text: &str) -> String {
    escape::markdown(text, 1000)
}
