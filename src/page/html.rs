//! A page of HTML that needs nothing but itself: no network, no script, no font; light or dark as the reader has it, and printable.
//!
//! Whatever is put in is text and is escaped; markup is made here only. What comes out is well-formed XML as well.

use std::borrow::Cow;

use super::chart::{self, Chart};
use super::escape::xml;
use crate::certify::wording::count;
use crate::certify::wording::grouped;
use crate::clock::Time;

/// Rows of a table; the rest is counted.
const MOST_ROWS: usize = 1000;
/// So many have no room beside each other on paper.
const MANY_COLUMNS: usize = 9;
/// So many columns of a table have room on nearly every page.
const FEW_COLUMNS: usize = 3;
/// Characters of a value or a caption, and of the head of a column.
const LONGEST_VALUE: usize = 200;
const LONGEST_HEAD: usize = 80;
/// Characters of a name that is never broken in a table.
const LONGEST_NAME: usize = 24;
/// Bytes of a preformatted text; the rest is counted.
const LONGEST: usize = 256 << 10;

const STYLE: &str = "
:root{color-scheme:light dark;--text:#1a1c1e;--dim:#53585e;--page:#fff;--box:#f3f4f6;--line:#c9cdd2;--link:#0b57b0;--good:#0f6b2f;--bad:#a5180f;--open:#7a4d00}
@media(prefers-color-scheme:dark){:root{--text:#e6e8ea;--dim:#a9b0b7;--page:#15181b;--box:#20252a;--line:#444b52;--link:#8ab8ff;--good:#7fd89a;--bad:#ff9d94;--open:#f2c063}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:72rem;padding:1.5rem;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,sans-serif}
a{color:var(--link)}a.skip{position:absolute;left:-99rem}a.skip:focus{left:1rem;top:1rem;background:var(--page);padding:.5rem}
h1{font-size:1.7rem;line-height:1.2;margin:.2em 0}h2{font-size:1.25rem;margin:2.2em 0 .5em;border-bottom:1px solid var(--line)}h3{font-size:1rem;margin:1.4em 0 .4em}
nav ul{padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none}
.dim{color:var(--dim)}.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}.open{color:var(--open);font-weight:600}
code,pre{font:.875rem/1.45 ui-monospace,monospace}code{overflow-wrap:anywhere}
pre{background:var(--box);border:1px solid var(--line);padding:.7rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.25rem 1.2rem;margin:.5em 0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
.summary{grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr));gap:1rem;margin:1.2em 0}.summary div{background:var(--box);border:1px solid var(--line);border-radius:.4rem;padding:.7rem 1rem}.summary dd{margin:.25rem 0}.summary dd:first-of-type{font-size:1.1rem}
.wide{overflow-x:auto}:focus-visible{outline:3px solid var(--link);outline-offset:2px}table{border-collapse:collapse;width:100%;margin:.5em 0}caption{text-align:left;color:var(--dim);padding:.3em 0}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top;overflow-wrap:break-word}td code{white-space:nowrap}td code.long{white-space:normal;display:inline-block;min-width:16ch}td time{white-space:nowrap}.many td time{white-space:normal}
.few td:first-child,.few th:not(:empty){min-width:9ch}
p{overflow-wrap:anywhere}th{font-weight:600}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}th.number{white-space:normal}
summary{cursor:pointer}
.noted tr:not(:last-child) td{border-bottom:0;padding-bottom:0}.noted td:first-child{overflow-wrap:anywhere;min-width:8ch}.note{display:block;position:sticky;left:0;max-width:calc(min(100vw,72rem) - 3rem);padding-bottom:.3rem;overflow-wrap:anywhere}
@media screen and (max-width:56rem){.wide table:not(.noted,.few){width:max-content;min-width:100%}.wide table:not(.noted,.few) :is(th,td){max-width:36rem}.wide caption{max-width:calc(100vw - 3rem)}}
@media screen and (max-width:56rem){.noted,.noted tbody,.noted tr,.noted td{display:block}.noted caption{display:block}.noted thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.noted tr{display:flex;flex-wrap:wrap;gap:0 1.2rem}.noted td{border:0;padding:0;text-align:left;white-space:normal}.noted td:empty{display:none}.noted td[data-name]::before{content:attr(data-name) \" \";color:var(--dim)}.noted tbody{border-bottom:1px solid var(--line);padding:.4rem 0}}
@media print{:root{--text:#000;--dim:#333;--page:#fff;--box:#fff;--line:#bbb;--link:#000;--good:#000;--bad:#000;--open:#000}body{max-width:none;padding:0;font-size:10pt}nav,a.skip{display:none}tr,dt,dd,.noted tbody{break-inside:avoid}h2,h3{break-after:avoid}.wide{overflow:visible}table{font-size:8pt}td code{font-size:7pt}td code.long{min-width:12ch}td time{white-space:normal}th,td{padding-right:.3rem}.many{font-size:6.5pt}.many code{font-size:6pt}.many td code.long{min-width:8ch}.summary{grid-template-columns:repeat(3,1fr)}.note{position:static;max-width:none}}
";

/// A piece of a line: escaped text, and markup around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(String);

/// What a word says of what it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Not decided.
    Open,
    /// Beside the point.
    Dim,
}

impl Text {
    /// Words.
    pub fn plain(text: &str) -> Self {
        Self(xml(text))
    }

    /// A digest where only few of its figures are wanted: the first of them, with all of them at hand.
    pub fn shortened(text: &str) -> Self {
        match text.get(..12).filter(|_| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            Some(short) => Self(format!("<code title=\"{text}\">{short}…</code>")),
            None => Self::code(text),
        }
    }

    /// A name, a path, a digest, a command. In a table short ones are in one line; long ones are broken anywhere.
    pub fn code(text: &str) -> Self {
        let class = if text.chars().nth(LONGEST_NAME).is_some() { " class=\"long\"" } else { "" };
        Self(format!("<code{class}>{}</code>", xml(text)))
    }

    /// A word that carries the message; the word itself says it, colour is not needed.
    pub fn toned(tone: Tone, text: &str) -> Self {
        let class = match tone {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Open => "open",
            Tone::Dim => "dim",
        };
        Self(format!("<span class=\"{class}\">{}</span>", xml(text)))
    }

    /// A number that is looked for.
    pub fn strong(text: &str) -> Self {
        Self(format!("<strong>{}</strong>", xml(text)))
    }

    /// Words that lead to another page, by its path from this one.
    pub fn link(path: &str, words: &str) -> Self {
        Self(format!("<a href=\"{}\">{}</a>", xml(&relative(path)), xml(words)))
    }

    /// Words that lead to a section of this page.
    pub fn within(id: &'static str, words: &str) -> Self {
        Self(format!("<a href=\"#{id}\">{}</a>", xml(words)))
    }

    /// A drawing of the size of a word.
    pub fn drawing(chart: &Chart) -> Self {
        Self(chart.svg().to_owned())
    }

    /// A file that lies beside the page.
    pub fn file(path: &str) -> Self {
        Self(format!("<a href=\"{}\"><code>{}</code></a>", xml(&relative(path)), xml(path)))
    }

    /// An instant.
    pub fn time(time: Time) -> Self {
        Self(format!("<time datetime=\"{time}\">{}</time>", xml(&time.for_people())))
    }

    /// One behind the other.
    #[must_use]
    pub fn then(mut self, next: &Self) -> Self {
        self.0.push_str(&next.0);
        self
    }

    /// Several in a line.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self(items.into_iter().map(|item| item.0).collect::<Vec<_>>().join(", "))
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::plain(&text)
    }
}

/// A path as a link from the page beside it: nothing of it can be taken for a scheme, a query or another host.
fn relative(path: &str) -> String {
    let mut link = "./".to_owned();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => link.push(char::from(byte)),
            other => link.push_str(&format!("%{other:02X}")),
        }
    }
    link
}

