//! The page of a report: what a version is, where it is in its life, why it may be where it is, and what can be seen of it.
//!
//! Numbers come in as they are to be shown: nothing is measured here. A page is one file that needs nothing but itself; a [`site`] is
//! several that lead to each other, a [`card`] the same in Markdown.

mod answers;
mod card;
mod changes;
mod comparison;
mod data;
mod history;
mod life;
mod metrics;
mod overlaid;
mod quality;
mod recorded;
mod samples;
mod side;
pub mod site;
mod slices;
mod tensors;

pub use self::tensors::{LayerChange, Tensors};

use super::case::{self, Case};
use super::chart::Lane;
use super::html::{Document, Text, Tone, words};
use crate::certify::wording::{grouped, nth};
use crate::clock::Time;
use crate::compare::Diff;
use crate::format::certificate::Verdict;

/// What reports say of themselves near their beginning, so that one of them may take the place of another: pages, cards and lists of
/// pages.
pub const MARKS: [&str; 4] = [MARK_PAGE, MARK_CARD, MARK_CARDS, MARK_LISTING];
/// Metrics of a version that are told of above everything else.
const MOST_METRICS: usize = 3;
const MARK_PAGE: &str = "<meta name=\"generator\" content=\"mlrun report\"/>";
const MARK_CARD: &str = "\n# Written by mlrun report\n";
const MARK_CARDS: &str = "<!-- Written by mlrun report -->";
const MARK_LISTING: &str = "mlrun site";

/// A version, as a report tells of it.
#[derive(Debug, Clone)]
pub struct Version {
    /// What is known of it.
    pub case: Case,
    /// Where it and others of its model were.
    pub life: Life,
    /// What was measured of it and of others of its model.
    pub history: History,
    /// What its predictions say.
    pub quality: Vec<Quality>,
    /// How its samples are distributed.
    pub samples: Vec<Samples>,
    /// What its data holds, and how far that is from the data of another version.
    pub data: Vec<DataTable>,
    /// What changed in its tensors, layer by layer; none where nobody looked.
    pub tensors: Option<Tensors>,
    /// What speaks for and against training it again with the same result: about what, whether for it, why.
    pub reproducibility: Vec<(String, bool, String)>,
    /// Results of it that are another model's, in sentences.
    pub stale: Vec<String>,
    /// What is different from another version; none where there is no other.
    pub changes: Option<Changes>,
    /// The evaluation sets that judged it.
    pub uses: Vec<SetUse>,
    /// What the project says of the model.
    pub description: Option<String>,
}

/// What is different from another version.
#[derive(Debug, Clone)]
pub struct Changes {
    /// That version.
    pub before: String,
    /// What is different.
    pub diff: Diff,
    /// What was erased, could not be compared, or else is to be known, in words.
    pub notes: Vec<String>,
}

/// A use of an evaluation set.
#[derive(Debug, Clone)]
pub struct SetUse {
    /// The set.
    pub set: String,
    /// The how many-th candidate this was that it judged.
    pub ordinal: u64,
    /// How many it judged, as far as the page knows.
    pub candidates: u64,
}

/// Times of versions in stages.
#[derive(Debug, Clone)]
pub struct Life {
    /// The stages.
    pub lanes: Vec<Lane>,
    /// The newest time that is known of.
    pub until: Time,
}

/// Metrics over versions.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Their names.
    pub metrics: Vec<String>,
    /// The versions, oldest first.
    pub versions: Vec<HistoryRow>,
    /// Older versions that are not listed.
    pub older: usize,
}

/// What was measured of a version.
#[derive(Debug, Clone)]
pub struct HistoryRow {
    /// Its number.
    pub number: u32,
    /// `fraud@v3`.
    pub label: String,
    /// When it was made.
    pub made: Time,
    /// The stages it holds.
    pub stages: Vec<String>,
    /// The verdict of its newest certificate.
    pub verdict: Option<Verdict>,
    /// A value for each metric.
    pub values: Vec<Option<f64>>,
    /// The how many-th it is of those that the page is about; none: it is another.
    pub own: Option<usize>,
    /// Its page beside this one.
    pub page: Option<String>,
}

/// What the predictions of a set say.
#[derive(Debug, Clone, Default)]
pub struct Quality {
    /// The set.
    pub set: String,
    /// Rows.
    pub rows: u64,
    /// What a reader should know: why there is no curve, or none of the other model.
    pub notes: Vec<String>,
    /// What can be drawn.
    pub curves: Vec<Curve>,
    /// What they come to in slices.
    pub slices: Vec<Sliced>,
}

