//! A simulated shop looks like a real one.

use std::collections::{BTreeMap, BTreeSet};

use super::log::{Event, shop};
use crate::simulate::categories::{CATEGORIES, DEPARTMENTS, chosen};
use crate::simulate::customer::shares;

const HOUR: i64 = 3_600_000_000;

fn of_type<'a>(events: &'a [Event], event_type: &'a str) -> impl Iterator<Item = &'a Event> {
    events
        .iter()
        .filter(move |event| event.event_type == event_type)
}

fn share(events: &[Event], matches: impl Fn(&Event) -> bool) -> f64 {
    events.iter().filter(|event| matches(event)).count() as f64 / events.len() as f64
}

/// How many events have each key, largest first.
fn sizes<K: Ord>(events: &[Event], key: impl Fn(&Event) -> K) -> Vec<usize> {
    let mut counts: BTreeMap<K, usize> = BTreeMap::new();
    events
        .iter()
        .for_each(|event| *counts.entry(key(event)).or_default() += 1);
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts
}

fn leading(sizes: &[usize], count: usize) -> f64 {
    sizes[..count].iter().sum::<usize>() as f64 / sizes.iter().sum::<usize>() as f64
}

#[test]
fn most_looks_lead_nowhere_some_to_the_cart_fewer_to_an_order() {
    let events = shop();
    let [views, carts, removed, bought] = ["view", "cart", "remove_from_cart", "purchase"]
        .map(|event_type| of_type(events, event_type).count() as f64);
    assert!(
        (0.03..0.10).contains(&(carts / views)),
        "carts per view {}",
        carts / views
    );
    assert!(
        (0.30..0.80).contains(&(bought / carts)),
        "purchases per cart {}",
        bought / carts
    );
    assert!(
        (0.03..0.35).contains(&(removed / carts)),
        "removals per cart {}",
        removed / carts
    );
}

#[test]
fn within_a_visit_a_product_is_seen_then_carted_then_bought() {
    let events = shop();
    let mut counts: BTreeMap<(i64, i64), [i64; 4]> = BTreeMap::new();
    let order = ["view", "cart", "remove_from_cart", "purchase"];
    for event in events.iter().filter(|event| event.event_type != "return") {
        let at = order
            .iter()
            .position(|name| event.event_type == *name)
            .unwrap();
        let counts = counts.entry((event.order, event.product)).or_default();
        counts[at] += 1;
        let [views, carts, removed, bought] = *counts;
        assert!(
            carts <= views && removed + bought <= carts,
            "{event:?}: {counts:?}"
        );
    }
}

#[test]
fn a_visit_belongs_to_one_user_and_visits_are_numbered_by_time() {
    let events = shop();
    let mut visits: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for event in events.iter().filter(|event| event.event_type != "return") {
        let visit = visits
            .entry(event.order)
            .or_insert((event.user, event.micros));
        assert_eq!(visit.0, event.user, "{event:?}");
        assert!(event.micros - visit.1 <= 4 * HOUR, "{event:?}");
    }
    assert!(visits.values().is_sorted_by_key(|visit| visit.1));
    assert_eq!(
        visits.keys().copied().collect::<Vec<_>>(),
        (1..=visits.len() as i64).collect::<Vec<_>>()
    );
}

#[test]
fn a_return_gives_back_what_the_same_user_bought_days_before() {
    let events = shop();
    let mut bought: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for event in of_type(events, "purchase") {
        let line = (
            event.order,
            event.user,
            event.product,
            event.quantity,
            event.price,
        );
        bought.entry(line).or_default().push(event.micros);
    }
    let mut returns = 0;
    for event in of_type(events, "return") {
        let line = (
            event.order,
            event.user,
            event.product,
            event.quantity,
            event.price,
        );
        let times = bought
            .get_mut(&line)
            .unwrap_or_else(|| panic!("never bought: {event:?}"));
        let time = times
            .pop()
            .unwrap_or_else(|| panic!("returned twice: {event:?}"));
        assert!(
            ((24 * HOUR)..(31 * 24 * HOUR)).contains(&(event.micros - time)),
            "{event:?}"
        );
        returns += 1;
    }
    let rate = f64::from(returns) / of_type(events, "purchase").count() as f64;
    assert!((0.01..0.09).contains(&rate), "return rate {rate}");
}

#[test]
fn a_few_products_draw_most_of_the_looks() {
    let events = shop();
    let sizes = sizes(events, |event| event.product);
    let (top, tenth) = (leading(&sizes, 10), leading(&sizes, 100));
    assert!((0.08..0.50).contains(&top), "share of the top 1 %: {top}");
    assert!(
        (0.35..0.85).contains(&tenth),
        "share of the top 10 %: {tenth}"
    );
}

