use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Int64Array, LargeStringArray, Scalar, StringArray,
    StringViewArray, UInt64Array,
};
use arrow::compute::kernels::cmp::{eq, gt_eq, lt_eq};
use arrow::compute::{CastOptions, and_kleene, cast_with_options, concat_batches, or_kleene};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderOptions, RowFilter, RowSelection, RowSelector,
};
use parquet::arrow::{ParquetRecordBatchStreamBuilder, ProjectionMask};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;

use super::Source;
use crate::ArtifactError;

type Builder = ParquetRecordBatchStreamBuilder<Source>;
type Value = Scalar<ArrayRef>;

impl Source {
    /// The rows whose `column` equals one of `values`, in the order of the file.
    ///
    /// Reads the footer, then only the pages whose statistics admit one of the
    /// values: in a table sorted by that column, usually one page per column
    /// and value.
    pub(crate) async fn find(
        self,
        column: &str,
        values: &[&str],
    ) -> Result<RecordBatch, ArtifactError> {
        let url = self.url().to_owned();
        let failed = || ArtifactError::table("read", &url);
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let builder = Builder::new_with_options(self, options)
            .await
            .map_err(failed())?;
        let schema = Arc::clone(builder.schema());
        let refuse = |reason: String| ArtifactError::Key {
            url: url.clone(),
            column: column.to_owned(),
            reason,
        };
        let Some((index, field)) = schema.column_with_name(column) else {
            let names: Vec<_> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            return Err(refuse(format!("its columns are {}", names.join(", "))));
        };
        let mut parsed: Vec<Value> = Vec::with_capacity(values.len());
        for value in values {
            match parse(value, field.data_type()) {
                Parsed::Value(value) => parsed.push(value),
                // "abc" is no customer of a shop that numbers them: not an error.
                Parsed::NotOfThatType => {}
                Parsed::NoKey => {
                    let text = format!("{} is neither integer nor text", field.data_type());
                    return Err(refuse(text));
                }
            }
        }
        let (groups, selection) = admitted(&builder, column, &parsed).map_err(failed())?;
        if groups.is_empty() {
            return Ok(RecordBatch::new_empty(schema));
        }
        let mask = ProjectionMask::roots(builder.parquet_schema(), [index]);
        let equal = ArrowPredicateFn::new(mask, move |batch: RecordBatch| {
            any(&parsed, batch.num_rows(), |value| {
                eq(batch.column(0), value)
            })
        });
        let mut builder = builder
            .with_row_groups(groups)
            .with_row_filter(RowFilter::new(vec![Box::new(equal)]));
        if let Some(selection) = selection {
            builder = builder.with_row_selection(selection);
        }
        let stream = builder.build().map_err(failed())?;
        let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(failed())?;
        concat_batches(&schema, &batches).map_err(|error| failed()(error.into()))
    }
}

enum Parsed {
    Value(Value),
    NotOfThatType,
    NoKey,
}

/// Reads the value as the column's type. Integers are plain decimal digits
/// with an optional sign, as ids are written.
fn parse(text: &str, data_type: &DataType) -> Parsed {
    let array: ArrayRef = match data_type {
        DataType::Utf8 => Arc::new(StringArray::from(vec![text])),
        DataType::LargeUtf8 => Arc::new(LargeStringArray::from(vec![text])),
        DataType::Utf8View => Arc::new(StringViewArray::from(vec![text])),
        DataType::UInt64 => match text.trim().parse::<u64>() {
            Ok(value) => Arc::new(UInt64Array::from(vec![value])),
            Err(_) => return Parsed::NotOfThatType,
        },
        integer if integer.is_integer() => {
            let Ok(value) = text.trim().parse::<i64>() else {
                return Parsed::NotOfThatType;
            };
            let wide = Int64Array::from(vec![value]);
            let strict = CastOptions {
                safe: false,
                ..CastOptions::default()
            };
            match cast_with_options(&wide, integer, &strict) {
                Ok(narrow) => narrow,
                // Beyond the type's range, so no row can have it.
                Err(_) => return Parsed::NotOfThatType,
            }
        }
        _ => return Parsed::NoKey,
    };
    Parsed::Value(Scalar::new(array))
}

/// The row groups that may hold one of the values, and within them the rows of
/// the pages that may; no selection when the file has no page index.
fn admitted(
    builder: &Builder,
    column: &str,
    values: &[Value],
) -> Result<(Vec<usize>, Option<RowSelection>), ParquetError> {
    let metadata = builder.metadata();
    let converter =
        StatisticsConverter::try_new(column, builder.schema(), builder.parquet_schema())?;
    let groups = metadata.row_groups();
    let within = within(
        &converter.row_group_mins(groups)?,
        &converter.row_group_maxes(groups)?,
        values,
    )?;
    let chosen: Vec<usize> = (0..groups.len())
        .filter(|&i| may_hold(&within, i))
        .collect();
    let (Some(columns), Some(offsets)) = (metadata.column_index(), metadata.offset_index()) else {
        return Ok((chosen, None));
    };
    let mut selectors: Vec<RowSelector> = Vec::new();
    for group in &chosen {
        let Some(rows) = converter.data_page_row_counts(offsets, groups, [group])? else {
            return Ok((chosen, None));
        };
        let within = self::within(
            &converter.data_page_mins(columns, offsets, [group])?,
            &converter.data_page_maxes(columns, offsets, [group])?,
            values,
        )?;
        for page in 0..rows.len() {
            let count = usize::try_from(rows.value(page))?;
            selectors.push(match may_hold(&within, page) {
                true => RowSelector::select(count),
                false => RowSelector::skip(count),
            });
        }
    }
    Ok((chosen, Some(RowSelection::from(selectors))))
}

/// Whether `min <= value <= max` for one of the values; null where that is not
/// known.
fn within(mins: &ArrayRef, maxes: &ArrayRef, values: &[Value]) -> Result<BooleanArray, ArrowError> {
    any(values, mins.len(), |value| {
        and_kleene(&lt_eq(mins, value)?, &gt_eq(maxes, value)?)
    })
}

/// Whether something holds for one of the values, row by row.
fn any(
    values: &[Value],
    rows: usize,
    holds: impl Fn(&Value) -> Result<BooleanArray, ArrowError>,
) -> Result<BooleanArray, ArrowError> {
    let none = BooleanArray::from(vec![false; rows]);
    values
        .iter()
        .try_fold(none, |found, value| or_kleene(&found, &holds(value)?))
}

fn may_hold(within: &BooleanArray, index: usize) -> bool {
    within.is_null(index) || within.value(index)
}
