use approx::assert_abs_diff_eq;
use proptest::prelude::*;

use super::*;

const LIST: [u32; 5] = [7, 1, 9, 4, 2];
const RELEVANT: [u32; 3] = [1, 4, 30];

#[test]
fn the_measures_of_a_list_by_hand() {
    assert_eq!(precision_at_k(&LIST, &RELEVANT, 4), 0.5);
    assert_eq!(precision_at_k(&LIST, &RELEVANT, 10), 0.2);
    assert_abs_diff_eq!(recall_at_k(&LIST, &RELEVANT, 2), 1.0 / 3.0);
    assert_abs_diff_eq!(Metric::CappedRecall(2).of(&LIST, &RELEVANT), 0.5);
    assert_eq!(hit_rate_at_k(&LIST, &RELEVANT, 1), 0.0);
    assert_eq!(hit_rate_at_k(&LIST, &RELEVANT, 2), 1.0);
    assert_eq!(mrr(&LIST, &RELEVANT), 0.5);
    // Places 2 and 4: half and half of what is above them is relevant.
    assert_abs_diff_eq!(map_at_k(&LIST, &RELEVANT, 5), (0.5 + 0.5) / 3.0);
    assert_abs_diff_eq!(map_at_k(&LIST, &RELEVANT, 2), 0.5 / 2.0);
    let gain = |place: f64| 1.0 / (place + 1.0).log2();
    let found = gain(2.0) + gain(4.0);
    let ideal = gain(1.0) + gain(2.0) + gain(3.0);
    assert_abs_diff_eq!(
        ndcg_at_k(&LIST, &RELEVANT, 5),
        found / ideal,
        epsilon = 1e-12
    );
    let all = ideal + gain(4.0) + gain(5.0);
    let found_of_all = Metric::NdcgAllPlaces(5).of(&LIST, &RELEVANT);
    assert_abs_diff_eq!(found_of_all, found / all, epsilon = 1e-12);
}

fn all_metrics(k: usize) -> [Metric; 8] {
    use Metric as M;
    [
        M::Precision(k),
        M::Recall(k),
        M::CappedRecall(k),
        M::HitRate(k),
        M::Ndcg(k),
        M::NdcgAllPlaces(k),
        M::Map(k),
        M::Mrr,
    ]
}

proptest! {
    #[test]
    fn measures_lie_between_0_and_1_and_a_perfect_list_is_perfect(
        list in prop::collection::btree_set(0_u32..40, 0..15),
        relevant in prop::collection::btree_set(0_u32..40, 0..15),
        k in 0_usize..20, turn in 0_usize..15
    ) {
        let mut list: Vec<u32> = list.into_iter().collect();
        let relevant: Vec<u32> = relevant.into_iter().collect();
        let turn = turn.min(list.len());
        list.rotate_left(turn);
        for metric in all_metrics(k) {
            let value = metric.of(&list, &relevant);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&value), "{metric:?}: {value}");
            let reversed: Vec<u32> = relevant.iter().rev().copied().collect();
            let best = metric.of(&reversed, &relevant);
            prop_assert!(value <= best + 1e-12, "{metric:?}: {value} {best}");
        }
        if k > 0 && !relevant.is_empty() {
            for metric in [Metric::CappedRecall(k), Metric::Ndcg(k), Metric::Map(k), Metric::Mrr] {
                assert_abs_diff_eq!(metric.of(&relevant, &relevant), 1.0, epsilon = 1e-12);
            }
        }
    }
}

#[test]
fn nothing_relevant_and_nothing_recommended_are_worth_0() {
    for metric in all_metrics(5).into_iter().chain(all_metrics(0)) {
        assert_eq!(metric.of(&LIST, &[]), 0.0);
        assert_eq!(metric.of(&[], &RELEVANT), 0.0);
    }
}

#[test]
fn users_with_nothing_relevant_are_skipped_or_count_as_0() {
    let lists = [vec![1, 2], vec![3, 4], vec![5]];
    let relevant = [vec![1], vec![], vec![6, 7, 8]];
    let values = |nothing| user_values(Metric::Recall(2), &lists, &relevant, nothing).unwrap();
    assert_eq!(values(NothingRelevant::Skip), [1.0, 0.0]);
    assert_eq!(values(NothingRelevant::Zero), [1.0, 0.0, 0.0]);
    // One hit of 1 + 0 + 2 possible ones.
    let micro = micro_precision_at_k(&lists, &relevant, 2).unwrap();
    assert_abs_diff_eq!(micro, 1.0 / 3.0);
    let refused = user_values(Metric::Mrr, &lists, &relevant[..2], NothingRelevant::Skip);
    assert_eq!(
        refused.unwrap_err().to_string(),
        "3 lists were given for 2 sets of relevant items"
    );
}

