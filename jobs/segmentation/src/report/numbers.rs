//! Numbers as people read them: `12,345`, `23.4 %`, `1,204.50`, `5 Mar 2011`.
//!
//! Every number of the report is written here, so that a table and the sentence above it round
//! alike.

use chrono::{DateTime, NaiveDate, Utc};

use crate::money::Money;

/// A space that does not break and is narrower than a word space.
const THIN: char = '\u{202F}';
const MINUS: char = '\u{2212}';
/// What a table shows where a number is not defined.
pub(super) const UNDEFINED: &str = "–";
/// From this total on, in whole units of the currency, sums of money are written without cents.
const CENTS_BELOW: i128 = 100_000;

/// A number of things, with every digit: `1,234,567`.
pub(super) fn count(value: u64) -> String {
    group(&value.to_string())
}

/// A number of things with its noun: `1 order`, `2,310 orders`.
pub(super) fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// A mean: two decimals below 10, one below 1,000, none above; a little is not nothing.
pub(super) fn mean(value: f64) -> String {
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
pub(super) fn mean_of(sum: u64, over: u64) -> String {
    if over == 0 {
        UNDEFINED.to_owned()
    } else {
        mean(sum as f64 / over as f64)
    }
}

/// A number with a fixed number of decimals.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    if !value.is_finite() {
        return UNDEFINED.to_owned();
    }
    sign(value < 0.0, &group(&format!("{:.decimals$}", value.abs())))
}

/// A deviation with its sign: `+1.2`, `−0.8`, `0.0`.
pub(super) fn signed(value: f64) -> String {
    let text = decimal(value, 1);
    if value > 0.0 && text != "0.0" {
        format!("+{text}")
    } else {
        text
    }
}

/// A share of one as a percentage with one decimal; what is neither nothing nor everything never
/// reads as such: `23.4 %`, `< 0.1 %`, `> 99.9 %`.
pub(super) fn percent(share: f64) -> String {
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
pub(super) fn plain_percent(share: f64) -> String {
    format!("{}{THIN}%", plain(share * 100.0))
}

/// A number that was set by somebody, such as a bound: `1.5`, `2`.
pub(super) fn plain(value: f64) -> String {
    let digits = decimal(value, 4);
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// Some of something as a percentage; [`UNDEFINED`] of nothing.
pub(super) fn part(some: u64, of: u64) -> String {
    if of == 0 {
        UNDEFINED.to_owned()
    } else {
        percent(some as f64 / of as f64)
    }
}

/// How sums of money are written, the same throughout a report. No currency is named, because the
/// events name none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amounts {
    cents: bool,
}

impl Amounts {
    /// With cents where the largest sum of the report is small enough for them to matter.
    pub(super) fn for_total(total: Money) -> Self {
        let limit = Money::from_unscaled(CENTS_BELOW * unit());
        Self {
            cents: total < limit && Money::from_unscaled(-total.unscaled()) < limit,
        }
    }

    /// A sum, rounded exactly, halves away from zero.
    pub(super) fn sum(self, amount: Money) -> String {
        let step = if self.cents { unit() / 100 } else { unit() };
        let size = amount.unscaled().unsigned_abs();
        let steps = (size + step.unsigned_abs() / 2) / step.unsigned_abs();
        let digits = if self.cents {
            format!("{}.{:02}", steps / 100, steps % 100)
        } else {
            steps.to_string()
        };
        sign(amount < Money::ZERO, &group(&digits))
    }
}

/// One amount or a mean of them: always with cents.
pub(super) fn amount(value: f64) -> String {
    decimal(value, 2)
}

/// An exact amount such as a limit: cents, and further decimals where it has them.
pub(super) fn exact_amount(amount: Money) -> String {
    let text = amount.to_string();
    let text = text.trim_start_matches('-');
    let text = text.strip_suffix("00").unwrap_or(text);
    sign(amount < Money::ZERO, &group(text))
}

fn unit() -> i128 {
    10_i128.pow(crate::money::MONEY_SCALE.unsigned_abs().into())
}

/// A day: `5 Mar 2011`.
pub(super) fn day(time: DateTime<Utc>) -> String {
    time.format("%-d %b %Y").to_string()
}

/// A moment: `5 Mar 2011, 08:26 UTC`.
pub(super) fn moment(time: DateTime<Utc>) -> String {
    time.format("%-d %b %Y, %H:%M UTC").to_string()
}

/// A month: `Mar 2011`.
pub(super) fn month(first_day: NaiveDate) -> String {
    first_day.format("%b %Y").to_string()
}

/// No number reads "minus zero".
fn sign(negative: bool, digits: &str) -> String {
    let is_zero = !digits.contains(|digit: char| ('1'..='9').contains(&digit));
    if negative && !is_zero {
        format!("{MINUS}{digits}")
    } else {
        digits.to_owned()
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

    fn money(text: &str) -> Money {
        text.parse().unwrap()
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
    fn sums_have_cents_only_in_a_small_shop_and_are_rounded_exactly() {
        let small = Amounts::for_total(money("99999.9999"));
        assert_eq!(small.sum(money("1234.5650")), "1,234.57");
        assert_eq!(plain(&small.sum(money("-0.0050"))), "-0.01");
        assert_eq!(small.sum(money("-0.0049")), "0.00");
        let large = Amounts::for_total(money("-100000"));
        assert_eq!(large.sum(money("1234.5")), "1,235");
        assert_eq!(large.sum(money("0.4999")), "0");
        let huge = Money::from_unscaled(10_i128.pow(37));
        assert_eq!(large.sum(huge).len(), 34 + 11);
    }

    #[test]
    fn limits_of_money_are_exact() {
        assert_eq!(exact_amount(money("1200")), "1,200.00");
        assert_eq!(exact_amount(money("0.1234")), "0.1234");
        assert_eq!(plain(&exact_amount(money("-3.5"))), "-3.50");
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
