//! The large tables and the model file of a run.

use std::sync::Arc;

use algorithms::als::Als;
use arrow::array::RecordBatch;
use pipeline::{Failure, JobContext};

use crate::RecommendationModel;
use crate::files::{INTERACTIONS, ITEM_FACTORS, MODEL, POPULAR, PRODUCTS, USER_FACTORS};
use crate::interactions::PairTable;
use crate::tables;

/// What is kept of a run for those who ask it later, beside the recommendations themselves.
pub(crate) struct Kept {
    pub(crate) interactions: RecordBatch,
    pub(crate) products: RecordBatch,
    pub(crate) popular: RecordBatch,
    pub(crate) pairs: Arc<PairTable>,
    /// Customers that like each item.
    pub(crate) n_users: Vec<u32>,
    pub(crate) factors: Arc<Als>,
    pub(crate) model: RecommendationModel,
}

impl Kept {
    /// Writes everything into the run; returns the number of rows.
    pub(crate) async fn write(self, context: &JobContext) -> Result<u64, Failure> {
        let run = &context.run;
        let model = self
            .model
            .to_json(concat!("jobs ", env!("CARGO_PKG_VERSION")))?;
        run.write_bytes(MODEL, model).await?;
        let of_events = async {
            let mut rows = 0;
            for (name, table) in [
                (INTERACTIONS, self.interactions),
                (PRODUCTS, self.products),
                (POPULAR, self.popular),
            ] {
                rows += run.write_table(name, table.schema(), &[table]).await?;
            }
            Ok::<_, Failure>(rows)
        };
        let (pairs, factors) = (&self.pairs, &self.factors);
        let of_model = async {
            let users = tables::write_users(run, USER_FACTORS, pairs, &factors.users).await?;
            let items = &factors.items;
            let items =
                tables::write_items(run, ITEM_FACTORS, &pairs.items, items, &self.n_users).await?;
            Ok::<_, Failure>(users + items)
        };
        // The largest of each: interactions and the factors of customers.
        let (of_events, of_model) = tokio::try_join!(of_events, of_model)?;
        Ok(of_events + of_model)
    }
}
