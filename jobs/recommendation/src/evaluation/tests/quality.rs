use algorithms::ranking::MeanInterval;

use super::*;
use crate::evaluation::fits::interactions;
use crate::evaluation::lists::{PLACES, TestSet};
use crate::evaluation::relevance::Relevance;
use crate::evaluation::test::verdict;
use crate::outcome::{Recommender, Verdict};
use crate::settings::FeedbackKind;

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

#[test]
fn the_test_is_the_same_for_any_number_of_threads() {
    let split = split(&tastes());
    let run = |threads| {
        let work = || test(&split, FeedbackKind::Implicit, SETTING, &settings(), 42);
        with_threads(threads, work).unwrap().unwrap()
    };
    let one = run(1);
    for threads in [2, 7] {
        assert_eq!(run(threads), one, "{threads} threads");
    }
}

#[test]
fn a_test_by_hand() {
    let liked = |&(user, item): &(u32, u32)| pair(user, item, 1.0);
    // Customers that like them: product 0 three, 4 two, 1 and 2 one; nobody had product 3.
    let train = [(0, 0), (0, 1), (1, 0), (1, 2), (2, 0), (2, 4), (4, 4)];
    // Customer 0 repeats product 0, wants 2, and 3, which is new; customer 3 is new.
    let test_pairs = [(0, 0), (0, 2), (0, 3), (1, 1), (1, 4), (3, 0)];
    let mut later: Vec<Pair> = test_pairs.iter().map(liked).collect();
    later.insert(5, pair(2, 1, -1.0));
    let split = split_of(5, 5, train.iter().map(liked).collect(), later);
    let quality = test(&split, FeedbackKind::Implicit, SETTING, &settings(), 42);
    let quality = quality.unwrap().unwrap();
    assert_eq!((quality.n_users, quality.n_users_eligible), (2, 2));
    assert_eq!((quality.n_users_unknown, quality.n_relevant), (1 + 3, 3));
    assert_eq!(quality.n_relevant_unknown, 1 + 1);
    // The lists are 4, 2 for customer 0, who wants 2, and 4, 1 for customer 1, who wants both.
    let found = quality.of(Recommender::Popularity).unwrap().values;
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
    near(found.ndcg_at_10, (1.0 / 3.0_f64.log2() + 1.0) / 2.0);
    near(found.recall_at_10, 1.0);
    near(found.precision_at_10, 0.15);
    near(found.map_at_10, 0.75);
    near(found.mrr, 0.75);
    // Products 1, 2 and 4 of the four that could be shown; known to 1, 1 and 2 of 4 customers.
    near(found.coverage, 0.75);
    near(found.novelty, 1.5);
}

#[test]
fn lists_of_the_model_are_all_its_scores_in_order() {
    let split = split(&tastes());
    let train = interactions(80, 40, &split.train).unwrap();
    let scores = split.train.iter().map(|pair| pair.score);
    let relevance = Relevance::new(FeedbackKind::Implicit, &settings(), scores);
    let set = TestSet::new(&train, &split.test, relevance, 0, 42);
    let params = als_params(SETTING, FeedbackKind::Implicit, &settings(), 42).unwrap();
    let model = params.fit(&train).unwrap().model;
    let lists = set.model_lists(&train, &model).unwrap();
    assert!(lists.len() == set.users.len() && lists.len() > 10);
    for (&user, list) in set.users.iter().zip(&lists) {
        let seen = train.user(user as usize).indices;
        let mut order: Vec<u32> = (0..40)
            .filter(|item| set.known[*item as usize] && !seen.contains(item))
            .collect();
        let score = |item: u32| model.score(user as usize, item as usize);
        order.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
        order.truncate(PLACES);
        assert_eq!(*list, order, "customer {user}");
    }
}

#[test]
fn ratings_from_the_mean_on_are_worth_recommending() {
    let train = [1.0, 2.0, 3.0, 4.0, 5.0];
    let holds = |settings: &RecommendationSettings, score| {
        let scores = train.into_iter();
        Relevance::new(FeedbackKind::Explicit, settings, scores).holds(score)
    };
    let mut settings = settings();
    assert!(holds(&settings, 3.0) && !holds(&settings, 2.9));
    settings.relevant_score = Some(4.0);
    assert!(holds(&settings, 4.0) && !holds(&settings, 3.9));
    let implicit = Relevance::new(FeedbackKind::Implicit, &settings, train.into_iter());
    assert!(implicit.holds(0.1) && !implicit.holds(0.0) && !implicit.holds(-1.0));
}

#[test]
fn better_means_that_the_whole_interval_is_above_0() {
    let among = |n_users, low, mean, high| {
        verdict(&MeanInterval {
            mean,
            low,
            high,
            n_users,
        })
    };
    let of = |low, mean, high| among(30, low, mean, high);
    assert_eq!(of(0.01, 0.02, 0.03), Verdict::Better);
    assert_eq!(of(0.0, 0.02, 0.03), Verdict::NotClearlyBetter);
    assert_eq!(of(-0.01, 0.02, 0.03), Verdict::NotClearlyBetter);
    assert_eq!(of(-0.01, 0.0, 0.03), Verdict::NotBetter);
    assert_eq!(of(-0.03, -0.02, -0.01), Verdict::NotBetter);
    // One customer always gives an interval without width.
    assert_eq!(among(1, 0.5, 0.5, 0.5), Verdict::NotClearlyBetter);
    assert_eq!(among(29, 0.01, 0.02, 0.03), Verdict::NotClearlyBetter);
}
