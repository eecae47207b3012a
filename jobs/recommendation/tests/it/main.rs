//! The job as a whole, on small shops.
