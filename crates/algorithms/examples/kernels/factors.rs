//! Implicit ALS and the search for the best items.

use std::error::Error;

use algorithms::als::{Als, Factors, Interactions, WarmStart};
use linfa::ParamGuard;
use ndarray::s;
use serde_json::json;

use super::clock::Clock;
use super::{Outcome, Settings, npy};

/// Reads `indptr`, `indices` and `scores`: users with rows × items, by rows.
fn interactions(settings: &Settings) -> Result<Interactions, Box<dyn Error>> {
    let starts = npy::vector::<i64>(settings.text("indptr")?)?;
    let indices = npy::vector::<u32>(settings.text("indices")?)?;
    let scores = npy::vector::<f32>(settings.text("scores")?)?;
    let mut triples = Vec::with_capacity(scores.len());
    for (user, ends) in (0..).zip(starts.windows(2)) {
        for place in usize::try_from(ends[0])?..usize::try_from(ends[1])? {
            triples.push((user, indices[place], scores[place]));
        }
    }
    let n_items = settings.number("n_items")?;
    Ok(Interactions::from_triples(
        starts.len() - 1,
        n_items,
        &triples,
    )?)
}

/// Seconds per iteration: the difference of fits of `1 + iterations` and of one. Needs the scores
/// (`indptr`, `indices`, `scores`, `n_items`), `start` (user factors), `regularization` (the same
/// for all rows), `iterations`; writes `users` and `items`. The confidence of a pair is one more
/// than its score.
pub(crate) fn als(settings: &Settings) -> Outcome {
    let scores = interactions(settings)?;
    let start = Factors {
        vectors: npy::matrix(settings.text("start")?)?,
        biases: None,
    };
    let iterations: usize = settings.number("iterations")?;
    let fit = |iterations: usize| -> Result<_, Box<dyn Error>> {
        let params = Als::implicit(start.vectors.ncols())
            .alpha(1.0)
            .regularization(settings.number("regularization")?)
            .regularization_exponent(0.0)
            .tol(0.0)
            .iterations(iterations)
            .check()?
            .untraced();
        let start = WarmStart::Users(start.clone());
        let clock = Clock::start();
        let fit = params.fit_from(&scores, start)?;
        Ok((fit, clock.spent()))
    };
    let (_, short) = fit(1)?;
    let (fitted, long) = fit(1 + iterations)?;
    for (name, side) in [
        ("users", &fitted.model.users),
        ("items", &fitted.model.items),
    ] {
        let values = side.vectors.iter().copied();
        npy::write(settings.text(name)?, side.vectors.ncols(), values)?;
    }
    let n = iterations as f64;
    Ok(json!({
        "cpu_per_iteration": (long.cpu - short.cpu) / n,
        "seconds_per_iteration": (long.wall - short.wall) / n,
        "iterations": fitted.iterations,
    }))
}

/// Seconds for the lists of the first `n_users`. Needs `users`, `items` and the scores as [`als`],
/// `n`, `repeats`; writes `lists` (items) and `values` (their scores).
pub(crate) fn top_n(settings: &Settings) -> Outcome {
    let seen = interactions(settings)?;
    let n_users: usize = settings.number("n_users")?;
    let n: usize = settings.number("n")?;
    let vectors = npy::matrix::<f32>(settings.text("users")?)?;
    let factors = |vectors| Factors {
        vectors,
        biases: None,
    };
    let model = Als {
        users: factors(vectors.slice_move(s![..n_users, ..])),
        items: factors(npy::matrix(settings.text("items")?)?),
        global_mean: 0.0,
    };
    let mut seconds = f64::INFINITY;
    let mut lists = Vec::new();
    for _ in 0..settings.number("repeats")? {
        let clock = Clock::start();
        lists = model.top_n(n, |user| seen.user(user).indices)?;
        seconds = seconds.min(clock.spent().wall);
    }
    if lists.iter().any(|list| list.len() != n) {
        return Err("a list is too short".into());
    }
    let best: Vec<_> = lists.into_iter().flatten().collect();
    npy::write(settings.text("lists")?, n, best.iter().map(|b| b.item))?;
    npy::write(settings.text("values")?, n, best.iter().map(|b| b.score))?;
    Ok(json!({ "seconds": seconds }))
}
