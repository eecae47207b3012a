//! Small finished runs, fitted on pairs that a test gives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use algorithms::als::{Als, AlsValidParams};
use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, Float32Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use artifacts::{ManifestHeader, Output, RunReader, RunWriter};
use linfa::ParamGuard;
use object_store::memory::InMemory;
use object_store::path::Path;

use crate::interactions::{Pair, PairTable};
use crate::model::score_of;
use crate::serving::{NewPair, Request};
use crate::settings::{DEFAULT_SETTINGS, FeedbackKind, RecommendationSettings};
use crate::tables::{write_items, write_users};
use crate::{
    INTERACTIONS, ITEM_FACTORS, IdMap, MODEL, POPULAR, PRODUCTS, RecommendationModel, USER_FACTORS,
};

/// What a customer did with a product in one event: user, product, evidence in millionths.
pub(super) type Deed = (i64, i64, i64);

pub(super) struct Setup {
    pub(super) params: AlsValidParams,
    pub(super) feedback: FeedbackKind,
    pub(super) scores_given: bool,
    pub(super) max_score: f64,
    pub(super) min_user_events: u64,
}

impl Setup {
    pub(super) fn implicit(factors: usize) -> Self {
        let params = Als::implicit(factors).alpha(2.0).regularization(0.05);
        Self {
            params: params.iterations(3).check().unwrap(),
            feedback: FeedbackKind::Implicit,
            scores_given: false,
            max_score: 10.0,
            min_user_events: 1,
        }
    }

    pub(super) fn explicit(factors: usize) -> Self {
        let params = Als::explicit(factors).regularization(0.05).iterations(3);
        Self {
            params: params.check().unwrap(),
            feedback: FeedbackKind::Explicit,
            scores_given: true,
            ..Self::implicit(1)
        }
    }
}

/// A finished run and what it was made from.
pub(super) struct Shop {
    pub(super) output: Output,
    pub(super) run: RunReader,
    pub(super) model: RecommendationModel,
    pub(super) factors: Als,
    pub(super) users: IdMap,
    pub(super) items: IdMap,
    pub(super) sums: BTreeMap<(i64, i64), (i64, i64)>,
}

pub(super) fn memory() -> Output {
    let store = Arc::new(InMemory::new());
    Output::new(store, Path::from("out"), "memory:///out".to_owned())
}

impl Shop {
    pub(super) async fn new(deeds: &[Deed], setup: Setup) -> Self {
        Self::in_output(memory(), deeds, setup).await
    }

