//! A folder of pages that lead to each other: all models, each model, each version.
//!
//! ```text
//! mlrun-site.txt            that this folder is a site, and which pages are in it
//! index.html                every model, its stages, its newest version
//! models/fraud/index.html   a model: who is where, metrics over versions, every version; `/` in a name as `+`
//! models/fraud/v3.html      a version, as its own report tells of it
//! ```

use std::collections::BTreeSet;

use super::super::case::toned;
use super::super::html::{Text, Tone, number, words};
use super::{History, Life, MARK_LISTING, Version, document, history, life, single};
use crate::certify::wording::grouped;
use crate::clock::Time;
use crate::format::certificate::Verdict;

/// The page of everything.
pub const INDEX: &str = "index.html";
/// The list of pages: by it a folder is known as a site.
pub const LISTING: &str = "mlrun-site.txt";

/// A model, as a site tells of it.
#[derive(Debug, Clone)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// What the project says of it.
    pub description: Option<String>,
    /// Where its versions were.
    pub life: Life,
    /// Who is in each stage: the stage, the version and its page beside the model's own, since when, the verdict it has.
    pub stages: Vec<Holder>,
    /// Its newest version and when it was made.
    pub newest: Option<(String, Time)>,
    /// Every version.
    pub history: History,
    /// How many events its journal has, and the id of the last.
    pub head: (u64, String),
}

/// Who is in a stage.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The stage.
    pub stage: String,
    /// The version: `v3`.
    pub version: String,
    /// Since when.
    pub since: Time,
    /// The verdict of its newest certificate.
    pub verdict: Option<Verdict>,
}

/// The folder of a model's pages, from the site's: one folder deep, so that no model's page is another model's folder.
pub fn folder(model: &str) -> String {
    format!("models/{}", model.replace('/', "+"))
}

/// The file of a version's page in its model's folder.
pub fn file(version: &str) -> String {
    format!("{version}.html")
}

/// How a model's folder leads to the site's.
const UP: &str = "../../";

/// The page of everything.
pub fn index(models: &[Model]) -> String {
    let mut page = document("Models");
    page.section("models", "Who is where");
    if models.is_empty() {
        page.paragraph(&Text::plain("There is none yet."));
    }
    let rows = models.iter().map(|model| {
        let home = folder(&model.name);
        let stages = model.stages.iter().map(|holder| {
            let page = format!("{home}/{}", file(&holder.version));
            Text::plain(&format!("{}: ", holder.stage))
                .then(&Text::link(&page, &holder.version))
                .then(&Text::plain(" "))
                .then(&verdict(holder.verdict))
        });
        let newest = model.newest.as_ref();
        vec![
            Text::link(&format!("{home}/{INDEX}"), &model.name),
            Text::list(stages),
            newest.map_or_else(Text::default, |(version, _)| Text::link(&format!("{home}/{}", file(version)), version)),
            newest.map_or_else(Text::default, |(_, made)| Text::time(*made)),
            Text::plain(&grouped((model.history.versions.len() + model.history.older) as u64)),
            Text::plain(&grouped(model.head.0)),
            model.description.as_ref().map_or_else(Text::default, |text| Text::plain(text)),
        ]
    });
    let columns = [
        words("Model"),
        words("Stages"),
        words("Newest"),
        words("Made"),
        number("Versions"),
        number("Events"),
        words("What it is"),
    ];
    page.table("Every model and who is where", &columns, &rows.collect::<Vec<_>>());
    page.finish(&Text::plain("Models, their stages and versions, as of the events listed; times are UTC."))
}

fn verdict(verdict: Option<Verdict>) -> Text {
    verdict.map_or_else(|| Text::toned(Tone::Dim, "no certificate"), toned)
}

/// The page of a model.
pub fn model(model: &Model) -> String {
    let mut page = document(&model.name);
    page.section("stages", "Who is where");
    if model.stages.is_empty() {
        page.paragraph(&Text::plain("No stage holds a version."));
    }
    let rows = model.stages.iter().map(|holder| {
        vec![
            Text::plain(&holder.stage),
            Text::link(&file(&holder.version), &holder.version),
            Text::time(holder.since),
            verdict(holder.verdict),
        ]
    });
    let columns = [words("Stage"), words("Version"), words("Since"), words("Certificate")];
    page.table("Who is in which stage", &columns, &rows.collect::<Vec<_>>());
    page.charts(&life::chart(&model.life, &format!("Stages of {} over time", model.name)));
    life::folded(&mut page, &model.life);
    page.section("history", "Versions and their metrics");
    page.charts(&history::charts(&model.history));
    history::table(&mut page, &model.history);
    page.section("journal", "Journal");
    page.facts(&[
        ("Events", Text::plain(&grouped(model.head.0))),
        ("Newest event", Text::code(&model.head.1)),
        ("Check", Text::code("mlrun verify --journal")),
    ]);
    let described = model.description.as_ref().map_or_else(Text::default, |text| Text::plain(&format!("{text}. ")));
    let lead = Text::link(&format!("{UP}{INDEX}"), "All models")
        .then(&Text::plain(" · "))
        .then(&described)
        .then(&Text::plain(&format!("As of event {} of its journal; times are UTC.", model.head.0)));
    page.finish(&lead)
}

/// The page of a version of `model`.
pub fn version(model: &str, version: &Version) -> String {
    let home = format!("{UP}{INDEX}");
    single(version, &[(home.as_str(), "All models"), (INDEX, model)])
}

/// The page of a version that cannot be read.
pub fn unread(model: &str, label: &str, why: &str) -> String {
    let mut page = document(label);
    page.section("what", "What it is");
    page.paragraph(&Text::toned(Tone::Bad, "It cannot be read: ").then(&Text::plain(why)));
    page.paragraph(&Text::code(&format!("mlrun verify {label}")).then(&Text::plain(" tells more.")));
    let home = format!("{UP}{INDEX}");
    page.finish(&Text::link(&home, "All models").then(&Text::plain(" · ")).then(&Text::link(INDEX, model)))
}

/// The list of pages, one a line, below the line that says what it is.
pub fn listing(pages: &BTreeSet<String>) -> String {
    let lines: String = pages.iter().map(|page| format!("{page}\n")).collect();
    format!("{MARK_LISTING}: these pages, and this list, are made anew by `mlrun report --all`\n{lines}")
}
