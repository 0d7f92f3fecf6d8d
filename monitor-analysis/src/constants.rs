//! Every constant of the methods, with its source.
//!
//! The book quotes these values from here. Where no publication is named, the value was chosen on one half of the public
//! benchmark histories in `monitor-report/benches/histories/` and checked on the other; `cargo bench -p monitor-report --bench gate`
//! prints what the whole costs and what it finds.

/// Identical values after which an exact metric's difference is real, however small.
pub const EXACT_MIN_VALUES: usize = 5;

/// Part by which counted instructions of unchanged code differ between builds: a rebuild moves addresses, and with them the
/// steps that alignment takes. Seen: 90 of 9 million.
pub const COUNTED_RATIO: f64 = 0.000_1;

/// Counted instructions that any two builds may differ by.
pub const COUNTED_LEAST: f64 = 500.0;

/// As [`COUNTED_RATIO`], where several threads work: they wait for each other in turns that are not the same. Seen: up to 0.6 %
/// with tokio.
pub const COUNTED_RATIO_THREADS: f64 = 0.01;

/// Most values of a series that a new one is compared with.
pub const HISTORY_WINDOW: usize = 100;

/// Most values that tell how much a series scatters, where one session is compared with one other. More than twice as many find
/// hardly more, and they take more than twice the time.
pub const HISTORY_BEHIND_ONE: usize = 40;

/// Values below which a series is undecided, unless it changed by so much that this does not matter.
pub const HISTORY_MIN_VALUES: usize = 5;

/// Values from which on the first errors of a series, which have little before them, are left out.
pub const HISTORY_SETTLED: usize = 12;

/// Values whose median is where the centre is looked for.
pub const CENTRE_MEDIAN: usize = 4;

/// Values that the centre is a mean of.
pub const CENTRE_WINDOW: usize = 16;

/// Age, in runs, at which a value counts half in the centre.
pub const CENTRE_HALF_LIFE: f64 = 4.0;

/// Distance from the median, in robust standard deviations, at which a value is cut off (Huber, 1964).
pub const CENTRE_CLIP: f64 = 2.0;

/// Added to robust standard deviations of logarithms, which may be zero.
pub const SPREAD_FLOOR: f64 = 0.003;

/// Robust standard deviations per median absolute deviation: 1 / the 75 % quantile of the normal distribution.
pub const MAD_SCALE: f64 = 1.4826;

/// Root mean square of the inner 90 % of a standard normal sample.
pub const INNER_RMS: f64 = 0.789;

/// Errors from which on the scale is the larger of two robust ones.
pub const SCALE_ROBUST: usize = 20;

/// Errors below which the scale is drawn towards that of the other tests.
pub const SCALE_SHRUNK: usize = 30;

/// Errors that the other tests' scale counts for.
pub const SCALE_PRIOR: f64 = 5.0;

/// The scale where nothing is known of it.
pub const SCALE_UNKNOWN: f64 = 0.05;

/// Time, in seconds, by which clocks, caches and interrupts move a short test: what is not known to be quieter is not taken for
/// it.
pub const SCALE_UNKNOWN_SECONDS: f64 = 0.000_02;

/// Least scale: no clock, no page and no schedule repeats itself to less than half a percent.
pub const SCALE_LEAST: f64 = 0.005;

/// Least scale in units of the least difference of two values: what a series of few digits can tell.
pub const SCALE_STEP: f64 = 0.6;

/// Tests that a run's common factor needs.
pub const FACTOR_MIN_TESTS: usize = 3;

/// Values that a test's level and spread are taken from for the run's factor.
pub const FACTOR_WINDOW: usize = 50;

/// Distance from the median, in spreads, at which a test is cut off in the run's factor (Huber, 1964).
pub const FACTOR_CLIP: f64 = 1.5;

/// Factors of past runs' spread beyond which a run is unlike any before, and its factor is taken out whole.
pub const FACTOR_UNSEEN: f64 = 4.0;

/// Price of taking out more of the run's factor: a share of the errors.
pub const FACTOR_PRICE: f64 = 0.05;

/// Probability at which a run as a whole is a finding.
pub const FACTOR_P: f64 = 0.002;

/// Ratio from which on such a finding fails a gate: a slow machine is rarely as slow.
pub const FACTOR_REGRESSED: f64 = 2.0;

