use algorithms::ranking::ndcg_at_k;
use arrow::array::Int64Array;

use super::*;
use crate::ids::IdMap;
use crate::interactions::{Pair, PairTable};
use crate::outcome::{Candidate, Protocol, Recommender, Setting, Verdict};
use crate::settings::{
    DEFAULT_SETTINGS, FeedbackKind, FoldChoice, RecommendationSettings, SelectBy,
};

const GIB: usize = 1 << 30;

fn settings() -> RecommendationSettings {
    let mut settings: RecommendationSettings = toml::from_str(DEFAULT_SETTINGS).unwrap();
    settings.folds = 3;
    settings.implicit.factors = vec![2, 4];
    settings.implicit.regularization = vec![0.05];
    settings.implicit.alpha = vec![1.0, 10.0];
    settings.explicit.factors = vec![2];
    settings.explicit.regularization = vec![0.05, 0.2];
    settings.bootstrap_samples = 200;
    settings
}

fn pair(user: u32, item: u32, score: f32) -> Pair {
    Pair {
        user,
        item,
        score,
        fold: None,
        last_event_at: i64::from(user + item),
    }
}

fn table(n_users: i64, n_items: i64, mut pairs: Vec<Pair>) -> PairTable {
    pairs.sort_by_key(|pair| (pair.user, pair.item));
    pairs.dedup_by_key(|pair| (pair.user, pair.item));
    let ids = |n| IdMap::from_sorted(&Int64Array::from_iter_values(0..n)).unwrap();
    PairTable {
        users: ids(n_users),
        items: ids(n_items),
        pairs,
    }
}

/// Four tastes of ten products each; every user likes six products of one taste.
fn tastes() -> PairTable {
    let mut pairs = Vec::new();
    for user in 0..80_u32 {
        for step in 0..6 {
            let item = 10 * (user % 4) + (user / 4 + step * (1 + user % 3) + step / 2) % 10;
            pairs.push(pair(user, item, 1.0 + (step % 3) as f32));
        }
    }
    table(80, 40, pairs)
}

/// Everybody likes the popular, in an order that tells nothing of the person.
fn popularity_alone() -> PairTable {
    let mut pairs = Vec::new();
    for user in 0..120_u32 {
        for item in 0..40_u32 {
            let draw = (user.wrapping_mul(2_654_435_761) ^ item.wrapping_mul(40_503)) % 97;
            if draw < 60 / (1 + item) {
                pairs.push(pair(user, item, 1.0));
            }
        }
    }
    table(120, 40, pairs)
}

#[test]
fn rmse_of_a_fold_is_the_plain_formula_over_all_its_pairs() {
    let mut pairs = tastes();
    for (place, pair) in pairs.pairs.iter_mut().enumerate() {
        pair.fold = (place % 5 == 0).then_some(7);
    }
    let mut settings = settings();
    settings.explicit.regularization = vec![0.1];
    let choice = choose(&pairs, FeedbackKind::Explicit, &settings, 42, GIB).unwrap();
    assert!(choice.folds_given);
    let [result] = &choice.candidates[0].folds[..] else {
        panic!("one fold");
    };

    let (test, train): (Vec<Pair>, Vec<Pair>) = pairs
        .pairs
        .iter()
        .copied()
        .partition(|pair| pair.fold.is_some());
    let n = test.len();
    assert_eq!((result.fold.as_str(), result.n_pairs), ("7", n as u64));
    let setting = choice.candidates[0].setting;
    let params = als_params(setting, FeedbackKind::Explicit, &settings, 42).unwrap();
    let train = super::fits::interactions(80, 40, &train).unwrap();
    let model = params.fit(&train).unwrap().model;
    let errors = test.iter().map(|pair| {
        f64::from(pair.score) - f64::from(model.score(pair.user as usize, pair.item as usize))
    });
    let mean = errors.map(|error| error * error).sum::<f64>() / n as f64;
    assert!((result.values.rmse - mean.sqrt()).abs() < 1e-6);
}

