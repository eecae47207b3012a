//! `parse_utc(text)`: the instant a text names, or null.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArrayType, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{exec_err, utils::take_function_args};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// The SQL function. Takes any string type; the result is
/// `timestamp(microsecond, "UTC")`, null for null and for any text that
/// [`parse_utc`] does not take.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct ParseUtc {
    signature: Signature,
}

impl Default for ParseUtc {
    fn default() -> Self {
        Self {
            signature: Signature::string(1, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for ParseUtc {
    fn name(&self) -> &str {
        "parse_utc"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Timestamp(
            TimeUnit::Microsecond,
            Some("UTC".into()),
        ))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let scalar = matches!(args.args.first(), Some(ColumnarValue::Scalar(_)));
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [text] = take_function_args(self.name(), arrays)?;
        let instants = match text.data_type() {
            DataType::Utf8 => parse_all(text.as_string::<i32>()),
            DataType::LargeUtf8 => parse_all(text.as_string::<i64>()),
            DataType::Utf8View => parse_all(text.as_string_view()),
            DataType::Null => TimestampMicrosecondArray::new_null(text.len()),
            other => return exec_err!("parse_utc takes text, not {other}"),
        };
        let instants: ArrayRef = Arc::new(instants.with_timezone("UTC"));
        if scalar {
            let value = datafusion::scalar::ScalarValue::try_from_array(&instants, 0)?;
            return Ok(ColumnarValue::Scalar(value));
        }
        Ok(ColumnarValue::Array(instants))
    }
}

fn parse_all<'a>(texts: impl StringArrayType<'a>) -> TimestampMicrosecondArray {
    texts.iter().map(|text| parse_utc(text?)).collect()
}

/// The instant that `text` names, in microseconds since 1970-01-01 00:00 UTC.
///
/// Taken: `2019-10-01` and `20191001` (midnight UTC); a date, `T`, `t` or one
/// space, `08:26` or `08:26:00`, a fraction of one to nine digits (cut to
/// microseconds, not rounded), and an offset `Z`, `z`, ` UTC`, `UTC`, `+02:00`,
/// `+0200`, `+02` (with or without a space before it); without one the time is
/// UTC. Years 0001 to 9999 of the Gregorian calendar.
///
/// Anything else is `None`: impossible dates, second 60, counts of seconds,
/// month names, blanks around the text.
pub fn parse_utc(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (days, rest) = match bytes {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, rest @ ..] => {
            (days_of([*y1, *y2, *y3, *y4], [*m1, *m2], [*d1, *d2])?, rest)
        }
        [y1, y2, y3, y4, m1, m2, d1, d2] => (
            days_of([*y1, *y2, *y3, *y4], [*m1, *m2], [*d1, *d2])?,
            &[][..],
        ),
        _ => return None,
    };
    let midnight = days * DAY;
    let [b'T' | b't' | b' ', time @ ..] = rest else {
        return rest.is_empty().then_some(midnight);
    };
    let (time, zone) = time_of(time)?;
    Some(midnight + time - offset_of(zone)?)
}

/// Days from 1970-01-01 to a date (Hinnant, "chrono-compatible low-level date
/// algorithms": years from March, so that the leap day comes last).
fn days_of(year: [u8; 4], month: [u8; 2], day: [u8; 2]) -> Option<i64> {
    const LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let year = pair(year[0], year[1])? * 100 + pair(year[2], year[3])?;
    let month = pair(month[0], month[1])?;
    let day = pair(day[0], day[1])?;
    if year == 0 || !(1..=12).contains(&month) {
        return None;
    }
    let leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if day == 0 || day > LENGTHS[month as usize - 1] + i64::from(leap) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year % 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Microseconds since midnight, and what follows the time.
fn time_of(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let [h1, h2, b':', m1, m2, rest @ ..] = bytes else {
        return None;
    };
    let (hour, minute) = (pair(*h1, *h2)?, pair(*m1, *m2)?);
    if hour > 23 || minute > 59 {
        return None;
    }
    let minutes = hour * 60 + minute;
    let [b':', s1, s2, rest @ ..] = rest else {
        return Some((minutes * 60 * SECOND, rest));
    };
    let second = pair(*s1, *s2)?;
    if second > 59 {
        return None;
    }
    let whole = (minutes * 60 + second) * SECOND;
    let [b'.', rest @ ..] = rest else {
        return Some((whole, rest));
    };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let (fraction, rest) = rest.split_at(digits);
    let micros = (0..6).fold(0, |sum, i| {
        sum * 10 + fraction.get(i).map_or(0, |b| i64::from(b - b'0'))
    });
    Some((whole + micros, rest))
}

/// Microseconds that the zone is ahead of UTC.
fn offset_of(zone: &[u8]) -> Option<i64> {
    let zone = zone
        .strip_prefix(b" ")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(zone);
    let (sign, hours, minutes) = match zone {
        [] | [b'Z' | b'z'] | b"UTC" => return Some(0),
        [sign, h1, h2] => (sign, pair(*h1, *h2)?, 0),
        [sign, h1, h2, m1, m2] | [sign, h1, h2, b':', m1, m2] => {
            (sign, pair(*h1, *h2)?, pair(*m1, *m2)?)
        }
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead = (hours * 60 + minutes) * 60 * SECOND;
    match sign {
        b'+' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}

/// Two ASCII digits as a number.
fn pair(tens: u8, ones: u8) -> Option<i64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{LargeStringArray, StringArray, StringViewArray};
    use chrono::{DateTime, NaiveDate};

    fn rfc3339(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text)
            .unwrap()
            .timestamp_micros()
    }

    #[test]
    fn the_forms_of_real_logs_are_taken() {
        let same = rfc3339("2019-10-01T00:00:00Z");
        for text in [
            "2019-10-01 00:00:00 UTC",
            "2019-10-01",
            "20191001",
            "2019-10-01T00:00:00Z",
            "2019-10-01t00:00:00z",
            "2019-10-01 00:00",
            "2019-10-01 00:00:00UTC",
            "2019-10-01T02:00:00+02:00",
            "2019-09-30T20:30:00-0330",
            "2019-10-01 02:00:00 +02",
            "2019-10-01 00:00:00.000000000",
        ] {
            assert_eq!(parse_utc(text), Some(same), "{text}");
        }
        assert_eq!(
            parse_utc("2010-12-01 08:26:00"),
            Some(rfc3339("2010-12-01T08:26:00Z"))
        );
        assert_eq!(parse_utc("19970101"), Some(rfc3339("1997-01-01T00:00:00Z")));
        assert_eq!(parse_utc("1969-12-31 23:59:59.5"), Some(-500_000));
        assert_eq!(parse_utc("1970-01-01 00:00:00.1234569"), Some(123_456));
        assert_eq!(
            parse_utc("2020-02-29"),
            Some(rfc3339("2020-02-29T00:00:00Z"))
        );
    }

    #[test]
    fn what_is_not_an_instant_is_none() {
        for text in [
            "",
            " ",
            "2019",
            "1569888000",
            "1569888000000",
            "2019-13-01",
            "2019-00-01",
            "2019-02-29",
            "1900-02-29",
            "2019-04-31",
            "2019-10-00",
            "20191301",
            "0000-01-01",
            "2019-10-01 24:00:00",
            "2019-10-01 23:60:00",
            "2019-10-01 23:59:60",
            "2019-10-01 8:26",
            "2019-10-01 08",
            "2019-10-01 08:26:0",
            "2019-10-01 08:26:00.",
            "2019-10-01 08:26:00.1234567890",
            "2019-10-01 08:26:00 CET",
            "2019-10-01 ",
            " 2019-10-01",
            "2019-10-01Z",
            "2019/10/01",
            "10/1/2019",
            "2019-10-01  08:26",
            "2019-10-01T08:26:00+2:00",
            "2019-10-01T08:26:00+24:00",
            "2019-10-01T08:26:00 ",
            "２０１９1001",
            "2019-1O-01",
        ] {
            assert_eq!(parse_utc(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_day_of_the_calendar_counts_as_chrono_counts_it() {
        let mut day = NaiveDate::from_ymd_opt(1, 1, 1).unwrap();
        let mut expected = day
            .and_hms_opt(0, 0, 0)
            .unwrap()
            .and_utc()
            .timestamp_micros();
        while day.year_ce().1 < 2500 {
            assert_eq!(
                parse_utc(&day.format("%Y-%m-%d").to_string()),
                Some(expected),
                "{day}"
            );
            day = day.succ_opt().unwrap();
            expected += DAY;
        }
        assert_eq!(
            parse_utc("9999-12-31"),
            Some(rfc3339("9999-12-31T00:00:00Z"))
        );
    }

    use chrono::Datelike;

    #[test]
    fn all_string_types_give_the_same_column() {
        let texts = vec![Some("2019-10-01"), None, Some("nonsense")];
        let expected = TimestampMicrosecondArray::from(vec![parse_utc("2019-10-01"), None, None]);
        assert_eq!(parse_all(&StringArray::from(texts.clone())), expected);
        assert_eq!(parse_all(&LargeStringArray::from(texts.clone())), expected);
        assert_eq!(parse_all(&StringViewArray::from(texts)), expected);
    }
}
