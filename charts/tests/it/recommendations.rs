//! The figures on recommendation: what they refuse, and what they say.

use charts::{
    ChartError, ComparisonPanel, Figure, GridMeasure, GridPoint, ProductShare, RecommenderScore,
    SegmentProducts, catalogue_reach, grid_search, loss_curve, recommender_comparison,
    segment_recommendations,
};

use crate::samples::{by_segment, candidates, names};

type Drawn = Result<Figure, ChartError>;

fn score(mean: f64, low: f64, high: f64) -> RecommenderScore {
    RecommenderScore {
        label: "ALS".to_owned(),
        mean,
        low,
        high,
        is_model: true,
    }
}

fn compared(scores: &[RecommenderScore], second: Option<&[RecommenderScore]>) -> Drawn {
    let panel = |scores| ComparisonPanel {
        measure: "NDCG@10",
        scores,
    };
    recommender_comparison(panel(scores), second.map(panel), 9)
}

fn searched(change: impl FnOnce(&mut GridPoint)) -> Drawn {
    let mut points = candidates(&[8], &[1.0], &[0.1, 0.2]);
    change(&mut points[1]);
    grid_search(&points, 0, GridMeasure::Rmse, 3)
}

fn recommended(share: f64, lift: f64) -> Drawn {
    segment_recommendations(&[SegmentProducts {
        name: "Loyal".to_owned(),
        customers: 1,
        products: vec![ProductShare {
            label: "a".to_owned(),
            share,
            lift,
        }],
    }])
}

#[test]
fn nothing_to_draw_is_refused() {
    let mut bare = by_segment(&names(2, "segment"), &names(2, "product"));
    bare.iter_mut().for_each(|segment| segment.products.clear());
    let empty: [Drawn; 6] = [
        compared(&[], None),
        grid_search(&[], 0, GridMeasure::Rmse, 3),
        loss_curve(&[], None),
        catalogue_reach(&[], &[], 0.0),
        segment_recommendations(&[]),
        segment_recommendations(&bare),
    ];
    for drawn in empty {
        let error = drawn.unwrap_err();
        assert!(matches!(error, ChartError::Empty { .. }), "{error:?}");
    }
}

#[test]
fn what_is_not_a_number_is_refused() {
    for value in [f64::NAN, f64::INFINITY] {
        let drawn: [Drawn; 10] = [
            compared(&[score(value, 0.0, 1.0)], None),
            compared(&[score(0.5, 0.0, value)], None),
            compared(&[score(0.5, 0.0, 1.0)], Some(&[score(0.5, value, 1.0)])),
            searched(|point| point.mean = value),
            searched(|point| point.std = value),
            searched(|point| point.alpha = Some(value)),
            loss_curve(&[2.0, value], None),
            catalogue_reach(&[value], &[1.0], 0.5),
            catalogue_reach(&[1.0], &[1.0], value),
            recommended(0.5, value),
        ];
        for drawn in drawn {
            let error = drawn.unwrap_err();
            assert!(matches!(error, ChartError::NotFinite { .. }), "{error:?}");
        }
    }
    for far in [
        loss_curve(&[f64::MAX, f64::MIN], None),
        searched(|point| point.mean = f64::MAX),
        compared(&[score(1.0, 0.0, f64::MAX)], None),
    ] {
        assert!(matches!(far, Err(ChartError::NotFinite { .. })));
    }
}

