//! Where rows are brought together by key.

use std::sync::Arc;

use datafusion::common::Column;
use datafusion::common::tree_node::Transformed;
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
        let node = Arc::new(Keyed { input, keys });
        let input = LogicalPlan::Extension(Extension { node });
        let aggregate = Aggregate::try_new_with_schema(
            Arc::new(input),
            aggregate.group_expr.clone(),
            aggregate.aggr_expr.clone(),
            Arc::clone(&aggregate.schema),
        )?;
        Ok(Transformed::yes(LogicalPlan::Aggregate(aggregate)))
    }
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
