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

    /// Student's t with 3 degrees of freedom, scaled to about the spread of the normal distribution.
    pub fn student(&mut self) -> f64 {
        let squares: f64 = (0..3).map(|_| self.normal().powi(2)).sum();
        self.normal() / (squares / 3.0).sqrt() / 1.3
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }
}

/// A family of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Gaussian.
    Normal,
    /// Student's t with three degrees of freedom.
    HeavyTailed,
    /// One value in fifty is far out.
    Spikes,
    /// Three in ten lie four scales higher: another placement in memory.
    Bimodal,
    /// Neighbours are alike, rho = .6.
    Ar1,
    /// The level wanders.
    Walk,
    /// Whole runs are slower or faster; one in twenty by a third.
    SharedDays,
    /// A clock with few digits: 5 to 60 steps.
    Coarse,
}

impl Family {
    pub const ALL: [Self; 8] = [
        Self::Normal,
        Self::HeavyTailed,
        Self::Spikes,
        Self::Bimodal,
        Self::Ar1,
        Self::Walk,
        Self::SharedDays,
        Self::Coarse,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::HeavyTailed => "heavy-tailed",
            Self::Spikes => "spikes",
            Self::Bimodal => "bimodal",
            Self::Ar1 => "AR(1)",
            Self::Walk => "wandering",
            Self::SharedDays => "shared slow days",
            Self::Coarse => "coarse clock",
        }
    }

    /// The values of so many tests in so many runs; each test has a scale of its own, 1 to 6 %, and a level of 1.
    pub fn suite(self, random: &mut Random, tests: usize, runs: usize) -> Vec<Vec<f64>> {
        let days: Vec<f64> =
            (0..runs).map(|_| 0.03 * random.normal() + if random.uniform() < 0.05 { 0.3 } else { 0.0 }).collect();
        (0..tests).map(|_| self.test(random, &days)).collect()
    }

    fn test(self, random: &mut Random, days: &[f64]) -> Vec<f64> {
        let scale = (0.01_f64.ln() + random.uniform() * 6_f64.ln()).exp();
        let follows = 0.6 + 0.6 * random.uniform();
        let steps = (5_f64.ln() + random.uniform() * 12_f64.ln()).exp();
        let (mut before, mut level) = (random.normal(), 0.0);
        let values = days.iter().map(|day| {
            let noise = match self {
                Self::HeavyTailed => random.student(),
                Self::Spikes => {
                    let spike = if random.uniform() < 0.02 { 8.0 * random.exponential() } else { 0.0 };
                    random.normal() + spike
                }
                Self::Bimodal => 0.5 * random.normal() + if random.uniform() < 0.3 { 4.0 } else { 0.0 },
                Self::Ar1 => {
                    before = 0.6 * before + 0.8 * random.normal();
                    before
                }
                Self::Walk => {
                    level += 0.15 * random.normal();
                    level + random.normal()
                }
                Self::Normal | Self::SharedDays | Self::Coarse => random.normal(),
            };
            let value = (scale * noise + if self == Self::SharedDays { follows * day } else { 0.0 }).exp();
            if self == Self::Coarse { (value * steps).round().max(1.0) / steps } else { value }
        });
        values.collect()
    }
}
