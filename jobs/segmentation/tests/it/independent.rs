//! RFM worked out a second time: straight from the lines of the source, by the definition, with
//! nothing of the product in between.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDateTime, NaiveTime};

/// One line of a shop's log.
pub(crate) struct Line {
    pub(crate) user: i64,
    pub(crate) at: NaiveDateTime,
    /// The order it belongs to; none for a return.
    pub(crate) order: Option<String>,
    /// Quantity times price in ten-thousandths, positive.
    pub(crate) amount: i128,
}

/// Recency in days, frequency, monetary value in ten-thousandths, and the three scores.
pub(crate) type Expected = BTreeMap<i64, (i64, i64, i128, [u8; 3])>;

/// The RFM of every customer with a purchase, looked back at from the midnight after the last line.
pub(crate) fn rfm(lines: &[Line], last: NaiveDateTime) -> Expected {
    let as_of = last.date().succ_opt().unwrap().and_time(NaiveTime::MIN);
    let mut last_purchase: BTreeMap<i64, NaiveDateTime> = BTreeMap::new();
    let mut orders: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    let mut money: BTreeMap<i64, i128> = BTreeMap::new();
    for line in lines {
        let money = money.entry(line.user).or_default();
        match &line.order {
            Some(order) => {
                *money += line.amount;
                orders.entry(line.user).or_default().insert(order);
                let last = last_purchase.entry(line.user).or_insert(line.at);
                *last = line.at.max(*last);
            }
            None => *money -= line.amount,
        }
    }
    let values: Vec<(i64, i64, i64, i128)> = last_purchase
        .iter()
        .map(|(user, at)| {
            let days = (as_of - *at).num_seconds().div_euclid(86_400);
            (*user, days, orders[user].len() as i64, money[user])
        })
        .collect();
    let r = scorer(values.iter().map(|value| -i128::from(value.1)).collect());
    let f = scorer(values.iter().map(|value| i128::from(value.2)).collect());
    let m = scorer(values.iter().map(|value| value.3).collect());
    values
        .into_iter()
        .map(|(user, days, frequency, money)| {
            let scores = [r(-i128::from(days)), f(i128::from(frequency)), m(money)];
            (user, (days, frequency, money, scores))
        })
        .collect()
}

/// `score(x) = 1 + #{i in 1..4 : x >= t_i}`, `t_i` the smallest value with at least `i/5` of all
/// values strictly below it.
fn scorer(mut all: Vec<i128>) -> impl Fn(i128) -> u8 {
    all.sort_unstable();
    let below = |v: i128| all.iter().take_while(|other| **other < v).count();
    let mut distinct = all.clone();
    distinct.dedup();
    let cuts: Vec<Option<i128>> = (1..=4)
        .map(|i| {
            distinct
                .iter()
                .copied()
                .find(|v| below(*v) * 5 >= i * all.len())
        })
        .collect();
    move |x| 1 + cuts.iter().flatten().filter(|cut| x >= **cut).count() as u8
}

/// `12.5` as ten-thousandths; more than four decimals are rounded half away from zero.
pub(crate) fn ten_thousandths(text: &str) -> i128 {
    let (negative, digits) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let part = format!("{part:0<5}");
    let number: i128 = format!("{whole}{}", &part[..5]).parse().unwrap();
    let rounded = (number + 5) / 10;
    if negative { -rounded } else { rounded }
}

#[test]
fn amounts_are_read_exactly() {
    assert_eq!(ten_thousandths("2.55"), 25_500);
    assert_eq!(ten_thousandths("-0.001"), -10);
    assert_eq!(ten_thousandths("7"), 70_000);
    assert_eq!(ten_thousandths("0.00005"), 1);
}
