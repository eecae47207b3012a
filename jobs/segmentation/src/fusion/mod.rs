//! RFM segments and behaviour clusters together: how they depend on each other, and one fused
//! segment per customer.

mod affinity;
mod analysis;
mod table;

pub use affinity::Affinity;
pub(crate) use analysis::analyse;
pub use table::{FusedSegment, FusionTable, FusionTableError, Tier, TierBounds};

#[cfg(test)]
mod tests;
