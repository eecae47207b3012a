//! Aggregates that look at each group as a whole: how many different keys it has, and which.
//!
//! | function | result |
//! | --- | --- |
//! | `distinct_of(key)` | `bigint`: how many different keys there are |
//! | `tally(key, flags)` | list of 8 `bigint`: at place `1 + f`, how many keys there are whose `flags` (0 to 7), or-ed over their rows, are `f` |
//! | `favourite(key)` | struct: `n`, how many different keys, and `top`, the key with most rows, of several the smallest |
//! | `ledger(key, time, amount, score, mark)` | list of structs, one per key in the order of keys: `amount` (the sum), `n` (rows), `last_at`, and `score` and `mark` of the latest row that has one, of several at a time the largest score and the smallest mark |
//! | `latest_start(key, time)` | `timestamp(us, UTC)`: of the first times of all keys the last |
//!
//! Keys are integers, days or text; rows without one do not count. SQL says the same with a group
//! by of a group by, which costs a table of all pairs of group and key, several times that of the
//! groups. Here pairs are only written down as they come and sorted within each group at the end:
//! twenty neighbours at a time, which the cache holds. What is written down can be spilled, sent
//! and merged like that of any aggregate.

mod accumulate;
mod entries;
mod keys;
mod ledger;
mod measures;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};

use super::groups::moment;
use accumulate::{Measure, PerGroup};
use keys::{Days, Integers, Keys, Texts};
use ledger::Ledgers;
use measures::{Distinct, Favourite, LatestStart, Tally};

/// A function of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Distinct,
    Tally,
    Favourite,
    LatestStart,
    Ledger,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Distinct,
        Self::Tally,
        Self::Favourite,
        Self::LatestStart,
        Self::Ledger,
    ];

    /// The types of what comes with a key.
    fn value_types(self) -> Vec<DataType> {
        match self {
            Self::Distinct | Self::Favourite => Vec::new(),
            Self::Tally => vec![DataType::Int64],
            Self::LatestStart => vec![moment()],
            Self::Ledger => ledger::argument_types().to_vec(),
        }
    }
}

/// Every aggregate of this module.
pub(super) fn functions() -> Vec<Arc<AggregateUDF>> {
    let function = |kind| {
        Arc::new(AggregateUDF::from(PerGroupFunction {
            kind,
            signature: Signature::user_defined(Volatility::Immutable),
        }))
    };
    Kind::ALL.map(function).to_vec()
}

/// Whether an aggregate is one of these.
pub(crate) fn is_per_group(function: &AggregateUDF) -> bool {
    function.inner().is::<PerGroupFunction>()
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PerGroupFunction {
    kind: Kind,
    signature: Signature,
}

/// The type a key is taken as.
fn key_type(given: &DataType) -> Option<DataType> {
    match given {
        given if given.is_integer() => Some(DataType::Int64),
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Some(DataType::Utf8)
        }
        DataType::Date32 => Some(DataType::Date32),
        DataType::Dictionary(_, values) => key_type(values),
        _ => None,
    }
}

impl PerGroupFunction {
    fn one<K: Keys, M: Measure<K>>(measure: M) -> Box<dyn Accumulator> {
        Box::new(PerGroup::<K, M>::of_one_group(measure))
    }

    fn one_ledger<K: Keys>() -> Box<dyn Accumulator> {
        Box::new(Ledgers::<K>::of_one_group())
    }

    fn many_ledger<K: Keys>() -> Box<dyn GroupsAccumulator> {
        Box::new(Ledgers::<K>::default())
    }

    fn many<K: Keys, M: Measure<K>>(measure: M) -> Box<dyn GroupsAccumulator> {
        Box::new(PerGroup::<K, M>::new(measure))
    }
}

/// `PerGroupFunction::$build` for the function and the type of its keys.
macro_rules! build {
    ($build:ident, $ledger:ident, $kind:expr, $key_type:expr) => {
        match ($kind, $key_type) {
            (Kind::Distinct, DataType::Int64) => Self::$build::<Integers, _>(Distinct),
            (Kind::Distinct, DataType::Date32) => Self::$build::<Days, _>(Distinct),
            (Kind::Distinct, DataType::Utf8) => Self::$build::<Texts, _>(Distinct),
            (Kind::Tally, DataType::Int64) => Self::$build::<Integers, _>(Tally),
            (Kind::Tally, DataType::Date32) => Self::$build::<Days, _>(Tally),
            (Kind::Tally, DataType::Utf8) => Self::$build::<Texts, _>(Tally),
            (Kind::Favourite, DataType::Int64) => Self::$build::<Integers, _>(Favourite),
            (Kind::Favourite, DataType::Date32) => Self::$build::<Days, _>(Favourite),
            (Kind::Favourite, DataType::Utf8) => Self::$build::<Texts, _>(Favourite),
            (Kind::LatestStart, DataType::Int64) => Self::$build::<Integers, _>(LatestStart),
            (Kind::LatestStart, DataType::Date32) => Self::$build::<Days, _>(LatestStart),
            (Kind::LatestStart, DataType::Utf8) => Self::$build::<Texts, _>(LatestStart),
            (Kind::Ledger, DataType::Int64) => Self::$ledger::<Integers>(),
            (Kind::Ledger, DataType::Date32) => Self::$ledger::<Days>(),
            (Kind::Ledger, DataType::Utf8) => Self::$ledger::<Texts>(),
            (_, other) => return exec_err!("{other} is no type of keys"),
        }
    };
}

impl AggregateUDFImpl for PerGroupFunction {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Distinct => "distinct_of",
            Kind::Tally => "tally",
            Kind::Favourite => "favourite",
            Kind::LatestStart => "latest_start",
            Kind::Ledger => "ledger",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let values = self.kind.value_types();
        match given.first().and_then(key_type) {
            Some(key_type) if given.len() == 1 + values.len() => {
                Ok(std::iter::once(key_type).chain(values).collect())
            }
            _ => plan_err!(
                "{} takes an integer, a day or text, and then {values:?}, not {given:?}",
                self.name()
            ),
        }
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(match (self.kind, arguments) {
            (Kind::Favourite, [key_type, ..]) => {
                DataType::Struct(measures::favourite_fields(key_type))
            }
            (Kind::Tally, _) => DataType::new_list(DataType::Int64, true),
            (Kind::LatestStart, _) => moment(),
            (Kind::Ledger, [key_type, ..]) => {
                DataType::new_list(DataType::Struct(ledger::page_fields(key_type)), true)
            }
            _ => DataType::Int64,
        })
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let Some(key) = args.input_fields.first() else {
            return plan_err!("{} takes a key", self.name());
        };
        let list = |name: &str, item: DataType| {
            let name = format_state_name(args.name, name);
            Arc::new(Field::new(name, DataType::new_list(item, true), true))
        };
        if self.kind == Kind::Ledger {
            let lists = ledger::state_types(key.data_type()).into_iter();
            return Ok(lists.map(|(name, item)| list(name, item)).collect());
        }
        let keys = list("keys", key.data_type().clone());
        let values = self.kind.value_types().into_iter();
        let values = values.map(|item| list("values", item));
        Ok(std::iter::once(keys).chain(values).collect())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(build!(
            one,
            one_ledger,
            self.kind,
            args.expr_fields[0].data_type()
        ))
    }

    fn groups_accumulator_supported(&self, _: AccumulatorArgs) -> bool {
        true
    }

    fn create_groups_accumulator(
        &self,
        args: AccumulatorArgs,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(build!(
            many,
            many_ledger,
            self.kind,
            args.expr_fields[0].data_type()
        ))
    }
}
