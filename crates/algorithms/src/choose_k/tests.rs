use super::reason::percent;
use super::*;

fn candidate(n_clusters: usize, silhouette: f64, min_share: f64) -> KCandidate {
    KCandidate {
        n_clusters,
        silhouette,
        inertia: 1.0,
        min_share,
        stability: None,
        n_iter: 3,
    }
}

fn chosen(candidates: &[KCandidate]) -> KChoice {
    choose_k(candidates, 0.01).unwrap()
}

#[test]
fn the_best_silhouette_wins() {
    let choice = chosen(&[
        candidate(2, 0.4, 0.3),
        candidate(3, 0.6234, 0.2),
        candidate(4, 0.5, 0.1),
    ]);
    assert_eq!((choice.n_clusters, choice.index), (3, 1));
    assert_eq!(
        choice.reason.to_string(),
        "3 groups were chosen because they separate the customers best (silhouette 0.623, the \
         highest of 3 numbers tried)."
    );
}

#[test]
fn a_single_candidate_is_called_so() {
    let choice = chosen(&[candidate(5, 0.5, 0.1)]);
    assert_eq!(
        choice.reason.to_string(),
        "5 groups were used because no other number was tried (silhouette 0.500)."
    );
}

#[test]
fn better_candidates_with_a_tiny_cluster_are_set_aside() {
    let choice = chosen(&[
        candidate(2, 0.9, 0.0004),
        candidate(3, 0.6, 0.2),
        candidate(4, 0.8, 0.004),
        candidate(5, 0.5, 0.001),
    ]);
    assert_eq!((choice.n_clusters, choice.index), (3, 1));
    assert_eq!(
        choice.reason.to_string(),
        "3 groups were chosen because they separate the customers best (silhouette 0.600) among \
         the numbers whose smallest group holds at least 1 % of the customers; 2 and 4 scored \
         better but were set aside, since the smallest group held only 0.04 % and 0.4 %."
    );
}

#[test]
fn if_none_is_large_enough_the_best_silhouette_wins_regardless() {
    let choice = chosen(&[candidate(2, 0.5, 0.001), candidate(3, 0.7, 0.0025)]);
    assert_eq!((choice.n_clusters, choice.index), (3, 1));
    assert_eq!(
        choice.reason.to_string(),
        "3 groups were chosen because they separate the customers best (silhouette 0.700), \
         although the smallest group holds only 0.2 % of the customers: no number tried kept \
         every group at 1 % or more."
    );
}

#[test]
fn a_share_of_exactly_min_share_passes() {
    assert_eq!(
        chosen(&[candidate(2, 0.5, 0.5), candidate(3, 0.7, 0.01)]).n_clusters,
        3
    );
}

#[test]
fn ties_go_to_fewer_clusters_in_any_order() {
    assert_eq!(
        chosen(&[candidate(4, 0.5, 0.1), candidate(3, 0.5, 0.1)]).n_clusters,
        3
    );
    assert_eq!(
        chosen(&[candidate(3, 0.5, 0.1), candidate(4, 0.5, 0.1)]).n_clusters,
        3
    );
    assert_eq!(
        chosen(&[candidate(3, 0.0, 0.1), candidate(2, -0.0, 0.1)]).n_clusters,
        2
    );
}

#[test]
fn a_silhouette_that_is_not_a_number_is_never_chosen() {
    assert_eq!(
        chosen(&[candidate(2, f64::NAN, 0.5), candidate(3, -0.9, 0.1)]).n_clusters,
        3
    );
    let nothing = choose_k(&[candidate(2, f64::NAN, 0.5)], 0.01).unwrap_err();
    assert_eq!(nothing, ChooseKError::NoSilhouette(1));
}

#[test]
fn no_candidates_is_an_error() {
    assert_eq!(choose_k(&[], 0.01).unwrap_err(), ChooseKError::NoCandidates);
}

#[test]
fn min_share_is_a_share() {
    for bad in [-0.1, 1.1, f64::NAN] {
        let error = choose_k(&[candidate(2, 0.5, 0.5)], bad).unwrap_err();
        assert!(matches!(error, ChooseKError::MinShare(_)), "{error}");
    }
}

#[test]
fn shares_are_written_with_the_decimals_they_need() {
    let shares = [
        0.5, 0.125, 0.29, 0.05, 0.0123, 0.01, 0.00999, 0.001, 0.00034, 0.0,
    ];
    assert_eq!(
        shares.map(percent),
        [
            "50 %", "12.5 %", "29 %", "5 %", "1.2 %", "1 %", "0.9 %", "0.1 %", "0.034 %", "0 %"
        ]
    );
}

#[test]
fn a_choice_survives_its_file() {
    let choice = chosen(&[candidate(2, 0.9, 0.001), candidate(3, 0.5, 0.2)]);
    let text = serde_json::to_string(&choice).unwrap();
    assert!(
        text.contains(r#""kind":"small_clusters_set_aside""#),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<KChoice>(&text).unwrap(), choice);
}
