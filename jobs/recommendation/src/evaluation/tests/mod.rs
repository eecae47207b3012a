//! Small shops, and what is expected of them.

mod baselines;
mod choice;
mod folds;
mod quality;

use arrow::array::Int64Array;

use super::*;
use crate::ids::IdMap;
use crate::interactions::{Pair, PairTable};
use crate::outcome::{Protocol, Setting};
use crate::settings::{DEFAULT_SETTINGS, RecommendationSettings};

const GIB: usize = 1 << 30;

const SETTING: Setting = Setting {
    factors: 4,
    regularization: 0.05,
    alpha: Some(10.0),
};

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

/// The last two products of every user come later.
fn split(pairs: &PairTable) -> Split {
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for history in pairs.pairs.chunk_by(|a, b| a.user == b.user) {
        let border = history.len().saturating_sub(2).max(1);
        train.extend_from_slice(&history[..border]);
        test.extend_from_slice(&history[border..]);
    }
    split_of(pairs.users.len(), pairs.items.len(), train, test)
}

fn split_of(n_users: usize, n_items: usize, train: Vec<Pair>, test: Vec<Pair>) -> Split {
    Split {
        protocol: Protocol::Fold {
            fold: "last".into(),
        },
        train,
        test,
        trained_until: 1000,
        n_users,
        n_items,
        best_scores_of_unknown_users: vec![1.0, 2.0, 1.0, -1.0],
        scores_of_unknown_products: vec![1.0, -1.0],
    }
}

/// Runs the work with so many threads.
fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build().unwrap().install(work)
}
