//! The list for one customer.

use algorithms::als::{FactorRow, Factors, FoldIn};
use algorithms::topn::{Recommendation, TopN};
use artifacts::{Output, RunReader};
use futures::future::{try_join, try_join3};
use ndarray::Array2;

use super::about::About;
use super::past::Past;
use super::popular::{Admission, PopularList, popular};
use super::{Answer, Because, NewPair, Recommended, Request, ServingError, Source};
use crate::RecommendationModel;
use crate::files::USER_FACTORS;
use crate::ids::ItemIndex;
use crate::tables::{FactorTable, factor_row, read_item_table};

/// Reasons that are told for each product.
const MOST_REASONS: usize = 3;

/// Recommends products to a customer.
///
/// A customer the run learned from is answered by the model; with new events, the preferences are
/// computed anew from all that is known, as a refit of the customer's row for the same products
/// would. Whoever is not known, or has shown no preference yet, gets a list of popular products, and
/// the notice says so. Lists are exact: the largest scores, equal ones in the order of the products.
///
/// `output` is where the run lies: its latest segmentation knows the customer's segment.
///
/// # Errors
///
/// [`ServingError`] when the run cannot be read, or 0 products are asked for. Unknown customers are
/// no error.
pub async fn recommend(
    output: &Output,
    run: &RunReader,
    request: &Request,
) -> Result<Answer, ServingError> {
    if request.n == 0 {
        return Err(ServingError::NoProducts);
    }
    let (model, past, row) = try_join3(
        async { Ok(RecommendationModel::read(run).await?) },
        Past::read(run, &request.user),
        async { Ok(run.find_row(USER_FACTORS, "user_id", &request.user).await?) },
    )
    .await?;
    let row = row.map(|row| factor_row(USER_FACTORS, row, &model.params));
    let row = row.transpose()?;
    let asked = Asked {
        run,
        request,
        model: &model,
        new: request.new_events.as_deref().unwrap_or_default(),
    };
    let mut answer = match asked.taste(&past, row).await? {
        Ok(taste) => asked.by_taste(&past, taste).await?,
        Err(reason) => asked.by_popularity(output, &past, reason).await?,
    };
    if request.new_events.as_ref().is_some_and(Vec::is_empty) {
        let none = format!("The new events have none of the customer {}.", request.user);
        answer.notice = Some(match answer.notice {
            Some(notice) => format!("{none} {notice}"),
            None => none,
        });
    }
    Ok(answer)
}

/// What is asked, and of which model.
struct Asked<'a> {
    run: &'a RunReader,
    request: &'a Request,
    model: &'a RecommendationModel,
    new: &'a [NewPair],
}

/// What is known of a customer's preferences.
struct Taste {
    source: Source,
    row: FactorRow,
    /// What they were learned from.
    scores: Vec<(ItemIndex, f32)>,
    items: FactorTable,
}

