//! Series as a chart by commit.

use std::collections::BTreeMap;

use monitor_analysis::chart::{Axis, Chart, Line, Mark, Point};
use monitor_analysis::metric::Metric;
use monitor_analysis::quantity::Unit;
use monitor_store::{Session, Timestamp};

use super::{Series, Shift};
use crate::select;

/// As many characters of a commit as a label shows.
const COMMIT: usize = 8;

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Curve<'a> {
    /// Its name.
    pub name: String,
    /// The runs.
    pub series: &'a Series,
    /// What is drawn of them.
    pub metric: Metric,
    /// The changes of that metric, to be marked.
    pub shifts: Vec<Shift>,
}

/// What one point on the x axis stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Consecutive sessions of one commit, each a dot: the line goes through their median.
    #[default]
    Commit,
    /// Each session.
    Session,
}

/// A point on the x axis.
struct Place<'a> {
    /// Its sessions, oldest first.
    sessions: Vec<&'a Session>,
}

/// The chart of some curves: those with the unit of the first along the left axis, those with another along the right.
/// A third unit has no axis: its curves are left out.
pub fn chart(title: &str, curves: &[Curve<'_>], by: By) -> Chart {
    let places = places(curves, by);
    let at: BTreeMap<&str, usize> = places
        .iter()
        .enumerate()
        .flat_map(|(index, place)| place.sessions.iter().map(move |session| (session.session_h.as_str(), index)))
        .collect();
    let left = curves.first().map_or(Unit::Seconds, |curve| curve.metric.unit());
    let right = curves.iter().map(|curve| curve.metric.unit()).find(|unit| *unit != left);
    let axis = |unit: Unit| Axis {
        unit,
        lines: curves
            .iter()
            .filter(|curve| curve.metric.unit() == unit)
            .map(|curve| line(curve, &at, places.len()))
            .collect(),
    };
    Chart {
        title: title.to_owned(),
        points: places.iter().map(point).collect(),
        left: axis(left),
        right: right.map(axis),
        marks: marks(curves, &at),
        ..Chart::default()
    }
}

/// The sessions of all curves by time, those that make one point together.
fn places<'a>(curves: &[Curve<'a>], by: By) -> Vec<Place<'a>> {
    let runs = curves.iter().flat_map(|curve| &curve.series.runs);
    let sessions: BTreeMap<(Timestamp, &str), &Session> =
        runs.map(|run| ((run.session.run_date, run.session.session_h.as_str()), &*run.session)).collect();
    let mut places: Vec<Place<'a>> = Vec::new();
    for session in sessions.into_values() {
        match places.last_mut() {
            Some(place) if by == By::Commit && is_same_commit(place.sessions[0], session) => {
                place.sessions.push(session)
            }
            _ => places.push(Place { sessions: vec![session] }),
        }
    }
    places
}

fn is_same_commit(a: &Session, b: &Session) -> bool {
    !a.scm_id.is_empty() && a.scm_id == b.scm_id && select::is_dirty(a) == select::is_dirty(b)
}

fn point(place: &Place<'_>) -> Point {
    let newest = place.sessions[place.sessions.len() - 1];
    let date = newest.run_date.to_string()[..16].replace('T', " ");
    let commit: String = newest.scm_id.chars().take(COMMIT).collect();
    // Without the year a date is as short as a commit.
    let label = if commit.is_empty() { date[5..].to_owned() } else { commit };
    let mut note = vec![date];
    note.extend(select::branches(newest).next().map(str::to_owned));
    note.extend(select::is_dirty(newest).then(|| "uncommitted changes".to_owned()));
    note.extend((place.sessions.len() > 1).then(|| format!("median of {} sessions", place.sessions.len())));
    Point { label, note: note.join(", ") }
}

fn line(curve: &Curve<'_>, at: &BTreeMap<&str, usize>, places: usize) -> Line {
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); places];
    for run in &curve.series.runs {
        values[at[run.session.session_h.as_str()]].extend(run.value(curve.metric));
    }
    Line { name: curve.name.clone(), values }
}

fn marks(curves: &[Curve<'_>], at: &BTreeMap<&str, usize>) -> Vec<Mark> {
    let mut texts: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for curve in curves {
        for shift in &curve.shifts {
            let session = curve.series.runs[shift.index].session.session_h.as_str();
            let named = curves.iter().any(|other| other.series.test != curve.series.test);
            let text = shift.text(curve.metric);
            let text = if named { format!("{}: {text}", curve.name) } else { text };
            texts.entry(at[session]).or_default().push(text);
        }
    }
    texts.into_iter().map(|(index, texts)| Mark { index, text: texts.join("\n") }).collect()
}

/// `Memory / Wall Time evolution of test_prime[982451653] by commit`: the right axis first, as in the talk.
#[must_use]
pub fn title(metrics: &[Metric], of: &str, by: By) -> String {
    let names: Vec<String> = metrics.iter().rev().map(|metric| capitalised(metric.title())).collect();
    let by = match by {
        By::Commit => "commit",
        By::Session => "session",
    };
    format!("{} evolution of {of} by {by}", names.join(" / "))
}

fn capitalised(words: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    };
    words.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