/// A metric in the slices of a column.
#[derive(Debug, Clone)]
pub struct Sliced {
    /// What is measured.
    pub metric: String,
    /// The column.
    pub column: String,
    /// Whether more is better.
    pub is_higher_better: bool,
    /// The confidence of its intervals, both ends together.
    pub confidence: f64,
    /// All rows, then slice by slice.
    pub rows: Vec<SliceRow>,
    /// Values whose rows are in no slice here, and those rows.
    pub left_out: (u64, u64),
}

/// A slice.
#[derive(Debug, Clone)]
pub struct SliceRow {
    /// `country=DE`; none: all rows.
    pub slice: Option<String>,
    /// One for each model.
    pub values: Vec<SliceValue>,
    /// The first model's minus the second's on the same rows, or why it is not known.
    pub difference: Option<Result<Bounded, String>>,
}

/// What a model comes to in a slice.
#[derive(Debug, Clone)]
pub struct SliceValue {
    /// The model.
    pub model: String,
    /// The how many-th of the page's models it is.
    pub place: usize,
    /// Rows.
    pub rows: u64,
    /// The metric, or why it is not known.
    pub value: Result<Bounded, String>,
}

/// A number in its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounded {
    /// The number.
    pub value: f64,
    /// Its lower bound.
    pub lower: f64,
    /// Its upper bound.
    pub upper: f64,
}

/// A kind of curve of one or several models.
#[derive(Debug, Clone)]
pub struct Curve {
    /// What it shows.
    pub kind: CurveKind,
    /// The class it is of; none: of all.
    pub of: Option<String>,
    /// One for each model.
    pub lines: Vec<CurveLine>,
}

/// What a curve shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurveKind {
    /// True positives over false positives.
    Roc,
    /// Precision over recall.
    PrecisionRecall,
    /// What happened over what was predicted.
    Calibration,
    /// Share of rows over the size of the error.
    Errors,
    /// What was predicted over what was true.
    Predicted,
    /// The error over what was predicted.
    Residuals,
}

/// A model's curve.
#[derive(Debug, Clone)]
pub struct CurveLine {
    /// The model.
    pub model: String,
    /// The how many-th of the page's models it is.
    pub place: usize,
    /// The curve.
    pub points: Vec<(f64, f64)>,
    /// The numbers that go with it: names and values.
    pub numbers: Vec<(&'static str, f64)>,
}

/// Samples of one quantity.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    /// The set.
    pub set: String,
    /// The column they stand in.
    pub column: String,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// One for each model.
    pub lines: Vec<SampleLine>,
}

/// A model's samples.
#[derive(Debug, Clone)]
pub struct SampleLine {
    /// The model.
    pub model: String,
    /// The how many-th of the page's models it is.
    pub place: usize,
    /// How many samples there are.
    pub n: u64,
    /// Value, and the share of samples that do not exceed it.
    pub points: Vec<(f64, f64)>,
    /// Share below, and value.
    pub quantiles: Vec<(f64, f64)>,
}

/// A table of training data.
#[derive(Debug, Clone, Default)]
pub struct DataTable {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// The version whose data it is held against.
    pub against: Option<String>,
    /// Why it is held against nothing; or what else to know of how far it is away.
    pub note: Option<String>,
    /// Whether that is the same data.
    pub is_same: bool,
    /// Its columns.
    pub columns: Vec<ColumnShape>,
}

/// What a column holds.
#[derive(Debug, Clone, Default)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// The share of cells without a value.
    pub missing: f64,
    /// Distinct values, where they were counted.
    pub distinct: Option<u64>,
    /// Of numbers.
    pub mean: Option<f64>,
    /// Of numbers.
    pub sd: Option<f64>,
    /// The least and the greatest value.
    pub ends: Option<(String, String)>,
    /// Edges of numbers, ascending, and how many values lie between them.
    pub shape: Option<(Vec<f64>, Vec<u64>)>,
    /// The most frequent values, and how often each occurs.
    pub categories: Vec<(String, u64)>,
    /// Whether these are all there are: then numbers stand in their order.
    pub lists_all: bool,
    /// What the same column held before: missing share and mean.
    pub before: Option<(f64, Option<f64>)>,
    /// How far it is from that, or why that is not known.
    pub drift: Option<Result<ColumnDrift, String>>,
}

