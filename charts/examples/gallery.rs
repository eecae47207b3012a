//! Draws every figure from made-up values into a folder: `cargo run -p charts --example gallery -- DIR`.

use std::error::Error;
use std::path::PathBuf;

use charts::{
    ClusterProfileRow, ComparisonPanel, Distribution, Figure, GridMeasure, GridPoint, ProductShare,
    RecommenderScore, RfmCell, SegmentBar, SegmentProducts, affinity_matrix, catalogue_reach,
    cluster_profiles, grid_search, inertia_curve, loss_curve, recommender_comparison,
    rfm_distributions, rfm_heatmap, segment_by_month, segment_recommendations, segment_revenue,
    segment_sizes, silhouette_curve,
};

const SEGMENTS: [(&str, u64, f64); 11] = [
    ("Champions", 14_520, 2_481_300.0),
    ("Loyal", 18_204, 1_204_000.0),
    ("Potential Loyalists", 22_871, 640_220.5),
    ("New Customers", 9_340, 121_900.0),
    ("Promising", 7_012, 96_500.0),
    ("Need Attention", 6_455, 214_000.0),
    ("About to Sleep", 8_120, 88_400.0),
    ("At Risk", 11_930, 512_700.0),
    ("Cannot Lose Them", 1_204, 188_020.0),
    ("Hibernating", 21_044, 131_000.0),
    ("Lost", 15_300, -24_800.0),
];
const CLUSTERS: [(&str, f64); 5] = [
    ("Frequent buyers of small baskets", 0.312),
    ("Big-basket weekend shoppers from abroad", 0.181),
    ("Window shoppers", 0.274),
    ("Returners", 0.052),
    ("One-time holiday purchases", 0.181),
];
const FEATURES: [&str; 9] = [
    "recency_days",
    "frequency",
    "monetary",
    "avg_order_value",
    "distinct_products",
    "avg_days_between_orders",
    "cart_abandonment_rate",
    "views_per_purchase",
    "return_rate",
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("usage: gallery DIR")?
        .into();
    std::fs::create_dir_all(&folder)?;
    for figure in [curves()?, bars()?, rfm()?, tables()?, recommendations()?]
        .into_iter()
        .flatten()
    {
        std::fs::write(folder.join(figure.name).with_extension("svg"), &figure.svg)?;
        std::fs::write(
            folder.join(figure.name).with_extension("png"),
            figure.png()?,
        )?;
    }
    Ok(())
}

fn curves() -> Result<Vec<Figure>, Box<dyn Error>> {
    let scores = [0.412, 0.455, 0.471, 0.502, 0.463, 0.441, 0.448, 0.40, 0.391];
    let silhouette: Vec<(usize, f64)> = (2..).zip(scores).collect();
    let inertia: Vec<(usize, f64)> = (2..=10)
        .map(|k| (k, 1_850_000.0 / (k as f64).powf(0.8)))
        .collect();
    Ok(vec![
        silhouette_curve(&silhouette, 5, &[8, 9, 10])?,
        inertia_curve(&inertia, 5)?,
    ])
}

fn bars() -> Result<Vec<Figure>, Box<dyn Error>> {
    let bars = SEGMENTS.map(|(name, customers, revenue)| SegmentBar {
        name: name.to_owned(),
        customers,
        revenue,
    });
    Ok(vec![segment_sizes(&bars)?, segment_revenue(&bars)?])
}

fn rfm() -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut cells = [[RfmCell::default(); 5]; 5];
    for (f, row) in cells.iter_mut().enumerate() {
        for (r, cell) in row.iter_mut().enumerate() {
            let customers = 400 + 1_700 * (4 - f.abs_diff(r)) as u64;
            let mean = 18.0 * 2.6f64.powi(f as i32) * (1.0 + 0.2 * r as f64);
            *cell = RfmCell {
                customers,
                mean_monetary: Some(mean),
            };
        }
    }
    cells[4][0] = RfmCell::default();
    // Quantiles of an exponential distribution stand in for real customers.
    let tail = |scale: f64| -> Vec<f64> {
        (0..5_000)
            .map(|step| -scale * (1.0 - (f64::from(step) + 0.5) / 5_000.0).ln())
            .collect()
    };
    let recency: Vec<f64> = tail(80.0)
        .into_iter()
        .map(|days| days.floor().min(365.0))
        .collect();
    let frequency: Vec<f64> = tail(2.2)
        .into_iter()
        .map(|orders| orders.floor() + 1.0)
        .collect();
    let monetary: Vec<f64> = tail(1.0)
        .into_iter()
        .map(|part| 90.0 * (0.8 * part).exp() - 110.0)
        .collect();
    let distributions = rfm_distributions(
        Distribution {
            label: "Recency (days)",
            values: &recency,
            cut_points: &[18.0, 41.0, 73.0, 129.0],
        },
        Distribution {
            label: "Frequency (orders)",
            values: &frequency,
            cut_points: &[1.0, 2.0, 3.0, 4.0],
        },
        Distribution {
            label: "Monetary",
            values: &monetary,
            cut_points: &[-2.4, 25.6, 77.5, 216.0],
        },
    )?;
    Ok(vec![rfm_heatmap(&cells)?, distributions])
}

