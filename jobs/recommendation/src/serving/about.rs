//! What the log says of the products of an answer.

use artifacts::RunReader;
use futures::future::try_join_all;

use super::ServingError;
use super::row::Rows;
use crate::files::PRODUCTS;

/// Category, brand and price of a product, as far as the log has them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct About {
    pub(super) category: Option<String>,
    pub(super) brand: Option<String>,
    pub(super) price: Option<String>,
}

impl About {
    /// Reads one product; none when the log of the run does not have it.
    pub(super) async fn read(run: &RunReader, product: &str) -> Result<Option<Self>, ServingError> {
        let Some(row) = run.find_row(PRODUCTS, "product_id", product).await? else {
            return Ok(None);
        };
        let rows = Rows {
            file: PRODUCTS,
            batch: &row,
        };
        let category = match rows.text("category_code", 0)? {
            Some(code) => Some(code),
            None => rows.text("category_id", 0)?,
        };
        Ok(Some(Self {
            category,
            brand: rows.text("brand", 0)?,
            price: rows.text("unit_price", 0)?,
        }))
    }

    /// Reads each product; blank for products the log does not have.
    pub(super) async fn read_all(
        run: &RunReader,
        products: impl Iterator<Item = &str>,
    ) -> Result<Vec<Self>, ServingError> {
        let each = products.map(|product| Self::read(run, product));
        let found = try_join_all(each).await?;
        Ok(found.into_iter().map(Option::unwrap_or_default).collect())
    }
}
