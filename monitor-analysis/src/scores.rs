//! How unlikely the most unlikely value of each past run was.

use crate::constants::HISTORY_WINDOW;
use crate::look::Look;
use crate::pair::Pair;
use crate::parallel::parallel;

/// What no probability is below, which is cheap to tell, and whose value it is of: a look or pair, and a place in it.
type Candidate = (f64, u32, u32);

/// The greatest score -ln p of each past run, as the same rule sees it with that run left out of the past; oldest first.
pub(crate) fn of_looks(looks: &[&Look], runs: usize, is_much: bool) -> Vec<f64> {
    let mut candidates: Vec<Vec<Candidate>> = (0..runs).map(|_| Vec::with_capacity(looks.len())).collect();
    for (index, look) in (0_u32..).zip(looks) {
        let bound = look.least_p();
        for (place, &run) in (0_u32..).zip(&look.runs) {
            candidates[run as usize].push((bound(place as usize), index, place));
        }
    }
    greatest(&candidates, is_much, |index, place, limit| looks[index].past_p_up_to(place, limit))
}

/// The same of both times together.
pub(crate) fn of_pairs(pairs: &[Pair<'_>], runs: usize, is_much: bool) -> Vec<f64> {
    let mut candidates: Vec<Vec<Candidate>> = (0..runs).map(|_| Vec::with_capacity(pairs.len())).collect();
    for (index, pair) in (0_u32..).zip(pairs) {
        let bound = pair.least_p();
        for (place, run) in (0_u32..).zip(pair.runs()) {
            candidates[run as usize].push((bound(place as usize), index, place));
        }
    }
    greatest(&candidates, is_much, |index, place, limit| pairs[index].past_p_up_to(place, limit))
}

/// Only few candidates of a run have to be looked at closely.
fn greatest(
    candidates: &[Vec<Candidate>],
    is_much: bool,
    p_up_to: impl Fn(usize, usize, f64) -> Option<f64> + Sync,
) -> Vec<f64> {
    let p_up_to = |&(_, index, place): &Candidate, limit: f64| p_up_to(index as usize, place as usize, limit);
    let greatest = |candidates: &Vec<Candidate>| {
        let first = candidates.iter().max_by(|a, b| b.0.total_cmp(&a.0))?;
        let mut least = p_up_to(first, f64::INFINITY)?;
        for candidate in candidates {
            if candidate.0 < least {
                least = p_up_to(candidate, least).map_or(least, |p| p.min(least));
            }
        }
        Some(-least.ln())
    };
    let scores: Vec<f64> = parallel(candidates, is_much, greatest).into_iter().flatten().collect();
    scores[scores.len() - scores.len().min(HISTORY_WINDOW)..].to_vec()
}
