//! What was measured: figures, each with its baseline from the same run, as JSON and as a table for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::store::Cost;

/// All that one run measured.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The version of smartsalud.
    pub smartsalud: &'static str,
    /// Whether the program was compiled with optimisations; figures of one that was not say little.
    pub optimised: bool,
    /// PostgreSQL's version, and whose server it is.
    pub server: String,
    /// Processors of this machine.
    pub processors: usize,
    /// How large everything was.
    pub sizes: super::Sizes,
    /// The figures.
    pub figures: Vec<Figure>,
    /// Promises that did not hold: a double booking, a chat without an answer. Empty when all is well.
    pub broken: Vec<String>,
}

/// What a value is, and so whether more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Less is better.
    Milliseconds,
    /// More is better.
    PerSecond,
}

/// One figure.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// Which benchmark.
    pub bench: &'static str,
    /// Which case of it.
    pub case: String,
    /// What is counted as one: a search, a booking, a message.
    pub of: &'static str,
    /// What the values are.
    pub unit: Unit,
    /// What was measured.
    pub value: f64,
    /// What it is compared with.
    pub baseline: &'static str,
    /// What that took in the same run; none: `note` says why.
    pub baseline_value: Option<f64>,
    /// How many times as fast as the baseline.
    pub ratio: Option<f64>,
    /// Half were as fast as this.
    pub p50_ms: Option<f64>,
    /// 99 in 100 were as fast as this.
    pub p99_ms: Option<f64>,
    /// The same of the baseline.
    pub baseline_p50_ms: Option<f64>,
    /// The same of the baseline.
    pub baseline_p99_ms: Option<f64>,
    /// Statements for one of `of`.
    pub statements: Option<f64>,
    /// Commits for one of `of`; a statement outside a transaction is one.
    pub commits: Option<f64>,
    /// What else was counted.
    pub counts: BTreeMap<&'static str, i64>,
    /// What a reader must know.
    pub note: Option<String>,
    /// What each statement cost; with `--statements` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_statement: Vec<Cost>,
}

impl Figure {
    /// A figure of which only the case is known.
    pub fn new(
        bench: &'static str,
        case: impl Into<String>,
        of: &'static str,
        unit: Unit,
        value: f64,
    ) -> Self {
        Self {
            bench,
            case: case.into(),
            of,
            unit,
            value,
            baseline: "",
            baseline_value: None,
            ratio: None,
            p50_ms: None,
            p99_ms: None,
            baseline_p50_ms: None,
            baseline_p99_ms: None,
            statements: None,
            commits: None,
            counts: BTreeMap::new(),
            note: None,
            by_statement: Vec::new(),
        }
    }

    /// Sets it beside its baseline.
    pub fn against(mut self, baseline: &'static str, value: Option<f64>) -> Self {
        self.baseline = baseline;
        self.baseline_value = value;
        let faster = |other: f64| match self.unit {
            Unit::Milliseconds => other / self.value,
            Unit::PerSecond => self.value / other,
        };
        self.ratio = value.map(faster).filter(|ratio| ratio.is_finite());
        self
    }
}

/// The part of these times, in milliseconds, that is at most the answer; sorts them.
pub fn percentile(times: &mut [Duration], part: usize) -> f64 {
    times.sort_unstable();
    let place = (times.len() * part / 100).min(times.len().saturating_sub(1));
    times.get(place).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

impl Report {
    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "smartsalud {} on {}, {} processors{}\n",
            self.smartsalud,
            self.server,
            self.processors,
            if self.optimised {
                ""
            } else {
                "; NOT OPTIMISED: build with --release for figures that mean something"
            }
        );
        let head = [
            "",
            "measured",
            "baseline",
            "ratio",
            "p50",
            "p99",
            "baseline p50",
            "p99",
            "statements",
            "commits",
        ];
        let rows: Vec<[String; 10]> = self.figures.iter().map(cells).collect();
        let widths: Vec<usize> = (0..head.len())
            .map(|column| {
                rows.iter().map(|row| wide(&row[column])).chain([wide(head[column])]).max().unwrap_or(0)
            })
            .collect();
        let line = |cells: &[&str]| {
            let mut line = format!("  {:<1$}", cells[0], widths[0]);
            for (cell, width) in cells.iter().zip(&widths).skip(1) {
                let _ = write!(line, "  {}{cell}", " ".repeat(width.saturating_sub(wide(cell))));
            }
            line.trim_end().to_owned() + "\n"
        };
        let mut bench = "";
        for (figure, row) in self.figures.iter().zip(&rows) {
            if figure.bench != bench {
                bench = figure.bench;
                let _ = writeln!(text, "\n{bench}: {}; baseline: {}", explained(bench), figure.baseline);
                text.push_str(&line(&head));
            }
            text.push_str(&line(&row.each_ref().map(String::as_str)));
            let counts: Vec<String> = figure
                .counts
                .iter()
                .map(|(what, count)| format!("{what} {count}").replace('_', " "))
                .collect();
            if !counts.is_empty() {
                let _ = writeln!(text, "    {}", counts.join(", "));
            }
            if let Some(note) = &figure.note {
                let _ = writeln!(text, "    {note}");
            }
            costs(&mut text, &figure.by_statement);
        }
        text.push_str("\nratio: how many times as fast as the baseline of the same run; statements and commits: for one of what is measured\n");
        for broken in &self.broken {
            let _ = writeln!(text, "BROKEN: {broken}");
        }
        text
    }
}

