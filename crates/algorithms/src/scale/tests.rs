use approx::{assert_abs_diff_eq, assert_relative_eq};
use ndarray::{Array2, Axis, array};
use proptest::prelude::*;

use super::*;

#[test]
fn the_signed_logarithm_is_odd_and_exact_near_zero() {
    assert_relative_eq!(signed_log1p(99.0), 100.0_f64.ln(), max_relative = 1e-15);
    assert_relative_eq!(signed_log1p(-99.0), -(100.0_f64.ln()), max_relative = 1e-15);
    assert_relative_eq!(signed_log1p(1e-18), 1e-18, max_relative = 1e-15);
    assert_eq!(signed_log1p(f64::NEG_INFINITY), f64::NEG_INFINITY);
    assert!(signed_log1p(f64::NAN).is_nan());
}

#[test]
fn the_divisor_is_n_minus_one() {
    let scaler = StandardScaler::fit(array![[1.0], [2.0], [4.0]].view()).unwrap();
    assert_relative_eq!(scaler.mean[0], 7.0 / 3.0, max_relative = 1e-15);
    assert_relative_eq!(scaler.std[0], (7.0_f64 / 3.0).sqrt(), max_relative = 1e-15);
}

#[test]
fn a_constant_column_becomes_exactly_zero() {
    // The mean of a million times 0.1 is not 0.1 when summed naively.
    let x = Array2::from_elem((100_000, 1), 0.1);
    let scaler = StandardScaler::fit(x.view()).unwrap();
    assert_eq!(scaler.mean[0], 0.1);
    assert_eq!(scaler.std[0], 0.0);
    assert!(
        scaler
            .transform(x.view())
            .unwrap()
            .iter()
            .all(|&v| v == 0.0)
    );
}

#[test]
fn a_column_that_varies_only_by_rounding_is_constant() {
    let x = array![[0.1 + 0.2], [0.3], [0.3], [0.1 + 0.2]];
    assert_ne!(x[[0, 0]], x[[1, 0]]);
    let scaler = StandardScaler::fit(x.view()).unwrap();
    assert_eq!(scaler.std[0], 0.0);
    assert_eq!(
        scaler.transform(x.view()).unwrap(),
        Array2::<f64>::zeros((4, 1))
    );
}

#[test]
fn a_small_spread_on_a_large_offset_is_kept() {
    // Timestamps in seconds that differ by milliseconds.
    let x = array![[1.6e9], [1.6e9 + 0.0625], [1.6e9 + 0.125]];
    let scaler = StandardScaler::fit(x.view()).unwrap();
    assert_relative_eq!(scaler.std[0], 0.0625, max_relative = 1e-12);
    let scaled = scaler.transform(x.view()).unwrap();
    assert_abs_diff_eq!(scaled, array![[-1.0], [0.0], [1.0]], epsilon = 1e-12);
}

#[test]
fn a_constant_column_stays_zero_for_rows_that_differ() {
    let scaler = StandardScaler::fit(array![[5.0], [5.0]].view()).unwrap();
    assert_eq!(
        scaler.transform(array![[7.0]].view()).unwrap(),
        array![[0.0]]
    );
}

#[test]
fn one_row_has_no_spread() {
    let scaler = StandardScaler::fit(array![[5.0, -1.0]].view()).unwrap();
    assert_eq!(scaler.std, array![0.0, 0.0]);
    assert_eq!(scaler.mean, array![5.0, -1.0]);
}

#[test]
fn an_empty_matrix_is_refused() {
    for shape in [(0, 3), (3, 0)] {
        let error = StandardScaler::fit(Array2::zeros(shape).view()).unwrap_err();
        assert_eq!(
            error,
            ScaleError::Empty {
                rows: shape.0,
                columns: shape.1
            }
        );
    }
}

#[test]
fn a_value_that_is_not_finite_is_named() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let x = array![[1.0, 2.0], [3.0, bad]];
        let expected = ScaleError::NonFinite { row: 1, column: 1 };
        assert_eq!(StandardScaler::fit(x.view()).unwrap_err(), expected);
        let scaler = StandardScaler::fit(array![[1.0, 2.0], [3.0, 4.0]].view()).unwrap();
        assert_eq!(scaler.transform(x.view()).unwrap_err(), expected);
    }
}

#[test]
fn an_overflow_is_named() {
    let error = StandardScaler::fit(array![[0.0, 1e200], [0.0, -1e200]].view()).unwrap_err();
    assert_eq!(error, ScaleError::TooLarge { column: 1 });
}

#[test]
fn another_number_of_columns_is_refused() {
    let scaler = StandardScaler::fit(array![[1.0, 2.0], [3.0, 4.0]].view()).unwrap();
    let error = scaler.transform(array![[1.0]].view()).unwrap_err();
    assert_eq!(
        error,
        ScaleError::Columns {
            expected: 2,
            found: 1
        }
    );
}

#[test]
fn no_rows_transform_to_no_rows() {
    let scaler = StandardScaler::fit(array![[1.0, 2.0], [3.0, 4.0]].view()).unwrap();
    assert_eq!(
        scaler
            .transform(Array2::zeros((0, 2)).view())
            .unwrap()
            .dim(),
        (0, 2)
    );
}

#[test]
fn a_model_file_holds_plain_lists() {
    let scaler = StandardScaler {
        mean: array![1.5],
        std: array![0.25],
    };
    let text = serde_json::to_string(&scaler).unwrap();
    assert_eq!(text, r#"{"mean":[1.5],"std":[0.25]}"#);
    assert_eq!(
        serde_json::from_str::<StandardScaler>(&text).unwrap(),
        scaler
    );
}

proptest! {
    #[test]
    fn scaled_columns_have_mean_zero_and_deviation_one(
        values in prop::collection::vec(-1e6..1e6_f64, 6..300),
    ) {
        let n = values.len() / 3;
        let x = Array2::from_shape_vec((n, 3), values[..n * 3].to_vec()).unwrap();
        let scaled = StandardScaler::fit(x.view()).unwrap().transform(x.view()).unwrap();
        for column in scaled.axis_iter(Axis(1)) {
            prop_assert!(column.sum().abs() / n as f64 <= 1e-12);
            prop_assert!((column.std(1.0) - 1.0).abs() <= 1e-12);
        }
    }
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let x = Array2::from_shape_fn((9_000, 4), |(i, j)| ((i * 7919 + j) % 1013) as f64 / 3.7);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let scaler = StandardScaler::fit(x.view()).unwrap();
            let scaled = scaler.transform(x.view()).unwrap();
            let values = scaler.mean.iter().chain(&scaler.std).chain(&scaled);
            values.map(|value| value.to_bits()).collect::<Vec<u64>>()
        })
    };
    let one = with(1);
    assert_eq!(with(2), one);
    assert_eq!(with(7), one);
}
