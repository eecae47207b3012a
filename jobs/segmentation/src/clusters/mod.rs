//! Behaviour clusters: the matrix, the scan over numbers of clusters, names and the model file.

mod matrix;
mod model;
mod names;
mod scan;
mod summary;

pub use model::{Centroid, ClusterModel, ClusterModelError, ColumnScale};
pub use scan::Candidate;
pub(crate) use summary::analyse;

#[cfg(test)]
mod tests;
