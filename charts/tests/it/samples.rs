//! Values to draw: everyday ones, and ones that strain the layout.

use charts::{
    ClusterProfileRow, ComparisonPanel, Distribution, Figure, GridMeasure, GridPoint, ProductShare,
    RecommenderScore, RfmCell, SegmentBar, SegmentProducts, affinity_matrix, catalogue_reach,
    cluster_profiles, grid_search, inertia_curve, loss_curve, recommender_comparison,
    rfm_distributions, rfm_heatmap, segment_by_month, segment_recommendations, segment_revenue,
    segment_sizes, silhouette_curve,
};

pub(crate) const SEGMENTS: [&str; 11] = [
    "Champions",
    "Loyal",
    "Potential Loyalists",
    "New Customers",
    "Promising",
    "Need Attention",
    "About to Sleep",
    "At Risk",
    "Cannot Lose Them",
    "Hibernating",
    "Lost",
];

pub(crate) fn names(count: usize, pattern: &str) -> Vec<String> {
    (0..count)
        .map(|index| format!("{pattern} {index}"))
        .collect()
}

/// Scattered between 0 and 1, the same on every run.
pub(crate) fn scatter(index: usize) -> f64 {
    (index as f64 * 0.618_033_988_75).fract()
}

pub(crate) fn bars(names: &[String], scale: f64) -> Vec<SegmentBar> {
    names
        .iter()
        .enumerate()
        .map(|(index, name)| SegmentBar {
            name: name.clone(),
            customers: (scatter(index) * scale) as u64,
            revenue: (scatter(index) - 0.15) * scale * 40.0,
        })
        .collect()
}

pub(crate) fn cells(scale: f64) -> [[RfmCell; 5]; 5] {
    let mut cells = [[RfmCell::default(); 5]; 5];
    for (index, cell) in cells.iter_mut().flatten().enumerate().skip(1) {
        let mean = (scatter(index) - 0.1) * scale;
        *cell = RfmCell {
            customers: (scatter(index + 3) * scale) as u64,
            mean_monetary: Some(mean),
        };
    }
    cells
}

pub(crate) fn profiles(names: &[String], features: usize) -> Vec<ClusterProfileRow> {
    names
        .iter()
        .enumerate()
        .map(|(row, name)| ClusterProfileRow {
            name: name.clone(),
            share: 1.0 / names.len() as f64,
            z_scores: (0..features)
                .map(|column| scatter(row * features + column) * 9.0 - 4.5)
                .collect(),
        })
        .collect()
}

pub(crate) fn affinity(segments: &[String], clusters: &[String], scale: f64) -> Figure {
    let lift: Vec<Vec<f64>> = (0..segments.len())
        .map(|row| {
            (0..clusters.len())
                .map(|column| 5.0 * scatter(row * 7 + column))
                .collect()
        })
        .collect();
    let counts: Vec<Vec<u64>> = lift
        .iter()
        .map(|row| row.iter().map(|lift| (lift * scale) as u64).collect())
        .collect();
    affinity_matrix(segments, clusters, &counts, &lift).unwrap()
}

pub(crate) fn by_month(months: usize, segments: &[String]) -> Figure {
    let months: Vec<String> = (0..months)
        .map(|month| format!("{}-{:02}", 2019 + month / 12, month % 12 + 1))
        .collect();
    let share: Vec<Vec<f64>> = (0..months.len())
        .map(|month| {
            let weights: Vec<f64> = (0..segments.len())
                .map(|segment| scatter(month + 5 * segment) + 0.01)
                .collect();
            let total: f64 = weights.iter().sum();
            weights.iter().map(|weight| weight / total).collect()
        })
        .collect();
    segment_by_month(&months, segments, &share).unwrap()
}

pub(crate) fn scores(labels: &[String], scale: f64) -> Vec<RecommenderScore> {
    labels
        .iter()
        .enumerate()
        .map(|(row, label)| RecommenderScore {
            label: label.clone(),
            mean: scatter(row) * scale,
            low: (scatter(row) - 0.1) * scale,
            high: (scatter(row) + 0.07) * scale,
            is_model: row == 0,
        })
        .collect()
}

