//! The files of a run and their columns; whoever writes or reads one finds its name here.

pub use intake::{DATA_QUALITY, QUARANTINE};

/// Factors of each customer, sorted by `user_id`: `user_id`, `n_products` (products learned from),
/// `bias` (0 without biases), `factors` (list of float).
pub const USER_FACTORS: &str = "user_factors.parquet";
/// Factors of each product, sorted by `product_id`: `product_id`, `n_users` (customers with a
/// positive score), `bias`, `factors`.
pub const ITEM_FACTORS: &str = "item_factors.parquet";
/// One row per customer and product, sorted by both: `user_id`, `product_id`, `score` (what is
/// learned from), `evidence` (exact, before the cap), `n_events`, `last_event_at`, `fold`, `used`
/// (whether it is learned from).
pub const INTERACTIONS: &str = "interactions.parquet";
/// What the log says of each product, sorted by `product_id`: `product_id`, `category_id`,
/// `category_code`, `brand`, `unit_price` (the latest), `n_events`, `n_purchases`, `n_users`,
/// `last_event_at`.
pub const PRODUCTS: &str = "products.parquet";
/// The best products for each customer, sorted by `user_id` and `rank` (from 1): `user_id`, `rank`,
/// `product_id`, `score`.
pub const RECOMMENDATIONS: &str = "recommendations.parquet";
/// The most popular products of the shop (`segment` empty) and of each RFM segment, sorted by
/// `segment` and `rank`: `segment`, `rank`, `product_id`, `n_users`.
pub const POPULAR: &str = "popular_products.parquet";
/// What is recommended in each fused segment: `fused_segment,customers,coverage,rank,product_id,
/// customers_recommended,share,lift`. Only when a segmentation run was there.
pub const SEGMENTS: &str = "segments.csv";
/// One row per setting and fold.
pub const CV: &str = "cv.csv";
/// What the model was made with.
pub const MODEL: &str = "model.json";
/// The numbers that tell how the run went.
pub const METRICS: &str = "metrics.json";
/// What was found, for whoever runs the shop.
pub const REPORT: &str = "report.html";

/// The job whose runs name the segments of customers, and its tables that are read.
pub(crate) const SEGMENTATION: &str = "segmentation";
pub(crate) const CUSTOMERS: &str = "customers.parquet";
