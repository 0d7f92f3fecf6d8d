//! The one table of measures: a line here is a field of [`Measures`], a column of `TEST_PROFILES` and of `TESTS`, a key
//! of spool and export, a title and a unit for people, and what a module's or a session's row makes of it.

/// What a value is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
}

/// What the row of a module or a session shows of its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// The sum over all tests: what they consumed.
    Sum,
    /// The largest sum of tests that ran at the same time: what they held.
    AtOnce,
    /// How many tests ran at the same time.
    Tests,
    /// All that is in one of the sets: no quantity.
    Set,
}

/// How the values of a measure are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Never negative.
    Count,
    /// Integers of either sign.
    Signed,
    /// With a fraction.
    Real,
}

/// A value of a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Amount {
    /// Of a [`Number::Count`].
    Count(u64),
    /// Of a [`Number::Signed`].
    Signed(i64),
    /// Of a [`Number::Real`].
    Real(f64),
}

impl Amount {
    /// The value for a calculation.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, 9 PB")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Signed(count) => count as f64,
            Self::Real(value) => value,
        }
    }
}

impl Number {
    /// `value` as a value of this kind.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to integer casts saturate")]
    pub fn of_f64(self, value: f64) -> Amount {
        match self {
            Self::Count => Amount::Count(value as u64),
            Self::Signed => Amount::Signed(value as i64),
            Self::Real => Amount::Real(value),
        }
    }

    /// `value` as a value of this kind.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53, 9 PB")]
    pub fn of_i64(self, value: i64) -> Amount {
        match self {
            Self::Count => Amount::Count(value.unsigned_abs()),
            Self::Signed => Amount::Signed(value),
            Self::Real => Amount::Real(value as f64),
        }
    }
}

/// A line of the table.
#[derive(Debug)]
pub struct Measure {
    /// Name in spool files and on the wire, `heap_peak`.
    pub name: &'static str,
    /// Name in `TEST_PROFILES`, `HEAP_PEAK`.
    pub column: &'static str,
    /// Name with the unit, in [`Measures`], the view `TESTS` and exports, `heap_peak_bytes`.
    pub key: &'static str,
    /// Name for people, `heap peak`.
    pub title: &'static str,
    /// What it is, in a sentence.
    pub meaning: &'static str,
    /// Unit of the values.
    pub unit: Unit,
    /// How they are counted.
    pub number: Number,
    /// What a module's or a session's row makes of them.
    pub fold: Fold,
    /// Whether it is the same in every run of the same single-threaded code.
    pub is_exact: bool,
    get: fn(&Measures) -> Option<Amount>,
    set: fn(&mut Measures, Option<Amount>),
}

impl Measure {
    /// The value of this measure; `None` if it could not be taken.
    #[must_use]
    pub fn of(&self, measures: &Measures) -> Option<Amount> {
        (self.get)(measures)
    }

    /// Sets the value of this measure.
    pub fn set(&self, measures: &mut Measures, value: Option<Amount>) {
        (self.set)(measures, value);
    }
}

