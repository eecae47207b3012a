//! K-Means, silhouette and the choice of k.

use std::error::Error;

use algorithms::kmeans::{KMeans, KMeansFit, KMeansInit, KMeansValidParams, fit_many};
use algorithms::points::Points;
use algorithms::silhouette::{silhouette_of_points, silhouette_score};
use linfa::prelude::{Fit, ParamGuard};
use linfa::{DatasetBase, traits::Predict};
use ndarray::{Array2, ArrayView2};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde_json::{Value, json};

use super::clock::{Clock, median};
use super::{Outcome, Settings, npy};

/// One iteration is the difference between fits of this many and of one, so that preparation and
/// the last pass cancel out.
const ITERATIONS: u64 = 11;

/// The end of a fit.
struct Fitted {
    centroids: Array2<f64>,
    inertia: f64,
}

/// Seconds per iteration. Needs `x`, `centroids`, `repeats`.
pub(crate) fn kmeans(settings: &Settings) -> Outcome {
    per_iteration(settings, |x, start, max_iter| {
        let params = KMeans::params(start.nrows())
            .init(KMeansInit::Precomputed(start.clone()))
            .max_iter(max_iter)
            .tol(0.0)
            .check()?;
        let fit = params.fit_rows(x.view())?;
        Ok(Fitted {
            centroids: fit.model.centroids,
            inertia: fit.model.inertia,
        })
    })
}

/// The same with linfa's own clusterer, as [`kmeans`].
pub(crate) fn linfa_kmeans(settings: &Settings) -> Outcome {
    let x = npy::matrix::<f64>(settings.text("x")?)?;
    let data = DatasetBase::from(x);
    per_iteration(settings, |x, start, max_iter| {
        let init = linfa_clustering::KMeansInit::Precomputed(start.clone());
        let rng = Xoshiro256PlusPlus::seed_from_u64(0);
        let params = linfa_clustering::KMeans::params_with_rng(start.nrows(), rng)
            .init_method(init)
            .n_runs(1)
            .tolerance(f64::MIN_POSITIVE)
            .max_n_iterations(max_iter);
        let model = params.fit(&data)?;
        let labels = model.predict(x);
        let rows = x.rows().into_iter().zip(&labels);
        let inertia = rows.map(|(row, &label)| {
            let gap = &row - &model.centroids().row(label);
            gap.dot(&gap)
        });
        Ok(Fitted {
            inertia: inertia.sum(),
            centroids: model.centroids().clone(),
        })
    })
}

fn per_iteration(
    settings: &Settings,
    fit: impl Fn(&Array2<f64>, &Array2<f64>, u64) -> Result<Fitted, Box<dyn Error>>,
) -> Outcome {
    let x = npy::matrix(settings.text("x")?)?;
    let start = npy::matrix(settings.text("centroids")?)?;
    let mut wall = Vec::new();
    let mut cpu = Vec::new();
    let mut end = None;
    for _ in 0..settings.number("repeats")? {
        let clock = Clock::start();
        fit(&x, &start, 1)?;
        let short = clock.spent();
        let clock = Clock::start();
        end = Some(fit(&x, &start, ITERATIONS)?);
        let long = clock.spent();
        let iterations = (ITERATIONS - 1) as f64;
        wall.push((long.wall - short.wall) / iterations);
        cpu.push((long.cpu - short.cpu) / iterations);
    }
    let end = end.ok_or("repeats=0")?;
    Ok(json!({
        "seconds_per_iteration": median(wall),
        "cpu_per_iteration": median(cpu),
        "inertia": end.inertia,
        "centroids": rows(end.centroids.view()),
    }))
}

fn rows(values: ArrayView2<'_, f64>) -> Value {
    values.rows().into_iter().map(|row| row.to_vec()).collect()
}

/// Seconds for one silhouette. Needs `x`, `labels`, `repeats`.
pub(crate) fn silhouette(settings: &Settings) -> Outcome {
    let x = npy::matrix::<f64>(settings.text("x")?)?;
    let labels = npy::vector::<u32>(settings.text("labels")?)?;
    let mut wall = Vec::new();
    let mut score = f64::NAN;
    for _ in 0..settings.number("repeats")? {
        let clock = Clock::start();
        score = silhouette_score(x.view(), &labels)?;
        wall.push(clock.spent().wall);
    }
    Ok(json!({ "seconds": median(wall), "silhouette": score }))
}

/// Seconds for the whole choice, as the job makes it. Needs `x`, `from`, `to` (both included), `restarts`, `seed`, and
/// either `tol` (the longest way a centroid may go) or `tol_sum` (the sum of the squared ways, the
/// rule of scikit-learn; it is kept by holding each way below its share).
pub(crate) fn choose_k(settings: &Settings) -> Outcome {
    let x = npy::matrix::<f64>(settings.text("x")?)?;
    let numbers = settings.number::<usize>("from")?..=settings.number("to")?;
    let (restarts, seed) = (settings.number("restarts")?, settings.number("seed")?);
    let tol = |k: usize| match settings.number::<f64>("tol_sum") {
        Ok(sum) => Ok((sum / k as f64).sqrt()),
        Err(_) => settings.number::<f64>("tol"),
    };
    let clock = Clock::start();
    let params = numbers.map(|k| {
        let params = KMeans::params(k).n_init(restarts).tol(tol(k)?).seed(seed);
        Ok(params.check()?)
    });
    let params: Vec<KMeansValidParams> = params.collect::<Result<_, Box<dyn Error>>>()?;
    let points = Points::new(x.view())?;
    let mut candidates = Vec::new();
    for fit in fit_many(&params, &points) {
        let KMeansFit { model, labels, .. } = fit?;
        candidates.push(json!({
            "k": model.n_clusters(),
            "inertia": model.inertia,
            "silhouette": silhouette_of_points(&points, &labels)?,
            "n_iter": model.n_iter,
        }));
    }
    let spent = clock.spent();
    Ok(json!({ "seconds": spent.wall, "cpu": spent.cpu, "candidates": candidates }))
}