#[test]
fn the_choice_depends_on_nothing_but_data_settings_and_seed() {
    let pairs = tastes();
    let run = |threads, memory| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let work = || choose(&pairs, FeedbackKind::Implicit, &settings(), 42, memory).unwrap();
        pool.build().unwrap().install(work)
    };
    let one = run(1, GIB);
    assert_eq!(one.candidates.len(), 4);
    assert_eq!((one.select_by, one.n_folds), ("ndcg_at_10", 3));
    for (threads, memory) in [(2, GIB), (7, GIB), (7, 1)] {
        assert_eq!(
            run(threads, memory),
            one,
            "{threads} threads, {memory} bytes"
        );
    }
    let other = choose(&pairs, FeedbackKind::Implicit, &settings(), 43, GIB).unwrap();
    assert_ne!(other.candidates, one.candidates);
}

#[test]
fn means_and_deviations_are_those_of_the_folds() {
    let choice = choose(&tastes(), FeedbackKind::Implicit, &settings(), 42, GIB).unwrap();
    for candidate in &choice.candidates {
        let rmse: Vec<f64> = candidate
            .folds
            .iter()
            .map(|fold| fold.values.rmse)
            .collect();
        let mean = rmse.iter().sum::<f64>() / 3.0;
        let variance = rmse.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 3.0;
        let found = candidate.mean.unwrap();
        assert!((found.mean.rmse - mean).abs() < 1e-12);
        assert!((found.rmse_std - variance.sqrt()).abs() < 1e-12);
    }
    let ndcg = |place: usize| {
        let mean = choice.candidates[place].mean.unwrap().mean;
        mean.lists.unwrap().ndcg_at_10
    };
    assert!((0..4).all(|place| ndcg(choice.selected) >= ndcg(place)));
    assert!(
        choice.reason.contains("of 4 settings on 3 random folds"),
        "{}",
        choice.reason
    );
}

#[test]
fn of_equal_settings_the_simplest_is_chosen() {
    let mut settings = settings();
    // So much regularization that every factor is zero: all settings predict alike.
    settings.implicit.factors = vec![4, 2];
    settings.implicit.regularization = vec![1e30, 1e31];
    settings.implicit.alpha = vec![2.0, 1.0];
    settings.select_by = SelectBy::Rmse;
    let choice = choose(&tastes(), FeedbackKind::Implicit, &settings, 42, GIB).unwrap();
    let rmse = |candidate: &Candidate| candidate.mean.unwrap().mean.rmse;
    let first = rmse(&choice.candidates[0]);
    assert!(
        choice
            .candidates
            .iter()
            .all(|candidate| rmse(candidate) == first)
    );
    let expected = Setting {
        factors: 2,
        regularization: 1e31,
        alpha: Some(1.0),
    };
    assert_eq!(choice.chosen().unwrap().setting, expected);
}

#[test]
fn folds_that_cannot_be_tested_say_so() {
    let mut pairs = tastes();
    let message = |pairs: &PairTable, settings: &RecommendationSettings| {
        let choice = choose(pairs, FeedbackKind::Implicit, settings, 42, GIB);
        choice.unwrap_err().to_string()
    };
    let mut few = settings();
    few.folds = 100_000;
    let counted = format!("{} pairs", pairs.pairs.len());
    assert!(message(&pairs, &few).contains(&counted));
    let mut none = settings();
    none.folds = 0;
    assert!(message(&pairs, &none).contains("4 settings"));
    none.implicit.factors = vec![2];
    none.implicit.alpha = vec![1.0];
    let choice = choose(&pairs, FeedbackKind::Implicit, &none, 42, GIB).unwrap();
    assert!(choice.candidates[0].mean.is_none() && choice.selected == 0);
    pairs.pairs.iter_mut().for_each(|pair| pair.fold = Some(3));
    assert!(message(&pairs, &settings()).contains("fold 3"));
    let mut random = settings();
    random.fold_source = FoldChoice::Random;
    assert!(choose(&pairs, FeedbackKind::Implicit, &random, 42, GIB).is_ok());
}

