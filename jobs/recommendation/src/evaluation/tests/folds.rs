use super::*;
use crate::settings::{FeedbackKind, FoldChoice};

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

#[test]
fn a_fold_without_a_liking_outside_it_is_named() {
    let mut pairs = tastes();
    for (place, pair) in pairs.pairs.iter_mut().enumerate() {
        pair.fold = Some(5 + (place % 2) as i32);
        if place % 2 == 0 {
            pair.score = -1.0;
        }
    }
    let choice = choose(&pairs, FeedbackKind::Implicit, &settings(), 42, GIB);
    let message = choice.unwrap_err().to_string();
    assert!(
        message.contains("fold 6") && message.contains("score above 0"),
        "{message}"
    );
    // Low ratings are ratings.
    assert!(choose(&pairs, FeedbackKind::Explicit, &settings(), 42, GIB).is_ok());
}

#[test]
fn folds_of_the_log_come_in_the_order_of_their_numbers() {
    let mut pairs = tastes();
    let folds = [Some(10), Some(-1), None, Some(2)];
    for (place, pair) in pairs.pairs.iter_mut().enumerate() {
        pair.fold = folds[place % 4];
    }
    let choice = choose(&pairs, FeedbackKind::Implicit, &settings(), 42, GIB).unwrap();
    assert!(choice.folds_given && choice.n_folds == 3);
    for candidate in &choice.candidates {
        let names: Vec<&str> = candidate
            .folds
            .iter()
            .map(|fold| fold.fold.as_str())
            .collect();
        assert_eq!(names, ["-1", "2", "10"]);
        let tested: u64 = candidate.folds.iter().map(|fold| fold.n_pairs).sum();
        let with_fold = pairs.pairs.iter().filter(|pair| pair.fold.is_some());
        assert_eq!(tested, with_fold.count() as u64);
    }
    let untested = pairs
        .pairs
        .iter()
        .filter(|pair| pair.fold.is_none())
        .count();
    let words = format!("{untested} of {} pairs have no fold", pairs.pairs.len());
    assert!(choice.reason.contains(&words), "{}", choice.reason);
}

#[test]
fn random_folds_are_of_equal_size() {
    let mut pairs = tastes();
    pairs.pairs.truncate(301);
    let choice = choose(&pairs, FeedbackKind::Implicit, &settings(), 42, GIB).unwrap();
    let sizes: Vec<u64> = choice.candidates[0]
        .folds
        .iter()
        .map(|fold| fold.n_pairs)
        .collect();
    assert_eq!(sizes, [101, 100, 100]);
}

#[test]
fn the_first_fold_is_a_test_of_its_own() {
    let mut pairs = tastes();
    for (place, pair) in pairs.pairs.iter_mut().enumerate() {
        pair.fold = Some(1 + (place % 3) as i32);
    }
    let split = fold_split(&pairs, &settings(), 42).unwrap().unwrap();
    assert_eq!(split.protocol, Protocol::Fold { fold: "1".into() });
    assert!(split.test.iter().all(|pair| pair.fold == Some(1)));
    assert!(split.train.iter().all(|pair| pair.fold != Some(1)));
    assert_eq!(split.train.len() + split.test.len(), pairs.pairs.len());
    let last = split
        .train
        .iter()
        .map(|pair| pair.last_event_at)
        .max()
        .unwrap();
    assert_eq!(split.trained_until, last + 1);
    let mut none = settings();
    none.folds = 0;
    assert!(fold_split(&pairs, &none, 42).unwrap().is_none());
}
