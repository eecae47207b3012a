//! The files, on a small outcome.

use serde_json::Value;

use super::{Files, csv_files, metrics};
use crate::outcome::Outcome;
use crate::report::tests::fixture::{explicit, frame, outcome};

fn folds(outcome: &Outcome) -> Vec<csv::StringRecord> {
    let bytes = csv_files::folds(outcome).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&bytes[..]);
    reader.records().map(Result::unwrap).collect()
}

#[test]
fn cv_has_a_row_per_setting_and_fold_and_one_of_the_time_test() {
    let rows = folds(&outcome());
    assert_eq!(rows.len(), 1 + 4 * 3 + 1);
    let row = |index: usize| rows[index].iter().collect::<Vec<_>>().join(",");
    assert_eq!(
        row(0),
        "fold,factors,regularization,alpha,rmse,mae,ndcg_at_10,ndcg_at_20,recall_at_10,\
         recall_at_20,precision_at_10,map_at_10,mrr,coverage,novelty,n_pairs,n_users,iterations,\
         selected"
    );
    assert_eq!(
        row(1),
        "1,64,0.01,1.0,0.5,0.25,0.05,0.0625,0.07500000000000001,0.1,0.025,0.0125,0.05625,0.5,4.5,\
         3200,900,12,false"
    );
    let selected = rows.iter().filter(|row| &row[18] == "true");
    assert_eq!(selected.count(), 3 + 1);
    let time = &rows[13];
    let some = [
        &time[0], &time[1], &time[3], &time[4], &time[5], &time[6], &time[15], &time[16],
    ];
    assert_eq!(some, ["time", "64", "10.0", "", "", "0.08", "", "640"]);
}

#[test]
fn a_test_on_a_fold_is_no_time_test_and_explicit_settings_have_no_alpha() {
    let rows = folds(&explicit());
    assert_eq!(rows.len(), 1 + 4 * 3);
    assert!(rows[1..].iter().all(|row| row[3].is_empty()));
}

#[test]
fn without_folds_only_the_header_is_left() {
    let mut outcome = outcome();
    outcome.quality = None;
    for candidate in &mut outcome.choice.candidates {
        candidate.folds.clear();
    }
    assert_eq!(folds(&outcome).len(), 1);
}

#[test]
fn segments_are_ranked_from_one() {
    let outcome = outcome();
    let bytes = csv_files::segments(outcome.segments.as_ref().unwrap()).unwrap();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "fused_segment,customers,coverage,rank,product_id,customers_recommended,share,lift\n\
         \"Steady, high\",800,0.3,1,1001,400,0.5,0.8\n\
         \"Fading, low\",399,0.3,1,1005,200,0.5,3.25\n"
    );
}

#[test]
fn metrics_say_what_monitoring_needs() {
    let bytes = metrics::json(&outcome()).unwrap();
    assert_eq!(bytes, metrics::json(&outcome()).unwrap());
    let metrics: Value = serde_json::from_slice(&bytes).unwrap();
    let at = |pointer: &str| metrics.pointer(pointer).cloned().unwrap_or(Value::Null);
    assert_eq!(at("/feedback"), "implicit");
    assert_eq!(at("/learned/users"), 1_200);
    assert_eq!(at("/selection/setting/alpha"), 10.0);
    assert_eq!(at("/selection/mean/mean/lists/ndcg_at_10"), 0.0625);
    assert_eq!(at("/candidates/3/folds/2/n_users"), 900);
    assert_eq!(at("/verdict"), "better");
    assert_eq!(at("/quality/protocol/time/at"), "1970-04-01T00:00:00Z");
    assert_eq!(at("/quality/recommenders/0/recommender"), "als");
    assert_eq!(at("/quality/recommenders/0/ndcg_at_10/high"), 0.1);
    assert_eq!(at("/quality/over_popularity/low"), 0.03);
    assert_eq!(at("/fit/iterations"), 4);
    assert_eq!(at("/fit/converged"), true);
    assert_eq!(at("/reach/coverage"), 0.75);
    assert_eq!(at("/segmentation_run"), "19700410T000000Z-11111111");
    assert_eq!(at("/segments/1/customers"), 399);
    assert_eq!(at("/notes/0"), "A note of the run.");
    assert!(at("/definitions/ndcg_at_k").is_string());
}

#[test]
fn segments_are_written_only_where_there_are_any() {
    let names = |outcome: &Outcome| -> Vec<String> {
        let files = Files::lay_out(outcome, &frame()).unwrap();
        files.small.into_iter().map(|(name, _)| name).collect()
    };
    let with = names(&outcome());
    for name in [
        "cv.csv",
        "metrics.json",
        "segments.csv",
        "report.html",
        "charts/loss_curve.svg",
        "charts/loss_curve.png",
    ] {
        assert!(with.iter().any(|found| found == name), "{name}");
    }
    let without = names(&explicit());
    assert!(!without.iter().any(|name| name.contains("segment")));
}