/// The last two products of every user come later.
fn split(pairs: &PairTable) -> Split {
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for history in pairs.pairs.chunk_by(|a, b| a.user == b.user) {
        let border = history.len().saturating_sub(2).max(1);
        train.extend_from_slice(&history[..border]);
        test.extend_from_slice(&history[border..]);
    }
    Split {
        protocol: Protocol::Fold {
            fold: "last".into(),
        },
        train,
        test,
        trained_until: 1000,
        n_users: pairs.users.len(),
        n_items: pairs.items.len(),
        n_users_unknown_elsewhere: 3,
        scores_of_unknown_products: vec![1.0, -1.0],
    }
}

const SETTING: Setting = Setting {
    factors: 4,
    regularization: 0.05,
    alpha: Some(10.0),
};

#[test]
fn tastes_are_found_and_beat_popularity() {
    let split = split(&tastes());
    let quality = test(&split, FeedbackKind::Implicit, SETTING, &settings(), 42);
    let quality = quality.unwrap().unwrap();
    assert_eq!(quality.verdict, Verdict::Better);
    assert_eq!(
        (quality.n_users_unknown, quality.n_users),
        (3, quality.n_users_eligible)
    );
    let ndcg = |recommender| quality.of(recommender).unwrap().values.ndcg_at_10;
    assert!(ndcg(Recommender::Als) > 2.0 * ndcg(Recommender::Random));
    assert!(ndcg(Recommender::ItemKnn) > ndcg(Recommender::Popularity));
    let difference = ndcg(Recommender::Als) - ndcg(Recommender::Popularity);
    assert!((quality.over_popularity.mean - difference).abs() < 1e-12);
    for found in &quality.recommenders {
        let interval = found.ndcg_at_10;
        assert!(interval.low <= interval.mean && interval.mean <= interval.high);
        assert!((interval.mean - found.values.ndcg_at_10).abs() < 1e-12);
    }
}

#[test]
fn a_shop_of_popularity_alone_is_not_said_to_be_beaten() {
    let pairs = popularity_alone();
    let split = fold_split(&pairs, &settings(), 42).unwrap().unwrap();
    let quality = test(&split, FeedbackKind::Implicit, SETTING, &settings(), 42);
    assert_ne!(quality.unwrap().unwrap().verdict, Verdict::Better);
}

#[test]
fn the_popularity_baseline_is_the_plain_count() {
    let pairs = tastes();
    let split = split(&pairs);
    let quality = test(&split, FeedbackKind::Implicit, SETTING, &settings(), 42);
    let quality = quality.unwrap().unwrap();
    let mut fans = vec![0; 40];
    split
        .train
        .iter()
        .for_each(|pair| fans[pair.item as usize] += 1);
    let (mut sum, mut n) = (0.0, 0);
    for user in 0..80 {
        let of_user = |pairs: &[Pair]| -> Vec<u32> {
            let own = pairs.iter().filter(|pair| pair.user == user);
            own.map(|pair| pair.item).collect()
        };
        let (seen, mut relevant) = (of_user(&split.train), of_user(&split.test));
        relevant.retain(|item| fans[*item as usize] > 0);
        if relevant.is_empty() {
            continue;
        }
        let mut order: Vec<u32> = (0..40)
            .filter(|item| fans[*item as usize] > 0 && !seen.contains(item))
            .collect();
        order.sort_by_key(|item| (-fans[*item as usize], *item));
        sum += ndcg_at_k(&order, &relevant, 10);
        n += 1;
    }
    let found = quality
        .of(Recommender::Popularity)
        .unwrap()
        .values
        .ndcg_at_10;
    assert!((found - sum / f64::from(n)).abs() < 1e-12);
    assert_eq!(quality.n_users, n as u64);
}

#[test]
fn nobody_to_test_is_no_quality() {
    let mut split = split(&tastes());
    split.test.clear();
    let quality = test(&split, FeedbackKind::Implicit, SETTING, &settings(), 42);
    assert!(quality.unwrap().is_none());
}

#[test]
fn a_sample_of_customers_is_a_sample() {
    let split = split(&tastes());
    let mut settings = settings();
    settings.evaluation_users = 10;
    let quality = test(&split, FeedbackKind::Implicit, SETTING, &settings, 42);
    let quality = quality.unwrap().unwrap();
    assert_eq!(quality.n_users, 10);
    assert!(quality.n_users_eligible > 10);
}
