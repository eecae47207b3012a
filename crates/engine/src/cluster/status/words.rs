//! Numbers and times as people read them.

use chrono::{DateTime, TimeDelta, Utc};

/// Stands where nothing is known.
pub(super) const NONE: &str = "–";

/// `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `12 MiB`, `1.5 GiB`.
pub(super) fn bytes(number: u64) -> String {
    crate::memory::in_words(usize::try_from(number).unwrap_or(usize::MAX))
}

/// `0.4 s`, `59 s`, `12 min 5 s`, `3 h 7 min`, `2 d 5 h`.
pub(super) fn duration(time: TimeDelta) -> String {
    let millis = time.num_milliseconds().max(0);
    let seconds = millis / 1000;
    match seconds {
        0..10 => format!("{:.1} s", millis as f64 / 1000.0),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// `2026-01-31 12:00:00`.
pub(super) fn moment(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_read_well() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1,234,567");
        for (millis, text) in [
            (-5, "0.0 s"),
            (420, "0.4 s"),
            (59_900, "59 s"),
            (725_000, "12 min 5 s"),
            (11_220_000, "3 h 7 min"),
            (190_800_000, "2 d 5 h"),
        ] {
            assert_eq!(duration(TimeDelta::milliseconds(millis)), text);
        }
    }
}
