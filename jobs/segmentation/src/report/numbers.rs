//! Numbers as people read them: those of every report, and sums of money.

pub(super) use ::report::numbers::*;

use crate::money::Money;

/// From this total on, in whole units of the currency, sums of money are written without cents.
const CENTS_BELOW: i128 = 100_000;

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
        grouped(amount < Money::ZERO, &digits)
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
    grouped(amount < Money::ZERO, text)
}

fn unit() -> i128 {
    10_i128.pow(crate::money::MONEY_SCALE.unsigned_abs().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace('\u{2212}', "-")
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
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
}