/// How far a column is from another one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColumnDrift {
    /// The population stability index.
    pub psi: f64,
    /// The chance of such a one or a larger one if nothing drifted.
    pub p: f64,
    /// Whether it is estimated from deciles.
    pub is_estimated: bool,
}

/// A model card of one version, or a comparison of several, in Markdown.
pub fn markdown(versions: &[Version]) -> String {
    match versions {
        [only] => card::markdown(only),
        several => comparison::markdown(several),
    }
}

/// The model of `fraud@v3`.
fn model_of(label: &str) -> &str {
    label.rsplit_once('@').map_or(label, |(model, _)| model)
}

/// The page of one version, or of several side by side.
pub fn html(versions: &[Version]) -> String {
    match versions {
        [only] => single(only, &[]),
        several => side::html(several),
    }
}

/// A page that says of itself that it is a report: a later one may take its place.
fn document(title: &str) -> Document {
    Document::marked(title, MARK_PAGE)
}

/// The page of one version; `above` are links to the pages it belongs to: path and words.
pub(super) fn single(version: &Version, above: &[(&str, &str)]) -> String {
    let case = &version.case;
    let mut page = document(&case.label);
    let found = metrics::foremost_of_one(version, MOST_METRICS);
    case::summary(&mut page, case, version.description.as_deref(), &life::holders(&version.life), &found);
    page.section("what", "What it is");
    case::facts(&mut page, case);
    life::section(&mut page, version);
    case::certificate(&mut page, case);
    uses(&mut page, version);
    case::sign_offs(&mut page, case);
    history::section(&mut page, &version.history);
    stale(&mut page, version);
    quality::section(&mut page, &version.quality);
    slices::section(&mut page, case, &version.quality);
    samples::section(&mut page, &version.samples);
    changes::section(&mut page, version.changes.as_ref());
    tensors::section(&mut page, version.tensors.as_ref());
    case::values(&mut page, case);
    case::data(&mut page, case);
    data::tables(&mut page, &version.data);
    case::code(&mut page, case);
    case::environment(&mut page, case);
    reproducibility(&mut page, version);
    case::files(&mut page, case);
    case::events(&mut page, case);
    case::checks(&mut page, case);
    let links = above.iter().map(|(path, words)| Text::link(path, words).then(&Text::plain(" · ")));
    let lead = links.fold(Text::default(), |all, link| all.then(&link));
    let lead =
        lead.then(&Text::plain("A version of a machine-learning model, and what is known of it")).then(&as_of(case));
    page.finish(&lead)
}

/// What is another model's and has no curve to say it above: before everything that is drawn of results.
fn stale(page: &mut Document, version: &Version) {
    let drawn = version.quality.iter().map(|set| &set.notes).chain(version.samples.iter().map(|set| &set.notes));
    let told: Vec<&String> = drawn.flatten().collect();
    for words in version.stale.iter().filter(|words| !told.contains(words)) {
        page.paragraph(&Text::toned(Tone::Open, "Note: ").then(&Text::plain(words)).then(&Text::plain(".")));
    }
}

/// Up to where a page knows what happened: no clock is in it.
fn as_of(case: &Case) -> Text {
    Text::plain(&format!(". As of event {} of its journal; times are UTC.", case.head.0))
}

/// A set that judged many candidates fits the one that was chosen by it.
fn uses(page: &mut Document, version: &Version) {
    for SetUse { set, ordinal, candidates } in &version.uses {
        let of = if *candidates == 1 { "the only one".to_owned() } else { format!("one of {}", grouped(*candidates)) };
        page.paragraph(&Text::plain(&format!(
            "It is the {} candidate judged on the set {set}, {of} by event {} of the journal.",
            nth(*ordinal),
            version.case.head.0
        )));
    }
}

fn reproducibility(page: &mut Document, version: &Version) {
    page.section("reproducibility", "Can it be made again?");
    if version.reproducibility.is_empty() {
        page.paragraph(&Text::plain("Nothing is known that speaks for or against it."));
    }
    let rows = version.reproducibility.iter().map(|(part, is_good, why)| {
        let word = if *is_good { Text::toned(Tone::Good, "for") } else { Text::toned(Tone::Open, "against") };
        vec![Text::plain(part), word, Text::plain(why)]
    });
    let columns = [words("Part"), words("Speaks"), words("Why")];
    page.table("What speaks for and against the same result", &columns, &rows.collect::<Vec<_>>());
    page.paragraph(
        &Text::code(&format!("mlrun reproduce {}", version.case.label)).then(&Text::plain(" finds it out.")),
    );
}
