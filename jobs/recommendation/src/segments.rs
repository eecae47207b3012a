//! The segments of customers that an earlier segmentation found, and what is recommended in them.

use std::collections::BTreeSet;

use algorithms::topn::Recommendation;
use arrow::array::{Array, AsArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::DataType;
use pipeline::{Failure, JobContext};
use sql::recommendation::USER_SEGMENTS;

use crate::error::TableError;
use crate::files::{CUSTOMERS, SEGMENTATION};
use crate::ids::{IdMap, ItemIndex};
use crate::outcome::{SegmentProduct, SegmentRecommendations, SegmentSummary};
use crate::popular::largest;
use crate::products::Products;

/// Products shown per segment.
const PRODUCTS_SHOWN: usize = 10;

/// A label per user.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    /// The labels that occur, sorted.
    pub(crate) names: Vec<String>,
    /// Per user the index of its label; none for users that have none.
    pub(crate) of_user: Vec<Option<u32>>,
}

/// The segments of the users that are learned from.
#[derive(Debug, Clone)]
pub(crate) struct UserSegments {
    /// The segmentation run.
    pub(crate) run_id: String,
    pub(crate) rfm: Labels,
    pub(crate) fused: Labels,
}

impl UserSegments {
    /// Reads the segments from the newest segmentation run of the same output; none when there is
    /// no such run.
    pub(crate) async fn load(context: &JobContext, users: &IdMap) -> Result<Option<Self>, Failure> {
        let Some(run) = context.run.output().latest(SEGMENTATION).await? else {
            return Ok(None);
        };
        let url = run.file_url(CUSTOMERS)?;
        let engine = &context.engine;
        engine.register_parquet("segmented_customers", &url).await?;
        let rows = engine.query(USER_SEGMENTS.text, &[]).await?;
        let rows = concat_batches(&rows.schema, &rows.batches).map_err(TableError::from)?;
        let column = |name: &str| {
            let column = rows.column_by_name(name);
            column.ok_or_else(|| TableError::NoColumn(name.to_owned()))
        };
        let places = users
            .indices_of(column("user_id")?)
            .map_err(TableError::from)?;
        let labels = |name: &str| -> Result<Labels, TableError> {
            let texts = cast(column(name)?, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>();
            let names: BTreeSet<&str> = texts.iter().flatten().collect();
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            let mut of_user = vec![None; users.len()];
            for (row, place) in places.iter().enumerate() {
                if let Some(place) = place
                    && texts.is_valid(row)
                {
                    let text = texts.value(row);
                    let label = names.binary_search_by(|name| name.as_str().cmp(text));
                    of_user[*place as usize] = label.ok().map(|label| label as u32);
                }
            }
            Ok(Labels { names, of_user })
        };
        Ok(Some(Self {
            run_id: run.id().to_string(),
            rfm: labels("rfm_segment")?,
            fused: labels("fused_segment")?,
        }))
    }
}

/// Counts how often products are recommended, in the shop and in each segment.
#[derive(Debug)]
pub(crate) struct Spread {
    of_user: Option<Vec<Option<u32>>>,
    /// Customers with recommendations: in the shop, per segment, and in none.
    customers: u64,
    customers_of: Vec<u64>,
    customers_unknown: u64,
    /// Customers that each item is recommended to: in the shop and per segment.
    pub(crate) recommended: Vec<u32>,
    recommended_in: Vec<Vec<u32>>,
}

impl Spread {
    pub(crate) fn new(n_items: usize, segments: Option<&Labels>) -> Self {
        let n_segments = segments.map_or(0, |labels| labels.names.len());
        Self {
            of_user: segments.map(|labels| labels.of_user.clone()),
            customers: 0,
            customers_of: vec![0; n_segments],
            customers_unknown: 0,
            recommended: vec![0; n_items],
            recommended_in: vec![vec![0; n_items]; n_segments],
        }
    }

