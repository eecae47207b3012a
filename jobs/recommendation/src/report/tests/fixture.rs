//! What a run over a small shop with implicit feedback might find.

use std::collections::BTreeMap;

use ::report::ReportFrame;
use algorithms::als::{Als, AlsParams};
use algorithms::ranking::MeanInterval;
use chrono::{DateTime, Utc};
use data::{Account, Example};
use linfa::ParamGuard;

use crate::outcome::{
    Candidate, Choice, ExampleCustomer, ExampleProduct, Fit, FoldMeans, FoldResult, FoldValues,
    Learned, ListValues, Outcome, PopularProduct, Protocol, Quality, Reach, Recommender,
    RecommenderQuality, SegmentProduct, SegmentRecommendations, SegmentSummary, Setting, Span,
    Verdict,
};
use crate::settings::{DEFAULT_SETTINGS, FeedbackKind, RecommendationSettings};

pub(crate) fn midnight(day: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(day * 86_400, 0).unwrap()
}

/// Where the report of the shop comes from.
pub(crate) fn frame() -> ReportFrame {
    ReportFrame {
        run_id: "19700411T000000Z-00000000".to_owned(),
        created: midnight(100),
        program_version: "0.0.0",
        files: ["file:///data/my shop.csv", "s3://shop/2.csv"]
            .map(str::to_owned)
            .to_vec(),
        mapping: "events".to_owned(),
    }
}

/// A run with everything: four settings on three folds, a test on later events, two segments.
pub(crate) fn outcome() -> Outcome {
    let settings: RecommendationSettings = toml::from_str(DEFAULT_SETTINGS).unwrap();
    Outcome {
        span: Span {
            as_of: midnight(100),
            first_event_at: midnight(50),
            last_event_at: midnight(99),
            events_after_as_of: 0,
        },
        seed: 42,
        settings,
        sample: None,
        account: account(),
        feedback: FeedbackKind::Implicit,
        scores_given: false,
        learned: learned(),
        choice: choice(),
        quality: Some(quality()),
        fit: fit(Als::implicit(64).alpha(10.0).regularization(0.01)),
        popular: vec![
            popular("1001", Some("shoes.boots"), None, 310),
            popular("1002", None, Some("acme"), 290),
        ],
        segments: Some(segments()),
        examples: vec![example("7"), example("9")],
        reach: Reach {
            events: [vec![0.55, 0.15], vec![0.0375; 8]].concat(),
            recommendations: [vec![0.40, 0.20], vec![0.05; 8]].concat(),
            coverage: 0.75,
        },
        notes: vec!["A note of the run.".to_owned()],
    }
}

/// The same shop with ratings: no time to split by, no segments, folds of the log.
pub(crate) fn explicit() -> Outcome {
    let mut outcome = outcome();
    outcome.feedback = FeedbackKind::Explicit;
    outcome.scores_given = true;
    outcome.choice.select_by = "rmse";
    outcome.choice.folds_given = true;
    for (index, candidate) in outcome.choice.candidates.iter_mut().enumerate() {
        candidate.setting.alpha = None;
        candidate.setting.factors = if index < 2 { 32 } else { 64 };
    }
    outcome.span.last_event_at = outcome.span.first_event_at;
    outcome.quality.as_mut().unwrap().protocol = Protocol::Fold {
        fold: "3".to_owned(),
    };
    outcome.fit = fit(Als::explicit(64));
    outcome.segments = None;
    outcome
}

fn learned() -> Learned {
    Learned {
        users: 1_200,
        products: 400,
        pairs: 9_600,
        positive_pairs: 9_000,
        negative_pairs: 500,
        events: 20_000,
        users_left_out: 30,
        products_left_out: 4,
        pairs_left_out: 50,
        density: 0.02,
        median_products_per_user: 5.0,
        mean_score: 4.25,
        min_score: -6.0,
        max_score: 100.0,
        capped_pairs: 0,
    }
}

fn lists(ndcg_at_10: f64) -> ListValues {
    ListValues {
        ndcg_at_10,
        ndcg_at_20: ndcg_at_10 * 1.25,
        recall_at_10: ndcg_at_10 * 1.5,
        recall_at_20: ndcg_at_10 * 2.0,
        precision_at_10: ndcg_at_10 / 2.0,
        map_at_10: ndcg_at_10 / 4.0,
        mrr: ndcg_at_10 * 1.125,
        coverage: 0.5,
        novelty: 4.5,
    }
}

