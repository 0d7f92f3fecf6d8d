//! The looks at a run's series of one metric: how far each new value is from where its series stands.

use crate::constants::{CENTRE_MEDIAN, CENTRE_WINDOW, MAD_SCALE, SCALE_LEAST, SCALE_UNKNOWN, SCALE_UNKNOWN_SECONDS};
use crate::constants::{GROSS_RATIO, SPIKE_FROM, SPIKE_OWN_ERRORS};
use crate::constants::{HISTORY_MIN_VALUES, HISTORY_WINDOW, LASTING_P, LASTING_RUNS, LEAST_RATIO, SCALE_STEP};
use crate::factor::{Factors, Member, slope, unseen};
use crate::noise::{centre, errors, errors_of_medians, room, scale, settled_scale};
use crate::outliers::Outliers;
use crate::principal;
use crate::series::{Past, Scale, Series};
use crate::summary::median;
use crate::tail::Kernel;

/// One new value against its series. What the past alone tells is there from the beginning.
#[derive(Debug)]
pub(crate) struct Look {
    /// Which of the run's series.
    pub index: usize,
    /// Values before.
    pub values: usize,
    scale: Scale,
    /// How much of the runs' factors the series follows.
    follows: f64,
    /// The factor beyond which a run is unlike all before.
    unseen: f64,
    /// The logarithm of where the series stands.
    centre: f64,
    /// Past errors and their scale.
    pub kernel: Kernel,
    /// The scale without regard to the steps in which values come.
    pub noise: f64,
    /// The run of each error.
    pub runs: Vec<u32>,
    /// Each error as a gate would have weighed it then: what its run's factor excuses is taken off.
    pub deviations: Vec<f64>,
    /// How far the new value is above the centre, its run's factor taken out.
    pub rise: f64,
    /// The same where the factor may only excuse a rise.
    pub excused_rise: f64,
    /// How far it is below, where the factor may only excuse a fall.
    pub excused_fall: f64,
    /// How much these were made smaller, for the centre of few values.
    pub room: f64,
    /// The logarithm of the factor that was taken out.
    pub factor: f64,
    /// The centre, in the metric's unit.
    pub before: f64,
    /// The new value, in the metric's unit.
    pub after: f64,
    /// The values without their runs' factors, the new one last.
    adjusted: Vec<f64>,
    step: f64,
    /// The scale of the errors, where there are enough to tell it.
    own: Option<f64>,
    /// How far the first values, which have no error, were above where the series began, with their runs.
    first: Vec<(u32, f64)>,
    /// The scale that the tests of the run have in common, by which the kernel is settled; NaN before that.
    others: f64,
    /// The new value is a median, and the errors are those of medians.
    of_medians: bool,
    /// Several new values are as far above the centre, or half as far.
    repeats: bool,
    /// The new value is many times the usual one, but tests of this suite have come out by as much before.
    pub explained: bool,
}

/// The looks at a metric.
#[derive(Debug)]
pub(crate) struct Looked {
    /// The series.
    pub indices: Vec<usize>,
    /// One for each of them that has a past.
    pub looks: Vec<Look>,
    /// The common factors of past runs and of the new one, where there are enough tests.
    pub whole: Option<(Vec<f64>, f64)>,
    /// The median scale of the series, where some are long enough.
    pub scatter: Option<f64>,
    /// The factors of past runs, where the metric has such.
    factors: Option<Factors>,
    parts: Vec<principal::Part>,
}

/// A series as logarithms.
struct Logs {
    index: usize,
    scale: Scale,
    past: Vec<f64>,
    runs: Vec<u32>,
    after: f64,
    /// Runs that the new value is the median of.
    taken: usize,
}

/// The past values of a series that count.
fn window<'a>(series: &Series<'a>) -> &'a [Past] {
    &series.past[series.past.len().saturating_sub(HISTORY_WINDOW)..]
}

/// The scale of a series whose new value this is.
fn scale_of(series: &Series<'_>, after: f64) -> Scale {
    let values: Vec<f64> = window(series).iter().map(|past| past.value).collect();
    Scale::of(series.metric, &values, &[after])
}

/// The median of the last new values, and how many they are: an odd number.
fn newest(new: &[f64]) -> Option<(f64, usize)> {
    let mut taken = new.len().min(LASTING_RUNS);
    taken -= usize::from(taken > 1 && taken.is_multiple_of(2));
    Some((median(&new[new.len() - taken..])?, taken))
}

