//! Values to draw: everyday ones, and ones that strain the layout.

use charts::{
    ClusterProfileRow, Distribution, Figure, RfmCell, SegmentBar, affinity_matrix,
    cluster_profiles, inertia_curve, rfm_distributions, rfm_heatmap, segment_by_month,
    segment_revenue, segment_sizes, silhouette_curve,
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
    vec![
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
    ]
}
