//! The events of one slice of time as rows, and as columns of the canonical `events` table.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

use super::calendar::{DAY, OPENED};
use super::customer::Customer;
use super::schedule::{Schedule, Shop, Slice};
use super::visit::{EventType, walk};

const FIRST_USER_ID: i64 = 500_000_001;
/// Precision and scale of `unit_price`.
const PRICE: (u8, i8) = (18, 4);

/// One event. Sorting rows sorts them by time; the rest settles ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// Seconds since the shop opened.
    pub(super) time: u32,
    /// Number of the visit, which is the order's number too.
    pub(super) order: u32,
    pub(super) event_type: EventType,
    pub(super) user: u32,
    pub(super) product: u32,
    pub(super) quantity: u32,
    pub(super) cents: u32,
}

/// What was seen while rows were drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Events by type, as in [`EventType::ALL`].
    pub(super) events: [u64; EventType::ALL.len()],
    /// Orders whose first purchase is among the rows.
    pub(super) orders: u64,
}

impl Row {
    pub(super) fn user_id(&self) -> i64 {
        FIRST_USER_ID + i64::from(self.user)
    }
}

/// Draws the events of a slice of time, in order of time, and marks the products it meets.
pub(super) fn rows(
    shop: &Shop,
    schedule: &Schedule,
    slice: Slice,
    seen: &[AtomicBool],
) -> (Vec<Row>, Counts) {
    let mut rows = Vec::new();
    let mut counts = Counts::default();
    let mut steps = Vec::new();
    for entry in schedule.within(slice) {
        let user = entry.user;
        let customer = Customer::new(shop.seed, &shop.catalogue, user);
        let length = u32::from(entry.length);
        let visit = (user, &customer);
        let lines = walk(
            &shop.catalogue,
            shop.seed,
            visit,
            entry.number,
            length,
            &mut steps,
        );
        let first_line = steps.len() - lines as usize;
        let mut push = |row: Row| {
            seen[row.product as usize].store(true, Ordering::Relaxed);
            counts.events[row.event_type as usize] += 1;
            rows.push(row);
        };
        if let Some(line) = entry.returned {
            // What is paid back is what was paid, so the price is that of the day of the purchase.
            let step = steps[first_line + usize::from(line)];
            let bought = entry.bought + step.second;
            push(Row {
                time: entry.start,
                order: entry.order,
                event_type: EventType::Return,
                user,
                product: step.product,
                quantity: step.quantity,
                cents: shop.catalogue.cents_on(step.product, bought / DAY),
            });
            continue;
        }
        let mut starts_order = 0;
        for (at, step) in steps.iter().enumerate() {
            let time = entry.start + step.second;
            if time < slice.from || time >= slice.until {
                continue;
            }
            starts_order |= u64::from(lines > 0 && at == first_line);
            push(Row {
                time,
                order: entry.order,
                event_type: step.event_type,
                user,
                product: step.product,
                quantity: step.quantity,
                cents: shop.catalogue.cents_on(step.product, time / DAY),
            });
        }
        counts.orders += starts_order;
    }
    rows.sort_unstable();
    (rows, counts)
}

/// The canonical table. What the simulator always knows is not nullable.
pub(super) fn schema() -> SchemaRef {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        Field::new("event_time", time, false),
        Field::new("event_type", DataType::Utf8, false),
        Field::new("user_id", DataType::Int64, false),
        Field::new("product_id", DataType::Int64, false),
        Field::new("order_id", DataType::Int64, false),
        Field::new("quantity", DataType::Int64, false),
        Field::new("unit_price", DataType::Decimal128(PRICE.0, PRICE.1), false),
        Field::new("category_id", DataType::Int64, false),
        Field::new("category_code", DataType::Utf8, true),
        Field::new("brand", DataType::Utf8, true),
    ]))
}

/// Lays rows out as columns.
pub(super) fn batch(
    shop: &Shop,
    schema: &SchemaRef,
    rows: &[Row],
) -> Result<RecordBatch, ArrowError> {
    let catalogue = &shop.catalogue;
    let whole = |value: &dyn Fn(&Row) -> i64| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<Int64Array>())
    };
    let times = rows
        .iter()
        .map(|row| (OPENED + i64::from(row.time)) * 1_000_000);
    let prices = rows.iter().map(|row| i128::from(row.cents) * 100);
    let prices = Decimal128Array::from_iter_values(prices);
    let types = StringArray::from_iter_values(rows.iter().map(|row| row.event_type.name()));
    let codes: StringArray = rows
        .iter()
        .map(|row| catalogue.category_of(row.product).code)
        .collect();
    let brands: StringArray = rows
        .iter()
        .map(|row| catalogue.brand(row.product))
        .collect();
    RecordBatch::try_new(
        Arc::clone(schema),
        vec![
            Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
            Arc::new(types),
            whole(&Row::user_id),
            whole(&|row| catalogue.product_id(row.product)),
            whole(&|row| i64::from(row.order)),
            whole(&|row| i64::from(row.quantity)),
            Arc::new(prices.with_precision_and_scale(PRICE.0, PRICE.1)?),
            whole(&|row| catalogue.category_id(row.product)),
            Arc::new(codes),
            Arc::new(brands),
        ],
    )
}