impl Logs {
    fn of(index: usize, series: &Series<'_>, run_numbers: &[u32]) -> Option<Self> {
        let past = window(series);
        let (after, taken) = newest(series.new)?;
        let scale = scale_of(series, after);
        let mut last = 0;
        let run = |run: u32| {
            // Most series have each run.
            let next = last + usize::from(run_numbers.get(last) != Some(&run));
            let is_next = run_numbers.get(next) == Some(&run);
            last = if is_next { next } else { run_numbers.binary_search(&run).unwrap_or(0) };
            last as u32
        };
        (!past.is_empty()).then(|| Self {
            index,
            scale,
            past: past.iter().map(|past| scale.log(past.value)).collect(),
            runs: past.iter().map(|past| past.run).map(run).collect(),
            after,
            taken,
        })
    }

    fn member(&self) -> Member<'_> {
        Member { past: &self.past, runs: &self.runs }
    }
}

impl Looked {
    /// Looks at the series of a metric, given by their indices.
    pub(crate) fn of(series: &[Series<'_>], indices: Vec<usize>, run_numbers: &[u32]) -> Self {
        let logs: Vec<Logs> =
            indices.iter().filter_map(|&index| Logs::of(index, &series[index], run_numbers)).collect();
        let shared = indices.first().is_some_and(|&index| series[index].metric.depends_on_machine_speed());
        let members: Vec<Member<'_>> = logs.iter().map(Logs::member).collect();
        let factors = shared.then(|| Factors::of(&members, run_numbers.len()));
        let look = |(at, logs): (usize, &Logs)| Look::of(logs, at, factors.as_ref());
        let mut looks: Vec<Look> = logs.iter().enumerate().map(look).collect();
        let mut parts = Vec::new();
        if shared {
            let members: Vec<_> = looks.iter().map(Look::member).collect();
            parts = principal::parts(&members, run_numbers.len());
            for part in &mut parts {
                let look = &mut looks[part.place];
                part.errors.iter().for_each(|explained| look.excuse(explained));
            }
        }
        let mut looked = Self { indices, looks, whole: None, scatter: None, factors, parts };
        looked.renew(series);
        looked
    }

    /// Looks at other new values of the same series; whether that changes what their past tells: the scale of short series.
    pub(crate) fn renew(&mut self, series: &[Series<'_>]) -> bool {
        let looks = &mut self.looks;
        looks.iter_mut().for_each(|look| look.take(&series[look.index]));
        let shared = self.factors.as_ref().map(|factors| {
            let logs: Vec<f64> = looks.iter().map(|look| look.scale.log(look.after)).collect();
            (factors, factors.of_new(&logs), logs)
        });
        for (at, look) in looks.iter_mut().enumerate() {
            let of_run = shared.as_ref().map(|(factors, run, logs)| factors.new_without(run, at, logs[at]));
            look.place(&series[look.index], of_run.unwrap_or(0.0));
        }
        self.whole = shared.as_ref().and_then(|(factors, run, _)| Some((factors.whole(), run.whole()?)));
        let rises = |looks: &[Look]| looks.iter().map(|look| look.rise).collect::<Vec<f64>>();
        for (place, explained) in principal::explained(&self.parts, &rises(looks)) {
            looks[place].excuse_new(explained);
        }
        let known: Vec<f64> = looks.iter().filter_map(|look| look.own).map(|own| own.max(SCALE_LEAST)).collect();
        let others = common_scale(&known, &rises(looks));
        let mut is_new = false;
        for look in looks.iter_mut() {
            let is_unknown = look.own.is_none() && shared.is_some();
            is_new |= look.settle(if is_unknown { others.max(short(look.before)) } else { others });
        }
        looks.iter_mut().for_each(|look| look.explained = false);
        if looks.iter().any(Look::is_many_times) {
            let of_look = |look: &Look| look.past_rises().map(|rise| (look.before, rise)).collect::<Vec<_>>();
            let outliers = Outliers::of(looks.iter().flat_map(of_look));
            let explains = |look: &Look| look.is_many_times() && outliers.explain(look.after - look.before);
            looks.iter_mut().for_each(|look| look.explained = explains(look));
        }
        let settled = looks.iter().filter(|look| look.values >= 2 * HISTORY_MIN_VALUES);
        self.scatter = median(&settled.map(|look| look.kernel.scale).collect::<Vec<_>>());
        is_new
    }
}

/// What of its run's factor is taken out of a value. A day unlike any before says nothing of how the test follows ordinary
/// ones.
fn taken_out(factor: f64, follows: f64, unseen: f64) -> f64 {
    factor * if factor.abs() > unseen { follows.max(1.0) } else { follows }
}

/// The value that is nearest to the centre: one that there was.
fn nearest(values: &[f64], centre: f64) -> f64 {
    let distance = |value: &&f64| (*value - centre).abs();
    let nearest = values.iter().rev().take(CENTRE_WINDOW).min_by(|a, b| distance(a).total_cmp(&distance(b)));
    nearest.copied().unwrap_or(centre)
}

/// The scale of a time of which nothing is known but that it is so short.
fn short(seconds: f64) -> f64 {
    (SCALE_UNKNOWN_SECONDS / seconds.max(1e-12)).ln_1p()
}

/// The scale that the tests of a run have in common: the median of those known, else how far the new values are out.
pub(crate) fn common_scale(known: &[f64], rises: &[f64]) -> f64 {
    if known.len() >= 3 {
        return median(known).unwrap_or(SCALE_UNKNOWN);
    }
    if rises.len() < 8 {
        return SCALE_UNKNOWN;
    }
    let sizes: Vec<f64> = rises.iter().map(|rise| rise.abs()).collect();
    (MAD_SCALE * median(&sizes).unwrap_or(SCALE_UNKNOWN)).max(SCALE_LEAST)
}

impl Look {
    fn of(logs: &Logs, at: usize, factors: Option<&Factors>) -> Self {
        let count = logs.past.len();
        let tests = factors.map_or(0, Factors::tests);
        let factors = factors.map_or_else(|| vec![0.0; count], |factors| factors.without(at, &logs.member()));
        let follows = slope(&logs.past, &factors, tests);
        let unseen = unseen(&factors).unwrap_or(f64::INFINITY);
        let past: Vec<f64> = logs.past.iter().zip(&factors).map(|(value, factor)| value - follows * factor).collect();

        let found = if logs.taken > 1 { errors_of_medians(&past, logs.taken) } else { errors(&past) };
        let level = &past[found.level_from..];
        let centre = centre(level);
        let excused = |error: &f64, at: &u32| {
            let factor = factors[*at as usize];
            let taken_out = taken_out(factor, follows, unseen);
            error - (taken_out - follows * factor) - (-taken_out).max(0.0)
        };
        let deviations = found.values.iter().zip(&found.at).map(|(error, at)| excused(error, at)).collect();
        let runs = found.at.iter().map(|at| logs.runs[*at as usize]).collect();
        let before = logs.scale.value(nearest(level, centre));
        let start = found.at.first().map_or(count, |at| *at as usize);
        let began = median(&past[..count.min(start + CENTRE_MEDIAN)]).unwrap_or(centre);
        let first = logs.runs.iter().zip(&past[..start]).map(|(run, value)| (*run, value - began)).collect();
        Self {
            index: logs.index,
            values: count,
            scale: logs.scale,
            follows,
            unseen,
            centre,
            own: scale(&found.values),
            kernel: Kernel::unsettled(found.values),
            noise: SCALE_UNKNOWN,
            runs,
            deviations,
            rise: 0.0,
            excused_rise: 0.0,
            excused_fall: 0.0,
            room: room(level.len()),
            factor: 0.0,
            before,
            after: logs.after,
            adjusted: past,
            step: SCALE_STEP * logs.scale.step,
            first,
            others: f64::NAN,
            of_medians: logs.taken > 1,
            repeats: false,
            explained: false,
        }
    }

    fn member(&self) -> principal::Member<'_> {
        principal::Member { errors: &self.kernel.errors, scale: self.own, runs: &self.runs }
    }

    /// Takes out what is explained of the errors, which may only excuse.
    fn excuse(&mut self, explained: &[f64]) {
        let errors = self.kernel.errors.iter_mut().zip(&mut self.deviations);
        for ((error, deviation), explained) in errors.zip(explained) {
            *error -= explained;
            *deviation -= explained.max(0.0);
        }
        self.own = scale(&self.kernel.errors);
    }

    /// Takes a new value, which may show that a series that was always the same comes in larger steps.
    fn take(&mut self, series: &Series<'_>) {
        let after = newest(series.new).map_or(self.after, |(after, _)| after);
        if after == self.after {
            return;
        }
        self.after = after;
        let step = SCALE_STEP * scale_of(series, after).step;
        if step != self.step {
            (self.step, self.others) = (step, f64::NAN);
        }
    }

    /// Sets the new value against the centre, the factor of its run taken out.
    fn place(&mut self, series: &Series<'_>, of_run: f64) {
        let (centre, room) = (self.centre, self.room);
        let factor = taken_out(of_run, self.follows, self.unseen);
        let new = self.scale.log(self.after) - factor;
        self.factor = factor;
        self.rise = (new - centre) / room;
        self.excused_rise = self.rise - (-factor).max(0.0) / room;
        self.excused_fall = -self.rise - factor.max(0.0) / room;
        let least = series.new.iter().copied().min_by(f64::total_cmp).filter(|_| series.new.len() > 1);
        let stays = |least: f64| self.scale.log(least) - factor - centre >= 0.5 * (new - centre);
        self.repeats = least.is_some_and(stays);
        self.adjusted.truncate(self.values);
        self.adjusted.push(new);
    }

    /// Takes out what is explained of the new value, which may only excuse.
    fn excuse_new(&mut self, explained: f64) {
        self.rise -= explained;
        self.excused_rise -= explained.max(0.0);
        self.excused_fall += explained.min(0.0);
    }

    /// Settles the kernel by the scale of the other tests; whether it was not settled by the same before.
    fn settle(&mut self, others: f64) -> bool {
        if self.others == others {
            return false;
        }
        self.others = others;
        self.noise = settled_scale(self.own, self.kernel.errors.len(), others, 0.0);
        self.kernel.settle(self.noise.max(self.step), self.of_medians);
        true
    }

    /// Whether it has too few errors to show itself which values come once.
    fn is_short(&self) -> bool {
        self.kernel.errors.len() < SPIKE_OWN_ERRORS
    }

    /// Whether the new value may have come once, for all that the series itself tells, if so many errors would tell it.
    pub(crate) fn may_be_spike(&self, errors: usize) -> bool {
        self.kernel.errors.len() < errors && !self.repeats && (self.explained || !self.is_many_times())
    }

    /// Whether the new value is so many times the usual one that it needs no probability, if nothing explains it.
    pub(crate) fn is_many_times(&self) -> bool {
        self.excused_rise >= GROSS_RATIO.ln()
    }

    /// How far past values were above the centre before them, by their logarithms.
    fn past_rises(&self) -> impl Iterator<Item = f64> {
        self.deviations.iter().copied().chain(self.first.iter().map(|(_, distance)| *distance))
    }

    /// The probability of a new value as high as this.
    pub(crate) fn p_of_rise(&self) -> f64 {
        self.kernel.p(self.excused_rise)
    }

    /// How far the new value is above the centre, in scales.
    pub(crate) fn distance(&self) -> f64 {
        self.excused_rise / self.kernel.scale
    }

    /// For the place of an error what its probability is not below.
    pub(crate) fn least_p(&self) -> impl Fn(usize) -> f64 {
        let least_p = self.kernel.least_p_without();
        move |place| {
            let deviation = self.deviations[place];
            if deviation <= 0.0 { 1.0 } else { least_p(deviation) }
        }
    }

    /// The probability of a past error as if it had not been; `None` if it is above `limit`.
    pub(crate) fn past_p_up_to(&self, place: usize, limit: f64) -> Option<f64> {
        self.kernel.p_without(place, self.deviations[place], limit)
    }

    /// How far past values were above the centre before them, in scales, with their runs.
    pub(crate) fn distances(&self) -> impl Iterator<Item = (u32, f64)> {
        let errors = self.runs.iter().enumerate().map(|(place, run)| (*run, self.distance_at(place)));
        errors.chain(self.first_distances())
    }

    /// The distance of the value of an error.
    pub(crate) fn distance_at(&self, place: usize) -> f64 {
        let deviation = self.deviations[place];
        deviation / self.scale_without(place, deviation)
    }

    /// The distances of the first values, which have no error.
    pub(crate) fn first_distances(&self) -> impl Iterator<Item = (u32, f64)> {
        self.first.iter().map(|(run, distance)| (*run, distance / self.kernel.scale))
    }

    /// The scale as if one of few errors had not been, which it would make look small.
    fn scale_without(&self, at: usize, deviation: f64) -> f64 {
        let (errors, usual) = (&self.kernel.errors, self.kernel.scale);
        if !self.is_short() || deviation < 0.5 * SPIKE_FROM * usual {
            return usual;
        }
        let others = [&errors[..at], &errors[at + 1..]].concat();
        settled_scale(scale(&others), others.len(), self.others, self.step).min(usual)
    }

    /// The probability of the last runs' median, if it says that the series has risen for good.
    pub(crate) fn lasting(&self) -> Option<f64> {
        let (rise, p) = lasting(&self.adjusted, self.step, 0.5 * self.noise)?;
        (p <= LASTING_P && rise > LEAST_RATIO.ln()).then_some(p)
    }
}

/// How far the median of the last runs is above the centre before them, and the probability of that, 1 where it is no
/// more than `least`; `None` of a series that is too short.
pub(crate) fn lasting(values: &[f64], step: f64, least: f64) -> Option<(f64, f64)> {
    let before = &values[..values.len().checked_sub(LASTING_RUNS)?];
    if before.len() < 2 * HISTORY_MIN_VALUES {
        return None;
    }
    let level = median(&values[before.len()..])?;
    let rise = level - centre(before);
    if rise <= least.max(LEAST_RATIO.ln()) {
        return Some((rise, 1.0));
    }
    let errors = errors_of_medians(before, LASTING_RUNS);
    let scale = settled_scale(scale(&errors.values), errors.values.len(), SCALE_UNKNOWN, step);
    let mut kernel = Kernel::unsettled(errors.values);
    kernel.settle(scale, true);
    Some((rise, kernel.p(rise)))
}
