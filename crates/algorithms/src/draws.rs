//! Seeded draws over indices: folds, samples, orders. Pure functions of their arguments.

use crate::random;

/// Names of the random streams.
const FOLDS: u64 = 1;
const SAMPLE: u64 = 2;
const ORDER: u64 = 3;

/// A fold from 0 to `n_folds - 1` for each of `n` things, at random; the sizes of folds differ by at
/// most one. `O(n)`. All are in fold 0 when `n_folds` is 0 or 1.
#[must_use]
pub fn random_folds(n: usize, n_folds: u32, seed: u64) -> Vec<u32> {
    let mut folds: Vec<u32> = (0..n_folds.max(1)).cycle().take(n).collect();
    let mut rng = random::stream(seed, &[FOLDS]);
    for last in (1..n).rev() {
        folds.swap(last, random::index(&mut rng, last + 1));
    }
    folds
}

/// `size` of the indices below `n`, each set of that size as likely as another, in rising order; all
/// of them when `size` is not smaller than `n`. `O(n)` (Knuth 1997, *The art of computer
/// programming* 2, algorithm 3.4.2 S).
#[must_use]
pub fn sample(n: usize, size: usize, seed: u64) -> Vec<usize> {
    let mut rng = random::stream(seed, &[SAMPLE]);
    let mut chosen = Vec::with_capacity(size.min(n));
    for place in 0..n {
        let wanted = size - chosen.len();
        if wanted == 0 {
            break;
        }
        if random::index(&mut rng, n - place) < wanted {
            chosen.push(place);
        }
    }
    chosen
}

/// The first `size` indices below `n` of a random order, without those that `skip` holds for; fewer
/// when fewer are left. `name` tells orders under one seed apart. `O(n)` at worst, and `O(size)` when
/// little is skipped and `n` is large.
#[must_use]
pub fn random_order(
    n: usize,
    size: usize,
    seed: u64,
    name: u64,
    skip: impl Fn(usize) -> bool,
) -> Vec<usize> {
    let mut rng = random::stream(seed, &[ORDER, name]);
    // A Fisher-Yates shuffle that remembers only the places it has touched.
    let mut moved = std::collections::HashMap::new();
    let mut taken = Vec::with_capacity(size.min(n));
    for place in 0..n {
        if taken.len() == size {
            break;
        }
        let other = place + random::index(&mut rng, n - place);
        let drawn = moved.get(&other).copied().unwrap_or(other);
        let here = moved.get(&place).copied().unwrap_or(place);
        moved.insert(other, here);
        if !skip(drawn) {
            taken.push(drawn);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_balanced_and_depend_on_the_seed() {
        let folds = random_folds(11, 3, 42);
        let size = |fold| folds.iter().filter(|&&found| found == fold).count();
        assert_eq!([size(0), size(1), size(2)], [4, 4, 3]);
        assert_eq!(folds, random_folds(11, 3, 42));
        assert_ne!(folds, random_folds(11, 3, 43));
        assert_eq!(random_folds(2, 0, 1), [0, 0]);
        assert!(random_folds(0, 3, 1).is_empty());
    }

    #[test]
    fn samples_rise_and_every_index_is_as_likely() {
        let mut hits = [0; 10];
        for seed in 0..1000 {
            let drawn = sample(10, 3, seed);
            assert!(drawn.len() == 3 && drawn.is_sorted_by(|a, b| a < b));
            drawn.iter().for_each(|&index| hits[index] += 1);
        }
        assert!(hits.iter().all(|&n| (240..360).contains(&n)), "{hits:?}");
        assert_eq!(sample(3, 9, 1), [0, 1, 2]);
        assert!(sample(3, 0, 1).is_empty());
    }

    #[test]
    fn orders_hold_each_index_once_and_skip() {
        let all = random_order(50, 50, 7, 1, |_| false);
        let mut sorted = all.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
        assert_ne!(all, random_order(50, 50, 7, 2, |_| false));
        assert_eq!(all[..5], random_order(50, 5, 7, 1, |_| false));
        let odd = random_order(10, 10, 7, 1, |index| index % 2 == 0);
        assert!(odd.len() == 5 && odd.iter().all(|index| index % 2 == 1));
        let mut first = [0; 4];
        (0..4000).for_each(|name| first[random_order(4, 1, 3, name, |_| false)[0]] += 1);
        assert!(first.iter().all(|&n| (850..1150).contains(&n)), "{first:?}");
    }
}
