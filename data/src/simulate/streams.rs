//! Chance, addressed: every customer, visit and product has its own stream of random numbers.
//!
//! A stream is named by the seed, what it decides and up to two indices, never by a thread or by
//! what was drawn before. Any part of the shop can therefore be drawn at any time, in any order and
//! more than once, and always comes out the same.

use rand::{Rng, SeedableRng};
use rand_distr::{Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

/// The generator behind every stream (xoshiro256++, Blackman and Vigna).
pub(super) type Chance = Xoshiro256PlusPlus;

/// What a stream decides. The numbers are part of the output: never renumber them.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    /// Which products exist and what they cost.
    Catalogue = 1,
    /// How much more a brand costs.
    Brand = 2,
    /// A customer's archetype, taste and habits.
    Customer = 3,
    /// How many events a customer leaves.
    Budget = 4,
    /// When a visit happens, how long it is and what comes back of it.
    Schedule = 5,
    /// What happens during a visit.
    Visit = 6,
    /// The few products a customer keeps coming back to.
    Favourite = 7,
    /// Which products are on offer in which week.
    Promotion = 8,
}

/// A 64-bit hash of the name of a stream (rounds of SplitMix64, Steele, Lea and Flood 2014).
pub(super) fn hash(seed: u64, stream: Stream, first: u64, second: u64) -> u64 {
    [stream as u64, first, second]
        .into_iter()
        .fold(splitmix(seed), |state, part| {
            splitmix(state ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93))
        })
}

fn splitmix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Opens the stream of that name at its beginning.
pub(super) fn chance(seed: u64, stream: Stream, first: u64, second: u64) -> Chance {
    Chance::seed_from_u64(hash(seed, stream, first, second))
}

/// A uniform number in `[0, 1)`.
pub(super) fn unit(chance: &mut Chance) -> f64 {
    chance.r#gen::<f64>()
}

/// True with probability `p` (never for `p <= 0`, always for `p >= 1`).
pub(super) fn happens(chance: &mut Chance, p: f64) -> bool {
    unit(chance) < p
}

/// A uniform whole number in `[0, n)`; 0 when `n` is 0.
pub(super) fn below(chance: &mut Chance, n: u32) -> u32 {
    ((u64::from(chance.r#gen::<u32>()) * u64::from(n)) >> 32) as u32
}

/// An exponential number with that mean.
pub(super) fn exponential(chance: &mut Chance, mean: f64) -> f64 {
    mean * chance.sample::<f64, _>(Exp1)
}

/// A log-normal number with that median and that standard deviation of its logarithm.
pub(super) fn log_normal(chance: &mut Chance, median: f64, spread: f64) -> f64 {
    median * (spread * chance.sample::<f64, _>(StandardNormal)).exp()
}

/// Draws an index with probability proportional to its weight, by bisection in running sums.
#[derive(Debug, Clone, Default)]
pub(super) struct Weighted {
    sums: Vec<f64>,
}

impl Weighted {
    /// Weights must be finite and not negative.
    pub(super) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let mut total = 0.0;
        let sums = weights.into_iter().map(|weight| {
            total += weight;
            total
        });
        Self {
            sums: sums.collect(),
        }
    }

    /// The sum of all weights; 0 when there are none.
    pub(super) fn total(&self) -> f64 {
        self.sums.last().copied().unwrap_or(0.0)
    }

    /// Draws among all indices; `None` when nothing has weight.
    pub(super) fn draw(&self, chance: &mut Chance) -> Option<usize> {
        self.draw_within(chance, 0, self.sums.len())
    }

    /// Draws among the indices `from..to` (`to` at most the number of weights).
    pub(super) fn draw_within(&self, chance: &mut Chance, from: usize, to: usize) -> Option<usize> {
        let low = if from == 0 { 0.0 } else { self.sums[from - 1] };
        let high = if to == 0 { 0.0 } else { self.sums[to - 1] };
        if high <= low {
            return None;
        }
        let point = low + unit(chance) * (high - low);
        let index = from + self.sums[from..to].partition_point(|sum| *sum <= point);
        Some(index.min(to - 1))
    }
}