/// Tests that a principal component of a run's errors needs.
pub const PRINCIPAL_MIN_TESTS: usize = 5;

/// Distance, in scales, at which an error is cut off in it (Huber, 1964).
pub const PRINCIPAL_CLIP: f64 = 3.0;

/// Runs that not following it counts for.
pub const PRINCIPAL_PRIOR: f64 = 5.0;

/// Share of a test's squared errors that it must explain to be taken out.
pub const PRINCIPAL_SHARE: f64 = 0.1;

/// Rounds in which it is found (power iteration): past five no figure of the benchmark changes.
pub const PRINCIPAL_ROUNDS: usize = 5;

/// Errors beyond this many scales can be the beginning of another level.
pub const STEP_SCALES: f64 = 4.0;

/// Values after it that have to stay there; one run cuts nothing.
pub const STEP_LATER: usize = 3;

/// Degrees of freedom of the kernels that past errors are blurred by: tails as heavy as most noise has.
pub const KERNEL_FREEDOM: f64 = 4.0;

/// Width of the kernel at each past error, in scales.
pub const KERNEL_WIDTH: f64 = 0.7;

/// Its width as a share of the error, if that is more: where errors are far they are few, and tell less of where the next one is.
pub const KERNEL_SPREAD: f64 = 0.15;

/// But no wider than this, in scales: a past spike hides nothing that is larger.
pub const KERNEL_WIDEST: f64 = 3.0;

/// Width of the kernel that stands for what was never seen, in scales.
pub const KERNEL_PRIOR_WIDTH: f64 = 2.0;

/// Past errors that it counts for in the long memory.
pub const KERNEL_PRIOR: f64 = 3.0;

/// Age, in runs, at which an error counts half in the long memory.
pub const KERNEL_HALF_LIFE: f64 = 30.0;

/// Past errors that what was never seen counts for while the middle one foretells past errors.
pub const KERNEL_PRIOR_MIDDLE: f64 = 2.0;

/// Age, in runs, at which an error counts half in the middle one.
pub const KERNEL_HALF_LIFE_MIDDLE: f64 = 8.0;

/// Past errors that it counts for while the short one does.
pub const KERNEL_PRIOR_SHORT: f64 = 1.0;

/// Age, in runs, at which an error counts half in the short one.
pub const KERNEL_HALF_LIFE_SHORT: f64 = 3.0;

/// What the long memory counts for against each of the others before any error was foretold.
pub const KERNEL_LONG: f64 = 4.0;

/// Last errors by which the memories are told apart.
pub const KERNEL_FORETOLD: usize = 64;

/// Errors before that each of these is foretold from.
pub const KERNEL_REACH: usize = 48;

/// Share of gates on unchanged code that may fail.
pub const GATE_FALSE: f64 = 0.002;

/// Past gates below which what is learned from them only raises Bonferroni's bound.
pub const GATE_MIN_PAST: usize = 20;

/// Share of gates that may fail where nothing is learned from past ones: Bonferroni's bound.
pub const GATE_BONFERRONI: f64 = 0.005;

/// Quantile of past gates' scores beyond which they are the tail (an exponential one: Pickands, 1975).
pub const GATE_QUANTILE: f64 = 0.7;

/// Most that one past gate adds to the tail.
pub const GATE_EXCESS_CAP: f64 = 8.0;

/// Past gates that the prior of the tail counts for.
pub const GATE_PRIOR: f64 = 8.0;

/// Probability that a single finding must be below in any gate.
pub const GATE_LEAST_P: f64 = 0.001;

/// Distance, in scales, from which on a past value was a spike: far out once, without cause.
pub const SPIKE_FROM: f64 = 4.0;

/// Share of values that are spikes, where nothing is known of it.
pub const SPIKE_RATE: f64 = 0.02;

/// Share of runs in which both times of a test have a spike, where nothing is known of it: of the spikes of a machine under
/// heavy load (`monitor-report/benches/histories/loaded-machine.tsv`) one in seven came in both.
pub const SPIKE_RATE_BOTH: f64 = 0.005;

/// Values that these count for.
pub const SPIKE_RATE_VALUES: f64 = 20.0;

/// Probability of the rise of a test's other time from which on this time's is no spike of one alone.
pub const SPIKE_OTHER_P: f64 = 0.02;

