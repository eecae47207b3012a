//! The columns of the event log and what an expression may give for them.

use datafusion::arrow::datatypes::DataType;

/// What a column of the event log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An instant in UTC.
    Time,
    /// A text.
    Text,
    /// An integer or a text.
    Id,
    /// A whole number.
    Whole,
    /// An amount of money.
    Money,
    /// A floating-point number.
    Number,
    /// A small whole number.
    Small,
}

/// The columns of the event log, in their order.
pub(crate) const CANONICAL: [(&str, Kind); 12] = [
    ("event_time", Kind::Time),
    ("event_type", Kind::Text),
    ("user_id", Kind::Id),
    ("product_id", Kind::Id),
    ("order_id", Kind::Id),
    ("quantity", Kind::Whole),
    ("unit_price", Kind::Money),
    ("category_id", Kind::Id),
    ("category_code", Kind::Text),
    ("brand", Kind::Text),
    ("score", Kind::Number),
    ("fold", Kind::Small),
];

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_text(value),
        _ => false,
    }
}

/// A text expression whose empty string is null.
fn text(sql: &str) -> String {
    format!("nullif(arrow_cast({sql}, 'Utf8'), '')")
}

impl Kind {
    /// The SQL that makes the column from an expression of a type; `Err` says what would be right.
    /// A value that does not convert becomes null.
    pub(crate) fn convert(self, sql: &str, from: &DataType) -> Result<String, &'static str> {
        let number = from.is_integer()
            || matches!(from, DataType::Float32 | DataType::Float64)
            || decimal(from);
        let converted = match self {
            _ if from == &DataType::Null => self.absent(),
            Self::Time if is_text(from) => format!("parse_utc({})", text(sql)),
            Self::Time if matches!(from, DataType::Timestamp(..)) || from.is_temporal() => {
                if matches!(
                    from,
                    DataType::Time32(_) | DataType::Time64(_) | DataType::Duration(_)
                ) {
                    return Err("a timestamp; a time of day or a duration is none");
                }
                format!("arrow_cast({sql}, 'Timestamp(Microsecond, Some(\"UTC\"))')")
            }
            Self::Time => {
                return Err(
                    "a timestamp or a text for parse_utc; for seconds since 1970 write \
                     to_timestamp_seconds(…)",
                );
            }
            Self::Text | Self::Id if is_text(from) => text(sql),
            Self::Text => return Err("a text; write cast(… as varchar)"),
            Self::Id if from.is_integer() => format!("arrow_try_cast({sql}, 'Int64')"),
            Self::Id => return Err("an integer or a text; write try_cast(… as bigint)"),
            Self::Whole if is_text(from) => format!("arrow_try_cast({}, 'Int64')", text(sql)),
            Self::Whole if from.is_integer() => format!("arrow_try_cast({sql}, 'Int64')"),
            Self::Whole => return Err("a whole number; write try_cast(round(…) as bigint)"),
            Self::Money if is_text(from) => {
                format!("arrow_try_cast({}, 'Decimal128(18, 4)')", text(sql))
            }
            Self::Money if number => format!("arrow_try_cast({sql}, 'Decimal128(18, 4)')"),
            Self::Number if is_text(from) => format!("arrow_try_cast({}, 'Float64')", text(sql)),
            Self::Number if number => format!("arrow_try_cast({sql}, 'Float64')"),
            Self::Money | Self::Number => return Err("a number, or a text that is one"),
            Self::Small if is_text(from) => format!("arrow_try_cast({}, 'Int32')", text(sql)),
            Self::Small if from.is_integer() => format!("arrow_try_cast({sql}, 'Int32')"),
            Self::Small => return Err("a whole number"),
        };
        Ok(converted)
    }

    /// The SQL of a column that the mapping does not give.
    pub(crate) fn absent(self) -> String {
        let kind = match self {
            Self::Time => "Timestamp(Microsecond, Some(\"UTC\"))",
            Self::Text | Self::Id => "Utf8",
            Self::Whole => "Int64",
            Self::Money => "Decimal128(18, 4)",
            Self::Number => "Float64",
            Self::Small => "Int32",
        };
        format!("arrow_cast(null, '{kind}')")
    }
}

fn decimal(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..)
    )
}
