//! The page of a bundle: everything that is known of one version, for somebody who decides or looks into it later and has nothing but
//! the folder it lies in.

mod certificate;
mod checks;
mod contents;
pub(super) mod model;
mod summary;

use self::certificate::name_of;
pub(super) use self::certificate::{certificate, sign_offs};
pub(super) use self::checks::checks;
use self::contents::changes;
pub(super) use self::contents::{code, data, environment, files, values};
pub(super) use self::summary::{is_it_good, order, summary, where_is_it};
use super::html::{Document, Text, Tone, number, words};
use crate::certify::wording::count;
use crate::clock::Time;
use crate::format::certificate::{StatementRecord, Verdict};
use crate::format::observation::ObservationRecord;
use crate::format::snapshot::SnapshotRecord;

/// A version and its life, as the page tells it.
#[derive(Debug, Clone)]
pub struct Case {
    /// `fraud@v3`.
    pub label: String,
    /// The history it belongs to.
    pub repository: String,
    /// The snapshot's id.
    pub snapshot: String,
    /// Its record, or what is left of it.
    pub record: SnapshotRecord,
    /// What surrounded it.
    pub observation: ObservationRecord,
    /// The event that made it.
    pub made: Happening,
    /// Where it was imported from, by name.
    pub origin: Vec<(&'static str, String)>,
    /// Its times in stages, in order.
    pub stays: Vec<Stay>,
    /// Its newest certificate.
    pub certificate: Option<Certified>,
    /// Other certificates of it: which, when issued, with which verdict.
    pub others: Vec<(String, Time, Verdict)>,
    /// Sign-offs.
    pub approvals: Vec<Approval>,
    /// Excuses from rules.
    pub waivers: Vec<Waiver>,
    /// What keeps it out of stages: of which, why, since when.
    pub blocks: Vec<(String, String, Time)>,
    /// What is different from the version before.
    pub changes: Option<Changes>,
    /// The model's own files.
    pub files: Vec<StoredFile>,
    /// How many files of all parts lie beside the page.
    pub kept: usize,
    /// The patch, as text.
    pub patch: Option<String>,
    /// What happened to it, oldest first.
    pub events: Vec<Happening>,
    /// How many events the journal had, and the id of the last.
    pub head: (u64, String),
    /// What is not beside the page, and why.
    pub missing: Vec<(String, String)>,
    /// What its links can lead to.
    pub beside: Beside,
}

/// What lies beside a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// Everything else that is in a bundle.
    Bundle,
    /// Nothing: who wants to see a record asks the store.
    Nothing,
}

impl Case {
    /// A record: the file beside the page, or the command that prints it.
    fn stored(&self, file: &str, id: &str) -> Text {
        match self.beside {
            Beside::Bundle => Text::file(file),
            Beside::Nothing => Text::plain("what ").then(&Text::code(&show_raw(id))).then(&Text::plain(" prints")),
        }
    }

    /// Words about a file beside the page; nothing where there is none.
    fn in_file(&self, before: &str, file: &str, after: &str) -> Text {
        match self.beside {
            Beside::Bundle => Text::plain(before).then(&Text::file(file)).then(&Text::plain(after)),
            Beside::Nothing => Text::default(),
        }
    }
}

/// The command that prints a stored record.
fn show_raw(id: &str) -> String {
    format!("mlrun show --raw {}", id.get(..16).unwrap_or(id))
}

/// An event.
#[derive(Debug, Clone, Default)]
pub struct Happening {
    /// Its place in the journal.
    pub seq: u64,
    /// The SHA-256 of its line.
    pub id: String,
    /// When, as recorded.
    pub time: Option<Time>,
    /// Its kind.
    pub kind: String,
    /// Who, as far as the machine knew.
    pub who: String,
    /// What it says beyond that.
    pub what: String,
}

/// A time in a stage.
#[derive(Debug, Clone)]
pub struct Stay {
    /// The stage.
    pub stage: String,
    /// Since when.
    pub since: Time,
    /// Until when; none: it was there when the bundle was made.
    pub until: Option<Time>,
    /// `promote`, `force`, `rollback`.
    pub kind: String,
    /// Who moved it there.
    pub who: String,
    /// What ended it.
    pub ended: String,
    /// The certificate it rests on.
    pub certificate: Option<String>,
    /// The approvals that counted, by their events.
    pub approvals: Vec<u64>,
    /// Reasons against it that were overruled.
    pub overruled: Vec<String>,
    /// Why.
    pub reason: Option<String>,
    /// The event.
    pub event: u64,
}