/// Of a long value its beginning, and how long it is: the record has all of it.
pub fn shorten(text: &str) -> Cow<'_, str> {
    beginning(text, LONGEST_VALUE).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The first characters of a text that is longer, and how long it is.
fn beginning(text: &str, longest: usize) -> Option<String> {
    let (end, _) = text.char_indices().nth(longest)?;
    let beginning = text.get(..end).unwrap_or_default();
    Some(format!("{beginning}… ({} characters)", grouped(text.chars().count() as u64)))
}

/// The head of a column.
#[derive(Debug, Clone)]
pub struct Column {
    name: Cow<'static, str>,
    is_number: bool,
}

impl Column {
    const fn class(&self) -> &'static str {
        if self.is_number { " class=\"number\"" } else { "" }
    }
}

/// Something that may be wider than the page: it scrolls, with the keyboard, too.
fn scrolling(name: &str, inside: &str) -> String {
    let name = xml(&shorten(name));
    format!("<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{name}\">{inside}</div>")
}

/// A column of words.
pub const fn words(name: &'static str) -> Column {
    Column { name: Cow::Borrowed(name), is_number: false }
}

/// A column that is called after something foreign.
pub fn column(name: &str, is_number: bool) -> Column {
    Column { name: Cow::Owned(beginning(name, LONGEST_HEAD).unwrap_or_else(|| name.to_owned())), is_number }
}

