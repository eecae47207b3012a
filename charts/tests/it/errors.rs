//! Values that cannot be drawn are refused in words; odd ones that can are drawn.

use charts::{
    ChartError, ClusterProfileRow, Distribution, Figure, RfmCell, SegmentBar, affinity_matrix,
    cluster_profiles, inertia_curve, rfm_distributions, rfm_heatmap, segment_by_month,
    segment_revenue, segment_sizes, silhouette_curve,
};

type Drawn = Result<Figure, ChartError>;

fn bar(customers: u64, revenue: f64) -> SegmentBar {
    SegmentBar {
        name: "Loyal".to_owned(),
        customers,
        revenue,
    }
}

fn one_measure(values: &[f64], cut_points: &[f64]) -> Drawn {
    let measure = Distribution {
        label: "Monetary",
        values,
        cut_points,
    };
    rfm_distributions(measure, measure, measure)
}

fn one_profile(share: f64, z_scores: Vec<f64>) -> Drawn {
    let row = ClusterProfileRow {
        name: "a".to_owned(),
        share,
        z_scores,
    };
    cluster_profiles(&["recency_days".to_owned()], &[row])
}

fn one_cell(count: u64, lift: f64) -> Drawn {
    let name = ["a".to_owned()];
    affinity_matrix(&name, &name, &[vec![count]], &[vec![lift]])
}

fn one_month(shares: Vec<f64>) -> Drawn {
    let segments: Vec<String> = shares.iter().map(|share| format!("{share}")).collect();
    segment_by_month(&["2024-01".to_owned()], &segments, &[shares])
}

fn heatmap(cell: RfmCell) -> Drawn {
    let mut cells = [[RfmCell::default(); 5]; 5];
    cells[2][3] = cell;
    rfm_heatmap(&cells)
}

#[test]
fn nothing_to_draw_is_an_error_that_names_the_figure() {
    let empty: [(&str, Drawn); 10] = [
        ("silhouette_curve", silhouette_curve(&[], 2, &[])),
        ("inertia_curve", inertia_curve(&[], 2)),
        ("segment_sizes", segment_sizes(&[])),
        ("segment_sizes", segment_sizes(&[bar(0, 1.0)])),
        ("segment_revenue", segment_revenue(&[])),
        ("rfm_heatmap", rfm_heatmap(&[[RfmCell::default(); 5]; 5])),
        ("rfm_distributions", one_measure(&[], &[])),
        ("cluster_profiles", cluster_profiles(&[], &[])),
        ("affinity_matrix", one_cell(0, 1.0)),
        ("segment_by_month", segment_by_month(&[], &[], &[])),
    ];
    for (name, drawn) in empty {
        let error = drawn.unwrap_err();
        assert!(matches!(error, ChartError::Empty { .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("figure {name}: nothing to draw"))
        );
    }
}

#[test]
fn what_is_not_a_number_is_refused() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mean = RfmCell {
            customers: 1,
            mean_monetary: Some(value),
        };
        let drawn: [Drawn; 11] = [
            silhouette_curve(&[(2, value)], 2, &[]),
            inertia_curve(&[(2, value)], 2),
            segment_sizes(&[bar(1, value)]),
            segment_revenue(&[bar(1, value)]),
            heatmap(mean),
            one_measure(&[1.0, value], &[]),
            one_measure(&[1.0], &[value]),
            one_profile(0.5, vec![value]),
            one_profile(value, vec![0.5]),
            one_cell(1, value),
            one_month(vec![1.0, value]),
        ];
        for drawn in drawn {
            let error = drawn.unwrap_err();
            assert!(matches!(error, ChartError::NotFinite { .. }), "{error:?}");
        }
    }
}

#[test]
fn values_too_far_apart_for_a_float_are_refused() {
    let far = [f64::MAX, f64::MIN];
    assert!(matches!(
        one_measure(&far, &[]),
        Err(ChartError::NotFinite { .. })
    ));
    let curve = silhouette_curve(&[(2, f64::MAX), (3, f64::MIN)], 2, &[]);
    assert!(matches!(curve, Err(ChartError::NotFinite { .. })));
    let total = segment_revenue(&[bar(1, f64::MAX), bar(1, f64::MAX)]);
    assert!(matches!(total, Err(ChartError::NotFinite { .. })));
}

#[test]
fn contradictions_are_refused() {
    let drawn: [(&str, Drawn); 7] = [
        ("chosen k = 9", silhouette_curve(&[(2, 0.5)], 9, &[])),
        (
            "k = 2 is given twice",
            inertia_curve(&[(2, 5.0), (2, 4.0)], 2),
        ),
        (
            "2 values where 1 were expected",
            one_profile(1.0, vec![0.1, 0.2]),
        ),
        ("never negative", one_cell(1, -0.5)),
        ("sum to 0.7", one_month(vec![0.5, 0.2])),
        ("negative", one_month(vec![1.5, -0.5])),
        (
            "0 values where 1 were expected",
            segment_by_month(&["2024-01".to_owned()], &["a".to_owned()], &[]),
        ),
    ];
    for (words, drawn) in drawn {
        let error = drawn.unwrap_err();
        assert!(matches!(error, ChartError::Mismatch { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_single_value_can_be_drawn() {
    let drawn: [Drawn; 10] = [
        silhouette_curve(&[(2, 0.5)], 2, &[2]),
        inertia_curve(&[(1, 0.0)], 1),
        segment_sizes(&[bar(1, 0.0)]),
        segment_revenue(&[bar(0, 0.0)]),
        heatmap(RfmCell {
            customers: 4,
            mean_monetary: Some(10.0),
        }),
        heatmap(RfmCell {
            customers: 4,
            mean_monetary: None,
        }),
        one_measure(&[3.0], &[3.0]),
        one_profile(1.0, vec![0.0]),
        one_cell(1, 0.0),
        one_month(vec![1.0]),
    ];
    for figure in drawn {
        figure.unwrap().png().unwrap();
    }
}

#[test]
fn odd_samples_can_be_drawn() {
    let tiny = f64::MIN_POSITIVE;
    let samples: [&[f64]; 8] = [
        &[7.0; 300],
        &[-5.0, -4.0, -1.0],
        &[0.0, 0.0, 1e-9],
        &[tiny, tiny * 2.0],
        &[1e15, 1e15 + 1.0],
        &[1e300, -1e300],
        &[0.1 + 0.2, 0.3],
        &[-0.0, 0.0],
    ];
    for values in samples {
        one_measure(values, &[0.0]).unwrap();
    }
}

#[test]
fn losses_only_leave_shares_out() {
    let figure = segment_revenue(&[bar(2, -10.0), bar(1, -5.0)]).unwrap();
    assert!(!figure.svg.contains('%') || figure.svg.matches('%').count() == 1);
    assert!(figure.svg.contains('\u{2013}'));
}

#[test]
fn a_month_without_customers_stays_blank() {
    let months = ["2024-01".to_owned(), "2024-02".to_owned()];
    let segments = ["a".to_owned(), "b".to_owned()];
    let figure = segment_by_month(&months, &segments, &[vec![0.0, 0.0], vec![0.5, 0.5]]);
    figure.unwrap().png().unwrap();
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let bars: Vec<SegmentBar> = (0..40).map(|_| bar(u64::MAX, 1.0)).collect();
    segment_sizes(&bars).unwrap();
    heatmap(RfmCell {
        customers: u64::MAX,
        mean_monetary: Some(1.0),
    })
    .unwrap();
}
