//! Times K-Means, the silhouette and the scan over numbers of clusters on synthetic customers.
//!
//! ```sh
//! cargo run --release -p algorithms --example kmeans_time -- [rows] [columns] [clusters] [threads]
//! ```
//!
//! Prints the least of a few runs by the clock, and CPU seconds of the last (all threads together;
//! on systems without `/proc` the seconds are those of the clock). The customers lie in clouds that
//! overlap, so that the iterations go on for long; with every second column skewed.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use algorithms::kmeans::{KMeans, KMeansInit, KMeansPartial, fit_many};
use algorithms::points::Points;
use algorithms::silhouette::{silhouette_of_points, silhouette_score};
use algorithms::stability::{StabilityParams, bootstrap_stabilities};
use linfa::ParamGuard;
use ndarray::{Array2, s};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Seed of the customers.
const SEED: u64 = 7;

/// Iterations of the timed fit.
const ITERATIONS: u64 = 20;

/// Repetitions of short work.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: usize| {
        arguments
            .get(place)
            .map_or(Ok(default), |text| text.parse())
    };
    let (rows, columns, k) = (number(0, 1_000_000)?, number(1, 3)?, number(2, 8)?);
    rayon::ThreadPoolBuilder::new()
        .num_threads(number(3, 2)?)
        .build_global()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{rows} rows, {columns} columns, {k} clusters")?;
    let x = customers(rows, columns);

    let start = x.slice(s![..k, ..]).to_owned();
    let (wall, cpu, (partial, labels)) =
        least(RUNS, || KMeansPartial::of_rows(x.view(), start.view()));
    writeln!(
        out,
        "one pass: {wall:.4} s, {cpu:.3} CPU s ({:e})",
        partial.inertia
    )?;
    let (wall, cpu, score) = least(RUNS, || silhouette_score(x.view(), &labels));
    writeln!(
        out,
        "silhouette: {wall:.4} s, {cpu:.3} CPU s ({:.6})",
        score?
    )?;

    let params = KMeans::params(k)
        .init(KMeansInit::Precomputed(start))
        .tol(0.0)
        .max_iter(ITERATIONS)
        .check()?;
    let (wall, cpu, fit) = least(RUNS, || params.fit_rows(x.view()));
    let fit = fit?;
    let n_iter = fit.model.n_iter as f64;
    writeln!(
        out,
        "iteration: {:.4} s, {:.3} CPU s ({n_iter} iterations, inertia {:e})",
        wall / n_iter,
        cpu / n_iter,
        fit.model.inertia
    )?;

    let params = (2..=10)
        .map(|k| KMeans::params(k).check())
        .collect::<Result<Vec<_>, _>>()?;
    let (wall, cpu, points) = least(RUNS, || Points::new(x.view()));
    let points = points?;
    writeln!(out, "layout: {wall:.4} s, {cpu:.3} CPU s")?;
    let (wall, cpu, fits) = least(1, || {
        fit_many(&params, &points)
            .into_iter()
            .collect::<Result<Vec<_>, _>>()
    });
    let fits = fits?;
    let n_iter: Vec<u64> = fits.iter().map(|fit| fit.model.n_iter).collect();
    let inertia: f64 = fits.iter().map(|fit| fit.model.inertia).sum();
    writeln!(
        out,
        "fits of 2..10: {wall:.3} s, {cpu:.3} CPU s ({n_iter:?}, {inertia:e})"
    )?;
    let (wall, cpu, sum) = least(1, || {
        fits.iter()
            .map(|fit| silhouette_of_points(&points, &fit.labels))
            .sum::<Result<f64, _>>()
    });
    writeln!(
        out,
        "their silhouettes: {wall:.3} s, {cpu:.3} CPU s ({:.6})",
        sum?
    )?;
    let clusterings: Vec<_> = fits
        .iter()
        .zip(&params)
        .map(|(fit, params)| (fit.labels.as_slice(), params))
        .collect();
    let resampling = StabilityParams::default();
    let (wall, cpu, all) = least(1, || {
        bootstrap_stabilities(&points, &clusterings, &resampling)
    });
    let sum: f64 = all?.iter().sum();
    writeln!(
        out,
        "their stability: {wall:.3} s, {cpu:.3} CPU s ({sum:.6})"
    )?;
    Ok(())
}

/// Seven overlapping clouds; every second column is exponential rather than normal.
fn customers(rows: usize, columns: usize) -> Array2<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let mut unit = move || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let centres = Array2::from_shape_fn((7, columns), |_| 3.0 * unit());
    let mut x = Array2::zeros((rows, columns));
    for mut row in x.rows_mut() {
        let cloud = (7.0 * unit().powi(2)) as usize;
        for (column, value) in row.iter_mut().enumerate() {
            let noise = if column % 2 == 0 {
                (0..4).map(|_| unit()).sum::<f64>() - 2.0
            } else {
                -(1.0 - unit()).ln()
            };
            *value = centres[[cloud, column]] + noise;
        }
    }
    x
}

/// Runs some work a number of times: the least seconds by the clock, the least CPU seconds, and
/// what came out.
fn least<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, f64, T) {
    let mut timed = || {
        let (cpu, wall) = (cpu_seconds(), Instant::now());
        let result = work();
        let wall = wall.elapsed().as_secs_f64();
        let cpu = cpu_seconds().zip(cpu).map(|(now, then)| now - then);
        (wall, cpu.unwrap_or(wall), result)
    };
    let mut best = timed();
    for _ in 1..runs {
        let (wall, cpu, result) = timed();
        best = (best.0.min(wall), best.1.min(cpu), result);
    }
    best
}

/// CPU time of this process so far, where the system tells it in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).flat_map(str::parse).collect();
    (ticks.len() == 2).then(|| (ticks[0] + ticks[1]) / 100.0)
}