pub(crate) fn comparison(labels: &[String], scale: f64) -> Figure {
    let scores = scores(labels, scale);
    let panel = |measure| ComparisonPanel {
        measure,
        scores: &scores,
    };
    recommender_comparison(panel("NDCG@10"), Some(panel("Recall@20")), 4_321).unwrap()
}

/// Every combination of these settings.
pub(crate) fn candidates(factors: &[usize], alphas: &[f64], strengths: &[f64]) -> Vec<GridPoint> {
    let mut points = Vec::new();
    for &factors in factors {
        for &alpha in alphas {
            for &regularization in strengths {
                points.push(GridPoint {
                    factors,
                    regularization,
                    alpha: Some(alpha),
                    mean: 0.1 + scatter(points.len()) / 20.0,
                    std: scatter(points.len() + 9) / 100.0,
                });
            }
        }
    }
    points
}

pub(crate) fn by_segment(names: &[String], labels: &[String]) -> Vec<SegmentProducts> {
    names
        .iter()
        .enumerate()
        .map(|(row, name)| SegmentProducts {
            name: name.clone(),
            customers: (scatter(row) * 1e6) as u64,
            products: (0..4)
                .map(|column| ProductShare {
                    label: labels[(row + column) % labels.len()].clone(),
                    share: scatter(3 * row + column),
                    lift: 1.0 / scatter(5 * row + column + 1),
                })
                .collect(),
        })
        .collect()
}

/// The figures on recommendation at the ends of what they take, several times each.
fn strained(long: &[String], many: &[String]) -> Vec<Figure> {
    let scores = scores(long, 9e5);
    let wide = ComparisonPanel {
        measure: "Normalised discounted cumulative gain of the first ten places of each list",
        scores: &scores,
    };
    let few = scatter_losses(1, 3.0);
    let strengths = [0.0, 1e-7, 0.01, 0.011, 0.012, 300.0];
    let grids = [
        candidates(&[64], &[40.0], &[0.1]),
        candidates(&[64], &[40.0], &[0.0]),
        candidates(&[8], &[1.0], &strengths),
        candidates(&[8, 128], &[0.5, 1_000.0], &strengths),
        candidates(&[4, 8, 16, 32, 64, 128], &[1.0, 5.0, 10.0, 40.0], &[0.05]),
        candidates(&[1, 2, 3], &[1.0, 2.0, 3.0, 12_345.0], &[0.1, 0.2]),
    ];
    let mut figures = vec![
        recommender_comparison(wide, Some(wide), 1_234_567).unwrap(),
        recommender_comparison(wide, None, 1).unwrap(),
        loss_curve(&few, None).unwrap(),
        loss_curve(&few, Some(1)).unwrap(),
        loss_curve(&scatter_losses(100, 9.0), Some(97)).unwrap(),
        loss_curve(&scatter_losses(57, 40.0), None).unwrap(),
        loss_curve(&scatter_losses(26, 1.5), Some(2)).unwrap(),
        loss_curve(&[-3.0, -4.0, 1e6], Some(3)).unwrap(),
        catalogue_reach(&[1.0], &[1.0], 1.0).unwrap(),
        catalogue_reach(&[0.0; 10], &[0.1; 10], 0.0).unwrap(),
        catalogue_reach(&[0.5, 0.5], &[0.999, 0.001], 0.0001).unwrap(),
        segment_recommendations(&by_segment(long, many)).unwrap(),
        segment_recommendations(&by_segment(many, long)).unwrap(),
        segment_recommendations(&by_segment(&long[..1], many)).unwrap(),
    ];
    for points in grids {
        for measure in [GridMeasure::Rmse, GridMeasure::NdcgAt10] {
            for chosen in [0, points.len() - 1] {
                figures.push(grid_search(&points, chosen, measure, 5).unwrap());
            }
        }
    }
    figures
}

