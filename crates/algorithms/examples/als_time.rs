//! Times the fit of implicit ALS and the search for the best items on a synthetic shop.
//!
//! ```sh
//! cargo run --release -p algorithms --example als_time -- [factors] [users] [items] [threads] [single|double]
//! ```
//!
//! Prints CPU seconds (all threads together), which other work on the machine disturbs less than
//! it does the clock; on systems without `/proc` the seconds are those of the clock. The shop has
//! long-tailed users (median 30 scores, mean 45) and items whose popularity falls with their rank.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use algorithms::als::{Als, Arithmetic, Interactions, WarmStart};
use linfa::ParamGuard;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

/// Seed of the shop.
const SEED: u64 = 7;

/// Iterations timed, after a first one that warms up.
const ITERATIONS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: usize| {
        arguments
            .get(place)
            .map_or(Ok(default), |text| text.parse())
    };
    let (factors, n_users, n_items) = (number(0, 64)?, number(1, 100_000)?, number(2, 20_000)?);
    rayon::ThreadPoolBuilder::new()
        .num_threads(number(3, 1)?)
        .build_global()?;
    let arithmetic = match arguments.get(4).map(String::as_str) {
        Some("double") => Arithmetic::F64,
        _ => Arithmetic::F32,
    };

    let triples = shop(n_users, n_items);
    let interactions = Interactions::from_triples(n_users, n_items, &triples)?;
    let n = interactions.len();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{n_users} users, {n_items} items, {n} scores, {factors} factors"
    )?;

    let params = Als::implicit(factors).alpha(10.0).arithmetic(arithmetic);
    let params = params.regularization(0.05).tol(0.0);
    let warm = params.clone().iterations(1).check()?.fit(&interactions)?;
    let params = params.iterations(ITERATIONS).check()?;
    let start = WarmStart::Users(warm.model.users);
    let clock = Clock::start();
    let fit = params.fit_from(&interactions, start)?;
    let (cpu, wall) = clock.seconds(ITERATIONS);
    writeln!(
        out,
        "fit: {cpu:.3} CPU s per iteration, {wall:.3} s by the clock"
    )?;
    writeln!(out, "losses: {:?}", fit.losses)?;

    let mut some = fit.model.users;
    let wanted = n_users.min(20_000);
    some.vectors = some.vectors.slice_move(ndarray::s![..wanted, ..]);
    let model = Als {
        users: some,
        ..fit.model
    };
    let clock = Clock::start();
    let lists = model.top_n(10, |user| interactions.user(user).indices)?;
    let (cpu, wall) = clock.seconds(1);
    let sum: u64 = lists
        .iter()
        .flatten()
        .map(|best| u64::from(best.item))
        .sum();
    writeln!(
        out,
        "top 10 of {wanted} users: {cpu:.3} CPU s, {wall:.3} s by the clock"
    )?;
    writeln!(out, "sum of the items found: {sum}")?;
    Ok(())
}

/// Scores of a shop: the number per user is log-normal, items are drawn by popularity.
fn shop(n_users: usize, n_items: usize) -> Vec<(u32, u32, f32)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(SEED);
    let mut unit = move || (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
    let mut triples = Vec::new();
    for user in 0..n_users as u32 {
        // A sum of twelve uniform numbers is nearly normal.
        let normal = (0..12).map(|_| unit()).sum::<f64>() - 6.0;
        let n = (30.0 * (0.94 * normal).exp())
            .ceil()
            .min(n_items as f64 / 4.0);
        let mut items: Vec<u32> = (0..n as usize)
            .map(|_| (n_items as f64 * unit().powi(3)) as u32)
            .collect();
        items.sort_unstable();
        items.dedup();
        triples.extend(items.into_iter().map(|item| {
            // Popular items lie all over the index.
            let item = (u64::from(item) * 7_919 % n_items as u64) as u32;
            (user, item, (1.0 + 4.0 * unit()).floor() as f32)
        }));
    }
    triples
}

/// Time of the process and of the clock.
struct Clock {
    cpu: Option<f64>,
    wall: Instant,
}

impl Clock {
    fn start() -> Self {
        Self {
            cpu: cpu_seconds(),
            wall: Instant::now(),
        }
    }

    /// CPU and clock seconds since the start, per piece of work.
    fn seconds(&self, pieces: usize) -> (f64, f64) {
        let wall = self.wall.elapsed().as_secs_f64();
        let cpu = cpu_seconds().zip(self.cpu).map(|(now, then)| now - then);
        (cpu.unwrap_or(wall) / pieces as f64, wall / pieces as f64)
    }
}

/// CPU time of this process so far, where the system tells it in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit_once(')')?.1.split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).flat_map(str::parse).collect();
    (ticks.len() == 2).then(|| (ticks[0] + ticks[1]) / 100.0)
}
