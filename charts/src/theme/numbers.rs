//! Numbers as people read them: `12,345`, `1.23 M`, `23.4 %`, `+0.8`.

/// A space that does not break and is narrower than a word space.
const THIN: char = '\u{202F}';
const MINUS: char = '\u{2212}';

/// Units from the millions up; below that all digits are shown.
const UNITS: [(f64, char); 4] = [(1e15, 'P'), (1e12, 'T'), (1e9, 'B'), (1e6, 'M')];

/// A number of customers: `7`, `12,345`, `1.23 M`.
pub(crate) fn count(value: u64) -> String {
    if value < 1_000_000 {
        group(&value.to_string())
    } else {
        number(value as f64)
    }
}

/// A quantity: two decimals below 10, one below 100 (unless it is whole), none above, thousands
/// grouped, three significant digits with a unit from a million up.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    // 999,999.7 must not become "1,000,000" beside a "1.00 M".
    if size >= 999_999.5 {
        if size >= 1e18 {
            return sign(value, &format!("{size:.1e}"));
        }
        // The same at each unit: 999.96 M reads 1 B.
        let (scale, unit) = UNITS
            .into_iter()
            .find(|(scale, _)| size >= scale * 0.9995)
            .unwrap_or((1e6, 'M'));
        return sign(value, &format!("{}{THIN}{unit}", significant(size / scale)));
    }
    let decimals = if size >= 99.95 || (size - size.round()).abs() < 1e-9 {
        0
    } else if size >= 9.995 {
        1
    } else {
        2
    };
    let digits = format!("{size:.decimals$}");
    sign(value, &group(&digits))
}

/// An amount of money in a column of them: cents below a thousand, as [`number`] above.
pub(crate) fn amount(value: f64) -> String {
    if value.abs() >= 999.995 {
        return number(value);
    }
    sign(value, &format!("{:.2}", value.abs()))
}

/// A label on an axis whose neighbours are `step` away: just enough decimals to tell them apart.
pub(crate) fn tick(value: f64, step: f64) -> String {
    if value.abs() >= 999_999.5 || step >= 1.0 {
        return number(value);
    }
    let decimals = (-step.log10()).ceil().clamp(0.0, 12.0) as usize;
    // A step of 0.25 needs two decimals, one of 0.2 only one.
    let exact = |digits: usize| {
        let scaled = step * 10f64.powi(digits as i32);
        (scaled - scaled.round()).abs() < 1e-6
    };
    let decimals = if exact(decimals) {
        decimals
    } else {
        decimals + 1
    };
    sign(value, &group(&format!("{:.decimals$}", value.abs())))
}

/// A measure beside others of which `largest` is the largest: three digits of that one, so that a
/// column of them lines up.
pub(crate) fn measure(value: f64, largest: f64) -> String {
    let size = largest.abs();
    if size < 1e-9 {
        return plain(value);
    }
    tick(value, 10f64.powf(size.log10().floor() - 2.0))
}

/// A setting as people type it, at most three digits: `0.01`, `40`, `2e-7`.
pub(crate) fn plain(value: f64) -> String {
    let size = value.abs();
    if size >= 999.5 {
        return number(value);
    }
    let rounded = format!("{size:.2e}");
    let (digits, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    if size > 0.0 && power < -4 {
        return sign(value, &format!("{}e{MINUS}{}", trimmed(digits), -power));
    }
    let decimals = (2 - power).clamp(0, 6) as usize;
    let digits = format!("{size:.decimals$}");
    if digits.contains('.') {
        sign(value, &trimmed(&digits))
    } else {
        sign(value, &digits)
    }
}

/// A share of one in whole percents: `23 %`, `< 1 %`.
pub(crate) fn whole_percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.5 {
        return format!("<{THIN}1{THIN}%");
    }
    format!("{percent:.0}{THIN}%")
}

/// How many times as much as elsewhere: `2.4×`, `0.83×`, `31×`.
pub(crate) fn times(lift: f64) -> String {
    if lift >= 9.95 {
        return format!("{}\u{D7}", number(lift.round()));
    }
    let decimals = if lift >= 0.995 { 1 } else { 2 };
    format!("{lift:.decimals$}\u{D7}")
}

/// A share of one as a percentage: `23.4 %`, `< 0.1 %`.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.05 {
        return format!("<{THIN}0.1{THIN}%");
    }
    if percent.abs() >= 9_999.5 {
        return format!("{}{THIN}%", number(percent));
    }
    sign(
        percent,
        &format!("{}{THIN}%", group(&format!("{:.1}", percent.abs()))),
    )
}