/// Losses that fall by `decades` powers of ten.
fn scatter_losses(rounds: usize, decades: f64) -> Vec<f64> {
    (0..rounds)
        .map(|round| 10f64.powf(7.0 - decades * round as f64 / rounds as f64))
        .collect()
}

/// One of each figure with values as a shop has them.
pub(crate) fn everyday() -> Vec<Figure> {
    let segments = SEGMENTS.map(str::to_owned);
    let clusters = names(5, "Cluster");
    let values: Vec<f64> = (0..500)
        .map(|index| -80.0 * (1.0 - scatter(index)).ln())
        .collect();
    let orders: Vec<f64> = values.iter().map(|value| (value / 30.0).ceil()).collect();
    let measure = |label, values| Distribution {
        label,
        values,
        cut_points: &[1.0, 20.0, 55.0],
    };
    vec![
        silhouette_curve(&[(2, 0.31), (3, 0.42), (4, 0.4), (5, -0.1)], 3, &[5]).unwrap(),
        inertia_curve(&[(2, 9100.0), (3, 5200.0), (4, 4100.0)], 3).unwrap(),
        segment_sizes(&bars(&segments, 30_000.0)).unwrap(),
        segment_revenue(&bars(&segments, 30_000.0)).unwrap(),
        rfm_heatmap(&cells(5_000.0)).unwrap(),
        rfm_distributions(
            measure("Recency (days)", &values),
            measure("Frequency (orders)", &orders),
            measure("Monetary", &values),
        )
        .unwrap(),
        cluster_profiles(&names(9, "feature"), &profiles(&clusters, 9)).unwrap(),
        affinity(&segments, &clusters, 3_000.0),
        by_month(14, &segments),
        comparison(&names(5, "Recommender"), 0.2),
        grid_search(
            &candidates(&[32, 64], &[10.0, 40.0], &[0.01, 0.1, 1.0]),
            4,
            GridMeasure::NdcgAt10,
            5,
        )
        .unwrap(),
        loss_curve(&[900.0, 500.0, 420.0, 410.0, 409.0], Some(5)).unwrap(),
        catalogue_reach(&[0.1; 10], &[0.1; 10], 0.4).unwrap(),
        segment_recommendations(&by_segment(&segments, &names(7, "product"))).unwrap(),
    ]
}

/// One of each figure with as much in it as it can meet: long names, wide numbers, many columns.
pub(crate) fn crowded() -> Vec<Figure> {
    let long = names(12, "Weekend shoppers with WIDE BASKETS number");
    let many = names(48, "Cannot Lose Them and big spenders");
    let scores: Vec<(usize, f64)> = (2..=60).map(|k| (k, scatter(k) / 50.0 + 0.4)).collect();
    let inertia: Vec<(usize, f64)> = (2..=60).map(|k| (k, 9.9e14 / k as f64)).collect();
    let excluded: Vec<usize> = (40..=60).collect();
    let values: Vec<f64> = (0..5_000)
        .map(|index| 100.0 / (1.0 - scatter(index)) - 150.0 / (scatter(index) + 1e-4))
        .collect();
    let huge: Vec<f64> = values.iter().map(|value| value * 1e8).collect();
    let cuts = [-1.5e9, -222_222.25, 987_654.0, 123_456_789.0];
    let measure = |values| Distribution {
        label: "Monetary value in the currency of the shop, all orders",
        values,
        cut_points: &cuts,
    };
    let mut figures = vec![
        silhouette_curve(&scores, 2, &excluded).unwrap(),
        inertia_curve(&inertia, 60).unwrap(),
        segment_sizes(&bars(&many, 9e8)).unwrap(),
        segment_revenue(&bars(&long, 9e8)).unwrap(),
        rfm_heatmap(&cells(9e11)).unwrap(),
        rfm_distributions(measure(&values), measure(&huge), measure(&[1e12])).unwrap(),
        cluster_profiles(
            &names(20, "average_days_between_two_orders"),
            &profiles(&long, 20),
        )
        .unwrap(),
        affinity(&long, &long, 190_000.0),
        by_month(84, &many),
    ];
    figures.extend(strained(&long, &many));
    figures
}
