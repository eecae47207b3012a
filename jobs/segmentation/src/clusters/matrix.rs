//! The behaviour matrix: one row per customer, one column per habit, all on one scale.

use std::collections::HashSet;

use algorithms::scale::{ScaleError, StandardScaler, signed_log1p};
use ndarray::Array2;

use crate::error::SegmentationError;
use crate::features::{BehaviourColumn, Customers, FeatureError, Measure};
use crate::settings::Scale;

/// The behaviour of all customers, ready for clustering.
#[derive(Debug, Clone)]
pub(crate) struct BehaviourMatrix {
    /// Customers × columns, each column with mean 0 and sample standard deviation 1; a column with
    /// one value for everybody is 0 throughout.
    pub(crate) values: Array2<f64>,
    /// The means and deviations that were taken out.
    pub(crate) scaler: StandardScaler,
    /// Columns with one value for everybody.
    pub(crate) constant: Vec<&'static str>,
    /// Columns that are undefined for everybody, such as a cart rate in a log without carts; they
    /// are among the constant ones.
    pub(crate) undefined: Vec<&'static str>,
}

impl BehaviourMatrix {
    /// Builds the matrix: undefined values are 0, then the logarithm where `scale` and the column
    /// ask for it, then standardisation. Memory: 8 bytes per customer and column, twice.
    pub(crate) fn build(
        customers: &Customers,
        columns: &[&'static BehaviourColumn],
        scale: Scale,
    ) -> Result<Self, SegmentationError> {
        let (plain, undefined) = transformed(customers, columns, scale)?;
        let unscalable = |error: ScaleError| SegmentationError::Scaling(error.to_string());
        let scaler = StandardScaler::fit(plain.view()).map_err(unscalable)?;
        let values = scaler.transform(plain.view()).map_err(unscalable)?;
        let constant = columns
            .iter()
            .zip(&scaler.std)
            .filter(|(_, std)| **std == 0.0);
        let constant = constant.map(|(column, _)| column.name).collect();
        Ok(Self {
            values,
            scaler,
            constant,
            undefined,
        })
    }

    /// How many different rows there are, counted up to `enough`.
    pub(crate) fn distinct_rows(&self, enough: usize) -> usize {
        let mut seen: HashSet<Vec<u64>> = HashSet::new();
        for row in self.values.rows() {
            // Adding zero turns -0.0 into 0.0, which compares equal but has other bits.
            seen.insert(row.iter().map(|value| (value + 0.0).to_bits()).collect());
            if seen.len() >= enough {
                break;
            }
        }
        seen.len()
    }
}

/// Whether a column enters as `sign(x) · ln(1 + |x|)`.
pub(crate) fn enters_as_log(column: &BehaviourColumn, scale: Scale) -> bool {
    scale == Scale::Log && column.measure != Measure::Rate
}

/// The matrix before standardisation, and the columns that are undefined for everybody.
pub(crate) fn transformed(
    customers: &Customers,
    columns: &[&'static BehaviourColumn],
    scale: Scale,
) -> Result<(Array2<f64>, Vec<&'static str>), FeatureError> {
    let mut values = Array2::zeros((customers.len(), columns.len()));
    let mut undefined = Vec::new();
    for (column, mut target) in columns.iter().zip(values.columns_mut()) {
        let source = customers.floats(column.name)?;
        if source.iter().all(Option::is_none) {
            undefined.push(column.name);
        }
        let log = enters_as_log(column, scale);
        for (value, source) in target.iter_mut().zip(source) {
            let source = source.unwrap_or(0.0);
            *value = if log { signed_log1p(source) } else { source };
        }
    }
    Ok((values, undefined))
}
