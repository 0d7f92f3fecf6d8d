//! The result of a gate as a document.

use monitor_analysis::metric::Metric;
use monitor_analysis::verdict::Verdict;

use super::compare;
use crate::comparison::Finding;
use crate::document::{Column, Document, Table, Tone, Value};
use crate::gate::{Checked, Decision, Outcome};

/// The result of a gate as a document.
pub fn document(outcome: &Outcome) -> Document {
    let gate = match outcome.decision() {
        Decision::Passed => Value::text("passed").toned(Tone::Good),
        Decision::Regressed => Value::text("regressed").toned(Tone::Bad),
        Decision::NoBaseline => Value::text("no baseline").toned(Tone::Doubtful),
        Decision::Partial => Value::text("only a part ran").toned(Tone::Doubtful),
    };
    let mut facts = vec![(Column::new("gate", "gate"), gate)];
    let because = |reason: &str| (Column::new("reason", "because"), Value::text(reason).into());
    let checked = match outcome {
        Outcome::NoBaseline { reason } => {
            facts.extend([compare::schema_version(), because(reason)]);
            None
        }
        Outcome::Compared(checked) => {
            facts.extend(checked.ungrounded.as_deref().map(because));
            facts.extend(compare::facts(&checked.comparison));
            Some(&**checked)
        }
    };
    tables(Document::default().with_facts("gate", "", facts), checked)
}

/// The same tables whatever was found.
fn tables(mut document: Document, checked: Option<&Checked>) -> Document {
    let found = |findings: Vec<&Finding>| match checked {
        Some(checked) => compare::findings(&checked.comparison, findings),
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
        ("whole_run", "The whole run", checked.map_or_else(Table::default, whole_run)),
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

/// What was found of the whole run, and what of that may pass.
fn whole_run(checked: &Checked) -> Table {
    let fails = |metric: Metric| checked.slower.iter().any(|(slower, _)| *slower == metric);
    compare::whole_run(&checked.comparison, |metric, factor| {
        let may_pass = factor.judgement.verdict == Verdict::Regressed && !fails(metric);
        may_pass.then_some("a threshold or waiver for all tests lets it pass")
    })
}
