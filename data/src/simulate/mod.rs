//! The shop simulator: an event log of any size that looks like a real shop's, the same for the
//! same seed on any number of threads.
//!
//! What belongs here: who comes, what they look at and buy, and writing that as the canonical
//! `events` table. What does not: reading files, mappings, anything about runs.
//!
//! # What the shop looks like
//!
//! The log runs from 2025-10-01 to 2026-02-28 UTC, in whole seconds.
//!
//! - *Products* are popular by Zipf and Mandelbrot's law, in up to 48 categories of 12 departments.
//!   Prices are log-normal by category, higher for some brands and styles, and lower in some weeks.
//!   Some categories have no `category_code` and some products no `brand`.
//! - *Customers* are of seven kinds: those passing by once, window shoppers, newcomers of the last
//!   month, lapsed ones, bargain hunters, loyal ones and buyers of big baskets. Within a kind,
//!   activity is log-normal, so a few customers leave a large part of the events. Each prefers a
//!   few categories and two latent styles, and comes back to some favourite products.
//! - *Visits* go from views to the cart to an order. What is in the cart may be taken out or left.
//!   `order_id` numbers the visits in order of time, so it is both the session and the order.
//! - *Returns* come 2 to 29 days after the purchase, 2 to 8 % by category, under the `order_id`,
//!   product, quantity and price of the purchase.
//! - *Rhythm*: quiet nights, busy evenings and weekends, sales in November and January.
//!
//! # How it is made
//!
//! Every customer, visit and product draws from a stream of its own (see `streams`). First all
//! visits are scheduled, customer by customer; then the schedule is put in order of time and cut
//! into files, and each file's visits are drawn again and written. Rows are in order of time within
//! a file and from file to file. Memory: about 6 bytes per event for the schedule, 60 bytes per
//! product, and some 50 MB per thread.

mod calendar;
mod catalogue;
mod categories;
mod customer;
mod error;
mod files;
mod schedule;
mod streams;
mod table;
mod visit;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use rayon::prelude::*;

pub use error::SimulateError;
pub use files::FileFormat;

use calendar::{Calendar, moment};
use catalogue::Catalogue;
use files::OutputFolder;
use schedule::{Schedule, Shop};
use table::{Counts, rows, schema};
use visit::EventType;

/// Events of a file, more or less: files are cut between two seconds.
const EVENTS_PER_FILE: u64 = 500_000;
/// The most events of a shop; orders are numbered with 32 bits while a shop is made.
const MOST_EVENTS: u64 = 4_000_000_000;
/// The most users, for the same reason.
const MOST_USERS: u64 = 1_000_000_000;
/// The most products, which are all held in memory.
const MOST_PRODUCTS: u64 = 50_000_000;

