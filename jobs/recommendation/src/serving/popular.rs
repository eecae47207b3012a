//! Lists for customers of whom nothing, or nothing good, is known.

use std::cmp::Reverse;
use std::collections::HashSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use artifacts::{Output, RunReader};

use super::row::Rows;
use super::{AllowedProducts, ServingError, Source};
use crate::RecommendationModel;
use crate::files::{CUSTOMERS, POPULAR, SEGMENTATION};
use crate::popular::WHOLE_SHOP;
use crate::tables::read_item_table;

/// Popular products, best first, with the customers that like each.
pub(super) struct PopularList {
    pub(super) source: Source,
    pub(super) products: Vec<(String, i64)>,
    /// How many of them, at the end, are not from the list of the source but from longer ones.
    pub(super) filled: usize,
}

/// What may be in a list.
pub(super) struct Admission<'a> {
    pub(super) n: usize,
    /// Products to leave out.
    pub(super) seen: HashSet<&'a str>,
    pub(super) allowed: Option<&'a AllowedProducts>,
}

/// Makes the list for a customer: of the RFM segment, if the latest segmentation knows the customer
/// and the run has a list of that segment with products that may be shown, else of the whole shop.
/// Where filters leave too few products of the list, the whole shop's follow, then all other
/// products by their customers.
pub(super) async fn popular(
    output: &Output,
    run: &RunReader,
    model: &RecommendationModel,
    user: &str,
    admission: &Admission<'_>,
) -> Result<PopularList, ServingError> {
    let mut list = Filling::new(admission);
    let mut source = Source::Popularity;
    if let Some(segment) = segment(output, user).await? {
        let of_segment = read(run, &segment).await?;
        list.add(of_segment);
        if !list.products.is_empty() {
            source = Source::SegmentPopularity { segment };
        }
    }
    let mut own = list.products.len();
    if !list.is_full() {
        list.add(read(run, WHOLE_SHOP).await?);
        if source == Source::Popularity {
            own = list.products.len();
        }
    }
    if !list.is_full() {
        let items = read_item_table(run, &model.params).await?;
        let mut order: Vec<u32> = (0..items.ids.len() as u32).collect();
        order.sort_unstable_by_key(|item| (Reverse(items.n_users[*item as usize]), *item));
        let all = order.into_iter().map(|item| {
            let n_users = i64::from(items.n_users[item as usize]);
            (items.ids.text(item), n_users)
        });
        list.add(all);
    }
    Ok(PopularList {
        source,
        filled: list.products.len() - own,
        products: list.products,
    })
}

/// The RFM segment of a customer in the latest segmentation of the output; none without one.
async fn segment(output: &Output, user: &str) -> Result<Option<String>, ServingError> {
    let Some(run) = output.latest(SEGMENTATION).await? else {
        return Ok(None);
    };
    let Some(row) = run.find_row(CUSTOMERS, "user_id", user).await? else {
        return Ok(None);
    };
    let rows = Rows {
        file: CUSTOMERS,
        batch: &row,
    };
    let segment = rows.text("rfm_segment", 0)?;
    Ok(segment.filter(|segment| segment != WHOLE_SHOP))
}

/// The list of a segment, in its order.
async fn read(run: &RunReader, segment: &str) -> Result<Vec<(String, i64)>, ServingError> {
    let rows = run.find_rows(POPULAR, "segment", segment).await?;
    let rows = Rows {
        file: POPULAR,
        batch: &rows,
    };
    let products = rows.typed("product_id", &DataType::Utf8)?;
    let n_users = rows.typed("n_users", &DataType::Int64)?;
    let products = products.as_string::<i32>();
    let n_users = n_users.as_primitive::<Int64Type>();
    let product = |row: usize| (products.value(row).to_owned(), n_users.value(row));
    Ok((0..products.len()).map(product).collect())
}

/// A list that takes products until it has enough.
struct Filling<'a> {
    admission: &'a Admission<'a>,
    products: Vec<(String, i64)>,
    taken: HashSet<String>,
}

impl<'a> Filling<'a> {
    fn new(admission: &'a Admission<'a>) -> Self {
        Self {
            admission,
            products: Vec::new(),
            taken: HashSet::new(),
        }
    }

    fn is_full(&self) -> bool {
        self.products.len() >= self.admission.n
    }

    fn add(&mut self, products: impl IntoIterator<Item = (String, i64)>) {
        for (product, n_users) in products {
            if self.is_full() {
                return;
            }
            let seen = self.admission.seen.contains(product.as_str());
            let allowed = self.admission.allowed;
            let passes = allowed.is_none_or(|allowed| allowed.contains(&product));
            if !seen && passes && self.taken.insert(product.clone()) {
                self.products.push((product, n_users));
            }
        }
    }
}
