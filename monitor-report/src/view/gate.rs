//! The result of a gate as a document.

use monitor_analysis::judge::RunFactor;
use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;

use super::compare;
use crate::document::{Cell, Column, Document, Table, Tone, Value};
use crate::gate::{Checked, Decision, Outcome};

/// The result of a gate as a document.
#[must_use]
pub fn document(outcome: &Outcome) -> Document {
    let gate = |word: &str, tone| (Column::new("gate", "gate"), Value::text(word).toned(tone));
    match outcome {
        Outcome::NoBaseline { reason } => {
            let why = (Column::new("reason", "because"), Value::text(reason).into());
            Document::default().with_facts("gate", "", vec![gate("no baseline", Tone::Doubtful), why])
        }
        Outcome::Compared(checked) => compared(
            checked,
            match outcome.decision() {
                Decision::Passed => gate("passed", Tone::Good),
                Decision::Partial => gate("only a part ran", Tone::Doubtful),
                _ => gate("regressed", Tone::Bad),
            },
        ),
    }
}

fn compared(checked: &Checked, word: (Column, Cell)) -> Document {
    let mut facts = vec![word];
    facts.extend(compare::facts(&checked.comparison));
    let mut document = Document::default().with_facts("gate", "", facts);
    if !checked.slower.is_empty() {
        document = document.with_table("slower", "The whole run", slower(&checked.slower));
    }
    let of = |verdict| checked.comparison.of(verdict).into_iter();
    let suspects: Vec<_> = of(Verdict::Suspect).collect();
    let not_compared = [Verdict::Gone, Verdict::NotComparable, Verdict::NoBaseline, Verdict::New];
    for (key, title, found) in [
        ("regressed", "Regressed", checked.regressed.iter().collect::<Vec<_>>()),
        ("cleared", "Measured again: not confirmed", checked.cleared.iter().collect()),
        ("waived", "Waived", checked.waived.iter().collect()),
        ("suspect", "Suspect: worth a second measurement", suspects),
        ("not_compared", "Not compared", not_compared.into_iter().flat_map(of).collect()),
    ] {
        if !found.is_empty() {
            document = document.with_table(key, title, compare::findings(found.into_iter()));
        }
    }
    match checked.comparison.dependencies.as_deref() {
        Some(changed) if !changed.is_empty() => {
            document.with_table("dependencies", "Changed dependencies", compare::dependencies(changed))
        }
        _ => document,
    }
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