fn tables() -> Result<Vec<Figure>, Box<dyn Error>> {
    let features = FEATURES.map(str::to_owned);
    let clusters: Vec<ClusterProfileRow> = CLUSTERS
        .iter()
        .enumerate()
        .map(|(cluster, (name, share))| ClusterProfileRow {
            name: (*name).to_owned(),
            share: *share,
            z_scores: (0..FEATURES.len())
                .map(|feature| 2.4 * (1.7 * feature as f64 + 2.3 * cluster as f64).sin())
                .collect(),
        })
        .collect();
    let segments = SEGMENTS.map(|(name, _, _)| name.to_owned());
    let names = CLUSTERS.map(|(name, _)| name.to_owned());
    let lift: Vec<Vec<f64>> = (0..segments.len())
        .map(|row| {
            (0..names.len())
                .map(|column| (1.6 * ((row * 2 + column * 3) as f64).sin()).exp2())
                .collect()
        })
        .collect();
    let counts: Vec<Vec<u64>> = lift
        .iter()
        .zip(SEGMENTS)
        .map(|(lift, (_, customers, _))| {
            lift.iter()
                .zip(CLUSTERS)
                .map(|(lift, (_, share))| (lift * share * customers as f64) as u64)
                .collect()
        })
        .collect();
    let months: Vec<String> = (0..18)
        .map(|month| format!("{}-{:02}", 2023 + month / 12, month % 12 + 1))
        .collect();
    let share: Vec<Vec<f64>> = (0..months.len())
        .map(|month| {
            let weights: Vec<f64> = (0..segments.len())
                .map(|segment| 1.2 + (segment as f64 * 1.9 + month as f64 * 0.25).sin())
                .collect();
            let total: f64 = weights.iter().sum();
            weights.iter().map(|weight| weight / total).collect()
        })
        .collect();
    Ok(vec![
        cluster_profiles(&features, &clusters)?,
        affinity_matrix(&segments, &names, &counts, &lift)?,
        segment_by_month(&months, &segments, &share)?,
    ])
}

fn recommendations() -> Result<Vec<Figure>, Box<dyn Error>> {
    let scores = |scale: f64| {
        [
            ("ALS", 0.1312),
            ("Item neighbours", 0.1204),
            ("Recent popularity", 0.0873),
            ("Popularity", 0.0711),
            ("Random", 0.0009),
        ]
        .map(|(label, mean)| RecommenderScore {
            label: label.to_owned(),
            mean: mean * scale,
            low: mean * scale * 0.96,
            high: mean * scale * 1.04,
            is_model: label == "ALS",
        })
    };
    let first = ComparisonPanel {
        measure: "NDCG@10",
        scores: &scores(1.0),
    };
    let second = ComparisonPanel {
        measure: "Recall@20",
        scores: &scores(1.9),
    };
    let mut points = Vec::new();
    for factors in [16, 32, 64] {
        for alpha in [10.0, 40.0] {
            for (step, regularization) in [0.001, 0.01, 0.1, 1.0].into_iter().enumerate() {
                let bend = (step as f64 - 1.8).powi(2) * 0.006;
                points.push(GridPoint {
                    factors,
                    regularization,
                    alpha: Some(alpha),
                    mean: 0.09 + 0.012 * (factors as f64 / 16.0).log2() + alpha / 9_000.0 - bend,
                    std: 0.0024,
                });
            }
        }
    }
    let losses: Vec<f64> = (0..14)
        .map(|round| 812_000.0 + 900_000.0 * (-0.7 * f64::from(round)).exp())
        .collect();
    let fading = |rate: f64| {
        let parts: Vec<f64> = (0..10)
            .map(|group| (-rate * f64::from(group)).exp())
            .collect();
        let total: f64 = parts.iter().sum();
        parts.iter().map(|part| part / total).collect::<Vec<f64>>()
    };
    let products = [
        "Espresso machine, steel",
        "Trail running shoes for wide feet, size 44",
        "Garden hose 25 m",
        "Winter jacket",
        "Wireless headphones",
        "sku-00018273645-DE",
    ];
    let segments: Vec<SegmentProducts> = SEGMENTS
        .iter()
        .enumerate()
        .map(|(row, (name, customers, _))| SegmentProducts {
            name: format!("{name} \u{B7} {}", CLUSTERS[row % CLUSTERS.len()].0),
            customers: *customers,
            products: (0..3)
                .map(|column| ProductShare {
                    label: products[(row * 2 + column * 5) % products.len()].to_owned(),
                    share: 0.62 - 0.13 * column as f64 - 0.02 * row as f64,
                    lift: (1.5 * ((row * 2 + column * 3) as f64).sin()).exp2(),
                })
                .collect(),
        })
        .collect();
    Ok(vec![
        recommender_comparison(first, Some(second), 18_204)?,
        grid_search(&points, 22, GridMeasure::NdcgAt10, 5)?,
        loss_curve(&losses, Some(14))?,
        catalogue_reach(&fading(0.5), &fading(0.34), 0.432)?,
        segment_recommendations(&segments)?,
    ])
}