#[test]
fn contradictions_are_refused() {
    let points = candidates(&[8], &[1.0], &[0.1]);
    let mut other = score(0.5, 0.0, 1.0);
    other.label = "Random".to_owned();
    let drawn: [(&str, Drawn); 14] = [
        (
            "outside its interval",
            compared(&[score(2.0, 0.0, 1.0)], None),
        ),
        ("never negative", compared(&[score(-0.5, -1.0, 1.0)], None)),
        (
            "other recommenders",
            compared(&[score(0.5, 0.0, 1.0)], Some(&[other])),
        ),
        (
            "never negative",
            searched(|point| point.regularization = -0.1),
        ),
        ("given twice", searched(|point| point.regularization = 0.1)),
        (
            "candidate 1 is chosen",
            grid_search(&points, 1, GridMeasure::Rmse, 3),
        ),
        ("rounds 1 to 2", loss_curve(&[2.0, 1.0], Some(3))),
        ("rounds 1 to 2", loss_curve(&[2.0, 1.0], Some(0))),
        (
            "2 values where 1",
            catalogue_reach(&[1.0], &[0.5, 0.5], 0.1),
        ),
        ("sum to 0.5", catalogue_reach(&[0.5], &[1.0], 0.1)),
        ("between 0 and 1", catalogue_reach(&[1.0], &[1.0], 1.2)),
        ("do not fit", catalogue_reach(&[0.0; 11], &[0.0; 11], 0.1)),
        ("between 0 and 1", recommended(1.5, 1.0)),
        ("its share is not", recommended(0.5, 0.0)),
    ];
    for (words, drawn) in drawn {
        let error = drawn.unwrap_err();
        assert!(matches!(error, ChartError::Mismatch { .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn ends_of_the_ranges_can_be_drawn() {
    let drawn: [Drawn; 8] = [
        compared(&[score(0.0, 0.0, 0.0)], None),
        searched(|point| point.regularization = 0.0),
        searched(|point| point.regularization = f64::MIN_POSITIVE),
        searched(|point| point.alpha = None),
        loss_curve(&[0.0], Some(1)),
        loss_curve(&[7.0; 30], None),
        catalogue_reach(&[0.0], &[0.0], 0.0),
        recommended(0.0, 0.0),
    ];
    for figure in drawn {
        figure.unwrap().png().unwrap();
    }
}

#[test]
fn the_order_of_candidates_does_not_matter() {
    let points = candidates(&[8, 16], &[1.0, 5.0], &[0.0, 0.1, 1.0]);
    let turned: Vec<GridPoint> = points.iter().rev().copied().collect();
    let one = grid_search(&points, 2, GridMeasure::NdcgAt10, 3).unwrap();
    let other = grid_search(&turned, points.len() - 3, GridMeasure::NdcgAt10, 3).unwrap();
    assert_eq!(one, other);
}

#[test]
fn the_best_lines_have_a_look_and_the_chosen_one_is_named() {
    let points: Vec<GridPoint> = (1..=20)
        .map(|factors| GridPoint {
            factors,
            regularization: 0.1,
            alpha: None,
            mean: 1.0 + factors as f64,
            std: 0.0,
        })
        .collect();
    let figure = grid_search(&points, 4, GridMeasure::Rmse, 3).unwrap();
    assert!(figure.svg.contains("5 factors, regularization 0.1"));
    assert!(figure.svg.contains("12 others"));
    let figure = grid_search(&points, 19, GridMeasure::NdcgAt10, 3).unwrap();
    assert!(figure.svg.contains("13 factors") && !figure.svg.contains("12 factors"));
    let figure = grid_search(&points, 9, GridMeasure::NdcgAt10, 3).unwrap();
    assert!(
        figure.svg.matches("10 factors").count() == 2,
        "the chosen one is in the legend too"
    );
}

#[test]
fn the_axis_says_how_regularization_is_placed() {
    let title = |strengths: &[f64]| {
        let points = candidates(&[8], &[1.0], strengths);
        grid_search(&points, 0, GridMeasure::Rmse, 3).unwrap().svg
    };
    assert!(title(&[0.01, 0.1, 1.0]).contains("(logarithmic scale)"));
    assert!(title(&[0.0, 0.1, 1.0]).contains("(logarithmic scale, 0 apart)"));
    assert!(title(&[0.01, 0.011, 300.0]).contains("(in order, not to scale)"));
    assert!(!title(&[0.1]).contains("Regularization ("));
}

#[test]
fn losses_far_apart_get_a_logarithmic_scale() {
    let far = loss_curve(&[1e6, 1e3, 1.0], None).unwrap();
    assert!(far.svg.contains("logarithmic") && far.svg.contains("stopped after round 3"));
    let near = loss_curve(&[3.0, 2.0, 1.9], Some(3)).unwrap();
    assert!(!near.svg.contains("logarithmic") && near.svg.contains("settled after round 3"));
    let signed = loss_curve(&[1e6, -1.0], None).unwrap();
    assert!(!signed.svg.contains("logarithmic"));
}

#[test]
fn segments_beyond_the_twelfth_are_counted() {
    let products = names(4, "product");
    let twelve = by_segment(&names(12, "segment"), &products);
    let all = segment_recommendations(&twelve).unwrap();
    assert!(!all.svg.contains("more segment"));
    let more = by_segment(&names(15, "segment"), &products);
    let some = segment_recommendations(&more).unwrap();
    assert!(some.svg.contains("and 3 more segments") && !some.svg.contains("segment 12"));
}
