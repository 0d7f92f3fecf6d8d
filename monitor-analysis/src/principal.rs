//! What some tests of a run have in common beyond the run's factor: another model of processor, a full cache, a busy disk.
//!
//! The first principal component of the past errors (Hotelling, 1933), each in units of its series' scale and cut off. As with
//! the run's factor a test's own part in it is left out, so that nothing is excused by itself, and it only excuses; and no more
//! than it did before, so that a change of all those tests is no pattern of the machine.

use crate::constants::{
    HISTORY_SETTLED, PRINCIPAL_CLIP, PRINCIPAL_MIN_TESTS, PRINCIPAL_PRIOR, PRINCIPAL_ROUNDS, PRINCIPAL_SHARE,
};

/// A series' errors with the places of their runs among all runs, ascending, and their scale.
pub(crate) struct Member<'a> {
    pub errors: &'a [f64],
    pub scale: Option<f64>,
    pub runs: &'a [u32],
}

/// How a member follows the component.
#[derive(Debug)]
pub(crate) struct Part {
    /// Which of the members.
    pub place: usize,
    scale: f64,
    loading: f64,
    slope: f64,
    /// The most that the component was.
    most: f64,
    /// What of each error is the component's; `None` of those that do not follow it.
    pub errors: Option<Vec<f64>>,
}

/// A member in units of its scale, and how it follows the component.
struct Scaled<'a> {
    place: usize,
    scale: f64,
    errors: Vec<f64>,
    runs: &'a [u32],
    loading: f64,
}

/// Of one run: sums over its tests, from which the component in this run follows.
#[derive(Clone, Copy, Default)]
struct Sums {
    products: f64,
    squares: f64,
}

