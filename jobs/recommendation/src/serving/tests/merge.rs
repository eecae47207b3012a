//! How new events join what the run knows.

use chrono::{DateTime, TimeDelta, Utc};

use super::fixture::{Setup, Shop, new_pair};
use crate::serving::NewPair;
use crate::serving::past::Past;

#[tokio::test]
async fn evidence_adds_up_and_is_capped_again() {
    let shop = Shop::new(&[(1, 1, 8_000_000), (1, 2, 100_000)], Setup::implicit(1)).await;
    let past = Past::read(&shop.run, "1").await.unwrap();
    assert_eq!(past.pairs[1].evidence, Some(100_000));
    let merged = past.with(
        &[new_pair(1, 7.0), new_pair(2, 0.2), new_pair(3, -1.0)],
        &shop.model,
    );
    let scores: Vec<_> = merged.pairs.iter().map(|pair| pair.score).collect();
    assert_eq!(scores, [Some(10.0), Some(0.3), Some(-1.0)]);
    assert_eq!(merged.pairs[0].evidence, Some(15_000_000));
    // Evidence beyond the cap is kept, so that what speaks against a product counts from there.
    let merged = merged.with(&[new_pair(1, -4.0)], &shop.model);
    assert_eq!(merged.pairs[0].score, Some(10.0));
    assert_eq!(merged.pairs[0].n_events, 3);
}

#[tokio::test]
async fn of_two_scores_the_later_counts() {
    let shop = Shop::new(&[(1, 1, 4_000_000), (2, 2, 3_000_000)], Setup::explicit(1)).await;
    let zero = DateTime::<Utc>::UNIX_EPOCH;
    let rated = |score: Option<f64>, seconds: i64| NewPair {
        score,
        last_event_at: zero + TimeDelta::seconds(seconds),
        ..new_pair(1, 0.0)
    };
    let score = async |score, seconds| {
        let past = Past::read(&shop.run, "1").await.unwrap();
        past.with(&[rated(score, seconds)], &shop.model).pairs[0].score
    };
    // The run has the score 4 at the second 0.
    assert_eq!(score(Some(2.0), 1).await, Some(2.0));
    assert_eq!(score(Some(5.0), -1).await, Some(4.0));
    assert_eq!(score(Some(2.0), 0).await, Some(4.0));
    assert_eq!(score(Some(5.0), 0).await, Some(5.0));
    assert_eq!(score(None, 1).await, Some(4.0));
}

#[tokio::test]
async fn a_customer_becomes_old_enough_with_new_events() {
    let setup = Setup {
        min_user_events: 2,
        ..Setup::implicit(1)
    };
    let deeds = [(1, 1, 9_000_000), (1, 2, 9_000_000), (2, 2, 9_000_000)];
    let shop = Shop::new(&deeds, setup).await;
    let past = Past::read(&shop.run, "2").await.unwrap();
    let old = past.evidence(&shop.items, &[], 2);
    assert!(old.scores.is_empty());
    let new = [new_pair(1, 1.0)];
    let evidence = past.with(&new, &shop.model).evidence(&shop.items, &new, 2);
    assert_eq!(evidence.scores, [(0, 1.0), (1, 9.0)]);
}
