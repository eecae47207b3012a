//! `latest(value, time)`: what was said last.
//!
//! The value of the latest row that has one; of several at that moment the smallest. SQL says the
//! same with `last_value(value order by time, value desc)`, which compares whole rows for every
//! event, or with a group by of all values: both cost several times as much as keeping one value and
//! its time per group.

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringArray,
    TimestampMicrosecondArray, make_array,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Decimal128Type, Field, FieldRef, Int64Type, TimestampMicrosecondType,
};
use datafusion::common::{exec_err, internal_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, EmitTo, GroupsAccumulator, Signature, Volatility,
};

use super::groups::{OneGroup, moment, wanted};

/// The aggregate.
pub(super) fn latest() -> Arc<AggregateUDF> {
    Arc::new(AggregateUDF::from(Latest {
        signature: Signature::user_defined(Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Latest {
    signature: Signature,
}

/// The type a value is taken as.
fn value_type(given: &DataType) -> Option<DataType> {
    match given {
        given if given.is_integer() => Some(DataType::Int64),
        DataType::Decimal128(_, _) => Some(given.clone()),
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Some(DataType::Utf8)
        }
        DataType::Dictionary(_, values) => value_type(values),
        _ => None,
    }
}

impl AggregateUDFImpl for Latest {
    fn name(&self) -> &str {
        "latest"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [value, _] if value_type(value).is_some() => {
                Ok(value_type(value).into_iter().chain([moment()]).collect())
            }
            _ => plan_err!("latest takes an integer, a decimal or text, and a time, not {given:?}"),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [value, _] => Ok(value.clone()),
            _ => plan_err!("latest takes a value and a time"),
        }
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |name: &str, data_type: DataType| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new(name, data_type, true))
        };
        let Some(value) = args.input_fields.first() else {
            return plan_err!("latest takes a value and a time");
        };
        Ok(vec![
            field("value", value.data_type().clone()),
            field("time", moment()),
        ])
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let value_type = args.expr_fields[0].data_type();
        Ok(match value_type {
            DataType::Int64 => Box::new(OneGroup(Groups::<Numbers<Int64Type>>::of_one(value_type))),
            DataType::Decimal128(_, _) => Box::new(OneGroup(
                Groups::<Numbers<Decimal128Type>>::of_one(value_type),
            )),
            DataType::Utf8 => Box::new(OneGroup(Groups::<Texts>::of_one(value_type))),
            other => return exec_err!("latest knows no {other}"),
        })
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let value_type = args.expr_fields[0].data_type();
        Ok(match value_type {
            DataType::Int64 => Box::new(Groups::<Numbers<Int64Type>>::new(value_type)),
            DataType::Decimal128(_, _) => {
                Box::new(Groups::<Numbers<Decimal128Type>>::new(value_type))
            }
            DataType::Utf8 => Box::new(Groups::<Texts>::new(value_type)),
            other => return exec_err!("latest knows no {other}"),
        })
    }
}

/// Values of one type.
trait Values: Send + Sync + 'static {
    /// A column of values.
    type Column: Array + Clone + 'static;
    /// A value that is kept.
    type Kept: Send + Sync;

    /// How a value of a column compares with one that is kept.
    fn order(column: &Self::Column, row: usize, kept: &Self::Kept) -> Ordering;
    /// A value of a column.
    fn keep(column: &Self::Column, row: usize) -> Self::Kept;
    /// Replaces a kept value, in its room where it has some.
    fn replace(column: &Self::Column, row: usize, kept: &mut Self::Kept) {
        *kept = Self::keep(column, row);
    }
    /// Kept values as a column.
    fn column(kept: Vec<Option<Self::Kept>>) -> Self::Column;
    /// Bytes of a kept value that lie elsewhere.
    fn bytes_elsewhere(_: &Self::Kept) -> usize {
        0
    }
}

/// Numbers of a type.
struct Numbers<T>(PhantomData<T>);

impl<T> Values for Numbers<T>
where
    T: ArrowPrimitiveType<Native: Ord + Send + Sync> + Send + Sync,
{
    type Column = PrimitiveArray<T>;
    type Kept = T::Native;

    fn order(column: &PrimitiveArray<T>, row: usize, kept: &T::Native) -> Ordering {
        column.value(row).cmp(kept)
    }

    fn keep(column: &PrimitiveArray<T>, row: usize) -> T::Native {
        column.value(row)
    }

    fn column(kept: Vec<Option<T::Native>>) -> PrimitiveArray<T> {
        kept.into_iter().collect()
    }
}

/// Text, ordered byte by byte.
struct Texts;

impl Values for Texts {
    type Column = StringArray;
    type Kept = String;

