//! Numbers as people read them: `12,345`, `23.4 %`, `1,204.50`, `5 Mar 2011`.
//!
//! Every number of a report is written here, so that a table and the sentence above it round alike.

use chrono::{DateTime, NaiveDate, Utc};

/// A space that does not break and is narrower than a word space.
const THIN: char = '\u{202F}';
const MINUS: char = '\u{2212}';
/// What a table shows where a number is not defined.
pub const UNDEFINED: &str = "–";

/// A number of things, with every digit: `1,234,567`.
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// A number of things with its noun: `1 order`, `2,310 orders`.
pub fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// A mean: two decimals below 10, one below 1,000, none above; a little is not nothing.
pub fn mean(value: f64) -> String {
    if !value.is_finite() {
        return UNDEFINED.to_owned();
    }
    if value > 0.0 && value < 0.005 {
        return format!("<{THIN}0.01");
    }
    let decimals = match value.abs() {
        size if size < 9.995 => 2,
        size if size < 999.95 => 1,
        _ => 0,
    };
    decimal(value, decimals)
}

/// The mean of a number of things over another; [`UNDEFINED`] over nothing.
pub fn mean_of(sum: u64, over: u64) -> String {
    if over == 0 {
        UNDEFINED.to_owned()
    } else {
        mean(sum as f64 / over as f64)
    }
}

/// A number with a fixed number of decimals.
pub fn decimal(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return UNDEFINED.to_owned();
    }
    grouped(value < 0.0, &format!("{:.decimals$}", value.abs()))
}

/// A deviation with its sign: `+1.2`, `−0.8`, `0.0`.
pub fn signed(value: f64) -> String {
    let text = decimal(value, 1);
    if value > 0.0 && text != "0.0" {
        format!("+{text}")
    } else {
        text
    }
}

/// A share of one as a percentage with one decimal; what is neither nothing nor everything never
/// reads as such: `23.4 %`, `< 0.1 %`, `> 99.9 %`.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return UNDEFINED.to_owned();
    }
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.05 {
        format!("<{THIN}0.1{THIN}%")
    } else if (99.95..100.0).contains(&percent) {
        format!(">{THIN}99.9{THIN}%")
    } else {
        format!("{}{THIN}%", decimal(percent, 1))
    }
}

/// A share that was set by somebody, such as a limit: `1 %`, `2.5 %`.
pub fn plain_percent(share: f64) -> String {
    format!("{}{THIN}%", plain(share * 100.0))
}

/// A number that was set by somebody, such as a bound: `1.5`, `2`.
pub fn plain(value: f64) -> String {
    let digits = decimal(value, 4);
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// Some of something as a percentage; [`UNDEFINED`] of nothing.
pub fn part(some: u64, of: u64) -> String {
    if of == 0 {
        UNDEFINED.to_owned()
    } else {
        percent(some as f64 / of as f64)
    }
}

/// A number where there is one, else [`UNDEFINED`].
pub fn optional(value: Option<f64>, written: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| UNDEFINED.to_owned(), written)
}

/// A day: `5 Mar 2011`.
pub fn day(time: DateTime<Utc>) -> String {
    time.format("%-d %b %Y").to_string()
}

/// A moment: `5 Mar 2011, 08:26 UTC`.
pub fn moment(time: DateTime<Utc>) -> String {
    time.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// A month: `Mar 2011`.
pub fn month(first_day: NaiveDate) -> String {
    first_day.format("%b %Y").to_string()
}

/// A plain decimal number with a comma between its thousands and, if it is not zero, its sign: no
/// number reads "minus zero".
pub fn grouped(negative: bool, digits: &str) -> String {
    let is_zero = !digits.contains(|digit: char| ('1'..='9').contains(&digit));
    let digits = group(digits);
    if negative && !is_zero {
        format!("{MINUS}{digits}")
    } else {
        digits
    }
}

/// Puts a comma between the thousands of a plain decimal number.
fn group(digits: &str) -> String {
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let mut grouped = String::with_capacity(digits.len() + whole.len() / 3 + 1);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace(THIN, " ").replace(MINUS, "-")
    }

    #[test]
    fn counts_show_every_digit() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "order", "orders"), "1 order");
        assert_eq!(counted(0, "order", "orders"), "0 orders");
    }

    #[test]
    fn means_lose_decimals_as_they_grow_and_are_never_minus_zero() {
        assert_eq!(mean(3.456), "3.46");
        assert_eq!(mean(9.997), "10.0");
        assert_eq!(mean(345.67), "345.7");
        assert_eq!(mean(12_345.6), "12,346");
        assert_eq!(mean(-0.001), "0.00");
        assert_eq!(plain(&mean(0.001)), "< 0.01");
        assert_eq!(mean(0.0), "0.00");
        assert_eq!(mean(f64::NAN), UNDEFINED);
    }

    #[test]
    fn a_share_never_reads_as_nothing_or_everything_unless_it_is() {
        assert_eq!(plain(&percent(0.0)), "0.0 %");
        assert_eq!(plain(&percent(0.0001)), "< 0.1 %");
        assert_eq!(plain(&percent(0.2345)), "23.4 %");
        assert_eq!(plain(&percent(0.9999)), "> 99.9 %");
        assert_eq!(plain(&percent(1.0)), "100.0 %");
        assert_eq!(plain(&percent(-0.021)), "-2.1 %");
        assert_eq!(plain(&percent(12.5)), "1,250.0 %");
        assert_eq!(part(1, 0), UNDEFINED);
        assert_eq!(plain(&plain_percent(0.01)), "1 %");
        assert_eq!(plain(&plain_percent(0.025)), "2.5 %");
        assert_eq!(super::plain(1.5), "1.5");
        assert_eq!(super::plain(10.0), "10");
    }

    #[test]
    fn deviations_carry_their_sign() {
        assert_eq!(signed(1.23), "+1.2");
        assert_eq!(plain(&signed(-0.84)), "-0.8");
        assert_eq!(signed(-0.01), "0.0");
        assert_eq!(signed(0.04), "0.0");
    }

    #[test]
    fn dates_are_written_out() {
        let time = DateTime::from_timestamp(1_299_313_560, 0).unwrap();
        assert_eq!(day(time), "5 Mar 2011");
        assert_eq!(moment(time), "5 Mar 2011, 08:26 UTC");
        assert_eq!(month(time.date_naive()), "Mar 2011");
    }
}
