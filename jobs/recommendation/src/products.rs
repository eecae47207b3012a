//! What the log says of products, for lists that people read.

use std::sync::Arc;

use arrow::array::{Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};

use crate::error::TableError;
use crate::ids::IdMap;

const PRODUCT_ID: &str = "product_id";

/// The ids of the table of products, which is sorted by them.
pub(crate) fn ids(table: &RecordBatch) -> Result<IdMap, TableError> {
    let ids = table.column_by_name(PRODUCT_ID);
    let ids = ids.ok_or_else(|| TableError::NoColumn(PRODUCT_ID.to_owned()))?;
    Ok(IdMap::from_sorted(ids)?)
}

/// The table of products with the number of customers of each, before the time of its last event.
pub(crate) fn with_customers(
    table: &RecordBatch,
    customers: &[i64],
) -> Result<RecordBatch, TableError> {
    let mut fields: Vec<FieldRef> = table.schema().fields().iter().cloned().collect();
    let mut columns = table.columns().to_vec();
    let last = columns.len().saturating_sub(1);
    let field = Field::new("n_users", DataType::Int64, false);
    fields.insert(last, Arc::new(field));
    columns.insert(last, Arc::new(Int64Array::from(customers.to_vec())));
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}

/// Category and brand of every product.
#[derive(Debug, Clone, Default)]
pub(crate) struct Products {
    known: Option<Known>,
}

#[derive(Debug, Clone)]
struct Known {
    ids: IdMap,
    /// In the order of preference: a product has the first that is not null.
    categories: Vec<Arc<StringArray>>,
    brands: Arc<StringArray>,
}

/// What is known of a product.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct About {
    /// The path of its category or, without one, the category's id.
    pub(crate) category: Option<String>,
    pub(crate) brand: Option<String>,
}

impl Products {
    /// Reads the table of products, which is sorted by `product_id`.
    pub(crate) fn of_table(table: &RecordBatch) -> Result<Self, TableError> {
        let column = |name: &str| {
            let column = table.column_by_name(name);
            column.ok_or_else(|| TableError::NoColumn(name.to_owned()))
        };
        let text = |name: &str| -> Result<Arc<StringArray>, TableError> {
            let text = cast(column(name)?, &DataType::Utf8)?;
            Ok(Arc::new(
                arrow::array::AsArray::as_string::<i32>(&text).clone(),
            ))
        };
        let known = Known {
            ids: ids(table)?,
            categories: vec![text("category_code")?, text("category_id")?],
            brands: text("brand")?,
        };
        Ok(Self { known: Some(known) })
    }

    /// What is known of a product; nothing when the log does not say.
    pub(crate) fn about(&self, product_id: &str) -> About {
        let found = self.known.as_ref().and_then(|known| {
            let row = known.ids.index_of(product_id)? as usize;
            let mut categories = known.categories.iter();
            Some(About {
                category: categories.find_map(|column| value(column, row)),
                brand: value(&known.brands, row),
            })
        });
        found.unwrap_or_default()
    }
}

impl About {
    /// Category and brand in one line; may be empty.
    pub(crate) fn line(&self) -> String {
        let parts: Vec<&str> = [&self.category, &self.brand]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        parts.join(", ")
    }
}

fn value(column: &StringArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_owned())
}
