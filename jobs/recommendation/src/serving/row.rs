//! Reading single columns of what a lookup found.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;

use super::ServingError;

/// Rows of a file of the run.
pub(super) struct Rows<'a> {
    pub(super) file: &'static str,
    pub(super) batch: &'a RecordBatch,
}

impl Rows<'_> {
    /// A column, cast to a type.
    pub(super) fn typed(&self, name: &str, kind: &DataType) -> Result<ArrayRef, ServingError> {
        let column = self.column(name)?;
        cast(column, kind).map_err(|error| ServingError::content(self.file, error))
    }

    /// A value as text; none when it is null.
    pub(super) fn text(&self, name: &str, row: usize) -> Result<Option<String>, ServingError> {
        let column = self.column(name)?;
        if column.is_null(row) {
            return Ok(None);
        }
        let text = array_value_to_string(column, row);
        let text = text.map_err(|error| ServingError::content(self.file, error))?;
        Ok(Some(text))
    }

    pub(super) fn column(&self, name: &str) -> Result<&ArrayRef, ServingError> {
        let column = self.batch.column_by_name(name);
        column.ok_or_else(|| ServingError::content(self.file, format!("it has no column {name}")))
    }
}