/// A certificate, and what the journal says of it.
#[derive(Debug, Clone)]
pub struct Certified {
    /// Its id.
    pub id: String,
    /// What it states.
    pub statement: StatementRecord,
    /// What it was compared with, as people call it.
    pub baseline: Option<String>,
    /// When it was issued.
    pub issued: Time,
    /// When it stops to count.
    pub expires: Time,
    /// Whether it was made by other rules than those in force.
    pub proposed: bool,
    /// Its signatures: the record and the key.
    pub signatures: Vec<(String, String)>,
}

impl Certified {
    /// Whether it lets anything pass: of what does not, no day matters.
    pub(super) const fn counts(&self) -> bool {
        self.statement.predicate.verdict.counts()
    }
}

/// A sign-off.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The event.
    pub event: u64,
    /// When.
    pub time: Time,
    /// Of what.
    pub subject: String,
    /// For which stage.
    pub stage: String,
    /// In which role.
    pub role: String,
    /// The person's address.
    pub person: String,
    /// The certificate they relied on.
    pub certificate: Option<String>,
    /// When it was taken back.
    pub withdrawn: Option<Time>,
    /// The file of the signed statement.
    pub statement: Option<String>,
    /// The file of its signature, and the words of `ssh-keygen` that name what it is for.
    pub signature: Option<(String, Option<String>)>,
}

/// An excuse from a rule.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The event.
    pub event: u64,
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// Until when it counts.
    pub expires: Time,
    /// Who gave it.
    pub who: String,
    /// Whether it is signed.
    pub is_signed: bool,
}

/// The difference to the version before.
#[derive(Debug, Clone)]
pub struct Changes {
    /// That version.
    pub before: String,
    /// Part, name, how, what it was, what it is.
    pub items: Vec<[String; 5]>,
}

/// A file of the model.
#[derive(Debug, Clone)]
pub struct StoredFile {
    /// Its path beside the page; none if it is not there.
    pub entry: Option<String>,
    /// Its path in the project.
    pub path: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Its size.
    pub size: u64,
}

/// The page.
pub fn html(case: &Case) -> String {
    let mut page = Document::new(&case.label);
    summary(&mut page, case, None, &[], &[]);
    what_it_is(&mut page, case);
    stages(&mut page, case);
    certificate(&mut page, case);
    sign_offs(&mut page, case);
    changes(&mut page, case);
    values(&mut page, case);
    data(&mut page, case);
    code(&mut page, case);
    environment(&mut page, case);
    files(&mut page, case);
    events(&mut page, case);
    checks(&mut page, case);
    let lead = Text::plain("A version of a machine-learning model, and what was done with it: ")
        .then(&verdict_of(case))
        .then(&Text::plain(". Times are UTC."));
    page.finish(&lead)
}

pub(super) fn verdict_of(case: &Case) -> Text {
    let holds: Vec<Text> =
        case.stays.iter().filter(|stay| stay.until.is_none()).map(|stay| Text::plain(&stay.stage)).collect();
    let certified = match &case.certificate {
        None => Text::toned(Tone::Open, "no certificate"),
        Some(known) => {
            Text::plain("certificate ").then(&toned(known.statement.predicate.verdict)).then(&match known.proposed {
                true => Text::toned(Tone::Open, " by rules that are not in force"),
                false => Text::default(),
            })
        }
    };
    let held = if holds.is_empty() {
        Text::plain("; in no stage when this was written")
    } else {
        Text::plain("; in ").then(&Text::list(holds)).then(&Text::plain(" when this was written"))
    };
    certified.then(&held)
}

pub(super) fn toned(verdict: Verdict) -> Text {
    let tone = match verdict {
        Verdict::Pass => Tone::Good,
        Verdict::Fail => Tone::Bad,
        Verdict::NotApplicable => Tone::Dim,
        _ => Tone::Open,
    };
    Text::toned(tone, verdict.words())
}

pub(super) fn maybe(text: Option<&String>) -> Text {
    text.map_or_else(Text::default, |text| Text::plain(text))
}

pub(super) fn maybe_code(text: Option<&String>) -> Text {
    text.map_or_else(Text::default, |text| Text::code(text))
}

fn what_it_is(page: &mut Document, case: &Case) {
    page.section("what", "What it is");
    facts(page, case);
}