macro_rules! measures {
    ($($(#[doc = $meaning:literal])+ $key:ident: $number:ident($type:ty), $column:literal, $name:literal, $title:literal,
       $unit:ident, $fold:ident, $is_exact:literal;)+) => {
        /// The measures of a profile row. `None` is a measure that could not be taken.
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct Measures { $($(#[doc = $meaning])+ pub $key: Option<$type>,)+ }

        /// Every measure, in the order of the file's columns.
        pub const MEASURES: &[Measure] = &[$(Measure {
            name: $name,
            column: $column,
            key: stringify!($key),
            title: $title,
            meaning: concat!($($meaning),+),
            unit: Unit::$unit,
            number: Number::$number,
            fold: Fold::$fold,
            is_exact: $is_exact,
            get: |measures| measures.$key.map(Amount::$number),
            set: |measures, value| {
                measures.$key = match value {
                    Some(Amount::$number(value)) => Some(value),
                    _ => None,
                };
            },
        },)+];
    };
}

measures! {
    /// Most heap held at once above what was held at the start, bytes.
    heap_peak_bytes: Count(u64), "HEAP_PEAK", "heap_peak", "heap peak", Bytes, AtOnce, true;
    /// Heap requested, bytes; a reallocation counts its growth.
    heap_allocated_bytes: Count(u64), "HEAP_ALLOCATED", "heap_allocated", "heap allocated", Bytes, Sum, true;
    /// Allocation calls.
    allocations: Count(u64), "ALLOCATIONS", "allocations", "allocations", Count, Sum, true;
    /// Heap still held at the end, bytes; negative if the body freed what others had allocated.
    heap_retained_bytes: Signed(i64), "HEAP_RETAINED", "heap_retained", "heap retained", Bytes, Sum, true;
    /// Growth of the process's resident peak, bytes.
    rss_peak_bytes: Count(u64), "RSS_PEAK", "rss_peak", "resident peak", Bytes, AtOnce, false;
    /// Page faults served without I/O.
    minor_faults: Count(u64), "MINOR_FAULTS", "minor_faults", "minor faults", Count, Sum, false;
    /// Page faults that needed I/O.
    major_faults: Count(u64), "MAJOR_FAULTS", "major_faults", "major faults", Count, Sum, false;
    /// Times the test waited.
    voluntary_switches: Count(u64), "VOLUNTARY_SWITCHES", "voluntary_switches", "voluntary switches", Count, Sum, false;
    /// Times the test was made to wait.
    involuntary_switches: Count(u64), "INVOLUNTARY_SWITCHES", "involuntary_switches", "involuntary switches", Count, Sum,
        false;
    /// Bytes fetched from storage.
    read_bytes: Count(u64), "READ_BYTES", "read_bytes", "bytes read", Bytes, Sum, false;
    /// Bytes sent to storage.
    write_bytes: Count(u64), "WRITE_BYTES", "write_bytes", "bytes written", Bytes, Sum, false;
    /// User CPU time of child processes that were waited for, seconds.
    child_user_seconds: Real(f64), "CHILD_USER_TIME", "child_user_time", "user time of children", Seconds, Sum, false;
    /// Kernel CPU time of child processes that were waited for, seconds.
    child_kernel_seconds: Real(f64), "CHILD_KERNEL_TIME", "child_kernel_time", "kernel time of children", Seconds, Sum,
        false;
    /// Threads of the test, its own included.
    threads: Count(u64), "THREADS", "threads", "threads", Count, AtOnce, false;
    /// Most monitored tests at once in the process, this one included.
    concurrency: Count(u64), "CONCURRENCY", "concurrency", "tests at once", Count, Tests, false;
    /// Resident peak of the largest child process that was waited for, bytes.
    child_rss_peak_bytes: Count(u64), "CHILD_RSS_PEAK", "child_rss_peak", "resident peak of children", Bytes, AtOnce, false;
    /// Instructions of the test and of all its threads, counted by callgrind.
    instructions: Count(u64), "INSTRUCTIONS", "instructions", "instructions", Count, Sum, true;
    /// What is special about the count of instructions, see [`CountFlags`](crate::CountFlags).
    count_flags: Count(u64), "COUNT_FLAGS", "count_flags", "special about the count", Count, Set, false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_takes_and_gives_its_values() {
        for measure in MEASURES {
            let mut measures = Measures::default();
            let value = measure.number.of_i64(7);
            measure.set(&mut measures, Some(value));
            assert_eq!(measure.of(&measures), Some(value), "{}", measure.name);
            let others = MEASURES.iter().filter(|other| other.of(&measures).is_some());
            assert_eq!(others.count(), 1, "{} sets another", measure.name);
            assert_eq!(measure.column.to_lowercase(), measure.name);
        }
    }
}
