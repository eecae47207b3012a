//! What the log says of the products of an answer.

use std::collections::HashMap;

use artifacts::RunReader;

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
    /// Reads what is known of products; those the log of the run does not have are not in the map.
    pub(super) async fn read(
        run: &RunReader,
        products: &[String],
    ) -> Result<HashMap<String, Self>, ServingError> {
        let ids: Vec<&str> = products.iter().map(String::as_str).collect();
        let found = run.find_rows_of(PRODUCTS, "product_id", &ids).await?;
        let rows = Rows {
            file: PRODUCTS,
            batch: &found,
        };
        let mut abouts = HashMap::with_capacity(products.len());
        for row in 0..found.num_rows() {
            let category = match rows.text("category_code", row)? {
                Some(code) => Some(code),
                None => rows.text("category_id", row)?,
            };
            let about = Self {
                category,
                brand: rows.text("brand", row)?,
                price: rows.text("unit_price", row)?,
            };
            let id = rows.text("product_id", row)?.unwrap_or_default();
            abouts.insert(id, about);
        }
        Ok(abouts)
    }

    /// As [`Self::read`], one for each product in the order given; blank for unknown products.
    pub(super) async fn read_all(
        run: &RunReader,
        products: &[String],
    ) -> Result<Vec<Self>, ServingError> {
        let mut abouts = Self::read(run, products).await?;
        let about = |product| abouts.remove(product).unwrap_or_default();
        Ok(products.iter().map(about).collect())
    }
}