/// Mean of what spikes are beyond [`SPIKE_FROM`], in scales, where nothing is known of it.
pub const SPIKE_MEAN: f64 = 9.0;

/// Spikes that it counts for.
pub const SPIKE_PRIOR: f64 = 2.0;

/// Shape of the distribution of their sizes (Lomax, 1954): wider than an exponential one, as tests differ.
pub const SPIKE_SHAPE: f64 = 5.0;

/// Errors from which on a series shows its spikes itself.
pub const SPIKE_OWN_ERRORS: usize = 15;

/// The same where the test's other time did not rise: what hits one time alone is likelier to be a spike.
pub const SPIKE_OWN_ERRORS_ALONE: usize = 40;

/// Ratio from which on a change beyond all that was ever seen needs no probability.
pub const GROSS_RATIO: f64 = 20.0;

/// How many times the largest past error it must be.
pub const GROSS_BEYOND: f64 = 2.0;

/// Ratio from which on a past value that came once is an outlier of the suite.
pub const OUTLIER_RATIO: f64 = 2.0;

/// How many times the largest outlier, in the metric's unit, what none of them explains must be.
pub const OUTLIER_BEYOND: f64 = 2.0;

/// Probability from which on a value is suspect.
pub const SUSPECT_P: f64 = 0.05;

/// Ratio from which on a value is suspect, if it is outside the noise.
pub const SUSPECT_RATIO: f64 = 1.5;

/// How many scales outside that is.
pub const SUSPECT_SCALES: f64 = 3.0;

/// Least ratio of a change that is reported at all.
pub const LEAST_RATIO: f64 = 1.01;

/// Runs whose median says whether a change lasts.
pub const LASTING_RUNS: usize = 5;

/// Probability at which a lasting change is suspect.
pub const LASTING_P: f64 = 0.03;

/// Median scale of the tests' wall times beyond which they only warn, where CPU time is judged too.
pub const SCATTER: f64 = 0.2;

/// Samples a side that N against N needs.
pub const SAMPLES_MIN: usize = 4;

/// False discoveries among the changes of N against N (Benjamini and Hochberg, 1995).
pub const SAMPLES_DISCOVERY_RATE: f64 = 0.005;

/// Most degrees of freedom that the tests' common variance counts for, in those of one test (Smyth, 2004).
pub const SAMPLES_PRIOR_MOST: f64 = 2.0;

/// Confidence of the interval of N against N that is shown.
pub const SAMPLES_CONFIDENCE: f64 = 0.95;

/// Least values between two change points.
pub const CHANGE_MIN_SEGMENT: usize = 5;

/// Least ratio of two levels.
pub const CHANGE_MIN_RATIO: f64 = 1.01;

/// How much better (in squares of z) one interval against the rest must be than one cut.
pub const CHANGE_INTERVAL_MARGIN: f64 = 6.0;

/// Runs to each side in which the best place of a change is looked for.
pub const CHANGE_REFINE: usize = 8;

/// Distance, in runs, up to which a place counts as that of a change (van den Burg and Williams, 2020).
pub const CHANGE_NEAR: usize = 5;

/// How much more the very place counts than one at that distance: more of it names the exact run more often, and is within that
/// distance less often.
pub const CHANGE_EXACT: f64 = 0.3;

/// Distance, in robust standard deviations, at which a value's say in that place is cut off (Huber, 1964).
pub const CHANGE_CLIP: f64 = 1.5;

/// Correlation of neighbours that is put down to chance, in units of the standard deviation that it has of n independent values,
/// 1 / sqrt(n) (Bartlett, 1946). At 1, 2.5 of 100 steps of 15 sigma in 12 runs were missed.
pub const CHANGE_CHANCE: f64 = 1.2;

/// Greatest correlation of neighbours that is allowed for.
pub const CHANGE_MAX_CORRELATION: f64 = 0.8;

/// Ratio of times beyond which two neighbours in a history too short for change points differ.
pub const COARSE_TIME_RATIO: f64 = 2.0;

/// Change of a time in seconds that this asks for besides.
pub const COARSE_TIME_SECONDS: f64 = 0.05;

/// Ratio of sizes beyond which they do.
pub const COARSE_SIZE_RATIO: f64 = 1.2;

/// Change of a size in bytes that this asks for besides.
pub const COARSE_SIZE_BYTES: f64 = 1024.0 * 1024.0;
