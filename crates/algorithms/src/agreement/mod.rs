//! How far two ways of grouping the same rows agree.
//!
//! All measures start from the contingency table: how many rows have label `i` in the first grouping
//! and `j` in the second. Labels are names; none of the measures depends on their numbers, except
//! that [`contingency`] uses them as positions.
//!
//! - [`adjusted_rand_index`] (Hubert and Arabie 1985): 1 for the same grouping, 0 on average for
//!   random ones, negative for worse than random.
//! - [`normalized_mutual_information`]: 0 (independent) to 1 (the same grouping), not corrected for
//!   chance.
//! - [`cramers_v`]: 0 (independent) to 1 (one determines the other), from the chi-squared statistic.
//! - [`lift`]: per cell, how many times more rows there are than under independence.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis};

/// The contingency table: entry `[i, j]` counts the rows with `a == i` and `b == j`.
///
/// Its shape is `(max(a) + 1, max(b) + 1)`, so labels should be small numbers, as cluster and segment
/// numbers are; `(0, 0)` for no rows.
///
/// # Panics
/// If `a` and `b` differ in length.
#[must_use]
pub fn contingency(a: &[u32], b: &[u32]) -> Array2<u64> {
    assert_eq!(a.len(), b.len(), "the two groupings differ in length");
    let size = |labels: &[u32]| labels.iter().max().map_or(0, |&label| label as usize + 1);
    let mut table = Array2::zeros((size(a), size(b)));
    for (&i, &j) in a.iter().zip(b) {
        table[[i as usize, j as usize]] += 1;
    }
    table
}

/// The Rand index adjusted for chance, at most 1.
///
/// Computed from pair counts in integers, so it is exact up to the last division, for up to a
/// billion rows. 1 if the groupings are the same up to names, also when both put all rows together
/// or all rows apart, and for no rows (as scikit-learn). Any labels will do. `O(n log n)`.
///
/// # Panics
/// If `a` and `b` differ in length.
///
/// ```
/// use algorithms::agreement::adjusted_rand_index;
///
/// assert_eq!(adjusted_rand_index(&[0, 0, 1, 1], &[5, 5, 2, 2]), 1.0);
/// assert_eq!(adjusted_rand_index(&[0, 0, 1, 1], &[0, 1, 0, 1]), -0.5);
/// ```
#[must_use]
pub fn adjusted_rand_index(a: &[u32], b: &[u32]) -> f64 {
    assert_eq!(a.len(), b.len(), "the two groupings differ in length");
    let mut cells: BTreeMap<(u32, u32), i128> = BTreeMap::new();
    for pair in a.iter().copied().zip(b.iter().copied()) {
        *cells.entry(pair).or_default() += 1;
    }
    let mut rows: BTreeMap<u32, i128> = BTreeMap::new();
    let mut columns: BTreeMap<u32, i128> = BTreeMap::new();
    for (&(i, j), &count) in &cells {
        *rows.entry(i).or_default() += count;
        *columns.entry(j).or_default() += count;
    }
    let squares = |counts: &mut dyn Iterator<Item = &i128>| counts.map(|c| c * c).sum::<i128>();
    let cell_squares = squares(&mut cells.values());
    let row_squares = squares(&mut rows.values());
    let column_squares = squares(&mut columns.values());
    let n = a.len() as i128;

    // Ordered pairs of different rows: together in both, in b only, in a only, in neither.
    let both = cell_squares - n;
    let only_b = column_squares - cell_squares;
    let only_a = row_squares - cell_squares;
    let neither = n * n - row_squares - column_squares + cell_squares;
    if only_a == 0 && only_b == 0 {
        return 1.0;
    }
    let numerator = 2 * (both * neither - only_a * only_b);
    let denominator = (both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither);
    numerator as f64 / denominator as f64
}

/// The mutual information of the two groupings of a contingency table, divided by the arithmetic
/// mean of their entropies: 0 to 1.
///
/// As scikit-learn's `normalized_mutual_info_score` with its default average: 1 if neither side
/// distinguishes anything (one row and one column in use, or an empty table), 0 if only one does.
#[must_use]
pub fn normalized_mutual_information(table: ArrayView2<u64>) -> f64 {
    let margins = Margins::of(table);
    let in_use = |sums: &[u64]| sums.iter().filter(|&&sum| sum > 0).count();
    if in_use(&margins.rows) <= 1 && in_use(&margins.columns) <= 1 {
        return 1.0;
    }
    let n = margins.total as f64;
    let mut information = 0.0;
    for ((i, j), &count) in table.indexed_iter().filter(|(_, count)| **count > 0) {
        let count = count as f64;
        let expected = margins.rows[i] as f64 * margins.columns[j] as f64 / n;
        information += count / n * (count / expected).ln();
    }
    let entropy = |sums: &[u64]| -> f64 {
        let shares = sums
            .iter()
            .filter(|&&sum| sum > 0)
            .map(|&sum| sum as f64 / n);
        -shares.map(|share| share * share.ln()).sum::<f64>()
    };
    let mean_entropy = f64::midpoint(entropy(&margins.rows), entropy(&margins.columns));
    // What is left of independent groupings is rounding.
    if information <= f64::EPSILON {
        0.0
    } else {
        (information / mean_entropy).min(1.0)
    }
}

/// Cramér's V: `sqrt(χ² / (n (min(r, c) - 1)))`, 0 to 1, without bias correction.
///
/// `r` and `c` count the rows and columns that are not all zero. 0 if it is not defined, that is if
/// fewer than two rows or columns are in use.
#[must_use]
pub fn cramers_v(table: ArrayView2<u64>) -> f64 {
    let margins = Margins::of(table);
    let in_use = |sums: &[u64]| sums.iter().filter(|&&sum| sum > 0).count();
    let smaller = in_use(&margins.rows).min(in_use(&margins.columns));
    if smaller < 2 {
        return 0.0;
    }
    let n = margins.total as f64;
    let mut chi_squared = 0.0;
    for ((i, j), &count) in table.indexed_iter() {
        let expected = margins.rows[i] as f64 * margins.columns[j] as f64 / n;
        if expected > 0.0 {
            let difference = count as f64 - expected;
            chi_squared += difference * difference / expected;
        }
    }
    (chi_squared / (n * (smaller - 1) as f64)).sqrt().min(1.0)
}

/// Per cell, its count divided by the count expected if rows and columns were independent: 1 means
/// no association, 2 twice as many as expected. 0 in rows and columns that are all zero.
#[must_use]
pub fn lift(table: ArrayView2<u64>) -> Array2<f64> {
    let margins = Margins::of(table);
    let n = margins.total as f64;
    Array2::from_shape_fn(table.dim(), |(i, j)| {
        let product = margins.rows[i] as f64 * margins.columns[j] as f64;
        if product > 0.0 {
            table[[i, j]] as f64 * n / product
        } else {
            0.0
        }
    })
}

struct Margins {
    rows: Vec<u64>,
    columns: Vec<u64>,
    total: u64,
}

impl Margins {
    fn of(table: ArrayView2<u64>) -> Self {
        Self {
            rows: table.sum_axis(Axis(1)).to_vec(),
            columns: table.sum_axis(Axis(0)).to_vec(),
            total: table.sum(),
        }
    }
}

#[cfg(test)]
mod tests;