/// Alphas 1 and 10 with regularizations 0.01 and 0.1; the third is the best.
fn choice() -> Choice {
    let grid = [(0.01, 1.0), (0.1, 1.0), (0.01, 10.0), (0.1, 10.0)];
    let candidate = |(index, (regularization, alpha)): (usize, (f64, f64))| {
        let best = if index == 2 { 0.0625 } else { 0.05 };
        let values = FoldValues {
            rmse: 0.5,
            mae: 0.25,
            lists: Some(lists(best)),
        };
        let fold = |fold: u32| FoldResult {
            fold: fold.to_string(),
            values,
            n_pairs: 3_200,
            n_users: 900,
            iterations: 12,
        };
        Candidate {
            setting: Setting {
                factors: 64,
                regularization,
                alpha: Some(alpha),
            },
            folds: (1..=3).map(fold).collect(),
            mean: Some(FoldMeans {
                mean: values,
                rmse_std: 0.0125,
                ndcg_at_10_std: Some(0.0025),
            }),
        }
    };
    Choice {
        folds_given: false,
        n_folds: 3,
        select_by: "ndcg_at_10",
        candidates: grid.into_iter().enumerate().map(candidate).collect(),
        selected: 2,
        reason: "64 factors with regularization 0.01 and alpha 10 have the largest NDCG@10"
            .to_owned(),
    }
}

fn quality() -> Quality {
    let recommender = |(recommender, ndcg): (Recommender, f64)| {
        let values = lists(ndcg);
        let interval = |mean: f64| MeanInterval {
            mean,
            low: mean * 0.75,
            high: mean * 1.25,
            n_users: 640,
        };
        RecommenderQuality {
            recommender,
            values,
            ndcg_at_10: interval(values.ndcg_at_10),
            ndcg_at_20: interval(values.ndcg_at_20),
            recall_at_10: interval(values.recall_at_10),
            recall_at_20: interval(values.recall_at_20),
            precision_at_10: interval(values.precision_at_10),
            map_at_10: interval(values.map_at_10),
            mrr: interval(values.mrr),
        }
    };
    let recommenders = [
        (Recommender::Als, 0.08),
        (Recommender::Popularity, 0.04),
        (Recommender::RecentPopularity, 0.05),
        (Recommender::ItemKnn, 0.07),
        (Recommender::Random, 0.002),
    ];
    Quality {
        protocol: Protocol::Time { at: midnight(90) },
        n_users: 640,
        n_users_eligible: 640,
        n_users_unknown: 0,
        n_relevant: 2_000,
        n_relevant_unknown: 0,
        recommenders: recommenders.into_iter().map(recommender).collect(),
        over_popularity: MeanInterval {
            mean: 0.04,
            low: 0.03,
            high: 0.05,
            n_users: 640,
        },
        verdict: Verdict::Better,
    }
}

fn fit(params: AlsParams) -> Fit {
    Fit {
        params: params.check().unwrap(),
        losses: vec![5_000.0, 4_200.0, 4_000.0, 3_999.9],
        converged: true,
        warm_start: None,
    }
}

fn popular(id: &str, category: Option<&str>, brand: Option<&str>, n_users: u64) -> PopularProduct {
    PopularProduct {
        product_id: id.to_owned(),
        category: category.map(str::to_owned),
        brand: brand.map(str::to_owned),
        n_users,
    }
}

fn segments() -> SegmentSummary {
    let product = |id: &str, customers, share, lift| SegmentProduct {
        product_id: id.to_owned(),
        category: Some("shoes.boots".to_owned()),
        brand: None,
        customers,
        share,
        lift,
    };
    let segment = |name: &str, customers, products| SegmentRecommendations {
        fused_segment: name.to_owned(),
        customers,
        coverage: 0.3,
        products,
    };
    SegmentSummary {
        run_id: "19700410T000000Z-11111111".to_owned(),
        users_unknown: 1,
        segments: vec![
            segment("Steady, high", 800, vec![product("1001", 400, 0.5, 0.8)]),
            segment("Fading, low", 399, vec![product("1005", 200, 0.5, 3.25)]),
        ],
    }
}

fn example(user_id: &str) -> ExampleCustomer {
    let product = |id: &str, about: &str, score| ExampleProduct {
        product_id: id.to_owned(),
        about: about.to_owned(),
        score,
    };
    ExampleCustomer {
        user_id: user_id.to_owned(),
        history: vec![
            product("1001", "shoes.boots", 9.0),
            product("1003", "", 5.0),
        ],
        recommended: vec![product("1002", "acme", 0.875), product("1004", "", 0.5)],
    }
}

fn account() -> Account {
    let counts = |counts: &[(&str, u64)]| -> BTreeMap<String, u64> {
        let counts = counts.iter();
        counts.map(|(what, n)| ((*what).to_owned(), *n)).collect()
    };
    let example = Example {
        file: "file:///data/shop.csv".to_owned(),
        line: 1_234,
        text: "1,view,-3".to_owned(),
    };
    Account {
        rows_read: 20_060,
        used: 20_000,
        duplicates: 40,
        quarantined: counts(&[("bad_price", 20)]),
        examples: [("bad_price".to_owned(), example)].into(),
        events: counts(&[("purchase", 2_000), ("view", 18_000)]),
        files: 2,
        ..Account::default()
    }
}
