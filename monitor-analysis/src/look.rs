//! The looks at a run's series of one metric: how far each new value is from where its series stands.

use crate::constants::{CENTRE_MEDIAN, CENTRE_WINDOW, MAD_SCALE, SCALE_LEAST, SCALE_UNKNOWN, SCALE_UNKNOWN_SECONDS};
use crate::constants::{GROSS_RATIO, SPIKE_FROM, SPIKE_OWN_ERRORS};
use crate::constants::{HISTORY_MIN_VALUES, HISTORY_WINDOW, LASTING_P, LASTING_RUNS, LEAST_RATIO, SCALE_STEP};
use crate::factor::{Factors, Member, slope, unseen};
use crate::noise::{centre, errors, errors_of_medians, room, scale, settled_scale};
use crate::outliers::Outliers;
use crate::principal::{self, Explained};
use crate::series::{Scale, Series};
use crate::summary::median;
use crate::tail::Kernel;

/// One new value against its series.
#[derive(Debug)]
pub(crate) struct Look {
    /// Which of the run's series.
    pub index: usize,
    /// Values before.
    pub values: usize,
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
    /// How far the first values, which have no error, were above where the series began, with their runs.
    first: Vec<(u32, f64)>,
    /// The scale that the tests of the run have in common.
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
    /// One for each series that has a past.
    pub looks: Vec<Look>,
    /// The common factors of past runs and of the new one, where there are enough tests.
    pub factors: Option<(Vec<f64>, f64)>,
    /// The median scale of the series, where some are long enough.
    pub scatter: Option<f64>,
}

/// A series as logarithms.
struct Logs {
    index: usize,
    scale: Scale,
    past: Vec<f64>,
    runs: Vec<u32>,
    new: f64,
    after: f64,
    /// Runs that the new value is the median of.
    taken: usize,
    /// The least of several new values.
    least: Option<f64>,
}

impl Logs {
    fn of(index: usize, series: &Series<'_>, run_numbers: &[u32]) -> Option<Self> {
        let past = &series.past[series.past.len() - series.past.len().min(HISTORY_WINDOW)..];
        let mut taken = series.new.len().min(LASTING_RUNS);
        taken -= usize::from(taken > 1 && taken.is_multiple_of(2));
        let after = median(&series.new[series.new.len() - taken..])?;
        let least = series.new.iter().copied().min_by(f64::total_cmp).filter(|_| series.new.len() > 1);
        let values: Vec<f64> = past.iter().map(|past| past.value).collect();
        let scale = Scale::of(series.metric, &values, &[after]);
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
            past: values.iter().map(|value| scale.log(*value)).collect(),
            runs: past.iter().map(|past| past.run).map(run).collect(),
            new: scale.log(after),
            after,
            taken,
            least: least.map(|least| scale.log(least)),
        })
    }

    fn member(&self) -> Member<'_> {
        Member { past: &self.past, runs: &self.runs, new: self.new }
    }
}

