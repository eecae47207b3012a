//! The sink in a logical plan.

use std::cmp::Ordering;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{DFSchema, DFSchemaRef, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use serde::{Deserialize, Serialize};

/// What a sink reports of each file: its name below the folder, its rows, its size.
static REPORT: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("path", DataType::Utf8, false),
        Field::new("rows", DataType::UInt64, false),
        Field::new("bytes", DataType::UInt64, false),
    ]))
});

/// The columns of a sink's result.
pub(super) fn report_schema() -> SchemaRef {
    Arc::clone(&REPORT)
}

/// Where a sink writes, and under which names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Hash, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The folder, ending in `/`.
    pub(crate) url: String,
    /// What the names of all files of this attempt begin with.
    pub(crate) attempt: String,
}

/// Writes the rows of its input as Parquet files with exactly the columns of `written`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sink {
    pub(crate) input: LogicalPlan,
    pub(crate) target: Target,
    /// The columns of the files: those of the query as its author knows them.
    pub(crate) written: SchemaRef,
    schema: DFSchemaRef,
}

impl Sink {
    pub(crate) fn try_new(input: LogicalPlan, target: Target, written: SchemaRef) -> Result<Self> {
        Ok(Self {
            input,
            target,
            written,
            schema: Arc::new(DFSchema::try_from(report_schema())?),
        })
    }
}

impl PartialOrd for Sink {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        // Schemas have no order; sinks that differ in nothing else are not compared.
        match self.target.partial_cmp(&other.target) {
            Some(Ordering::Equal) => self.input.partial_cmp(&other.input),
            order => order,
        }
        .filter(|order| *order != Ordering::Equal || self == other)
    }
}

impl UserDefinedLogicalNodeCore for Sink {
    fn name(&self) -> &str {
        "Sink"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sink: {}", self.target.url)
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let Ok([input]) = <[LogicalPlan; 1]>::try_from(inputs) else {
            return internal_err!("a sink has one input");
        };
        Ok(Self {
            input,
            ..self.clone()
        })
    }
}