impl Asked<'_> {
    /// The preferences of the customer, or why there are none.
    async fn taste(
        &self,
        past: &Past,
        row: Option<FactorRow>,
    ) -> Result<Result<Taste, String>, ServingError> {
        let user = &self.request.user;
        if self.new.is_empty() {
            let Some(row) = row else {
                return Ok(Err(self.not_learned(past)));
            };
            if is_blank(&row) {
                return Ok(Err(format!(
                    "what the customer {user} did speaks for no product"
                )));
            }
            let items = read_item_table(self.run, &self.model.params).await?;
            let scores = past.learned(&items.ids);
            return Ok(Ok(Taste {
                source: Source::Model,
                row,
                scores,
                items,
            }));
        }
        let items = read_item_table(self.run, &self.model.params).await?;
        let merged = past.clone().with(self.new, self.model);
        let evidence = merged.evidence(&items.ids, self.new, self.model.min_user_events);
        if evidence.scores.is_empty() {
            return Ok(Err(
                self.nothing_to_fold_in(evidence.n_events, &evidence.unknown)
            ));
        }
        let row = self.fold_in(&items)?.user(&evidence.scores)?;
        if is_blank(&row) {
            return Ok(Err(format!(
                "what the customer {user} did, new events included, speaks for no product"
            )));
        }
        Ok(Ok(Taste {
            source: Source::FoldIn {
                products: evidence.scores.len(),
                unknown_products: evidence.unknown,
            },
            row,
            scores: evidence.scores,
            items,
        }))
    }

    fn fold_in<'a>(&'a self, items: &'a FactorTable) -> Result<FoldIn<'a>, ServingError> {
        let mean = self.model.global_mean;
        Ok(self.model.params.fold_in(&items.factors, mean)?)
    }

    async fn by_taste(&self, past: &Past, taste: Taste) -> Result<Answer, ServingError> {
        let items = &taste.items;
        let seen = self.seen_items(past, items);
        let mask = self.request.allowed.as_ref().map(|allowed| {
            let ids = (0..items.ids.len() as u32).map(|item| items.ids.text(item));
            ids.map(|id| allowed.contains(&id)).collect::<Vec<bool>>()
        });
        let top = TopN::new(&items.factors, self.model.global_mean, mask.as_deref())?;
        let lists = top.of_users(&one(&taste.row, items), self.request.n, |_| &seen)?;
        let list = lists.into_iter().next().unwrap_or_default();
        let ids: Vec<String> = list.iter().map(|best| items.ids.text(best.item)).collect();
        let (because, about) = try_join(
            async { self.because(&taste, &list) },
            About::read_all(self.run, &ids),
        )
        .await?;
        let scores = list.iter().map(|best| f64::from(best.score));
        let products = ids.into_iter().zip(scores).collect();
        let mut notice = Vec::new();
        if let Source::FoldIn {
            unknown_products, ..
        } = &taste.source
            && !unknown_products.is_empty()
        {
            notice.push(format!(
                "The model knows nothing about {} of the products of the new events ({}); they were left aside.",
                unknown_products.len(),
                shortened(unknown_products)
            ));
        }
        Ok(self.answer(taste.source, notice, products, about, because))
    }

    /// What speaks for each product of a list; nothing unless that was asked for.
    fn because(
        &self,
        taste: &Taste,
        list: &[Recommendation],
    ) -> Result<Vec<Vec<Because>>, ServingError> {
        if !self.request.explain {
            return Ok(vec![Vec::new(); list.len()]);
        }
        let fold_in = self.fold_in(&taste.items)?;
        let mut all = Vec::with_capacity(list.len());
        for best in list {
            let explanation = fold_in.explain(&taste.scores, best.item)?;
            let contributions = explanation.contributions.iter();
            // A low rating of something unlike the product speaks for it too, but nobody would call
            // that a reason. (Without ratings the mean is 0.)
            let liked = |score: f32| score >= self.model.global_mean;
            let positive =
                contributions.filter(|part| part.contribution > 0.0 && liked(part.score));
            let total: f64 = positive.clone().map(|part| part.contribution).sum();
            let because = positive.take(MOST_REASONS).map(|part| Because {
                product_id: taste.items.ids.text(part.item),
                score: f64::from(part.score),
                contribution: part.contribution,
                share: part.contribution / total,
            });
            all.push(because.collect());
        }
        Ok(all)
    }

    async fn by_popularity(
        &self,
        output: &Output,
        past: &Past,
        reason: String,
    ) -> Result<Answer, ServingError> {
        let seen = match self.request.include_seen {
            true => Default::default(),
            false => past.products(self.new).collect(),
        };
        let admission = Admission {
            n: self.request.n,
            seen,
            allowed: self.request.allowed.as_ref(),
        };
        let user = &self.request.user;
        let PopularList {
            source,
            products,
            filled,
        } = popular(output, self.run, self.model, user, &admission).await?;
        let ids: Vec<String> = products.iter().map(|(id, _)| id.clone()).collect();
        let about = About::read_all(self.run, &ids).await?;
        let mut notice = vec![match &source {
            Source::SegmentPopularity { segment } => format!(
                "These are the most popular products of the customer's RFM segment ({segment}), because {reason}."
            ),
            _ => format!("These are the most popular products of the shop, because {reason}."),
        }];
        if filled > 0 {
            notice.push(match &source {
                Source::SegmentPopularity { .. } => format!(
                    "The last {filled} are from the whole shop: the segment's list has no more that may be shown."
                ),
                _ => format!(
                    "The last {filled} are from all products by their customers: the shop's list has no more that may be shown."
                ),
            });
        }
        let because = vec![Vec::new(); products.len()];
        let counted = |(id, n_users): (String, i64)| (id, n_users as f64);
        let products = products.into_iter().map(counted).collect();
        Ok(self.answer(source, notice, products, about, because))
    }

    fn answer(
        &self,
        source: Source,
        mut notice: Vec<String>,
        products: Vec<(String, f64)>,
        about: Vec<About>,
        because: Vec<Vec<Because>>,
    ) -> Answer {
        notice.extend(shortage(products.len(), self.request.n, self.conditions()));
        let recommendations = (1..).zip(products).zip(about.into_iter().zip(because));
        let recommendations = recommendations.map(|((rank, product), (about, because))| {
            let (product_id, score) = product;
            Recommended {
                rank,
                product_id,
                score,
                category: about.category,
                brand: about.brand,
                price: about.price,
                because,
            }
        });
        Answer {
            user_id: self.request.user.clone(),
            run_id: self.run.id().to_string(),
            source,
            notice: (!notice.is_empty()).then(|| notice.join(" ")),
            recommendations: recommendations.collect(),
        }
    }

    /// What a product must be to be shown.
    fn conditions(&self) -> &'static str {
        match (self.request.allowed.is_some(), self.request.include_seen) {
            (true, true) => "pass the filter",
            (true, false) => "pass the filter and are new to the customer",
            (false, true) => "were learned from",
            (false, false) => "are new to the customer",
        }
    }

    /// Items that must not be shown, sorted.
    fn seen_items(&self, past: &Past, items: &FactorTable) -> Vec<ItemIndex> {
        if self.request.include_seen {
            return Vec::new();
        }
        let products = past.products(self.new);
        let known = products.filter_map(|product| items.ids.index_of(product));
        let mut seen: Vec<ItemIndex> = known.collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    fn not_learned(&self, past: &Past) -> String {
        let user = &self.request.user;
        let n_events: i64 = past.pairs.iter().map(|pair| pair.n_events).sum();
        match n_events {
            0 => format!("the customer {user} has no events in the log of this run"),
            _ => format!(
                "the customer {user} is too new to be learned from (events in the log of this run: {n_events})"
            ),
        }
    }

    fn nothing_to_fold_in(&self, n_events: i64, unknown: &[String]) -> String {
        let user = &self.request.user;
        let least = self.model.min_user_events;
        if n_events.unsigned_abs() < least {
            return format!(
                "the customer {user} has {n_events} events with the new ones, and the model needs {least}"
            );
        }
        match unknown {
            [] => format!("the events of the customer {user} have no score"),
            unknown => format!(
                "the model knows none of the products of the customer {user} ({})",
                shortened(unknown)
            ),
        }
    }
}

/// The customer as a table of one row.
fn one(row: &FactorRow, items: &FactorTable) -> Factors {
    let vectors = Array2::from_shape_fn((1, row.vector.len()), |(_, factor)| row.vector[factor]);
    let biases = items.factors.biases.as_ref();
    Factors {
        vectors,
        biases: biases.map(|_| vec![row.bias]),
    }
}

fn is_blank(row: &FactorRow) -> bool {
    row.bias == 0.0 && row.vector.iter().all(|value| *value == 0.0)
}

/// Says why a list is shorter than asked for, if it is. `conditions`: what its products do.
pub(super) fn shortage(found: usize, asked: usize, conditions: &str) -> Option<String> {
    match found {
        0 => Some(format!("Nothing can be shown: no products {conditions}.")),
        found if found < asked => Some(format!(
            "Only {found} of the {asked} products asked for can be shown: no others {conditions}."
        )),
        _ => None,
    }
}

/// The first ids of many.
fn shortened(ids: &[String]) -> String {
    const MOST: usize = 5;
    let first = ids[..ids.len().min(MOST)].join(", ");
    match ids.len() > MOST {
        true => format!("{first}, …"),
        false => first,
    }
}