/// A column of numbers.
pub const fn number(name: &'static str) -> Column {
    Column { name: Cow::Borrowed(name), is_number: true }
}

/// A page in the making.
#[derive(Debug)]
pub struct Document {
    title: String,
    summary: String,
    contents: String,
    body: String,
    is_in_section: bool,
    has_charts: bool,
    mark: &'static str,
}

impl Document {
    /// A page with this title.
    pub fn new(title: &str) -> Self {
        Self {
            title: xml(title),
            summary: String::new(),
            contents: String::new(),
            body: String::new(),
            is_in_section: false,
            has_charts: false,
            mark: "",
        }
    }

    /// A page that says of itself what made it, in markup for its head.
    pub(super) fn marked(title: &str, mark: &'static str) -> Self {
        Self { mark, ..Self::new(title) }
    }

    /// Begins a section; `id` names it in links.
    pub fn section(&mut self, id: &'static str, title: &'static str) {
        self.end_section();
        let title = xml(title);
        self.contents.push_str(&format!("<li><a href=\"#{id}\">{title}</a></li>\n"));
        self.body.push_str(&format!("<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{title}</h2>\n"));
        self.is_in_section = true;
    }

    /// What stands above everything else: questions, and what there is to say to each, in a few lines.
    pub fn summary(&mut self, answers: &[(&str, Vec<Text>)]) {
        let lines = |lines: &[Text]| lines.iter().map(|line| format!("<dd>{}</dd>\n", line.0)).collect::<String>();
        let answers = answers.iter().filter(|(_, answer)| !answer.is_empty());
        let answers =
            answers.map(|(question, answer)| format!("<div><dt>{}</dt>\n{}</div>\n", xml(question), lines(answer)));
        self.summary = format!("<dl class=\"summary\">\n{}</dl>\n", answers.collect::<String>());
    }

    fn end_section(&mut self) {
        if self.is_in_section {
            self.body.push_str("</section>\n");
        }
    }

    /// A heading in a section.
    pub fn heading(&mut self, title: &Text) {
        self.body.push_str(&format!("<h3>{}</h3>\n", title.0));
    }

    /// A sentence or more.
    pub fn paragraph(&mut self, text: &Text) {
        self.body.push_str(&format!("<p>{}</p>\n", text.0));
    }

    /// Names and what is known of each; those without anything are left out.
    pub fn facts(&mut self, facts: &[(&str, Text)]) {
        let known = facts.iter().filter(|(_, text)| !text.is_empty());
        let lines: String = known.map(|(name, text)| format!("<dt>{}</dt><dd>{}</dd>\n", xml(name), text.0)).collect();
        if !lines.is_empty() {
            self.body.push_str(&format!("<dl>\n{lines}</dl>\n"));
        }
    }

    /// A table; without a row, nothing. Of many rows the first thousand.
    pub fn table(&mut self, caption: &str, columns: &[Column], rows: &[Vec<Text>]) {
        self.long_table(caption, columns, rows, MOST_ROWS);
    }

    /// A table of so many rows at most; the rest is counted.
    pub fn long_table(&mut self, caption: &str, columns: &[Column], rows: &[Vec<Text>], most: usize) {
        if rows.is_empty() {
            return;
        }
        let class = match columns.len() {
            ..=FEW_COLUMNS => " class=\"few\"",
            // On paper nothing scrolls: where words find no room, they are broken.
            MANY_COLUMNS.. => " class=\"many\"",
            _ => "",
        };
        let heads: String =
            columns.iter().map(|c| format!("<th scope=\"col\"{}>{}</th>", c.class(), xml(&c.name))).collect();
        let mut table = format!(
            "<table{class}>\n<caption>{}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n",
            xml(&shorten(caption))
        );
        for row in rows.iter().take(most) {
            let cells = row.iter().enumerate();
            let cells =
                cells.map(|(at, cell)| format!("<td{}>{}</td>", columns.get(at).map_or("", Column::class), cell.0));
            table.push_str(&format!("<tr>{}</tr>\n", cells.collect::<String>()));
        }
        table.push_str("</tbody>\n</table>");
        self.body.push_str(&scrolling(caption, &table));
        self.body.push('\n');
        if let Some(more @ 1..) = rows.len().checked_sub(most) {
            self.paragraph(&Text::toned(Tone::Dim, &format!("{more} more are not shown here.")));
        }
    }