    /// Fits a model and writes a run. Each deed is an event; deeds of one pair add up.
    pub(super) async fn in_output(output: Output, deeds: &[Deed], setup: Setup) -> Self {
        let mut sums: BTreeMap<(i64, i64), (i64, i64)> = BTreeMap::new();
        let mut events: BTreeMap<i64, u64> = BTreeMap::new();
        for (user, product, evidence) in deeds {
            let sum = sums.entry((*user, *product)).or_default();
            *sum = (sum.0 + evidence, sum.1 + 1);
            *events.entry(*user).or_default() += 1;
        }
        let used = |user: &i64| events[user] >= setup.min_user_events;
        let learned = sums.keys().filter(|(user, _)| used(user));
        let users: BTreeSet<i64> = learned.clone().map(|(user, _)| *user).collect();
        let products: BTreeSet<i64> = learned.map(|(_, product)| *product).collect();
        let users = IdMap::from_sorted(&Int64Array::from_iter_values(users)).unwrap();
        let items = IdMap::from_sorted(&Int64Array::from_iter_values(products)).unwrap();
        let score = |sum: i64| score_of(sum as f64 / 1e6, setup.scores_given, setup.max_score);
        let pair = |((user, product), (sum, _)): (&(i64, i64), &(i64, i64))| Pair {
            user: users.index_of(&user.to_string()).unwrap(),
            item: items.index_of(&product.to_string()).unwrap(),
            score: score(*sum),
            fold: None,
            last_event_at: 0,
        };
        let pairs = sums.iter().filter(|((user, _), _)| used(user));
        let pairs = PairTable {
            pairs: pairs.map(pair).collect(),
            users: users.clone(),
            items: items.clone(),
        };
        let fit = setup.params.fit(&pairs.interactions().unwrap()).unwrap();
        let settings: RecommendationSettings = toml::from_str(DEFAULT_SETTINGS).unwrap();
        let model = RecommendationModel {
            feedback: setup.feedback,
            scores_given: setup.scores_given,
            params: setup.params.clone(),
            global_mean: fit.model.global_mean,
            weights: settings.weights,
            half_life_days: None,
            max_score: setup.max_score,
            as_of: "2026-01-01T00:00:00Z".parse().unwrap(),
            min_user_events: setup.min_user_events,
            n_users: users.len() as u64,
            n_products: items.len() as u64,
            segmentation_run: None,
        };
        let begun = begin(&output, "recommendation").await;
        begun
            .write_bytes(MODEL, model.to_json("tests").unwrap())
            .await
            .unwrap();
        write_users(&begun, USER_FACTORS, &pairs, &fit.model.users)
            .await
            .unwrap();
        let mut n_users = vec![0; items.len()];
        for pair in pairs.pairs.iter().filter(|pair| pair.score > 0.0) {
            n_users[pair.item as usize] += 1;
        }
        write_items(&begun, ITEM_FACTORS, &items, &fit.model.items, &n_users)
            .await
            .unwrap();
        let evidence = sums.values().map(|(sum, _)| i128::from(*sum));
        let rows: Vec<(&str, ArrayRef)> = vec![
            ("user_id", ints(sums.keys().map(|(user, _)| *user))),
            ("product_id", ints(sums.keys().map(|(_, product)| *product))),
            (
                "score",
                Arc::new(Float32Array::from_iter_values(
                    sums.values().map(|(sum, _)| score(*sum)),
                )),
            ),
            (
                "evidence",
                Arc::new(
                    Decimal128Array::from_iter_values(evidence)
                        .with_precision_and_scale(38, 6)
                        .unwrap(),
                ),
            ),
            ("n_events", ints(sums.values().map(|(_, events)| *events))),
            (
                "last_event_at",
                Arc::new(TimestampMicrosecondArray::from(vec![0; sums.len()]).with_timezone("UTC")),
            ),
            ("fold", Arc::new(Int32Array::from(vec![None; sums.len()]))),
            (
                "used",
                Arc::new(BooleanArray::from_iter(
                    sums.keys().map(|(user, _)| Some(used(user))),
                )),
            ),
        ];
        table(&begun, INTERACTIONS, rows).await;
        write_products(&begun, sums.keys().map(|(_, product)| *product)).await;
        write_popular(&begun, &items, &n_users).await;
        let run = finish(begun, &output).await;
        Self {
            output,
            run,
            model,
            factors: fit.model,
            users,
            items,
            sums,
        }
    }

    /// Products the log has of a user.
    pub(super) fn seen(&self, user: i64) -> BTreeSet<i64> {
        let of_user = self.sums.keys().filter(|(of, _)| *of == user);
        of_user.map(|(_, product)| *product).collect()
    }

    pub(super) fn item_ids(&self) -> Vec<i64> {
        let ids = (0..self.items.len() as u32).map(|item| self.items.text(item));
        ids.map(|id| id.parse().unwrap()).collect()
    }
}

