//! The figures of a run, drawn from its outcome alone.

use algorithms::ranking::MeanInterval;
use charts::{
    ChartError, ComparisonPanel, Figure, GridMeasure, GridPoint, ProductShare, RecommenderScore,
    SegmentProducts,
};

use crate::outcome::{
    Candidate, Choice, Outcome, Quality, Recommender, RecommenderQuality, SegmentProduct,
    SegmentRecommendations,
};

/// All figures, in the order of the report. One that has nothing to show is left out: the
/// comparison without a test, the grid with less than two settings, segments without a
/// segmentation.
pub(crate) fn figures(outcome: &Outcome) -> Result<Vec<Figure>, ChartError> {
    let mut figures = Vec::new();
    if let Some(quality) = &outcome.quality {
        figures.push(comparison(quality)?);
    }
    let reach = &outcome.reach;
    if !reach.events.is_empty() {
        let (events, recommended) = (&reach.events, &reach.recommendations);
        figures.push(charts::catalogue_reach(
            events,
            recommended,
            reach.coverage,
        )?);
    }
    figures.extend(segments(outcome)?);
    figures.extend(grid(&outcome.choice)?);
    let fit = &outcome.fit;
    if !fit.losses.is_empty() {
        let settled_at = fit.converged.then_some(fit.losses.len());
        figures.push(charts::loss_curve(&fit.losses, settled_at)?);
    }
    Ok(figures)
}

fn comparison(quality: &Quality) -> Result<Figure, ChartError> {
    let scores = |of: fn(&RecommenderQuality) -> MeanInterval| -> Vec<RecommenderScore> {
        let score = |found: &RecommenderQuality| {
            let interval = of(found);
            RecommenderScore {
                label: found.recommender.label().to_owned(),
                mean: interval.mean,
                low: interval.low,
                high: interval.high,
                is_model: found.recommender == Recommender::Als,
            }
        };
        let found = Recommender::ALL.iter().filter_map(|who| quality.of(*who));
        found.map(score).collect()
    };
    let (ndcg, recall) = (scores(|q| q.ndcg_at_10), scores(|q| q.recall_at_20));
    let first = ComparisonPanel {
        measure: "NDCG@10",
        scores: &ndcg,
    };
    let second = ComparisonPanel {
        measure: "Recall@20",
        scores: &recall,
    };
    charts::recommender_comparison(first, Some(second), quality.n_users)
}

fn grid(choice: &Choice) -> Result<Option<Figure>, ChartError> {
    let measure = match choice.select_by {
        "rmse" => GridMeasure::Rmse,
        _ => GridMeasure::NdcgAt10,
    };
    let value = |candidate: &Candidate| {
        let means = candidate.mean?;
        match measure {
            GridMeasure::Rmse => Some((means.mean.rmse, means.rmse_std)),
            GridMeasure::NdcgAt10 => {
                let std = means.ndcg_at_10_std.unwrap_or(0.0);
                Some((means.mean.lists?.ndcg_at_10, std))
            }
        }
    };
    let (mut points, mut chosen) = (Vec::new(), None);
    for (index, candidate) in choice.candidates.iter().enumerate() {
        let Some((mean, std)) = value(candidate) else {
            continue;
        };
        // A list of the settings may name a value twice; the first of equal ones is the chosen.
        let setting = candidate.setting;
        let is_repeated = choice.candidates[..index]
            .iter()
            .any(|earlier| earlier.setting == setting);
        if is_repeated {
            continue;
        }
        if index == choice.selected {
            chosen = Some(points.len());
        }
        points.push(GridPoint {
            factors: setting.factors,
            regularization: setting.regularization,
            alpha: setting.alpha,
            mean,
            std,
        });
    }
    match chosen {
        Some(chosen) if points.len() > 1 => {
            charts::grid_search(&points, chosen, measure, choice.n_folds).map(Some)
        }
        _ => Ok(None),
    }
}

fn segments(outcome: &Outcome) -> Result<Option<Figure>, ChartError> {
    let Some(summary) = &outcome.segments else {
        return Ok(None);
    };
    if summary.segments.is_empty() {
        return Ok(None);
    }
    let product = |product: &SegmentProduct| ProductShare {
        label: label(product),
        share: product.share,
        lift: product.lift,
    };
    let segment = |segment: &SegmentRecommendations| SegmentProducts {
        name: segment.fused_segment.clone(),
        customers: segment.customers,
        products: segment.products.iter().map(product).collect(),
    };
    let segments: Vec<SegmentProducts> = summary.segments.iter().map(segment).collect();
    charts::segment_recommendations(&segments).map(Some)
}

/// The id and the most telling of what is known.
fn label(product: &SegmentProduct) -> String {
    match product.category.as_ref().or(product.brand.as_ref()) {
        Some(about) => format!("{} ({about})", product.product_id),
        None => product.product_id.clone(),
    }
}
