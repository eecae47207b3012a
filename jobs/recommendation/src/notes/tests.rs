//! Each note stands when and only when it holds.

use super::notes;
use crate::outcome::{Outcome, Protocol, Verdict};
use crate::report::tests::fixture::{explicit, outcome};
use crate::settings::Evaluation;

fn has(outcome: &Outcome, words: &str) -> bool {
    notes(outcome).iter().any(|note| note.contains(words))
}

#[test]
fn an_ordinary_run_has_only_its_ordinary_notes() {
    let notes = notes(&outcome());
    let [implicit, edges, random] = &notes[..] else {
        panic!("{notes:#?}");
    };
    assert!(implicit.contains("RMSE and MAE"));
    assert!(
        edges.contains("(regularization 0.01 and alpha 10)"),
        "{edges}"
    );
    assert!(random.contains("Folds are random"));
}

#[test]
fn a_model_that_does_not_beat_popularity_says_so_first() {
    let mut outcome = outcome();
    outcome.sample = Some(0.1);
    outcome.quality.as_mut().unwrap().verdict = Verdict::NotBetter;
    let found = notes(&outcome);
    assert!(found[0].contains("not better than showing everybody the most popular"));
    assert!(found[0].contains("0.0800 against 0.0400"));
    assert!(found[1].contains("Only a sample of 10 %"));
    outcome.quality.as_mut().unwrap().verdict = Verdict::NotClearlyBetter;
    assert!(notes(&outcome)[0].contains("not clearly better"));
}

#[test]
fn a_better_baseline_is_named() {
    let mut outcome = outcome();
    outcome.quality.as_mut().unwrap().recommenders[2]
        .values
        .ndcg_at_10 = 0.1;
    assert!(has(
        &outcome,
        "recent popularity (NDCG@10 0.1000 against the model's 0.0800)"
    ));
}

#[test]
fn events_after_as_of_are_counted() {
    let mut outcome = outcome();
    outcome.span.events_after_as_of = 3;
    assert!(has(
        &outcome,
        "3 events at or after 1970-04-11T00:00:00+00:00"
    ));
}

#[test]
fn a_missing_test_has_a_reason() {
    let mut outcome = outcome();
    outcome.quality = None;
    assert!(has(
        &outcome,
        "cannot be cut into an earlier and a later part"
    ));
    outcome.settings.test_share = 0.0;
    assert!(has(&outcome, "test_share is 0"));
    outcome.settings.evaluation = Evaluation::Errors;
    assert!(has(
        &outcome,
        "only errors of predictions were to be measured"
    ));
    let fold = explicit();
    assert!(has(&fold, "tested on fold 3") && has(&fold, "all events have the same time"));
}

#[test]
fn a_small_test_and_what_is_out_of_its_reach_are_told() {
    let mut outcome = outcome();
    let quality = outcome.quality.as_mut().unwrap();
    quality.n_users = 99;
    quality.n_users_unknown = 160;
    quality.n_relevant_unknown = 7;
    assert!(has(&outcome, "tested on 99 customers only"));
    assert!(has(
        &outcome,
        "160 customers (20.0\u{202F}% of those in it)"
    ));
    assert!(has(&outcome, "7 relevant pairs with a product"));
    assert!(matches!(
        outcome.quality.unwrap().protocol,
        Protocol::Time { .. }
    ));
}

#[test]
fn the_end_of_a_list_is_an_edge_only_among_several() {
    let mut outcome = outcome();
    // Factors 64 are the only ones that were tried; alpha 10 now lies between 1 and 20.
    outcome.choice.candidates[3].setting.alpha = Some(20.0);
    assert!(has(&outcome, "(regularization 0.01):"));
    outcome.choice.candidates[0].setting.regularization = 0.001;
    assert!(!has(&outcome, "wider grid"));
}

#[test]
fn feedback_is_explained_where_it_misleads() {
    let mut outcome = explicit();
    assert!(!has(&outcome, "ratings") && !has(&outcome, "Folds are random"));
    outcome.scores_given = false;
    assert!(has(&outcome, "as if they were ratings"));
}

#[test]
fn the_fit_and_the_histories_may_be_poor() {
    let mut outcome = outcome();
    outcome.fit.converged = false;
    outcome.learned.median_products_per_user = 1.0;
    outcome.learned.capped_pairs = 96;
    assert!(has(
        &outcome,
        "ended after 4 rounds before its loss had settled"
    ));
    assert!(has(&outcome, "one product only"));
    assert!(has(
        &outcome,
        "96 of 9,600 pairs (1.0\u{202F}%) have more evidence"
    ));
    assert!(has(&outcome, "count as 100."));
}