/// The parts of the first component, of the members that are long enough; none if there is no such component.
pub(crate) fn parts(members: &[Member<'_>], runs: usize) -> Vec<Part> {
    let mut scaled: Vec<Scaled<'_>> = members.iter().enumerate().filter_map(Scaled::of).collect();
    if scaled.len() < PRINCIPAL_MIN_TESTS {
        return Vec::new();
    }
    start(&mut scaled, runs);
    for _ in 0..PRINCIPAL_ROUNDS {
        let sums = sums(&scaled, runs);
        for member in &mut scaled {
            (member.loading, _) = member.follows(&member.component(&sums));
        }
        let squares: f64 = scaled.iter().map(|member| member.loading.powi(2)).sum();
        let length = (squares / scaled.len() as f64).sqrt();
        if length <= 1e-9 {
            return Vec::new();
        }
        scaled.iter_mut().for_each(|member| member.loading /= length);
    }
    let sums = sums(&scaled, runs);
    scaled.iter().map(|member| member.part(&sums)).collect()
}

/// What the component explains of a new run, in which the members are so far out: of those that follow it, by their places.
pub(crate) fn explained(parts: &[Part], distances: &[f64]) -> Vec<(usize, f64)> {
    let new = |part: &Part| in_scales(distances[part.place], part.scale);
    let mut sums = Sums::default();
    parts.iter().for_each(|part| sums.add(part.loading, new(part)));
    let of = |part: &Part| part.slope * sums.without(part.loading, new(part)).clamp(-part.most, part.most) * part.scale;
    parts.iter().filter(|part| part.errors.is_some()).map(|part| (part.place, of(part))).collect()
}

fn in_scales(error: f64, scale: f64) -> f64 {
    (error / scale).clamp(-PRINCIPAL_CLIP, PRINCIPAL_CLIP)
}

/// Begins with how far each test was out in the run in which they were out furthest.
fn start(scaled: &mut [Scaled<'_>], runs: usize) {
    let mut sizes = vec![0.0; runs];
    for (error, run) in scaled.iter().flat_map(Scaled::by_run) {
        sizes[run] += error.abs();
    }
    let furthest = (0..runs).max_by(|a, b| sizes[*a].total_cmp(&sizes[*b])).unwrap_or(0);
    for member in scaled {
        let at = member.runs.binary_search(&(furthest as u32));
        member.loading = at.map_or(0.0, |at| member.errors[at]);
    }
}

fn sums(scaled: &[Scaled<'_>], runs: usize) -> Vec<Sums> {
    let mut sums = vec![Sums::default(); runs];
    for member in scaled {
        member.by_run().for_each(|(error, run)| sums[run].add(member.loading, error));
    }
    sums
}

impl Sums {
    fn add(&mut self, loading: f64, error: f64) {
        self.products += loading * error;
        self.squares += loading * loading;
    }

    /// The component without this test, drawn towards 0 as by one more.
    fn without(self, loading: f64, error: f64) -> f64 {
        (self.products - loading * error) / (self.squares - loading * loading + 1.0)
    }
}

impl<'a> Scaled<'a> {
    fn of((place, member): (usize, &Member<'a>)) -> Option<Self> {
        let scale = member.scale.filter(|scale| member.errors.len() >= HISTORY_SETTLED && *scale > 0.0)?;
        let errors = member.errors.iter().map(|error| in_scales(*error, scale)).collect();
        Some(Self { place, scale, errors, runs: member.runs, loading: 0.0 })
    }

    fn by_run(&self) -> impl Iterator<Item = (f64, usize)> {
        self.errors.iter().copied().zip(self.runs.iter().map(|run| *run as usize))
    }

    fn component(&self, sums: &[Sums]) -> Vec<f64> {
        self.by_run().map(|(error, run)| sums[run].without(self.loading, error)).collect()
    }

    /// The slope with which the errors follow it, drawn towards 0, and the share of their squares that it explains.
    fn follows(&self, component: &[f64]) -> (f64, f64) {
        let (mut products, mut squares, mut all) = (0.0, 1e-9, 1e-9);
        for (error, component) in self.errors.iter().zip(component) {
            products += error * component;
            squares += component * component;
            all += error * error;
        }
        let slope = products / squares / (1.0 + PRINCIPAL_PRIOR / component.len() as f64);
        (slope, slope * products / all)
    }

    fn part(&self, sums: &[Sums]) -> Part {
        let &Self { place, scale, loading, .. } = self;
        let component = self.component(sums);
        let (slope, share) = self.follows(&component);
        let most = component.iter().fold(0.0, |most: f64, component| most.max(component.abs()));
        let errors = || component.iter().map(|component| slope * component * scale).collect();
        Part { place, scale, loading, slope, most, errors: (share >= PRINCIPAL_SHARE).then(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::scale;

    const RUNS: u32 = 30;

    fn wave(test: u32, run: u32) -> f64 {
        0.01 * (f64::from(run * (7 + test) % 5) - 2.0)
    }

    /// Five of ten tests take longer, and two less, in every third run; the new values are as given.
    fn of_suite(new: impl Fn(u32) -> f64) -> (Vec<Part>, [f64; 10]) {
        let runs: Vec<u32> = (0..RUNS).collect();
        let follows = |test: u32| [0.1, 0.2, 0.1, 0.2, 0.1, -0.1, -0.2, 0.0, 0.0, 0.0][test as usize];
        let error = |test, run: u32| wave(test, run) + if run.is_multiple_of(3) { follows(test) } else { 0.0 };
        let errors: Vec<Vec<f64>> = (0..10).map(|test| runs.iter().map(|run| error(test, *run)).collect()).collect();
        let members: Vec<Member<'_>> =
            errors.iter().map(|errors| Member { errors, scale: scale(errors), runs: &runs }).collect();
        let parts = parts(&members, RUNS as usize);
        let distances: Vec<f64> = (0..10).map(|test| new(test) * follows(test)).collect();
        let mut of_new = [0.0; 10];
        explained(&parts, &distances).into_iter().for_each(|(place, explained)| of_new[place] = explained);
        (parts, of_new)
    }

    #[test]
    fn what_tests_have_in_common_is_explained_with_its_sign() {
        let (parts, new) = of_suite(|_| 1.0);
        let (more, less, others) = (&new[..5], &new[5..7], &new[7..]);
        assert!(more.iter().all(|new| *new > 0.08) && less.iter().all(|new| *new < -0.08), "{new:?}");
        assert!(others.iter().all(|new| new.abs() < 0.02), "{new:?}");
        let errors = parts[1].errors.as_ref().expect("it follows");
        assert!(errors[3] > 0.08 && errors[4].abs() < 0.08, "{errors:?}");
    }

    #[test]
    fn one_slow_test_is_not_and_all_no_more_than_ever_before() {
        let (_, alone) = of_suite(|test| if test == 1 { 3.0 } else { 0.0 });
        assert!(alone[1] < 0.02, "{alone:?}");
        let (parts, all) = of_suite(|_| 20.0);
        let errors = parts[1].errors.as_ref().expect("it follows");
        let most = errors.iter().fold(0.0, |most: f64, error| most.max(*error));
        assert!(all[1] <= most + 1e-9 && all[1] < 0.5, "{all:?}");
    }

    #[test]
    fn four_tests_have_no_component() {
        let runs: Vec<u32> = (0..RUNS).collect();
        let errors: Vec<f64> = runs.iter().map(|run| wave(0, *run)).collect();
        let members: Vec<Member<'_>> =
            (0..4).map(|_| Member { errors: &errors, scale: scale(&errors), runs: &runs }).collect();
        assert!(parts(&members, RUNS as usize).is_empty());
    }
}
