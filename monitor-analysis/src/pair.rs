//! Wall and CPU time of one test: what makes a value come out high without cause seldom hits both.

use std::collections::HashMap;

use crate::constants::{SPIKE_OTHER_P, SPIKE_OWN_ERRORS};
use crate::look::Look;
use crate::metric::Metric;
use crate::series::Series;

/// The looks at both times of a test.
pub(crate) struct Pair<'a> {
    wall: &'a Look,
    cpu: &'a Look,
    /// The places of the errors that both have of the same run.
    places: Vec<(u32, u32)>,
}

impl<'a> Pair<'a> {
    /// Those of the tests of which both times decide.
    pub(crate) fn all(series: &[Series<'_>], deciding: &[&'a Look]) -> Vec<Self> {
        let of = |metric: Metric| deciding.iter().copied().filter(move |look| series[look.index].metric == metric);
        let cpu: HashMap<u32, &Look> = of(Metric::CpuTime).map(|look| (series[look.index].test, look)).collect();
        let pair = |wall: &'a Look| {
            let cpu = *cpu.get(&series[wall.index].test)?;
            Some(Self { wall, cpu, places: common(&wall.runs, &cpu.runs) })
        };
        of(Metric::WallTime).filter_map(pair).collect()
    }

    /// Which of the run's series they are.
    pub(crate) fn indices(&self) -> [usize; 2] {
        [self.wall.index, self.cpu.index]
    }

    /// The probability that both times are as far out, if what moves one moves the other: that of the likelier one.
    pub(crate) fn p(&self) -> f64 {
        self.wall.p_of_rise().max(self.cpu.p_of_rise())
    }

    /// Whether the other time rose as well.
    pub(crate) fn rose_with(&self, look: &Look) -> bool {
        let other = if look.index == self.wall.index { self.cpu } else { self.wall };
        other.p_of_rise() <= SPIKE_OTHER_P
    }

    /// How far both are out at least, in scales.
    pub(crate) fn distance(&self) -> f64 {
        self.wall.distance().min(self.cpu.distance())
    }

    /// Whether both may have come out high once, for all that the series themselves tell.
    pub(crate) fn may_be_spike(&self) -> bool {
        self.wall.may_be_spike(SPIKE_OWN_ERRORS) && self.cpu.may_be_spike(SPIKE_OWN_ERRORS)
    }

    /// How far both were out at least, in scales, with their runs.
    pub(crate) fn distances(&self) -> impl Iterator<Item = (u32, f64)> {
        let least =
            |&(wall, cpu): &(u32, u32)| self.wall.distance_at(wall as usize).min(self.cpu.distance_at(cpu as usize));
        let errors = self.runs().zip(self.places.iter().map(least));
        let first = self.wall.first_distances().filter_map(|(run, wall)| {
            let (_, cpu) = self.cpu.first_distances().find(|(of, _)| *of == run)?;
            Some((run, wall.min(cpu)))
        });
        errors.chain(first)
    }

    /// The runs in which both have an error.
    pub(crate) fn runs(&self) -> impl Iterator<Item = u32> {
        self.places.iter().map(|(wall, _)| self.wall.runs[*wall as usize])
    }

    /// For the place of a run what its probability is not below.
    pub(crate) fn least_p(&self) -> impl Fn(usize) -> f64 {
        let (wall, cpu) = (self.wall.least_p(), self.cpu.least_p());
        move |place| {
            let (at_wall, at_cpu) = self.places[place];
            wall(at_wall as usize).max(cpu(at_cpu as usize))
        }
    }

    /// The probability of a run's errors as if it had not been; `None` if it is above `limit`.
    pub(crate) fn past_p_up_to(&self, place: usize, limit: f64) -> Option<f64> {
        let (wall, cpu) = self.places[place];
        let wall = self.wall.past_p_up_to(wall as usize, limit)?;
        Some(wall.max(self.cpu.past_p_up_to(cpu as usize, limit)?))
    }
}

/// The places of what is in both, which ascend.
fn common(a: &[u32], b: &[u32]) -> Vec<(u32, u32)> {
    let mut others = (0_u32..).zip(b).peekable();
    let place = |(at, run): (u32, &u32)| {
        while others.next_if(|(_, other)| *other < run).is_some() {}
        others.next_if(|(_, other)| *other == run).map(|(other, _)| (at, other))
    };
    (0_u32..).zip(a).filter_map(place).collect()
}
