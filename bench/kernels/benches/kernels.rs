//! Micro-benchmarks of the kernels. Sizes are in the names, seeds are fixed.
//!
//! ```sh
//! cargo bench --manifest-path bench/kernels/Cargo.toml -- kmeans
//! ```
//!
//! Times are those of the clock on all cores (`RAYON_NUM_THREADS` limits them): compare them on a
//! machine that does nothing else. The largest sizes are those of the stated goals.

#![allow(
    missing_docs,
    reason = "`criterion_group` makes public functions without any"
)]
#![allow(
    clippy::expect_used,
    reason = "the data are made here; if they are wrong, there is nothing to measure"
)]

#[path = "kernels/data.rs"]
mod data;
#[path = "kernels/factors.rs"]
mod factors;
#[path = "kernels/rows.rs"]
mod rows;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// Few and short samples: the work of one is long.
fn bounded() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
}

criterion_group! {
    name = kernels;
    config = bounded();
    targets = rows::kmeans, rows::predict, rows::silhouette, rows::choose_k, factors::als,
        factors::fold_in, factors::small_systems, factors::topn
}
criterion_main!(kernels);
