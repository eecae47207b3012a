use std::cmp::Reverse;
use std::collections::BTreeSet;

use algorithms::als::Interactions;
use proptest::prelude::*;

use super::*;
use crate::evaluation::baselines::{nearest, popular, random, recent_fans};
use crate::evaluation::fits::interactions;
use crate::evaluation::lists::{PLACES, TestSet};
use crate::evaluation::relevance::Relevance;
use crate::settings::FeedbackKind;

const USERS: u32 = 7;
const ITEMS: u32 = 30;
const DAY_US: i64 = 86_400_000_000;

/// Pairs that rise, with scores from -1 to 3 and last events within ten days.
fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    let cell = (0..USERS, 0..ITEMS, -1_i8..4, 0_i64..=10);
    proptest::collection::vec(cell, 0..90).prop_map(|cells| {
        let mut pairs: Vec<Pair> = cells
            .into_iter()
            .map(|(user, item, score, day)| Pair {
                last_event_at: day * DAY_US,
                ..pair(user, item, f32::from(score))
            })
            .collect();
        pairs.sort_by_key(|pair| (pair.user, pair.item));
        pairs.dedup_by_key(|pair| (pair.user, pair.item));
        pairs
    })
}

fn set(train: &[Pair], test: &[Pair]) -> (Interactions, TestSet) {
    let data = interactions(USERS as usize, ITEMS as usize, train).unwrap();
    let scores = train.iter().map(|pair| pair.score);
    let relevance = Relevance::new(FeedbackKind::Implicit, &settings(), scores);
    let set = TestSet::new(&data, test, relevance, 0, 42);
    (data, set)
}

fn has(pairs: &[Pair], user: u32, item: u32) -> bool {
    pairs
        .iter()
        .any(|pair| (pair.user, pair.item) == (user, item))
}

/// The products that may be in a customer's list.
fn candidates(train: &[Pair], user: u32) -> Vec<u32> {
    let known = |item: &u32| train.iter().any(|pair| pair.item == *item);
    let all = (0..ITEMS).filter(known);
    all.filter(|item| !has(train, user, *item)).collect()
}

/// The candidates by falling number of these pairs.
fn by_count(train: &[Pair], user: u32, counts: impl Fn(&Pair) -> bool) -> Vec<u32> {
    let mut list = candidates(train, user);
    let count = |item: u32| {
        let own = train.iter().filter(|pair| pair.item == item);
        own.filter(|pair| counts(pair)).count()
    };
    list.sort_by_key(|item| (Reverse(count(*item)), *item));
    list.truncate(PLACES);
    list
}

proptest! {
    #[test]
    fn who_is_tested_on_what_is_as_said(train in pairs(), test in pairs()) {
        let (_, set) = set(&train, &test);
        let (mut users, mut relevant) = (Vec::new(), Vec::new());
        let (mut new_users, mut new_items) = (BTreeSet::new(), 0);
        for user in 0..USERS {
            let wanted = test.iter().filter(|pair| pair.user == user && pair.score > 0.0);
            let items: Vec<u32> = wanted.map(|pair| pair.item).collect();
            if !train.iter().any(|pair| pair.user == user) {
                new_users.extend((!items.is_empty()).then_some(user));
                continue;
            }
            let known = |item: &u32| train.iter().any(|pair| pair.item == *item);
            new_items += items.iter().filter(|item| !known(item)).count();
            let may: Vec<u32> = candidates(&train, user);
            let items: Vec<u32> = items.into_iter().filter(|item| may.contains(item)).collect();
            if !items.is_empty() {
                users.push(user);
                relevant.push(items);
            }
        }
        prop_assert_eq!(set.n_eligible, users.len() as u64);
        prop_assert_eq!(set.n_unknown, new_users.len() as u64);
        prop_assert_eq!(set.n_relevant_unknown, new_items as u64);
        prop_assert_eq!((set.users, set.relevant), (users, relevant));
    }

    #[test]
    fn popular_products_are_counted_plainly(train in pairs(), test in pairs(), days in 1_i64..9) {
        let (data, set) = set(&train, &test);
        let until = 10 * DAY_US;
        let recent = recent_fans(ITEMS as usize, &train, until, days as f64);
        let lists = popular(&set, &data, &set.fans);
        let recent_lists = popular(&set, &data, &recent);
        for (place, &user) in set.users.iter().enumerate() {
            let liked = by_count(&train, user, |pair| pair.score > 0.0);
            prop_assert_eq!(&lists[place], &liked);
            let lately = by_count(&train, user, |pair| {
                pair.score > 0.0 && pair.last_event_at >= until - days * DAY_US
            });
            prop_assert_eq!(&recent_lists[place], &lately);
        }
    }

    #[test]
    fn other_lists_hold_candidates_once(train in pairs(), test in pairs(), seed in 0_u64..9) {
        let (data, set) = set(&train, &test);
        let (drawn, near) = (random(&set, &data, seed), nearest(&set, &data, 5));
        prop_assert_eq!(&drawn, &random(&set, &data, seed));
        for (place, &user) in set.users.iter().enumerate() {
            let may: BTreeSet<u32> = candidates(&train, user).into_iter().collect();
            for list in [&drawn[place], &near[place]] {
                let items: BTreeSet<u32> = list.iter().copied().collect();
                prop_assert!(items.len() == list.len() && items.is_subset(&may));
            }
            prop_assert_eq!(drawn[place].len(), may.len().min(PLACES));
            prop_assert!(near[place].len() <= PLACES);
        }
    }
}

#[test]
fn the_nearest_products_are_those_of_the_cosine() {
    let liked = |&(user, item): &(u32, u32)| pair(user, item, 1.0);
    // Product 0 goes with 1 twice and with 2 once: cosines 2/sqrt(3*2) and 1/sqrt(3*1).
    let train = [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 2),
        (3, 0),
        (4, 3),
    ];
    // Customer 3 knows product 0 alone.
    let mut train: Vec<Pair> = train.iter().map(liked).collect();
    let later = [pair(3, 2, 1.0)];
    let (data, found) = set(&train, &later);
    assert_eq!(nearest(&found, &data, 10), [[1, 2]]);
    assert_eq!(nearest(&found, &data, 1), [[1]]);
    // A dislike of product 1 takes it out of the list.
    train.insert(7, pair(3, 1, -1.0));
    let (data, found) = set(&train, &later);
    assert_eq!(nearest(&found, &data, 10), [[2]]);
}

#[test]
fn draws_of_a_customer_do_not_depend_on_the_others() {
    let pairs = tastes();
    let Split { train, test, .. } = split(&pairs);
    let data = interactions(80, 40, &train).unwrap();
    let relevance = Relevance::new(FeedbackKind::Implicit, &settings(), std::iter::empty());
    let all = TestSet::new(&data, &test, relevance, 0, 42);
    let some = TestSet::new(&data, &test, relevance, 10, 42);
    let (of_all, of_some) = (random(&all, &data, 1), random(&some, &data, 1));
    for (user, list) in some.users.iter().zip(&of_some) {
        let place = all.users.binary_search(user).unwrap();
        assert_eq!(*list, of_all[place]);
    }
    assert_ne!(of_all, random(&all, &data, 2));
}
