//! Every constant of the methods, with its source.
//!
//! The book quotes these values from here. Where no publication is named, the value was chosen on the eight noise
//! families of `cargo bench -p monitor-analysis --bench methods`, which prints what it costs and what it finds.

/// Identical values after which an exact metric's difference is real, however small.
pub const EXACT_MIN_VALUES: usize = 5;

/// Most values of a series that one new value is compared with.
pub const HISTORY_WINDOW: usize = 50;

/// Most values that are searched for the change of level since which a new value is compared.
pub const HISTORY_SEARCH: usize = 60;

/// Least values for the full rule; below, only the coarse rule holds.
pub const HISTORY_MIN_VALUES: usize = 10;

/// Values whose median is the centre that a new value is compared with.
pub const CENTRE_WINDOW: usize = 9;

/// Variance of a median in units of sigma^2 / n: pi / 2 for the normal distribution (Kenney and Keeping, 1962).
pub const MEDIAN_VARIANCE: f64 = 1.57;

/// Successive differences beyond this many times their root mean square are left out of the noise estimate. The
/// estimate itself is von Neumann's (1941): RMS of successive differences over the root of two.
pub const DIFFERENCE_CLIP: f64 = 5.0;

/// Least noise of a logarithm: no clock, no page and no schedule repeats itself to less than half a percent, even if the
/// values of a short history do.
pub const LEAST_NOISE: f64 = 0.005;

/// Score beyond which a new value differs from its history.
pub const Z_THRESHOLD: f64 = 4.0;

/// Ratio below which no change of a noisy metric is reported.
pub const RATIO_FLOOR: f64 = 1.05;

/// Change of a time, in seconds, below which none is reported.
pub const TIME_FLOOR_SECONDS: f64 = 0.001;

/// Change of a noisy size, in bytes, below which none is reported.
pub const SIZE_FLOOR_BYTES: f64 = 64.0 * 1024.0;

/// Change of a noisy count (faults, switches, allocations of several threads) below which none is reported.
pub const COUNT_FLOOR: f64 = 64.0;

/// Change of the CPU usage, in cores, below which none is reported.
pub const USAGE_FLOOR: f64 = 0.1;

/// False discoveries allowed among the reported changes of a run (Benjamini and Hochberg, 1995).
pub const FALSE_DISCOVERY_RATE: f64 = 0.01;

/// Least size of a score in the tail of past scores: a calm past is no promise.
pub const TAIL_LEAST_SCORE: f64 = 2.5;

/// Power by which the tail of scores falls if nothing is known: heavier than most noise.
pub const TAIL_PRIOR_INDEX: f64 = 4.0;

/// Series that this prior counts for.
pub const TAIL_PRIOR_SERIES: f64 = 10.0;

/// Ratio of times beyond which the coarse rule, for short histories, reports a change.
pub const COARSE_TIME_RATIO: f64 = 2.0;

/// Change of a time in seconds that the coarse rule asks for besides.
pub const COARSE_TIME_SECONDS: f64 = 0.05;

/// Ratio of sizes beyond which the coarse rule reports a change.
pub const COARSE_SIZE_RATIO: f64 = 1.2;

/// Change of a size in bytes that the coarse rule asks for besides.
pub const COARSE_SIZE_BYTES: f64 = 1024.0 * 1024.0;

/// Other tests of the run that a common factor needs.
pub const COMMON_FACTOR_MIN_TESTS: usize = 20;

/// Samples a side that N against N needs: the least two-sided p of 4 against 4 is 2 / 70 = .029.
pub const SAMPLES_MIN: usize = 4;

/// Confidence of the interval of N against N.
pub const SAMPLES_CONFIDENCE: f64 = 0.95;

/// Ratio that the whole interval of N against N must be beyond.
pub const SAMPLES_RATIO_FLOOR: f64 = 1.01;

/// Most samples of both sides together for which the distribution of ranks is enumerated; beyond, the normal
/// approximation with the correction for ties (Lehmann, 1975) is within .002 of it.
pub const SAMPLES_EXACT_MAX: usize = 80;

/// Values in the rolling median that outliers of a long series are measured from.
pub const CHANGE_CLIP_WINDOW: usize = 7;

/// Median absolute deviations from it beyond which a value is an outlier.
pub const CHANGE_CLIP_MAD: f64 = 3.0;

/// Share of outliers beyond which they are taken for the series itself.
pub const CHANGE_CLIP_MAX_SHARE: f64 = 0.2;

/// Differences beyond this many times their root mean square are changes, and left out of the noise of a long series. At
/// 5, a step of 10 % in correlated noise of 2 % is not, and hides itself.
pub const CHANGE_DIFFERENCE_CLIP: f64 = 3.5;

/// Greatest correlation of neighbouring values that the noise of a series is credited with.
pub const CHANGE_MAX_AUTOCORRELATION: f64 = 0.85;

/// Penalty for a change, in units of ln n times the long-run variance.
pub const CHANGE_PENALTY: f64 = 4.0;

/// Least values between two changes.
pub const CHANGE_MIN_SEGMENT: usize = 5;

/// Ratio of levels below which a change is dropped.
pub const CHANGE_MIN_RATIO: f64 = 1.03;

/// Most values on each side of a change that say how loud its surroundings are.
pub const CHANGE_SURROUNDINGS: usize = 30;
