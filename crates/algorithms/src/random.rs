//! Seeds: every use of chance draws from a stream of its own, named by numbers.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// The SplitMix64 finaliser (Steele, Lea and Flood 2014): a bijection that scatters nearby numbers.
fn scatter(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A seed that depends on `seed` and on each of `names`, in order.
pub(crate) fn derive(seed: u64, names: &[u64]) -> u64 {
    names
        .iter()
        .fold(scatter(seed), |state, &name| scatter(state ^ scatter(name)))
}

/// The generator of the stream `names` under `seed`.
pub(crate) fn stream(seed: u64, names: &[u64]) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(derive(seed, names))
}

/// A uniform number in `[0, 1)` with 53 random bits.
pub(crate) fn unit(rng: &mut impl RngCore) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * STEP
}

/// A uniform index below `n`, which must be positive.
///
/// Lemire's multiply-and-shift without rejection: the bias is below `n / 2^64`, and the result is
/// the same on every platform and for every version of the random number crates.
pub(crate) fn index(rng: &mut impl RngCore, n: usize) -> usize {
    debug_assert!(n > 0);
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_in_seed_name_and_order_of_names() {
        let seeds = [
            derive(42, &[1, 2]),
            derive(43, &[1, 2]),
            derive(42, &[2, 1]),
            derive(42, &[1]),
        ];
        for (i, a) in seeds.iter().enumerate() {
            assert!(seeds.iter().skip(i + 1).all(|b| a != b));
        }
        assert_eq!(derive(42, &[1, 2]), seeds[0]);
    }

    #[test]
    fn draws_stay_in_range_and_reach_both_ends() {
        let mut rng = stream(7, &[]);
        let mut seen = [0_usize; 5];
        for _ in 0..1000 {
            seen[index(&mut rng, 5)] += 1;
            assert!((0.0..1.0).contains(&unit(&mut rng)));
        }
        assert!(seen.iter().all(|&count| count > 120), "{seen:?}");
    }
}