    /// Counts the lists of the users from `first` on.
    pub(crate) fn add(&mut self, first: usize, lists: &[Vec<Recommendation>]) {
        for (user, list) in (first..).zip(lists).filter(|(_, list)| !list.is_empty()) {
            self.customers += 1;
            for place in list {
                self.recommended[place.item as usize] += 1;
            }
            let Some(of_user) = &self.of_user else {
                continue;
            };
            let Some(segment) = of_user[user] else {
                self.customers_unknown += 1;
                continue;
            };
            self.customers_of[segment as usize] += 1;
            for place in list {
                self.recommended_in[segment as usize][place.item as usize] += 1;
            }
        }
    }

    /// The share of the catalogue that is recommended to anybody.
    pub(crate) fn coverage(&self) -> f64 {
        coverage(&self.recommended)
    }

    /// What is recommended in each segment that has customers, the largest first.
    pub(crate) fn summary(
        &self,
        segments: &UserSegments,
        items: &IdMap,
        products: &Products,
    ) -> SegmentSummary {
        let mut order: Vec<usize> = (0..self.customers_of.len())
            .filter(|segment| self.customers_of[*segment] > 0)
            .collect();
        order.sort_by_key(|segment| (std::cmp::Reverse(self.customers_of[*segment]), *segment));
        let of_segment = |segment: usize| {
            let recommended = &self.recommended_in[segment];
            let top = largest(recommended, PRODUCTS_SHOWN);
            let product = |item: &ItemIndex| self.product(segment, *item, items, products);
            SegmentRecommendations {
                fused_segment: segments.fused.names[segment].clone(),
                customers: self.customers_of[segment],
                coverage: coverage(recommended),
                products: top.iter().map(product).collect(),
            }
        };
        SegmentSummary {
            run_id: segments.run_id.clone(),
            users_unknown: self.customers_unknown,
            segments: order.into_iter().map(of_segment).collect(),
        }
    }

    fn product(
        &self,
        segment: usize,
        item: ItemIndex,
        items: &IdMap,
        products: &Products,
    ) -> SegmentProduct {
        let customers = self.recommended_in[segment][item as usize];
        let share = f64::from(customers) / self.customers_of[segment] as f64;
        let everywhere = f64::from(self.recommended[item as usize]) / self.customers as f64;
        let product_id = items.text(item);
        let about = products.about(&product_id);
        SegmentProduct {
            product_id,
            category: about.category,
            brand: about.brand,
            customers: u64::from(customers),
            share,
            lift: share / everywhere,
        }
    }
}

fn coverage(recommended: &[u32]) -> f64 {
    let shown = recommended.iter().filter(|count| **count > 0).count();
    shown as f64 / recommended.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lift_is_the_share_in_the_segment_over_the_share_in_the_shop() {
        let labels = Labels {
            names: vec!["big".into(), "small".into()],
            of_user: vec![Some(0), Some(0), Some(1), None, Some(0)],
        };
        let mut spread = Spread::new(3, Some(&labels));
        let list = |items: &[u32]| -> Vec<Recommendation> {
            let place = |&item| Recommendation { item, score: 1.0 };
            items.iter().map(place).collect()
        };
        spread.add(0, &[list(&[0, 1]), list(&[0])]);
        spread.add(2, &[list(&[1]), list(&[1]), list(&[])]);
        let segments = UserSegments {
            run_id: "run".into(),
            rfm: labels.clone(),
            fused: labels,
        };
        let ids = IdMap::from_sorted(&arrow::array::Int64Array::from(vec![7, 8, 9])).unwrap();
        let summary = spread.summary(&segments, &ids, &Products::default());
        assert_eq!(summary.users_unknown, 1);
        let [big, small] = &summary.segments[..] else {
            panic!("two segments");
        };
        assert_eq!((big.customers, small.customers), (2, 1));
        let first = &big.products[0];
        assert_eq!((first.product_id.as_str(), first.customers), ("7", 2));
        // 2 of 2 customers, in the shop 2 of 4.
        assert_eq!((first.share, first.lift), (1.0, 2.0));
        assert_eq!(small.products[0].product_id, "8");
        assert_eq!(spread.coverage(), 2.0 / 3.0);
        assert_eq!(small.coverage, 1.0 / 3.0);
    }
}