#[test]
fn a_few_users_leave_most_events_and_many_come_once() {
    let events = shop();
    let sizes = sizes(events, |event| event.user);
    assert!(
        leading(&sizes, 20) > 0.10,
        "share of the top 1 %: {}",
        leading(&sizes, 20)
    );
    let mut visits: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    events.iter().for_each(|event| {
        visits.entry(event.user).or_default().insert(event.order);
    });
    let once = visits.values().filter(|visits| visits.len() == 1).count() as f64;
    let once = once / visits.len() as f64;
    assert!(
        (0.35..0.70).contains(&once),
        "share of one-visit users: {once}"
    );
}

#[test]
fn users_have_tastes_that_popularity_does_not_explain() {
    let events = shop();
    let mut of_user: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
    events
        .iter()
        .for_each(|event| of_user.entry(event.user).or_default().push(event.clone()));
    let overall = leading(&sizes(events, |event| event.category), 3);
    let own: Vec<f64> = of_user
        .values()
        .filter(|events| events.len() >= 60)
        .map(|events| {
            let sizes = sizes(events, |event| event.category);
            leading(&sizes, sizes.len().min(3))
        })
        .collect();
    let own = own.iter().sum::<f64>() / own.len() as f64;
    assert!(
        own > 0.55 && own > 1.6 * overall,
        "own top 3 {own}, everyone's top 3 {overall}"
    );
}

#[test]
fn users_leave_at_different_times() {
    let events = shop();
    let mut last: BTreeMap<i64, i64> = BTreeMap::new();
    of_type(events, "purchase").for_each(|event| {
        last.insert(event.user, event.micros);
    });
    for month in 0..5 {
        let start = events[0].micros + month * 30 * 24 * HOUR;
        let range = start..start + 30 * 24 * HOUR;
        let count = last.values().filter(|time| range.contains(time)).count();
        let share = count as f64 / last.len() as f64;
        assert!(
            share > 0.05,
            "share of buyers whose last order is in month {month}: {share}"
        );
    }
}

#[test]
fn nights_are_quiet_and_evenings_busy() {
    let events = shop();
    let hour = |event: &Event| event.micros / HOUR % 24;
    let night = share(events, |event| (1..5).contains(&hour(event)));
    let evening = share(events, |event| (18..22).contains(&hour(event)));
    assert!(night < 0.08, "share between 1 and 5 h: {night}");
    assert!(evening > 0.25, "share between 18 and 22 h: {evening}");
    // 1970-01-01 was a Thursday: days 2 and 3 of its weeks are Saturday and Sunday.
    let weekend = share(events, |event| {
        matches!(event.micros / HOUR / 24 % 7, 2 | 3)
    });
    assert!(
        (0.30..0.42).contains(&weekend),
        "share on weekends: {weekend}"
    );
}

#[test]
fn prices_and_quantities_are_positive_and_some_names_are_missing() {
    let events = shop();
    assert!(
        events
            .iter()
            .all(|event| event.price > 0 && event.price % 100 == 0)
    );
    assert!(events.iter().all(|event| event.quantity >= 1));
    assert!(of_type(events, "view").all(|event| event.quantity == 1));
    assert!(of_type(events, "purchase").any(|event| event.quantity > 1));
    for missing in [
        share(events, |event| event.code.is_none()),
        share(events, |event| event.brand.is_none()),
    ] {
        assert!(
            (0.05..0.40).contains(&missing),
            "share without a name: {missing}"
        );
    }
}

#[test]
fn categories_and_kinds_of_customers_are_well_formed() {
    assert!((shares().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!(CATEGORIES.is_sorted_by_key(|category| category.department));
    assert!(
        CATEGORIES
            .iter()
            .all(|category| usize::from(category.department) < DEPARTMENTS)
    );
    assert!(
        CATEGORIES
            .iter()
            .all(|category| (0.02..=0.08).contains(&category.returns))
    );
    let codes: BTreeSet<_> = CATEGORIES
        .iter()
        .filter_map(|category| category.code)
        .collect();
    assert_eq!(
        codes.len(),
        CATEGORIES
            .iter()
            .filter(|category| category.code.is_some())
            .count()
    );
    assert_eq!(chosen(1), [0]);
    assert_eq!(chosen(1_000_000), (0..CATEGORIES.len()).collect::<Vec<_>>());
}