/// A deviation with its sign: `+1.2`, `−0.8`, `0.0`.
pub(crate) fn signed(value: f64) -> String {
    let digits = format!("{:.1}", value.abs());
    if digits == "0.0" {
        digits
    } else if value < 0.0 {
        format!("{MINUS}{digits}")
    } else {
        format!("+{digits}")
    }
}

fn significant(size: f64) -> String {
    if size >= 99.95 {
        format!("{size:.0}")
    } else if size >= 9.995 {
        trimmed(&format!("{size:.1}"))
    } else {
        trimmed(&format!("{size:.2}"))
    }
}

fn trimmed(digits: &str) -> String {
    digits
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// No number reads "minus zero".
fn sign(value: f64, digits: &str) -> String {
    let is_zero = !digits.contains(|digit: char| ('1'..='9').contains(&digit));
    if value < 0.0 && !is_zero {
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

    #[test]
    fn counts_keep_every_digit_below_a_million() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(12_345), "12,345");
        assert_eq!(count(999_999), "999,999");
        assert_eq!(plain(&count(1_234_567)), "1.23 M");
        assert_eq!(plain(&count(u64::MAX)), "1.8e19");
    }

    #[test]
    fn quantities_lose_decimals_as_they_grow() {
        assert_eq!(number(0.0), "0");
        assert_eq!(number(3.0), "3");
        assert_eq!(number(3.456), "3.46");
        assert_eq!(number(34.56), "34.6");
        assert_eq!(number(345.6), "346");
        assert_eq!(number(99.97), "100");
        assert_eq!(plain(&number(-1234.5)), "-1,234");
        assert_eq!(plain(&number(999_999.7)), "1 M");
        assert_eq!(plain(&number(2_500_000.0)), "2.5 M");
        assert_eq!(plain(&number(999_960_000.0)), "1 B");
        assert_eq!(plain(&number(-4.2e9)), "-4.2 B");
        assert_eq!(number(-0.001), "0.00");
    }

    #[test]
    fn amounts_have_cents_while_they_are_small() {
        assert_eq!(amount(6.2), "6.20");
        assert_eq!(amount(999.999), "1,000");
        assert_eq!(plain(&amount(-1.625)), "-1.62");
    }

    #[test]
    fn ticks_show_what_tells_them_apart() {
        assert_eq!(tick(0.1 + 0.2, 0.1), "0.3");
        assert_eq!(tick(0.25, 0.25), "0.25");
        assert_eq!(tick(0.402, 0.002), "0.402");
        assert_eq!(tick(1500.0, 500.0), "1,500");
    }

    #[test]
    fn shares_and_deviations() {
        assert_eq!(plain(&percent(0.2345)), "23.4 %");
        assert_eq!(plain(&percent(1.0)), "100.0 %");
        assert_eq!(plain(&percent(0.0001)), "< 0.1 %");
        assert_eq!(plain(&percent(0.0)), "0.0 %");
        assert_eq!(plain(&percent(-0.021)), "-2.1 %");
        assert_eq!(signed(1.23), "+1.2");
        assert_eq!(plain(&signed(-0.84)), "-0.8");
        assert_eq!(signed(-0.01), "0.0");
    }

    #[test]
    fn measures_line_up_with_the_largest() {
        let column = [0.2131, 0.0304, 0.0].map(|value| measure(value, 0.2131));
        assert_eq!(column, ["0.213", "0.030", "0.000"]);
        assert_eq!(measure(0.01234, 0.01234), "0.0123");
        assert_eq!(measure(123.4, 123.4), "123");
        assert_eq!(measure(0.0, 0.0), "0");
    }

    #[test]
    fn settings_read_as_they_were_typed() {
        let values = [0.0, 0.01, 0.1, 0.1 + 0.2, 1.0, 40.0, 250.0, 0.0001, 2e-7];
        let read = values.map(super::plain);
        let typed = ["0", "0.01", "0.1", "0.3", "1", "40", "250", "0.0001"];
        assert_eq!(read[..8], typed);
        assert_eq!(read[8], "2e\u{2212}7");
    }

    #[test]
    fn lifts_and_whole_percents() {
        assert_eq!([2.44, 0.834, 31.2].map(times), ["2.4×", "0.83×", "31×"]);
        let shares = [0.0, 0.004, 0.234, 1.0].map(whole_percent);
        assert_eq!(
            shares,
            [
                "0\u{202F}%",
                "<\u{202F}1\u{202F}%",
                "23\u{202F}%",
                "100\u{202F}%"
            ]
        );
    }
}
