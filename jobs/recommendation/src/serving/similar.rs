//! The products that the same customers like.

use algorithms::als::Factors;
use algorithms::topn::{TopN, unit_rows};
use artifacts::RunReader;
use ndarray::s;

use super::about::About;
use super::recommend::shortage;
use super::{AllowedProducts, ServingError, SimilarAnswer, SimilarProduct};
use crate::RecommendationModel;
use crate::tables::read_item_table;

/// The `n` products whose factors point most nearly where those of `product` do, by falling cosine,
/// equal ones in the order of the products. The product itself is left out.
///
/// # Errors
///
/// [`ServingError::UnknownProduct`], [`ServingError::TooFewEvents`], and when the run cannot be
/// read.
pub async fn similar(
    run: &RunReader,
    product: &str,
    n: usize,
    allowed: Option<&AllowedProducts>,
) -> Result<SimilarAnswer, ServingError> {
    if n == 0 {
        return Err(ServingError::NoProducts);
    }
    let model = RecommendationModel::read(run).await?;
    let items = read_item_table(run, &model.params).await?;
    let run_id = run.id().to_string();
    let Some(item) = items.ids.index_of(product) else {
        let product = product.to_owned();
        let in_log = About::read(run, std::slice::from_ref(&product)).await?;
        return Err(match in_log.is_empty() {
            false => ServingError::TooFewEvents { product, run_id },
            true => ServingError::UnknownProduct { product, run_id },
        });
    };
    let units = Factors {
        vectors: unit_rows(items.factors.vectors.view()),
        biases: None,
    };
    let place = item as usize;
    let asked = Factors {
        vectors: units.vectors.slice(s![place..=place, ..]).to_owned(),
        biases: None,
    };
    let blank = asked.vectors.iter().all(|value| *value == 0.0);
    let mask = allowed.map(|allowed| {
        let ids = (0..items.ids.len() as u32).map(|item| items.ids.text(item));
        ids.map(|id| allowed.contains(&id)).collect::<Vec<bool>>()
    });
    let list = match blank {
        true => Vec::new(),
        false => {
            let top = TopN::new(&units, 0.0, mask.as_deref())?;
            let lists = top.of_users(&asked, n, |_| std::slice::from_ref(&item))?;
            lists.into_iter().next().unwrap_or_default()
        }
    };
    let product_id = items.ids.text(item);
    let best = list.iter().map(|best| items.ids.text(best.item));
    let ids: Vec<String> = std::iter::once(product_id.clone()).chain(best).collect();
    let mut abouts = About::read_all(run, &ids).await?.into_iter();
    let about = abouts.next().unwrap_or_default();
    let found = list.len();
    let notice = match (blank, found) {
        (true, _) => Some(format!(
            "Nobody likes the product {product} so far, so nothing can be compared with it."
        )),
        (false, found) => {
            let conditions = match allowed {
                Some(_) => "pass the filter",
                None => "were learned from",
            };
            shortage(found, n, conditions)
        }
    };
    let similar = (1..)
        .zip(ids.into_iter().skip(1))
        .zip(list.iter().zip(abouts));
    let similar = similar.map(|((rank, product_id), (best, about))| SimilarProduct {
        rank,
        product_id,
        score: f64::from(best.score),
        category: about.category,
        brand: about.brand,
        price: about.price,
    });
    let About {
        category,
        brand,
        price,
    } = about;
    Ok(SimilarAnswer {
        product_id,
        category,
        brand,
        price,
        run_id,
        notice,
        similar: similar.collect(),
    })
}
