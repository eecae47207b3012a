//! A small event log and what the queries make of it.

use std::collections::BTreeMap;

use arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use arrow::util::display::array_value_to_string;
use engine::{Engine, EngineParams, Params, ScalarValue};
use sql::{Query, features};

use crate::reference;

/// One event; ids of users and products are text, what is missing is null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) at: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) user: Option<&'static str>,
    pub(crate) product: &'static str,
    pub(crate) order: Option<&'static str>,
    pub(crate) quantity: i64,
    pub(crate) price: Option<&'static str>,
    pub(crate) category: Option<&'static str>,
    pub(crate) category_id: Option<i64>,
    pub(crate) brand: Option<&'static str>,
    pub(crate) score: Option<f64>,
    pub(crate) fold: Option<i32>,
}

/// An event of user `u` with product `p`: one unit at 1.00, no order, category, brand, score or
/// fold.
pub(crate) fn event(at: &'static str, kind: &'static str) -> Event {
    Event {
        at,
        kind,
        user: Some("u"),
        product: "p",
        order: None,
        quantity: 1,
        price: Some("1.00"),
        category: None,
        category_id: None,
        brand: None,
        score: None,
        fold: None,
    }
}

/// Rows by the value of their first column, then by column name; null is the empty text.
pub(crate) type Rows = BTreeMap<String, BTreeMap<String, String>>;

/// The feature tables of a log, looked back at from `as_of`.
pub(crate) struct Shop {
    engine: Engine,
    as_of: ScalarValue,
}

impl Shop {
    pub(crate) async fn open(events: &[Event], as_of: &str) -> Self {
        Self::with_threads(events, as_of, 2).await
    }

    pub(crate) async fn with_threads(events: &[Event], as_of: &str, threads: usize) -> Self {
        let engine = engine_with(events, threads).await;
        let as_of = moment(as_of);
        let shop = Self { engine, as_of };
        for query in [
            reference::SESSION_ACTIVITY,
            reference::PRODUCT_ACTIVITY,
            features::USER_FEATURES,
        ] {
            let params = [("as_of", shop.as_of.clone())];
            shop.engine
                .create_view(query.name, query.text, &params)
                .await
                .unwrap();
        }
        shop
    }

    /// The rows of a query, in any order.
    pub(crate) async fn all(&self, query: Query) -> Vec<BTreeMap<String, String>> {
        rows(&self.engine, query.text, &[("as_of", self.as_of.clone())]).await
    }

    /// The feature rows by user, which are those of the plain reference.
    pub(crate) async fn users(&self) -> Rows {
        let users = self.by_user(features::USER_FEATURES).await;
        assert_eq!(users, self.by_user(reference::USER_FEATURES).await);
        users
    }

    async fn by_user(&self, query: Query) -> Rows {
        let rows = self.all(query).await;
        let count = rows.len();
        let users: Rows = rows
            .into_iter()
            .map(|row| (row["user_id"].clone(), row))
            .collect();
        assert_eq!(users.len(), count, "a user has more than one row");
        users
    }
}

/// An embedded engine whose table `events` is the log.
pub(crate) async fn engine_with(log: &[Event], threads: usize) -> Engine {
    let params = EngineParams {
        threads: Some(threads),
        ..EngineParams::default()
    };
    let engine = Engine::open(params).await.unwrap();
    engine
        .create_view("events", &select(log), &[])
        .await
        .unwrap();
    engine
}

/// A moment in UTC as a parameter.
pub(crate) fn moment(at: &str) -> ScalarValue {
    let micros = string_to_timestamp_nanos(at).unwrap() / 1000;
    ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()))
}

/// The rows of a query in the order in which they come, by column; null is the empty text.
pub(crate) async fn rows(
    engine: &Engine,
    text: &str,
    params: Params<'_>,
) -> Vec<BTreeMap<String, String>> {
    let result = engine.query(text, params).await.unwrap();
    let mut rows = Vec::new();
    for batch in &result.batches {
        let schema = batch.schema_ref();
        for row in 0..batch.num_rows() {
            let cell = |(place, column): (usize, &arrow::array::ArrayRef)| {
                let value = array_value_to_string(column, row).unwrap();
                (schema.field(place).name().clone(), value)
            };
            rows.push(batch.columns().iter().enumerate().map(cell).collect());
        }
    }
    rows
}

/// The features of user `u`.
pub(crate) async fn features_of(events: &[Event], as_of: &str) -> BTreeMap<String, String> {
    let users = Shop::open(events, as_of).await.users().await;
    users.get("u").cloned().unwrap_or_default()
}

/// `assert_features!(row, n_views: "1", …)` compares the columns that are named.
#[macro_export]
macro_rules! assert_features {
    ($row:expr, $($column:ident: $value:expr),+ $(,)?) => {
        let row = &$row;
        $(assert_eq!(row[stringify!($column)], $value, "{} of {row:?}", stringify!($column));)+
    };
}

fn select(log: &[Event]) -> String {
    let text = |value: Option<&str>| value.map_or("null".to_owned(), |value| format!("'{value}'"));
    let number = |value: Option<String>| value.unwrap_or("null".to_owned());
    let row = |e: &Event| {
        let (user, order, category, brand) =
            (text(e.user), text(e.order), text(e.category), text(e.brand));
        let id = number(e.category_id.map(|id| id.to_string()));
        format!(
            "('{}', '{}', {user}, '{}', {order}, {}, {}, {id}, {category}, {brand}, {}, {})",
            e.at,
            e.kind,
            e.product,
            e.quantity,
            text(e.price),
            number(e.score.map(|score| format!("{score:?}"))),
            number(e.fold.map(|fold| fold.to_string())),
        )
    };
    let rows: Vec<String> = log.iter().map(row).collect();
    format!(
        "select cast(column1 as timestamp(6) with time zone) as event_time, column2 as event_type, \
         cast(column3 as varchar) as user_id, column4 as product_id, \
         cast(column5 as varchar) as order_id, column6 as quantity, \
         cast(column7 as decimal(18, 4)) as unit_price, cast(column8 as bigint) as category_id, \
         cast(column9 as varchar) as category_code, cast(column10 as varchar) as brand, \
         cast(column11 as double) as score, cast(column12 as int) as fold \
         from (values {})",
        rows.join(", ")
    )
}
