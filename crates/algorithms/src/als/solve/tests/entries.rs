//! The normal equations of a row: its entries added up.

use super::super::syrk::Addition;
use super::*;

/// Entries of a table with rows of width `stride`, as those of [`Entries`].
struct Given<'a> {
    table: &'a [f32],
    stride: usize,
    indices: &'a [u32],
    weights: &'a [f64],
    beta: &'a [f64],
}

/// What the matrix and the vector hold beforehand.
const BEFORE: (f64, f64) = (0.5, 0.25);

/// On every instruction set the same bits, and those of the plain sums up to their rounding: a few
/// for each product and one for each addition, of no more than the sum of all sizes.
fn check<T: Real>(given: &Given<'_>, epsilon: f64) {
    let &Given {
        table,
        stride,
        indices,
        ..
    } = given;
    let (weights, beta) = (rounded::<T>(given.weights), rounded::<T>(given.beta));
    // What is in the buffer beforehand does not show.
    let mut gathered = Aligned::filled(T::INFINITY, 10_000);
    let roots: Vec<T> = weights.iter().map(|weight| weight.sqrt()).collect();
    let mut add = |isa| {
        let mut a = vec![T::from_f64(BEFORE.0); stride * stride];
        let mut b = vec![T::from_f64(BEFORE.1); stride];
        let entries = Entries {
            table,
            stride,
            indices,
            roots: &roots,
            beta: &beta,
            next: &indices[..indices.len() / 2],
        };
        let addition = Addition {
            entries,
            a: &mut a,
            b: &mut b,
            gathered: &mut gathered,
        };
        run_on(isa, addition);
        (upper(&a, stride), b)
    };
    let plainly = |table: &[f64], beta: &[f64]| {
        let (mut a, mut b) = (vec![BEFORE.0; stride * stride], vec![BEFORE.1; stride]);
        let entries = indices.iter().zip(double(&weights).into_iter().zip(beta));
        for (&index, (weight, &beta)) in entries {
            let z = &table[index as usize * stride..][..stride];
            plain::add_entry(&mut a, &mut b, z, weight, beta);
        }
        (upper(&a, stride), b)
    };
    let sizes = |values: &[f64]| values.iter().map(|v| v.abs()).collect::<Vec<f64>>();
    let (table, beta) = (double(table), double(&beta));
    let expected = plainly(&table, &beta);
    let size = plainly(&sizes(&table), &sizes(&beta));

    let found = add(Isa::Portable);
    let roundings = epsilon * (indices.len() as f64 + 8.0);
    for (found, expected, size) in [
        (&found.0, &expected.0, &size.0),
        (&found.1, &expected.1, &size.1),
    ] {
        for ((found, expected), size) in found.iter().zip(expected).zip(size) {
            let gap = (found.to_f64() - expected).abs();
            assert!(gap <= roundings * size, "{found:?} is not {expected}");
        }
    }
    for &isa in Isa::ALL {
        assert_eq!(add(isa), found, "{isa:?}");
    }
}

proptest! {
    /// All widths up to those of 128 factors and more, which are gathered in different steps and
    /// multiplied in different tiles; from no entries to several times those gathered at a time.
    #[test]
    fn entries_are_weighted_outer_products(
        seed: u64, blocks in prop_oneof![1_usize..4, 1_usize..=18], n_rows in 1_usize..30,
        n in 0_usize..150
    ) {
        let stride = blocks * PAD;
        let table = single(&draws(seed, n_rows * stride));
        let mut rng = random::stream(seed, &[1]);
        let indices: Vec<u32> = (0..n).map(|_| random::index(&mut rng, n_rows) as u32).collect();
        let weights: Vec<f64> = draws(seed ^ 2, n).iter().map(|v| (9.0 * v).max(0.0)).collect();
        let beta = draws(seed ^ 3, n);
        let given = Given {
            table: &table,
            stride,
            indices: &indices,
            weights: &weights,
            beta: &beta,
        };
        check::<f64>(&given, f64::EPSILON);
        check::<f32>(&given, f32::EPSILON.into());
    }
}