    /// A table of which each row has a note below it, in the width of the page: where columns have no room beside each other, the
    /// cells of a row stand in lines, each behind the name of its column.
    pub fn noted_table(&mut self, caption: &str, columns: &[Column], rows: &[(Vec<Text>, Text)]) {
        if rows.is_empty() {
            return;
        }
        // Roles are said: what is laid out in lines is no table to every browser.
        let head = |c: &Column| format!("<th role=\"columnheader\" scope=\"col\"{}>{}</th>", c.class(), xml(&c.name));
        let heads: String = columns.iter().map(head).collect();
        let mut table = format!(
            "<table class=\"noted\" role=\"table\">\n<caption>{}</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">{heads}</tr></thead>\n",
            xml(&shorten(caption))
        );
        for (row, note) in rows.iter().take(MOST_ROWS) {
            let cell = |(column, cell): (&Column, &Text)| {
                format!("<td role=\"cell\" data-name=\"{}\"{}>{}</td>", xml(&column.name), column.class(), cell.0)
            };
            let cells: String = columns.iter().zip(row).map(cell).collect();
            table.push_str(&format!("<tbody role=\"rowgroup\"><tr role=\"row\">{cells}</tr>\n"));
            if !note.is_empty() {
                table.push_str(&format!(
                    "<tr role=\"row\"><td role=\"cell\" colspan=\"{}\"><span class=\"note\">{}</span></td></tr>\n",
                    columns.len(),
                    note.0
                ));
            }
            table.push_str("</tbody>\n");
        }
        table.push_str("</table>");
        self.body.push_str(&scrolling(caption, &table));
        self.body.push('\n');
        if let Some(more @ 1..) = rows.len().checked_sub(MOST_ROWS) {
            self.paragraph(&Text::toned(Tone::Dim, &format!("{more} more are not shown here.")));
        }
    }

    /// Charts beside each other, as many as there is room for.
    pub fn charts(&mut self, charts: &[Chart]) {
        if charts.is_empty() {
            return;
        }
        self.has_charts = true;
        let figures: String = charts
            .iter()
            .map(|chart| {
                let svg = if chart.is_wide() {
                    Cow::Owned(scrolling(chart.title(), chart.svg()))
                } else {
                    chart.svg().into()
                };
                format!("<figure><figcaption>{}</figcaption>{svg}</figure>\n", xml(chart.title()))
            })
            .collect();
        self.body.push_str(&format!("<div class=\"charts\">\n{figures}</div>\n"));
    }

    /// That tables hold drawings.
    pub const fn draws(&mut self) {
        self.has_charts = true;
    }

    /// Preformatted text: line by line as it is.
    pub fn preformatted(&mut self, text: &str) {
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let lines = text[..end].lines().map(xml).collect::<Vec<_>>().join("\n");
        self.body.push_str(&format!("<pre>{lines}</pre>\n"));
        if end < text.len() {
            let more = count((text.len() - end) as u64, "byte");
            self.paragraph(&Text::toned(Tone::Dim, &format!("Not shown here: {more} more.")));
        }
    }

    /// What is made by `inside`, folded away until it is asked for.
    pub fn folded(&mut self, summary: &str, inside: impl FnOnce(&mut Self)) {
        self.body.push_str(&format!("<details><summary>{}</summary>\n", xml(&shorten(summary))));
        inside(self);
        self.body.push_str("</details>\n");
    }

    /// The page; `lead` stands below its title.
    pub fn finish(mut self, lead: &Text) -> String {
        self.end_section();
        let Self { title, summary, contents, body, has_charts, mark, .. } = self;
        let generator = if mark.is_empty() { String::new() } else { format!("{mark}\n") };
        let charts = if has_charts { chart::STYLE } else { "" };
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n{generator}<title>{title}</title>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
             <meta name=\"referrer\" content=\"no-referrer\"/>\n<style>{STYLE}{charts}</style>\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#main\">To the content</a>\n<header>\n<h1>{title}</h1>\n<p>{}</p>\n{summary}\
             <nav aria-label=\"Sections\"><ul>\n{contents}</ul></nav>\n</header>\n<main id=\"main\">\n{body}</main>\n\
             </body>\n</html>\n",
            lead.0
        )
    }
}
