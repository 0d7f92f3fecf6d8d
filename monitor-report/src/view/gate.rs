//! The result of a gate as a document.

use monitor_analysis::judge::RunFactor;
use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;

use super::compare;
use crate::comparison::Finding;
use crate::document::{Column, Document, Table, Tone, Value};
use crate::gate::{Checked, Decision, Outcome};

/// The result of a gate as a document.
#[must_use]
pub fn document(outcome: &Outcome) -> Document {
    let gate = |word: &str, tone| (Column::new("gate", "gate"), Value::text(word).toned(tone));
    match outcome {
        Outcome::NoBaseline { reason } => {
            let why = (Column::new("reason", "because"), Value::text(reason).into());
            let facts = vec![gate("no baseline", Tone::Doubtful), compare::schema_version(), why];
            tables(Document::default().with_facts("gate", "", facts), None)
        }
        Outcome::Compared(checked) => {
            let mut facts = vec![match outcome.decision() {
                Decision::Passed => gate("passed", Tone::Good),
                Decision::Partial => gate("only a part ran", Tone::Doubtful),
                _ => gate("regressed", Tone::Bad),
            }];
            facts.extend(compare::facts(&checked.comparison));
            tables(Document::default().with_facts("gate", "", facts), Some(checked))
        }
    }
}

/// The same tables whatever was found.
fn tables(mut document: Document, checked: Option<&Checked>) -> Document {
    let found = |findings: Vec<&Finding>| match checked {
        Some(checked) => compare::findings(&checked.comparison, findings.into_iter()),
        None => Table::default(),
    };
    let own = |findings: fn(&Checked) -> &Vec<Finding>| found(checked.into_iter().flat_map(findings).collect());
    let of = |verdicts: &[Verdict]| {
        let of = |verdict| checked.into_iter().flat_map(move |checked| checked.comparison.of(verdict));
        found(verdicts.iter().flat_map(|verdict| of(*verdict)).collect())
    };
    let not_compared = [Verdict::Gone, Verdict::NotComparable, Verdict::NoBaseline, Verdict::New];
    let dependencies = checked.and_then(|checked| checked.comparison.dependencies.as_deref()).unwrap_or_default();
    for (key, title, table) in [
        ("slower", "The whole run", slower(checked.map_or(&[], |checked| &checked.slower))),
        ("regressed", "Regressed", own(|checked| &checked.regressed)),
        ("cleared", "Measured again: not confirmed", own(|checked| &checked.cleared)),
        ("waived", "Waived", own(|checked| &checked.waived)),
        ("suspect", "Suspect: worth a second measurement", of(&[Verdict::Suspect])),
        ("not_compared", "Not compared", of(&not_compared)),
        ("dependencies", "Changed dependencies", compare::dependencies(dependencies)),
    ] {
        document = document.with_rows(key, title, table);
    }
    document
}

/// What the whole run has more of.
fn slower(factors: &[(Metric, RunFactor)]) -> Table {
    let mut table =
        Table::new(&[("metric", ""), ("metric_title", "metric"), ("ratio", "change"), ("reason", "reason")]);
    for (metric, factor) in factors {
        table.push(vec![
            Value::text(metric.name()).into(),
            Value::text(metric.title()).into(),
            Value::Change(factor.ratio, metric.unit()).toned(Tone::Bad),
            Value::text(&factor.judgement.reason.text(*metric)).into(),
        ]);
    }
    table
}
