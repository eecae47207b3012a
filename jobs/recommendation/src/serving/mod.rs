//! Asking a finished run: what to show a customer, and which products are alike.
//!
//! A lookup reads what it needs and no more: the manifest, `model.json`, one page of the customers'
//! factors, the customer's pages of `interactions.parquet`, the factors of all products, and a page
//! per product of the answer. Nothing here runs SQL but [`allowed_products`] and [`new_events`].

mod about;
mod answer;
mod error;
mod events;
mod filter;
mod past;
mod popular;
mod recommend;
mod row;
mod similar;
#[cfg(test)]
mod tests;

pub use answer::{
    AllowedProducts, Answer, Because, NewPair, Recommended, Request, SimilarAnswer, SimilarProduct,
    Source,
};
pub use error::ServingError;
pub use events::new_events;
pub use filter::allowed_products;
pub use recommend::recommend;
pub use similar::similar;
