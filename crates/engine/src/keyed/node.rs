//! Rows by key in a logical plan.

use std::collections::HashSet;
use std::fmt;

use datafusion::common::{Column, DFSchemaRef, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

/// The rows of its input, those with the same keys in the same partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Hash)]
pub(crate) struct Keyed {
    pub(crate) input: LogicalPlan,
    pub(crate) keys: Vec<Column>,
}

impl Keyed {
    /// The places of the keys among the columns.
    pub(crate) fn places(&self) -> Result<Vec<usize>> {
        let schema = self.input.schema();
        self.keys
            .iter()
            .map(|key| schema.index_of_column(key))
            .collect()
    }

    /// The same from places.
    pub(crate) fn at(input: LogicalPlan, places: &[usize]) -> Result<Self> {
        let schema = input.schema();
        if places.iter().any(|place| *place >= schema.fields().len()) {
            return internal_err!("rows by key have a key that is no column");
        }
        let key = |place: &usize| Column::from(schema.qualified_field(*place));
        let keys = places.iter().map(key).collect();
        Ok(Self { input, keys })
    }
}

impl UserDefinedLogicalNodeCore for Keyed {
    fn name(&self) -> &str {
        "Keyed"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        self.keys.iter().cloned().map(Expr::Column).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<String> = self.keys.iter().map(Column::flat_name).collect();
        write!(f, "Keyed: {}", keys.join(", "))
    }

    fn with_exprs_and_inputs(
        &self,
        expressions: Vec<Expr>,
        inputs: Vec<LogicalPlan>,
    ) -> Result<Self> {
        let column = |expression| match expression {
            Expr::Column(key) => Some(key),
            _ => None,
        };
        let keys: Option<Vec<Column>> = expressions.into_iter().map(column).collect();
        match (keys, <[LogicalPlan; 1]>::try_from(inputs)) {
            (Some(keys), Ok([input])) => Ok(Self { input, keys }),
            _ => internal_err!("rows by key have one input, and columns as their keys"),
        }
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        // Rows stay what they are.
        HashSet::new()
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let mut columns = self.places().ok()?;
        columns.extend(output_columns);
        columns.sort_unstable();
        columns.dedup();
        Some(vec![columns])
    }
}
