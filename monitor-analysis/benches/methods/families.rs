//! Eight families of noise, as histories of test costs show them, from a seeded generator.

use std::f64::consts::TAU;

/// SplitMix64 (Steele, Lea and Flood, 2014): the same numbers everywhere and for ever.
pub struct Random(u64);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Uniform in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.next() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    /// Uniform in `0..end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.uniform() * end as f64) as usize
    }

    /// Standard normal (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// Student's t with 3 degrees of freedom, scaled to variance 1.
    fn student(&mut self) -> f64 {
        let squares: f64 = (0..3).map(|_| self.normal().powi(2)).sum();
        self.normal() / squares.sqrt()
    }
}

/// A family of noise. All have about 2 % of noise around the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Normal,
    HeavyTailed,
    Spikes,
    Bimodal,
    Ar1,
    DriftingVariance,
    Quantised,
    Rounded,
}

impl Family {
    pub const ALL: [Self; 8] = [
        Self::Normal,
        Self::HeavyTailed,
        Self::Spikes,
        Self::Bimodal,
        Self::Ar1,
        Self::DriftingVariance,
        Self::Quantised,
        Self::Rounded,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::HeavyTailed => "heavy-tailed",
            Self::Spikes => "spikes",
            Self::Bimodal => "bimodal",
            Self::Ar1 => "AR(1)",
            Self::DriftingVariance => "drifting variance",
            Self::Quantised => "quantised",
            Self::Rounded => "rounded",
        }
    }

    /// A series of a test that takes `levels[i]` seconds in run i.
    pub fn series(self, random: &mut Random, levels: &[f64]) -> Vec<f64> {
        let mut before = random.normal();
        let phase = random.uniform();
        let noisy = levels.iter().enumerate().map(|(index, level)| {
            let noise = match self {
                Self::Normal | Self::Quantised | Self::Rounded => 0.02 * random.normal(),
                Self::HeavyTailed => 0.02 * random.student(),
                // One value in twenty is 20 % to three times larger.
                Self::Spikes if random.uniform() < 0.05 => (1.2 + 1.8 * random.uniform()).ln(),
                Self::Spikes => 0.015 * random.normal(),
                // Three in ten are 4 % slower: another placement in memory.
                Self::Bimodal if random.uniform() < 0.3 => 0.04 + 0.01 * random.normal(),
                Self::Bimodal => 0.01 * random.normal(),
                Self::Ar1 => {
                    before = 0.6 * before + 0.8 * random.normal();
                    0.02 * before
                }
                // Between 0.5 % and 3.5 %, twice in 300 runs.
                Self::DriftingVariance => {
                    (0.02 + 0.015 * (TAU * (phase + index as f64 / 150.0)).sin()) * random.normal()
                }
            };
            let value = level * noise.exp();
            match self {
                // Pages, ticks: steps of 2 % of the first level.
                Self::Quantised => to_step(value, 0.02 * levels[0]),
                // A clock or a file with few digits: steps of 5 %.
                Self::Rounded => to_step(value, 0.05 * levels[0]),
                _ => value,
            }
        });
        noisy.collect()
    }

    /// A series at one level.
    pub fn stationary(self, random: &mut Random, count: usize, level: f64) -> Vec<f64> {
        self.series(random, &vec![level; count])
    }
}

fn to_step(value: f64, step: f64) -> f64 {
    (value / step).round() * step
}