impl Looked {
    /// Looks at the series of a metric, given by their indices.
    pub(crate) fn of(series: &[Series<'_>], indices: &[usize], run_numbers: &[u32]) -> Self {
        let logs: Vec<Logs> =
            indices.iter().filter_map(|&index| Logs::of(index, &series[index], run_numbers)).collect();
        let shared = indices.first().is_some_and(|&index| series[index].metric.depends_on_machine_speed());
        let members: Vec<Member<'_>> = logs.iter().map(Logs::member).collect();
        let factors = shared.then(|| Factors::of(&members, run_numbers.len()));
        let look = |(at, logs): (usize, &Logs)| Look::of(logs, at, factors.as_ref());
        let mut looks: Vec<Look> = logs.iter().enumerate().map(look).collect();
        let mut own: Vec<Option<f64>> = looks.iter().map(|look| scale(&look.kernel.errors)).collect();
        if shared {
            let members: Vec<_> = looks.iter().zip(&own).map(|(look, own)| look.member(*own)).collect();
            let explained = principal::explained(&members, run_numbers.len());
            for ((look, own), explained) in looks.iter_mut().zip(&mut own).zip(explained) {
                if let Some(explained) = explained {
                    look.excuse(&explained);
                    *own = scale(&look.kernel.errors);
                }
            }
        }
        let known: Vec<f64> = own.iter().flatten().map(|own| own.max(SCALE_LEAST)).collect();
        let rises: Vec<f64> = looks.iter().map(|look| look.rise).collect();
        let others = common_scale(&known, &rises);
        for (look, own) in looks.iter_mut().zip(own) {
            let others = if own.is_none() && shared { others.max(short(look.before)) } else { others };
            look.others = others;
            look.noise = settled_scale(own, look.kernel.errors.len(), others, 0.0);
            look.kernel.settle(look.noise.max(look.step), look.of_medians);
        }
        if looks.iter().any(Look::is_many_times) {
            let of_look = |look: &Look| look.past_rises().map(|rise| (look.before, rise)).collect::<Vec<_>>();
            let outliers = Outliers::of(looks.iter().flat_map(of_look));
            let explains = |look: &Look| look.is_many_times() && outliers.explain(look.after - look.before);
            looks.iter_mut().for_each(|look| look.explained = explains(look));
        }
        let settled = looks.iter().filter(|look| look.values >= 2 * HISTORY_MIN_VALUES);
        let scatter = median(&settled.map(|look| look.kernel.scale).collect::<Vec<_>>());
        Self { looks, factors: factors.and_then(|factors| factors.whole()), scatter }
    }
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
        let (factors, new_factor, tests) = match factors {
            Some(factors) => {
                let (past, new) = factors.without(at, &logs.member());
                (past, new, factors.tests())
            }
            None => (vec![0.0; count], 0.0, 0),
        };
        let follows = slope(&logs.past, &factors, tests);
        let limit = unseen(&factors).unwrap_or(f64::INFINITY);
        // A day unlike any before says nothing of how the test follows ordinary ones.
        let taken_out = |factor: f64| if factor.abs() > limit { follows.max(1.0) } else { follows } * factor;
        let past: Vec<f64> = logs.past.iter().zip(&factors).map(|(value, factor)| value - follows * factor).collect();
        let factor = taken_out(new_factor);
        let new = logs.new - factor;

        let found = if logs.taken > 1 { errors_of_medians(&past, logs.taken) } else { errors(&past) };
        let level = &past[found.level_from..];
        let centre = centre(level);
        let room = room(level.len());
        let rise = (new - centre) / room;
        let excused = |error: &f64, at: &u32| {
            let factor = factors[*at as usize];
            error - (taken_out(factor) - follows * factor) - (-taken_out(factor)).max(0.0)
        };
        let deviations = found.values.iter().zip(&found.at).map(|(error, at)| excused(error, at)).collect();
        let runs = found.at.iter().map(|at| logs.runs[*at as usize]).collect();
        let before = logs.scale.value(nearest(level, centre));
        let start = found.at.first().map_or(count, |at| *at as usize);
        let began = median(&past[..count.min(start + CENTRE_MEDIAN)]).unwrap_or(centre);
        let first = logs.runs.iter().zip(&past[..start]).map(|(run, value)| (*run, value - began)).collect();
        let mut adjusted = past;
        adjusted.push(new);
        Self {
            index: logs.index,
            values: count,
            kernel: Kernel::unsettled(found.values),
            noise: SCALE_UNKNOWN,
            runs,
            deviations,
            rise,
            excused_rise: rise - (-factor).max(0.0) / room,
            excused_fall: -rise - factor.max(0.0) / room,
            room,
            factor,
            before,
            after: logs.after,
            adjusted,
            step: SCALE_STEP * logs.scale.step,
            first,
            others: SCALE_UNKNOWN,
            of_medians: logs.taken > 1,
            repeats: logs.least.is_some_and(|least| least - factor - centre >= 0.5 * (new - centre)),
            explained: false,
        }
    }

    fn member(&self, scale: Option<f64>) -> principal::Member<'_> {
        principal::Member { errors: &self.kernel.errors, scale, runs: &self.runs, new: self.rise }
    }

    /// Takes out what is explained, which may only excuse.
    fn excuse(&mut self, explained: &Explained) {
        let errors = self.kernel.errors.iter_mut().zip(&mut self.deviations);
        for ((error, deviation), explained) in errors.zip(&explained.errors) {
            *error -= explained;
            *deviation -= explained.max(0.0);
        }
        self.rise -= explained.new;
        self.excused_rise -= explained.new.max(0.0);
        self.excused_fall += explained.new.min(0.0);
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