#[test]
fn coverage_counts_distinct_items() {
    assert_eq!(coverage(&[vec![0, 1], vec![1, 3]], 4), Ok(0.75));
    assert_eq!(coverage::<Vec<u32>>(&[], 4), Ok(0.0));
    assert_eq!(
        coverage(&[[4]], 4),
        Err(RankingError::OutOfRange { index: 4, n: 4 })
    );
    assert_eq!(coverage(&[[0]], 0), Err(RankingError::Nothing));
}

#[test]
fn novelty_is_the_mean_of_the_lists_means() {
    // Known to 8, 2 and none of 8 users: 0, 2 and 3 bits.
    let known = [8, 2, 0];
    let lists = [vec![0, 1], vec![], vec![2]];
    assert_eq!(novelty(&lists, &known, 8), Ok((1.0 + 3.0) / 2.0));
    assert_eq!(novelty(&[[]], &known, 8), Err(RankingError::Nothing));
    assert!(novelty(&[[3]], &known, 8).is_err());
}

#[test]
fn errors_of_predictions_by_hand() {
    let (predicted, actual) = ([1.0, 2.0, 5.0], [1.0, 4.0, 4.0]);
    assert_abs_diff_eq!(rmse(&predicted, &actual).unwrap(), (5.0_f64 / 3.0).sqrt());
    assert_eq!(mae(&predicted, &actual), Ok(1.0));
    assert_eq!(rmse(&[], &[]), Err(RankingError::Nothing));
    assert!(matches!(
        rmse(&[1.0], &actual),
        Err(RankingError::Length { .. })
    ));
    assert_eq!(
        mae(&[1.0, f32::NAN], &[1.0, 1.0]),
        Err(RankingError::NonFinite { index: 1 })
    );
}

#[test]
fn the_interval_is_that_of_the_normal_distribution_for_many_users() {
    let values: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
    let found = bootstrap_mean(&values, &BootstrapParams::default()).unwrap();
    assert_eq!((found.mean, found.n_users), (0.25, 400));
    let half_width = 1.96 * (0.25 * 0.75 / 400.0_f64).sqrt();
    assert_abs_diff_eq!(found.low, 0.25 - half_width, epsilon = 0.005);
    assert_abs_diff_eq!(found.high, 0.25 + half_width, epsilon = 0.005);
}

#[test]
fn the_seed_decides_the_interval_and_the_threads_do_not() {
    let values: Vec<f64> = (0..50).map(|i| f64::from(i).sqrt()).collect();
    let with = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let params = BootstrapParams {
            seed,
            ..BootstrapParams::default()
        };
        let pool = pool.build().unwrap();
        pool.install(|| bootstrap_mean(&values, &params).unwrap())
    };
    assert_eq!(with(1, 1), with(2, 1));
    assert_eq!(with(1, 1), with(7, 1));
    assert_ne!(with(1, 1), with(1, 2));
}

#[test]
fn one_user_has_an_interval_of_one_point() {
    let found = bootstrap_mean(&[0.5], &BootstrapParams::default()).unwrap();
    assert_eq!((found.low, found.mean, found.high), (0.5, 0.5, 0.5));
}

#[test]
fn bad_bootstrap_arguments_are_named() {
    let refusal = |values: &[f64], n_samples, confidence| {
        let params = BootstrapParams {
            n_samples,
            confidence,
            seed: 1,
        };
        bootstrap_mean(values, &params).unwrap_err()
    };
    assert_eq!(refusal(&[], 10, 0.9), RankingError::Nothing);
    assert_eq!(
        refusal(&[0.1, f64::NAN], 10, 0.9),
        RankingError::NonFinite { index: 1 }
    );
    for (n_samples, confidence) in [(0, 0.9), (10, 0.0), (10, 1.0), (10, f64::NAN)] {
        assert!(matches!(
            refusal(&[1.0], n_samples, confidence),
            RankingError::Params { .. }
        ));
    }
}
