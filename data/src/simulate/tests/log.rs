//! Reads written shops back, without any code of the simulator.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::OnceLock;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type, TimestampMicrosecondType};
use chrono::DateTime;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::SHOP;
use crate::simulate::{FileFormat, ShopParams, ShopSummary, write_shop_in_files_of};

/// One row of the log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    pub(super) micros: i64,
    pub(super) event_type: String,
    pub(super) user: i64,
    pub(super) product: i64,
    pub(super) order: i64,
    pub(super) quantity: i64,
    /// In units of 0.0001.
    pub(super) price: i128,
    pub(super) category: i64,
    pub(super) code: Option<String>,
    pub(super) brand: Option<String>,
}

/// Writes a shop in files of 7,000 events.
pub(super) fn write(params: &ShopParams, format: FileFormat, folder: &Path) -> ShopSummary {
    write_shop_in_files_of(7_000, params, format, folder, &|_| true).unwrap()
}

/// The events of a shop in the order of its files.
pub(super) fn events(params: &ShopParams) -> Vec<Event> {
    let folder = tempfile::tempdir().unwrap();
    write(params, FileFormat::Parquet, folder.path());
    read_parquet(folder.path())
}

/// The events of [`SHOP`], written once for all tests that only look at them.
pub(super) fn shop() -> &'static [Event] {
    static EVENTS: OnceLock<Vec<Event>> = OnceLock::new();
    EVENTS.get_or_init(|| events(&SHOP))
}

/// All files of a folder by name.
pub(super) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap_or_default(),
            )
        })
        .collect()
}

pub(super) fn batches(folder: &Path) -> Vec<RecordBatch> {
    let names = files(folder).into_keys();
    names
        .flat_map(|name| {
            let file = File::open(folder.join(name)).unwrap();
            let reader = ParquetRecordBatchReaderBuilder::try_new(file)
                .unwrap()
                .build()
                .unwrap();
            reader.map(Result::unwrap).collect::<Vec<_>>()
        })
        .collect()
}

pub(super) fn read_parquet(folder: &Path) -> Vec<Event> {
    batches(folder).iter().flat_map(of_batch).collect()
}

fn of_batch(batch: &RecordBatch) -> Vec<Event> {
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let text = |name: &str, row: usize| {
        let column = column(name).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let whole = |name: &str, row: usize| column(name).as_primitive::<Int64Type>().value(row);
    (0..batch.num_rows())
        .map(|row| Event {
            micros: column("event_time")
                .as_primitive::<TimestampMicrosecondType>()
                .value(row),
            event_type: text("event_type", row).unwrap(),
            user: whole("user_id", row),
            product: whole("product_id", row),
            order: whole("order_id", row),
            quantity: whole("quantity", row),
            price: column("unit_price")
                .as_primitive::<Decimal128Type>()
                .value(row),
            category: whole("category_id", row),
            code: text("category_code", row),
            brand: text("brand", row),
        })
        .collect()
}

pub(super) fn read_csv(folder: &Path) -> Vec<Event> {
    files(folder)
        .into_values()
        .flat_map(|bytes| {
            let text = String::from_utf8(bytes).unwrap();
            let (header, lines) = text.split_once('\n').unwrap();
            assert_eq!(
                header,
                "event_time,event_type,user_id,product_id,order_id,quantity,unit_price,\
                 category_id,category_code,brand"
            );
            lines.lines().map(of_line).collect::<Vec<_>>()
        })
        .collect()
}

fn of_line(line: &str) -> Event {
    let fields: Vec<&str> = line.split(',').collect();
    let [
        time,
        event_type,
        user,
        product,
        order,
        quantity,
        price,
        category,
        code,
        brand,
    ] = fields[..]
    else {
        panic!("ten fields expected: {line}");
    };
    let time = time.strip_suffix(" UTC").unwrap().replace(' ', "T") + "Z";
    let (units, cents) = price.split_once('.').unwrap();
    assert_eq!(cents.len(), 2, "{line}");
    let text = |field: &str| (!field.is_empty()).then(|| field.to_owned());
    Event {
        micros: DateTime::parse_from_rfc3339(&time)
            .unwrap()
            .timestamp_micros(),
        event_type: event_type.to_owned(),
        user: user.parse().unwrap(),
        product: product.parse().unwrap(),
        order: order.parse().unwrap(),
        quantity: quantity.parse().unwrap(),
        price: units.parse::<i128>().unwrap() * 10_000 + cents.parse::<i128>().unwrap() * 100,
        category: category.parse().unwrap(),
        code: text(code),
        brand: text(brand),
    }
}
