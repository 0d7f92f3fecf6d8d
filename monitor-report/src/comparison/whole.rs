//! Two sides compared.

use monitor_analysis::constants::HISTORY_MIN_VALUES;
use monitor_analysis::dependencies::{self, ChangedDependency};
use monitor_analysis::verdict::Verdict;
use monitor_store::Session;

use super::causes;
use super::judge::judge;
use super::model::{Finding, Request, Verdicts};
use super::observe::observe;
use super::prepare::{Prepared, prepared};
use super::rows::Rows;
use super::sides::Sides;
use crate::error::ReportError;
use crate::source::Source;

/// If the head lacks more than this share of the base's tests, and more than one test, it is only a part of a run.
pub const PARTIAL_SHARE: f64 = 0.1;

/// What changed.
#[derive(Debug)]
pub struct Comparison {
    /// The sessions of both sides.
    pub sides: Sides,
    /// The verdicts.
    pub verdicts: Verdicts,
    /// Tests of a whole run of the base.
    pub usual: usize,
    /// The number of them that are missing in the head, or did not pass there.
    pub missing: usize,
    /// The packages that differ between the two sides' lockfiles; `None` if a lockfile is missing.
    pub dependencies: Option<Vec<ChangedDependency>>,
}

/// What the judge is to be asked about two sides.
///
/// # Errors
///
/// If the file cannot be read.
pub fn prepare(rows: &mut Rows<'_>, request: &mut Request<'_>) -> Result<Prepared, ReportError> {
    let observed = observe(rows, request)?;
    let prepared = prepared(&observed, request);
    request.sides.base = observed.base;
    Ok(prepared)
}

impl Comparison {
    /// Compares the two sides.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn new(source: &dyn Source, mut request: Request<'_>) -> Result<Self, ReportError> {
        let mut rows = Rows::new(source, request.metrics);
        let prepared = prepare(&mut rows, &mut request)?;
        drop(rows);
        let mut verdicts = judge(&prepared, &request);
        causes::add(source, &request.sides, &mut verdicts.findings)?;
        let dependencies = changed_dependencies(source, &request.sides)?;
        let Prepared { usual, missing, .. } = prepared;
        Ok(Self { sides: request.sides, verdicts, usual, missing, dependencies })
    }

    /// The findings with this verdict, largest change first.
    pub fn of(&self, verdict: Verdict) -> Vec<&Finding> {
        let mut findings: Vec<_> =
            self.verdicts.findings.iter().filter(|finding| finding.verdict() == verdict).collect();
        let size = |finding: &Finding| {
            let size = finding.judged.judgement.change.map_or(0.0, |change| change.ratio().ln().abs());
            if size.is_nan() { 0.0 } else { size }
        };
        findings.sort_by(|a, b| size(b).total_cmp(&size(a)).then_with(|| a.test.cmp(&b.test)));
        findings
    }

    /// What changed or may have: regressions, suspects, improvements, each the largest change first.
    #[must_use]
    pub fn changes(&self) -> Vec<&Finding> {
        [Verdict::Regressed, Verdict::Suspect, Verdict::Improved].map(|verdict| self.of(verdict)).concat()
    }

    /// How many findings have this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.verdicts.findings.iter().filter(|finding| finding.verdict() == verdict).count()
    }

    /// Whether at least one metric of a test could be judged.
    #[must_use]
    pub fn is_grounded(&self) -> bool {
        let enough =
            |finding: &Finding| finding.judged.figures.is_some_and(|figures| figures.values >= HISTORY_MIN_VALUES);
        let decided = |finding: &Finding| match finding.verdict() {
            Verdict::Regressed | Verdict::Improved | Verdict::Unchanged => true,
            Verdict::Suspect => enough(finding),
            _ => false,
        };
        self.verdicts.findings.iter().any(decided)
    }

    /// Whether the head has only a part of what the base has.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.missing > 1 && self.missing as f64 > PARTIAL_SHARE * self.usual as f64
    }
}

fn changed_dependencies(source: &dyn Source, sides: &Sides) -> Result<Option<Vec<ChangedDependency>>, ReportError> {
    let lockfile = |session: &Session| source.lockfile(&session.session_h);
    let (Some(before), Some(after)) = (lockfile(&sides.base[0])?, lockfile(&sides.head[0])?) else { return Ok(None) };
    // A lockfile of a newer Cargo that can't be read takes no comparison down.
    Ok(dependencies::diff(&before, &after).ok())
}