fn explained(bench: &str) -> &'static str {
    match bench {
        "search" => "one search of free hours on the warm map",
        "cold-map" => "an empty map until it knows 30 days of every professional",
        "hold-and-confirm" => "an hour held, then confirmed, in two transactions",
        "end-to-end" => {
            "signed webhook, turn, booking, answer, statuses; p50 and p99 from the due event to its commit"
        }
        _ => "everybody wants the same few hours; p50 and p99 from the due event to its commit",
    }
}

fn cells(figure: &Figure) -> [String; 10] {
    let value = |value: f64| match figure.unit {
        Unit::Milliseconds => time(value),
        Unit::PerSecond => format!("{} {}s/s", rounded(value), figure.of),
    };
    let maybe = |value: Option<f64>, shown: fn(f64) -> String| value.map_or_else(|| "-".to_owned(), shown);
    [
        figure.case.clone(),
        value(figure.value),
        figure.baseline_value.map_or_else(|| "-".to_owned(), value),
        maybe(figure.ratio, |ratio| format!("{}x", rounded(ratio))),
        maybe(figure.p50_ms, time),
        maybe(figure.p99_ms, time),
        maybe(figure.baseline_p50_ms, time),
        maybe(figure.baseline_p99_ms, time),
        maybe(figure.statements, rounded),
        maybe(figure.commits, rounded),
    ]
}

fn costs(text: &mut String, costs: &[Cost]) {
    if costs.is_empty() {
        return;
    }
    let total: f64 = costs.iter().map(|cost| cost.total_ms).sum();
    let _ = writeln!(text, "    {:>9} {:>8} {:>8} {:>6}  statement", "calls", "µs each", "planning", "share");
    for cost in costs.iter().take(20) {
        let each = |milliseconds: f64| milliseconds / (cost.calls.max(1) as f64) * 1e3;
        let words: String = cost.statement.chars().take(100).collect();
        let _ = writeln!(
            text,
            "    {:>9} {:>8.0} {:>8.0} {:>5.1}%  {words}",
            cost.calls,
            each(cost.total_ms),
            each(cost.planning_ms),
            cost.total_ms / total * 100.0
        );
    }
}

/// Characters, not bytes: µ has two.
fn wide(text: &str) -> usize {
    text.chars().count()
}

/// Three digits that matter.
fn rounded(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        small if small < 10.0 => format!("{value:.2}"),
        middle if middle < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

fn time(milliseconds: f64) -> String {
    match milliseconds {
        short if short < 1.0 => format!("{} µs", rounded(short * 1e3)),
        middle if middle < 1e3 => format!("{} ms", rounded(middle)),
        long => format!("{} s", rounded(long / 1e3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_above_one_is_faster_whatever_the_unit() {
        let time = Figure::new("search", "", "search", Unit::Milliseconds, 2.0).against("SQL", Some(10.0));
        let rate =
            Figure::new("end-to-end", "", "message", Unit::PerSecond, 10.0).against("bare", Some(20.0));
        assert_eq!((time.ratio, rate.ratio), (Some(5.0), Some(0.5)));
        assert_eq!(
            Figure::new("search", "", "search", Unit::Milliseconds, 2.0).against("SQL", None).ratio,
            None
        );
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let mut times: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!((percentile(&mut times, 50), percentile(&mut times, 99)), (51.0, 100.0));
        assert!(percentile(&mut [], 50).is_nan());
    }

    #[test]
    fn columns_stand_under_their_heads() {
        let figure = |value| {
            Figure::new("search", "one", "search", Unit::Milliseconds, value).against("SQL", Some(1.0))
        };
        let report = Report {
            smartsalud: "0",
            optimised: true,
            server: String::new(),
            processors: 2,
            sizes: super::super::Sizes::default(),
            figures: vec![figure(0.002), figure(1_234.0)],
            broken: Vec::new(),
        };
        let table = report.table();
        let ends: Vec<usize> = table
            .lines()
            .filter(|line| line.contains("measured  ") || line.contains(" µs") || line.contains(" s  "))
            .map(|line| line.chars().take(17).collect::<String>().trim_end().chars().count())
            .collect();
        assert_eq!(ends.len(), 3, "{table}");
        assert!(table.contains("2.00 µs") && table.contains("1.23 s") && table.contains("500x"), "{table}");
    }
}