/// Category only as an id for every third product, no brand for every second.
async fn write_products(run: &RunWriter, products: impl Iterator<Item = i64>) {
    let products: BTreeSet<i64> = products.chain([999]).collect();
    let text = |value: &dyn Fn(i64) -> Option<String>| -> ArrayRef {
        Arc::new(StringArray::from_iter(
            products.iter().map(|product| value(*product)),
        ))
    };
    let prices = products.iter().map(|product| i128::from(product * 12_500));
    let prices = Decimal128Array::from_iter_values(prices)
        .with_precision_and_scale(18, 4)
        .unwrap();
    let rows: Vec<(&str, ArrayRef)> = vec![
        ("product_id", ints(products.iter().copied())),
        ("category_id", text(&|product| Some(format!("c{product}")))),
        (
            "category_code",
            text(&|product| (product % 3 != 0).then(|| format!("toys.{product}"))),
        ),
        (
            "brand",
            text(&|product| (product % 2 != 0).then(|| "acme".to_owned())),
        ),
        ("unit_price", Arc::new(prices)),
    ];
    table(run, PRODUCTS, rows).await;
}

/// The two most popular products of the shop, and the last product for the segment Champions.
async fn write_popular(run: &RunWriter, items: &IdMap, n_users: &[u32]) {
    let mut order: Vec<u32> = (0..items.len() as u32).collect();
    order.sort_by_key(|item| (std::cmp::Reverse(n_users[*item as usize]), *item));
    order.truncate(2);
    let last = items.len() as u32 - 1;
    let mut rows: Vec<(&str, i32, i64, i64)> = Vec::new();
    let id = |item: u32| items.text(item).parse().unwrap();
    for (rank, item) in (1..).zip(&order) {
        rows.push(("", rank, id(*item), i64::from(n_users[*item as usize])));
    }
    rows.push(("Champions", 1, id(last), 1));
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "segment",
            Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0))),
        ),
        (
            "rank",
            Arc::new(Int32Array::from_iter_values(rows.iter().map(|row| row.1))),
        ),
        ("product_id", ints(rows.iter().map(|row| row.2))),
        ("n_users", ints(rows.iter().map(|row| row.3))),
    ];
    table(run, POPULAR, columns).await;
}

/// A segmentation run that knows these customers.
pub(super) async fn segment(output: &Output, customers: &[(i64, &str)]) {
    let run = begin(output, "segmentation").await;
    let rows: Vec<(&str, ArrayRef)> = vec![
        ("user_id", ints(customers.iter().map(|(user, _)| *user))),
        (
            "rfm_segment",
            Arc::new(StringArray::from_iter_values(
                customers.iter().map(|(_, segment)| *segment),
            )),
        ),
    ];
    table(&run, "customers.parquet", rows).await;
    finish(run, output).await;
}

pub(super) async fn begin(output: &Output, job: &str) -> RunWriter {
    let started = "2026-01-02T00:00:00Z".parse().unwrap();
    output.begin(job, started, "events").await.unwrap()
}

pub(super) async fn finish(run: RunWriter, output: &Output) -> RunReader {
    let header = ManifestHeader {
        finished: "2026-01-02T00:01:00Z".parse().unwrap(),
        parameters: serde_json::Value::Null,
        seed: 1,
        input_fingerprint: String::new(),
        versions: BTreeMap::new(),
        timings: Vec::new(),
    };
    let job = run.job().to_owned();
    run.commit(header).await.unwrap();
    output.latest(&job).await.unwrap().unwrap()
}

async fn table(run: &RunWriter, file: &str, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    run.write_table(file, batch.schema(), &[batch])
        .await
        .unwrap();
}

fn ints(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// Ten products for a customer.
pub(super) fn asking(user: impl ToString) -> Request {
    Request {
        user: user.to_string(),
        n: 10,
        ..Request::default()
    }
}

/// New events on one product, after the run.
pub(super) fn new_pair(product: impl ToString, evidence: f64) -> NewPair {
    NewPair {
        product_id: product.to_string(),
        evidence,
        score: None,
        last_event_at: "2026-01-03T00:00:00Z".parse().unwrap(),
        n_events: 1,
    }
}

/// Runs a question of a property test.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(future)
}