/// What is known of the version as a whole.
pub(super) fn facts(page: &mut Document, case: &Case) {
    let command = case.record.argv.as_ref().map(|argv| argv.join(" "));
    page.facts(&[
        ("Version", Text::plain(&case.label)),
        (
            "Snapshot",
            Text::code(&case.snapshot)
                .then(&Text::plain(" is the SHA-256 of "))
                .then(&case.stored("snapshot.json", &case.snapshot)),
        ),
        ("Made", case.made.time.map_or_else(Text::default, Text::time)),
        ("By", Text::plain(&case.made.who)),
        ("Notes", maybe(case.record.notes.as_ref())),
        ("Command", maybe_code(command.as_ref())),
        ("Ran in", maybe_code(case.record.cwd.as_ref())),
        ("History", Text::code(&case.repository)),
    ]);
    model::section(page, case);
    let origin: Vec<_> = case.origin.iter().map(|(name, text)| (*name, Text::code(text))).collect();
    if !origin.is_empty() {
        page.heading(&Text::plain("Imported from another store"));
        page.facts(&origin);
    }
    let blocks = case
        .blocks
        .iter()
        .map(|(stage, why, since)| vec![Text::toned(Tone::Bad, stage), Text::plain(why), Text::time(*since)]);
    page.table("It is kept out of", &[words("Stage"), words("Why"), words("Since")], &blocks.collect::<Vec<_>>());
    if !case.missing.is_empty() {
        page.heading(&Text::plain(match case.beside {
            Beside::Bundle => "What is not in this folder",
            Beside::Nothing => "What is not kept",
        }));
        let rows = case.missing.iter().map(|(what, why)| vec![Text::code(what), Text::plain(why)]);
        page.table("Left out", &[words("What"), words("Why")], &rows.collect::<Vec<_>>());
    }
}

fn stages(page: &mut Document, case: &Case) {
    page.section("life", "Where it was in use");
    stays(page, case);
}

/// Its times in stages.
pub(super) fn stays(page: &mut Document, case: &Case) {
    if case.stays.is_empty() {
        page.paragraph(&Text::plain("It never held a stage."));
    }
    let rows = case.stays.iter().map(|stay| {
        let how = if stay.kind == "force" { Text::toned(Tone::Bad, "force") } else { Text::plain(&stay.kind) };
        vec![
            Text::plain(&stay.stage),
            Text::time(stay.since),
            stay.until.map_or_else(|| Text::toned(Tone::Good, "still there"), Text::time),
            how,
            Text::plain(&stay.who),
            maybe(stay.reason.as_ref()),
            Text::plain(&stay.ended),
            Text::plain(&stay.event.to_string()),
        ]
    });
    let columns = [
        words("Stage"),
        words("Since"),
        words("Until"),
        words("Moved by"),
        words("Who"),
        words("Why"),
        words("Ended by"),
        number("Event"),
    ];
    page.table("Its times in stages, oldest first", &columns, &rows.collect::<Vec<_>>());
    for stay in &case.stays {
        let approvals = stay.approvals.iter().map(|seq| Text::plain(&format!("event {seq}")));
        let overruled = stay.overruled.iter().map(|reason| Text::toned(Tone::Bad, reason));
        let (approvals, overruled) = (Text::list(approvals), Text::list(overruled));
        if stay.certificate.is_some() || !approvals.is_empty() || !overruled.is_empty() {
            page.heading(&Text::plain(&format!("{} since ", stay.stage)).then(&Text::time(stay.since)));
            page.facts(&[
                ("On certificate", maybe_code(stay.certificate.as_ref())),
                ("Approvals that counted", approvals),
                ("Overruled", overruled),
            ]);
        }
    }
}

pub(super) fn events(page: &mut Document, case: &Case) {
    page.section("events", "What happened to it");
    let (seq, head) = &case.head;
    page.paragraph(
        &Text::plain(&format!("The journal had {}, of which the last is ", count(*seq, "event")))
            .then(&Text::code(head))
            .then(&case.in_file("; all of them are in ", "journal.jsonl", ""))
            .then(&Text::plain(". Who is what the machine knew; nothing here proves it but signatures.")),
    );
    let rows = case.events.iter().map(|event| {
        vec![
            Text::plain(&event.seq.to_string()),
            event.time.map_or_else(Text::default, Text::time),
            Text::plain(&event.kind),
            Text::plain(&event.who),
            Text::plain(&event.what),
            Text::code(&event.id),
        ]
    });
    let columns =
        [number("Event"), words("When"), words("Kind"), words("Who"), words("What"), words("SHA-256 of its line")];
    page.table("Events that concern this version, oldest first", &columns, &rows.collect::<Vec<_>>());
}