/// The size of a shop and the seed it grows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopParams {
    /// Events to write, exactly; at least as many as users.
    pub events: u64,
    /// Users; each leaves at least one event.
    pub users: u64,
    /// Products on sale; not all of them need be met in a small log.
    pub products: u64,
    /// Equal seeds (and sizes) give equal bytes, on machines whose `exp` and `ln` round alike.
    pub seed: u64,
    /// Threads to use, `None` for one per core. Does not change what is written.
    pub threads: Option<usize>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ShopSummary {
    /// Events in all.
    pub rows: u64,
    /// Events by type (`view`, `cart`, `remove_from_cart`, `purchase`, `return`; zeros included).
    pub events: BTreeMap<String, u64>,
    /// Users with an event, which is all of them.
    pub users: u64,
    /// Products with an event.
    pub products: u64,
    /// Visits that ended in a purchase.
    pub orders: u64,
    /// Time of the first event.
    pub first_event: DateTime<Utc>,
    /// Time of the last event.
    pub last_event: DateTime<Utc>,
    /// Files written.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Simulates a shop and writes its events as `events-00000.parquet` (or `.csv`) and so on into
/// `folder`, which is created when missing.
///
/// `progress` is told from several threads how many more events were written; the numbers add up to
/// `params.events`; when it answers `false`, the simulation stops. Files are gathered in a hidden folder inside `folder` and moved into place at
/// the end. An earlier simulated shop in the folder is replaced, in whichever format it was.
///
/// Takes about half a second per million events on one core in Parquet.
///
/// # Errors
///
/// Stopped by `progress`, a size of zero or too large, more users than events, a folder that cannot be written or holds
/// other files. The folder is then as it was before.
pub fn write_shop(
    params: &ShopParams,
    format: FileFormat,
    folder: &Path,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> Result<ShopSummary, SimulateError> {
    write_shop_in_files_of(EVENTS_PER_FILE, params, format, folder, progress)
}

/// As [`write_shop`]; a small file size lets a test see several files.
fn write_shop_in_files_of(
    events_per_file: u64,
    params: &ShopParams,
    format: FileFormat,
    folder: &Path,
    progress: &(dyn Fn(u64) -> bool + Sync),
) -> Result<ShopSummary, SimulateError> {
    let (users, products) = checked(params)?;
    let threads = params.threads.unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|source| SimulateError::Threads { threads, source })?;
    let output = OutputFolder::open(folder)?;
    let seen: Vec<AtomicBool> = (0..products).map(|_| AtomicBool::new(false)).collect();
    let parts = pool.install(|| {
        let shop = Shop {
            seed: params.seed,
            catalogue: Catalogue::new(params.seed, products),
            calendar: Calendar::new(),
        };
        let schedule = Schedule::new(&shop, params.events, users);
        let slices = schedule.slices(events_per_file);
        let schema = schema();
        let write = |(index, slice): (usize, &schedule::Slice)| -> Result<Part, SimulateError> {
            let (rows, counts) = rows(&shop, &schedule, *slice, &seen);
            let path = output.path(index, format);
            let bytes = files::write(&shop, &schema, &rows, format, &path)?;
            if !progress(rows.len() as u64) {
                return Err(SimulateError::Stopped);
            }
            let times = rows.first().zip(rows.last()).map(|(a, b)| (a.time, b.time));
            Ok(Part {
                counts,
                times,
                bytes,
            })
        };
        slices
            .par_iter()
            .enumerate()
            .map(write)
            .collect::<Result<Vec<_>, _>>()
    })?;
    output.publish()?;
    let products = seen
        .iter()
        .filter(|seen| seen.load(Ordering::Relaxed))
        .count() as u64;
    Ok(summary(&parts, params.users, products))
}

/// What became of one file.
struct Part {
    counts: Counts,
    /// First and last second, when there are events.
    times: Option<(u32, u32)>,
    bytes: u64,
}

/// Refuses impossible sizes; returns users and products.
fn checked(params: &ShopParams) -> Result<(u32, u32), SimulateError> {
    let sizes = [
        ("event", "events", params.events, MOST_EVENTS),
        ("user", "users", params.users, MOST_USERS),
        ("product", "products", params.products, MOST_PRODUCTS),
    ];
    for (one, what, given, most) in sizes {
        match given {
            0 => return Err(SimulateError::Zero { what: one }),
            given if given > most => return Err(SimulateError::TooMany { what, given, most }),
            _ => {}
        }
    }
    if params.threads == Some(0) {
        return Err(SimulateError::Zero { what: "thread" });
    }
    if params.users > params.events {
        let (events, users) = (params.events, params.users);
        return Err(SimulateError::MoreUsersThanEvents { events, users });
    }
    Ok((params.users as u32, params.products as u32))
}

fn summary(parts: &[Part], users: u64, products: u64) -> ShopSummary {
    let events: BTreeMap<String, u64> = EventType::ALL
        .iter()
        .enumerate()
        .map(|(at, event_type)| {
            let count = parts.iter().map(|part| part.counts.events[at]).sum();
            (event_type.name().to_owned(), count)
        })
        .collect();
    let times = || parts.iter().filter_map(|part| part.times);
    ShopSummary {
        rows: events.values().sum(),
        events,
        users,
        products,
        orders: parts.iter().map(|part| part.counts.orders).sum(),
        first_event: moment(times().map(|(first, _)| first).min().unwrap_or(0)),
        last_event: moment(times().map(|(_, last)| last).max().unwrap_or(0)),
        files: parts.len() as u64,
        bytes: parts.iter().map(|part| part.bytes).sum(),
    }
}