    fn order(column: &StringArray, row: usize, kept: &String) -> Ordering {
        column.value(row).cmp(kept)
    }

    fn keep(column: &StringArray, row: usize) -> String {
        column.value(row).to_owned()
    }

    fn replace(column: &StringArray, row: usize, kept: &mut String) {
        kept.clear();
        kept.push_str(column.value(row));
    }

    fn column(kept: Vec<Option<String>>) -> StringArray {
        kept.into()
    }

    fn bytes_elsewhere(kept: &String) -> usize {
        kept.capacity()
    }
}

/// The latest value of each group, and its time in microseconds.
struct Groups<V: Values> {
    latest: Vec<Option<(i64, V::Kept)>>,
    /// Bytes of the values that lie elsewhere.
    bytes_elsewhere: usize,
    value_type: DataType,
}

impl<V: Values> Groups<V> {
    /// Nothing of no group.
    fn new(value_type: &DataType) -> Self {
        Self {
            latest: Vec::new(),
            bytes_elsewhere: 0,
            value_type: value_type.clone(),
        }
    }

    /// For a query without groups, which is one group, with or without rows.
    fn of_one(value_type: &DataType) -> Self {
        Self {
            latest: vec![None],
            ..Self::new(value_type)
        }
    }

    /// Takes out the groups to be emitted: their values, and their times.
    fn take(&mut self, emit_to: EmitTo) -> (Vec<Option<V::Kept>>, Vec<Option<i64>>) {
        let n = match emit_to {
            EmitTo::All => self.latest.len(),
            EmitTo::First(n) => n.min(self.latest.len()),
        };
        let (times, kept): (Vec<_>, Vec<_>) = self
            .latest
            .drain(..n)
            .map(|latest| latest.map_or((None, None), |(time, kept)| (Some(time), Some(kept))))
            .unzip();
        let gone = kept.iter().flatten().map(V::bytes_elsewhere);
        self.bytes_elsewhere -= gone.sum::<usize>();
        (kept, times)
    }

    /// A column of values. (What a decimal means is in its type.)
    fn column(&self, kept: Vec<Option<V::Kept>>) -> Result<ArrayRef> {
        let data = V::column(kept).to_data().into_builder();
        Ok(make_array(data.data_type(self.value_type.clone()).build()?))
    }
}

impl<V: Values> GroupsAccumulator for Groups<V> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.latest.resize_with(total_num_groups, || None);
        let [column, times] = values else {
            return internal_err!("latest has two arguments");
        };
        let columns = (
            column.as_any().downcast_ref::<V::Column>(),
            times.as_primitive_opt::<TimestampMicrosecondType>(),
        );
        let (Some(values), Some(times)) = columns else {
            return internal_err!("the arguments of latest have other types");
        };
        if values.null_count() == values.len() {
            return Ok(());
        }
        let nulls = NullBuffer::union(values.nulls(), times.nulls());
        let nulls = NullBuffer::union(nulls.as_ref(), opt_filter.map(wanted).as_ref());
        for (row, &group) in group_indices.iter().enumerate() {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                continue;
            }
            let time = times.value(row);
            match &mut self.latest[group] {
                Some((latest, _)) if *latest > time => {}
                Some((latest, kept)) => {
                    let order = V::order(values, row, kept);
                    if order.is_lt() || *latest < time && order.is_gt() {
                        self.bytes_elsewhere -= V::bytes_elsewhere(kept);
                        V::replace(values, row, kept);
                        self.bytes_elsewhere += V::bytes_elsewhere(kept);
                    }
                    *latest = time;
                }
                place => {
                    let kept = V::keep(values, row);
                    self.bytes_elsewhere += V::bytes_elsewhere(&kept);
                    *place = Some((time, kept));
                }
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        let (kept, _) = self.take(emit_to);
        self.column(kept)
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        let (kept, times) = self.take(emit_to);
        let times = TimestampMicrosecondArray::from(times).with_timezone("UTC");
        Ok(vec![self.column(kept)?, Arc::new(times)])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        // A state is a row: a value and its time.
        self.update_batch(values, group_indices, None, total_num_groups)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let [column, times] = values else {
            return internal_err!("latest has two arguments");
        };
        let Some(wanted) = opt_filter.map(wanted) else {
            return Ok(values.to_vec());
        };
        let nulls = NullBuffer::union(column.nulls(), Some(&wanted));
        let column = column.to_data().into_builder().nulls(nulls).build()?;
        Ok(vec![make_array(column), Arc::clone(times)])
    }

    fn size(&self) -> usize {
        self.latest.capacity() * size_of::<Option<(i64, V::Kept)>>() + self.bytes_elsewhere
    }
}
