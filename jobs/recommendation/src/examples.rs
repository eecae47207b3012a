//! A few customers with their history and their recommendations, for people to judge by eye.

use algorithms::als::Als;
use algorithms::topn::TopN;

use crate::error::RecommendationError;
use crate::ids::{ItemIndex, UserIndex};
use crate::interactions::{Pair, PairTable, Seen};
use crate::outcome::{ExampleCustomer, ExampleProduct};
use crate::products::Products;

/// Customers shown.
const CUSTOMERS: usize = 4;
/// Products shown of a history and of a list.
const PRODUCTS: usize = 5;
/// Customers whose history can be taken in at a glance have so many products that they like.
const LIKED: std::ops::RangeInclusive<usize> = 3..=12;

/// Takes customers from all over the ids, among those with a short history if there are any.
pub(crate) fn choose(
    pairs: &PairTable,
    model: &Als,
    seen: &Seen,
    about: &Products,
) -> Result<Vec<ExampleCustomer>, RecommendationError> {
    let histories = pairs.pairs.chunk_by(|a, b| a.user == b.user);
    let liked = |history: &[Pair]| history.iter().filter(|pair| pair.score > 0.0).count();
    let (mut short, mut others): (Vec<&[Pair]>, Vec<&[Pair]>) = (vec![], vec![]);
    for history in histories {
        match liked(history) {
            0 => {}
            n if LIKED.contains(&n) => short.push(history),
            _ => others.push(history),
        }
    }
    let pool = if short.is_empty() { others } else { short };
    let shown = pool.len().min(CUSTOMERS);
    let chosen: Vec<&[Pair]> = (0..shown)
        .map(|place| pool[(2 * place + 1) * pool.len() / (2 * shown)])
        .collect();
    let users: Vec<UserIndex> = chosen.iter().map(|history| history[0].user).collect();
    let lists = lists(model, &users, seen)?;
    let product = |item: ItemIndex, score: f32| {
        let product_id = pairs.items.text(item);
        ExampleProduct {
            about: about.about(&product_id).line(),
            product_id,
            score: f64::from(score),
        }
    };
    let example = |(history, list): (&[Pair], Vec<(ItemIndex, f32)>)| {
        let mut best = history.to_vec();
        best.retain(|pair| pair.score > 0.0);
        best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
        best.truncate(PRODUCTS);
        ExampleCustomer {
            user_id: pairs.users.text(history[0].user),
            history: best
                .iter()
                .map(|pair| product(pair.item, pair.score))
                .collect(),
            recommended: list
                .iter()
                .map(|(item, score)| product(*item, *score))
                .collect(),
        }
    };
    Ok(chosen.into_iter().zip(lists).map(example).collect())
}

fn lists(
    model: &Als,
    users: &[UserIndex],
    seen: &Seen,
) -> Result<Vec<Vec<(ItemIndex, f32)>>, RecommendationError> {
    let places: Vec<usize> = users.iter().map(|user| *user as usize).collect();
    let rows = model.users.select(&places);
    let top = TopN::new(&model.items, model.global_mean, None)?;
    let lists = top.of_users(&rows, PRODUCTS, |row| seen.of(places[row]))?;
    let plain = |list: Vec<algorithms::topn::Recommendation>| {
        list.iter().map(|place| (place.item, place.score)).collect()
    };
    Ok(lists.into_iter().map(plain).collect())
}
