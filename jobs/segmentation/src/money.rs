//! Money as an exact decimal.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Digits after the point, as in the `decimal(38, 4)` columns of the feature table.
pub const MONEY_SCALE: i8 = 4;
/// Digits in all.
pub const MONEY_PRECISION: u8 = 38;
const UNIT: i128 = 10_i128.pow(MONEY_SCALE as u32);

/// An amount in the shop's currency: an integer count of ten-thousandths. Amounts are added and
/// compared exactly, so a score never depends on the order in which a sum was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// An amount from its count of ten-thousandths.
    pub const fn from_unscaled(unscaled: i128) -> Self {
        Self(unscaled)
    }

    /// The count of ten-thousandths.
    pub const fn unscaled(self) -> i128 {
        self.0
    }

    /// The nearest float, for figures and averages.
    pub fn to_f64(self) -> f64 {
        // Two exact steps keep the result the same on every machine: an i128 rounds to the nearest
        // f64, and the division rounds once more.
        self.0 as f64 / UNIT as f64
    }

    /// This amount as a share of `total`; none when the total is not positive.
    pub fn share_of(self, total: Self) -> Option<f64> {
        (total.0 > 0).then(|| self.0 as f64 / total.0 as f64)
    }

    /// The mean over `n`; none when `n` is 0.
    pub fn mean(self, n: u64) -> Option<f64> {
        (n > 0).then(|| self.to_f64() / n as f64)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// All four decimals, such as `-12.5000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (
            self.0.unsigned_abs() / UNIT as u128,
            self.0.unsigned_abs() % UNIT as u128,
        );
        write!(f, "{sign}{whole}.{part:04}")
    }
}

/// The text is not an amount with at most four decimals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an amount such as 12.5 or -3.2500, with at most four decimals")]
pub struct MoneyError(String);

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let error = || MoneyError(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 4 {
            return Err(error());
        }
        let whole: i128 = whole.parse().map_err(|_| error())?;
        let part: i128 = format!("{part:0<4}").parse().map_err(|_| error())?;
        let unscaled = whole
            .checked_mul(UNIT)
            .and_then(|whole| whole.checked_add(part))
            .ok_or_else(error)?;
        Ok(Self(if negative { -unscaled } else { unscaled }))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_written_with_four_decimals_and_read_with_up_to_four() {
        assert_eq!(Money::from_unscaled(-125_000).to_string(), "-12.5000");
        assert_eq!(Money::from_unscaled(-5).to_string(), "-0.0005");
        assert_eq!("12.5".parse(), Ok(Money::from_unscaled(125_000)));
        assert_eq!("0".parse(), Ok(Money::ZERO));
        for text in ["", "-", ".5", "1.23456", "1e3", "12,5", "+1", "NaN"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_of_nothing_is_undefined() {
        assert_eq!(Money::from_unscaled(1).share_of(Money::ZERO), None);
        assert_eq!(Money::from_unscaled(1).mean(0), None);
    }

    proptest! {
        #[test]
        fn an_amount_survives_its_text(unscaled in -10_i128.pow(30)..10_i128.pow(30)) {
            let amount = Money::from_unscaled(unscaled);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }
}
