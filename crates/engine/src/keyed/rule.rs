//! Where rows are brought together by key.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchemaRef};
use datafusion::error::Result;
use datafusion::logical_expr::{Aggregate, Expr, Extension, LogicalPlan};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::Keyed;
use crate::functions::is_per_group;

/// Places a [`Keyed`] below every aggregate that groups by columns and has a function of groups.
#[derive(Debug, Default)]
pub(crate) struct KeyRows;

impl OptimizerRule for KeyRows {
    fn name(&self) -> &str {
        "key_rows"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = &plan else {
            return Ok(Transformed::no(plan));
        };
        let columns = aggregate.group_expr.iter().map(Expr::try_as_col);
        let keys: Option<Vec<Column>> = columns.map(Option::<&Column>::cloned).collect();
        let Some(keys) = keys.filter(|keys| !keys.is_empty()) else {
            return Ok(Transformed::no(plan));
        };
        if is_keyed(&aggregate.input) || !aggregate.aggr_expr.iter().any(looks_at_groups) {
            return Ok(Transformed::no(plan));
        }
        let input = Arc::unwrap_or_clone(Arc::clone(&aggregate.input));
        let schema = input.schema();
        let places: Result<Vec<usize>> =
            keys.iter().map(|key| schema.index_of_column(key)).collect();
        let input = keyed(input, &places?)?;
        let aggregate = Aggregate::try_new_with_schema(
            Arc::new(input),
            aggregate.group_expr.clone(),
            aggregate.aggr_expr.clone(),
            Arc::clone(&aggregate.schema),
        )?;
        Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
    }
}

/// The plan with its rows brought together, at the place below it where they are narrowest: what can
/// be computed of the columns of a row need not be exchanged.
fn keyed(plan: LogicalPlan, places: &[usize]) -> Result<LogicalPlan> {
    let mut narrowest = (width(plan.schema()), 0);
    let mut below = input_of(&plan, places)?;
    let mut depth = 0;
    while let Some((input, places)) = below {
        depth += 1;
        narrowest = narrowest.min((width(input.schema()), depth));
        below = input_of(input, &places)?;
    }
    placed(plan, places, narrowest.1)
}

/// The plan with its rows brought together so many nodes below it.
fn placed(plan: LogicalPlan, places: &[usize], depth: usize) -> Result<LogicalPlan> {
    let below = match depth {
        0 => None,
        _ => input_of(&plan, places)?,
    };
    let Some((input, places)) = below else {
        let node = Arc::new(Keyed::at(plan, places)?);
        return Ok(LogicalPlan::Extension(Extension { node }));
    };
    let input = placed(input.clone(), &places, depth - 1)?;
    plan.with_new_exprs(plan.expressions(), vec![input])
}

/// What a node computes its rows from, one by one, and where the keys stand there; none where rows
/// are something else or the keys are computed.
fn input_of<'p>(
    plan: &'p LogicalPlan,
    places: &[usize],
) -> Result<Option<(&'p LogicalPlan, Vec<usize>)>> {
    match plan {
        LogicalPlan::SubqueryAlias(alias) => Ok(Some((&alias.input, places.to_vec()))),
        LogicalPlan::Projection(projection) => {
            let column = |place: &usize| match projection.expr.get(*place)? {
                Expr::Alias(alias) => alias.expr.try_as_col(),
                expression => expression.try_as_col(),
            };
            let columns: Option<Vec<&Column>> = places.iter().map(column).collect();
            let Some(columns) = columns else {
                return Ok(None);
            };
            let schema = projection.input.schema();
            let places: Result<Vec<usize>> = columns
                .into_iter()
                .map(|column| schema.index_of_column(column))
                .collect();
            Ok(Some((&projection.input, places?)))
        }
        _ => Ok(None),
    }
}

/// About how many bytes a row takes.
fn width(schema: &DFSchemaRef) -> usize {
    const TEXT: usize = 24;
    let fields = schema.fields().iter();
    fields
        .map(|field| match field.data_type() {
            DataType::Null => 0,
            DataType::Boolean => 1,
            other => other.primitive_width().unwrap_or(TEXT),
        })
        .sum()
}

/// Whether the rows have been brought together already; a projection may have come between.
fn is_keyed(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Extension(Extension { node }) => node.as_any().is::<Keyed>(),
        LogicalPlan::Projection(projection) => is_keyed(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_keyed(&alias.input),
        LogicalPlan::Filter(filter) => is_keyed(&filter.input),
        _ => false,
    }
}

fn looks_at_groups(expression: &Expr) -> bool {
    match expression {
        Expr::AggregateFunction(function) => is_per_group(&function.func),
        Expr::Alias(alias) => looks_at_groups(&alias.expr),
        _ => false,
    }
}
