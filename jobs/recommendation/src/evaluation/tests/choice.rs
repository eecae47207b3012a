use super::*;
use crate::evaluation::fits::{AtOnce, Common, interactions};
use crate::outcome::{Candidate, Choice, FoldResult};
use crate::settings::{Evaluation, FeedbackKind, SelectBy};

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
    let train = interactions(80, 40, &train).unwrap();
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
        let work = || choose(&pairs, FeedbackKind::Implicit, &settings(), 42, memory).unwrap();
        with_threads(threads, work)
    };
    let one = run(1, GIB);
    assert_eq!(one.candidates.len(), 4);
    assert_eq!((one.select_by, one.n_folds), ("ndcg_at_10", 3));
    for (threads, memory) in [(2, GIB), (7, GIB), (7, 1), (7, room_for_two_folds(&pairs))] {
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
fn without_lists_the_errors_are_the_same_and_they_decide() {
    let pairs = tastes();
    let mut settings = settings();
    settings.select_by = SelectBy::Rmse;
    let measure = |settings: &RecommendationSettings| {
        choose(&pairs, FeedbackKind::Implicit, settings, 42, GIB).unwrap()
    };
    let whole = measure(&settings);
    settings.evaluation = Evaluation::Errors;
    settings.select_by = SelectBy::Auto;
    let errors = measure(&settings);
    assert_eq!(
        (errors.select_by, errors.selected),
        ("rmse", whole.selected)
    );
    let of = |choice: &Choice| -> Vec<FoldResult> {
        let folds = choice.candidates.iter().flat_map(|c| c.folds.clone());
        folds.collect()
    };
    for (errors, mut whole) in of(&errors).into_iter().zip(of(&whole)) {
        assert!(whole.values.lists.take().is_some());
        whole.n_users = 0;
        assert_eq!(errors, whole);
    }
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

fn at_once(pairs: &PairTable, memory: usize) -> AtOnce {
    let common = Common {
        pairs,
        feedback: FeedbackKind::Implicit,
        settings: &settings(),
        seed: 42,
    };
    AtOnce::within(memory, common, &[SETTING], 3)
}

/// Memory for two of three folds, so that they are made in two rounds.
fn room_for_two_folds(pairs: &PairTable) -> usize {
    let mut sizes = (0..1_000_000).step_by(1000);
    sizes.find(|&size| at_once(pairs, size).folds == 2).unwrap()
}

#[test]
fn as_much_is_done_at_once_as_memory_allows() {
    let pairs = tastes();
    with_threads(4, || {
        assert_eq!(at_once(&pairs, 0), AtOnce { folds: 1, fits: 1 });
        assert_eq!(at_once(&pairs, GIB), AtOnce { folds: 3, fits: 4 });
        let folds = (0..200).map(|size| at_once(&pairs, size * 1000).folds);
        assert!(folds.is_sorted());
    });
}

/// Two customers like product 0 more than product 1; the mean score is 3. Customers 2 and 3 and
/// products 2 and 3 are only in fold 7.
fn unseen(test: &[(u32, u32, f32)]) -> PairTable {
    let mut pairs = vec![
        pair(0, 0, 4.0),
        pair(0, 1, 2.0),
        pair(1, 0, 5.0),
        pair(1, 1, 1.0),
    ];
    pairs.extend(test.iter().map(|&(user, item, score)| Pair {
        fold: Some(7),
        ..pair(user, item, score)
    }));
    table(4, 4, pairs)
}

#[test]
fn what_was_never_seen_is_predicted_by_the_mean_and_the_known_bias() {
    let mut settings = settings();
    settings.explicit.regularization = vec![0.05];
    let errors = |test: &[(u32, u32, f32)]| {
        let pairs = unseen(test);
        let choice = choose(&pairs, FeedbackKind::Explicit, &settings, 42, GIB).unwrap();
        let [fold] = &choice.candidates[0].folds[..] else {
            panic!("one fold");
        };
        assert_eq!(fold.n_pairs, test.len() as u64);
        (fold.values.rmse, fold.values.mae)
    };
    // Nothing known of either: the mean, 3. Errors 2 and 1.
    let (rmse, mae) = errors(&[(2, 2, 5.0), (3, 3, 2.0)]);
    assert!((rmse - 2.5_f64.sqrt()).abs() < 1e-6 && (mae - 1.5).abs() < 1e-6);

    let setting = Setting {
        factors: 2,
        regularization: 0.05,
        alpha: None,
    };
    let params = als_params(setting, FeedbackKind::Explicit, &settings, 42).unwrap();
    let train = interactions(4, 4, &unseen(&[]).pairs).unwrap();
    let model = params.fit(&train).unwrap().model;
    assert!(model.items.bias(0) > 0.1 && model.global_mean == 3.0);
    let (rmse, _) = errors(&[(2, 0, 5.0)]);
    assert!((rmse - f64::from(2.0 - model.items.bias(0))).abs() < 1e-6);
    let (rmse, _) = errors(&[(1, 3, 5.0)]);
    assert!((rmse - f64::from(2.0 - model.users.bias(1))).abs() < 1e-6);
}

#[test]
fn implicit_errors_are_those_of_the_preference() {
    let mut settings = settings();
    settings.select_by = SelectBy::Rmse;
    // Nothing known of either: 0 is predicted, of a liking of 1 and a dislike of 0.
    let pairs = unseen(&[(2, 2, 6.0), (3, 3, -2.0)]);
    let choice = choose(&pairs, FeedbackKind::Implicit, &settings, 42, GIB).unwrap();
    let values = choice.chosen().unwrap().folds[0].values;
    assert!((values.rmse - 0.5_f64.sqrt()).abs() < 1e-12 && (values.mae - 0.5).abs() < 1e-12);
    assert!(values.lists.is_none());
}

#[test]
fn scores_that_are_all_equal_are_predicted_exactly() {
    let mut pairs = tastes();
    pairs.pairs.iter_mut().for_each(|pair| pair.score = 4.0);
    let choice = choose(&pairs, FeedbackKind::Explicit, &settings(), 42, GIB).unwrap();
    let mean = choice.chosen().unwrap().mean.unwrap();
    assert!(mean.mean.rmse < 1e-6 && mean.rmse_std < 1e-6);
    assert!(mean.mean.lists.is_some());
}

#[test]
fn lists_that_cannot_be_measured_choose_nothing() {
    // Every customer has one product: nobody is in the fold and outside it.
    let pairs = table(9, 3, (0..9).map(|user| pair(user, user % 3, 1.0)).collect());
    let mut settings = settings();
    let choice = choose(&pairs, FeedbackKind::Implicit, &settings, 42, GIB);
    assert!(choice.unwrap_err().to_string().contains("--select-by rmse"));
    settings.implicit.factors = vec![2];
    settings.implicit.alpha = vec![1.0];
    let choice = choose(&pairs, FeedbackKind::Implicit, &settings, 42, GIB).unwrap();
    assert_eq!(choice.selected, 0);
    assert!(
        choice.reason.contains("no list could be measured"),
        "{}",
        choice.reason
    );
}

#[test]
fn a_setting_that_is_none_is_refused() {
    let mut settings = settings();
    settings.implicit.regularization = vec![-1.0];
    let choice = choose(&tastes(), FeedbackKind::Implicit, &settings, 42, GIB);
    let message = choice.unwrap_err().to_string();
    assert!(message.contains("regularization is -1") && message.contains("grid"));
}
