//! How often a second something can be done.

use std::time::{Duration, Instant};

use super::Result;

/// Something that is done again and again.
pub type Work = Box<dyn FnMut() -> Result<()>>;

/// How long it goes on before, uncounted: at first files grow, which costs the disk more than to write over them.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long each is done in its turn, and how many turns it has.
const TURN: Duration = Duration::from_millis(500);
const TURNS: u32 = 4;

/// Each work's rate. They take turns, so that what else the machine and its disk have to do meets all alike.
pub fn in_turns<const N: usize>(works: &mut [Work; N]) -> Result<[f64; N]> {
    let (mut done, mut took) = ([0_u32; N], [Duration::ZERO; N]);
    for turn in 0..=TURNS {
        let span = if turn == 0 { WARM_UP } else { TURN };
        for (at, work) in works.iter_mut().enumerate() {
            let (begin, mut count) = (Instant::now(), 0);
            while begin.elapsed() < span {
                work()?;
                count += 1;
            }
            if turn > 0 {
                done[at] += count;
                took[at] += begin.elapsed();
            }
        }
    }
    Ok(std::array::from_fn(|at| f64::from(done[at]) / took[at].as_secs_f64()))
}

/// The rate of one.
pub fn of(work: Work) -> Result<f64> {
    in_turns(&mut [work]).map(|[rate]| rate)
}
