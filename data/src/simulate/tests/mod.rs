//! What a simulated shop promises: sizes, sameness, likeness to a real shop, and clean failure.

mod folder;
mod likeness;
mod log;
mod sameness;

use super::ShopParams;

/// A shop large enough for its shares to be stable.
const SHOP: ShopParams = ShopParams {
    events: 60_000,
    users: 2_000,
    products: 1_000,
    seed: 42,
    threads: Some(2),
};

fn sized(events: u64, users: u64, products: u64) -> ShopParams {
    ShopParams {
        events,
        users,
        products,
        seed: 42,
        threads: Some(2),
    }
}
