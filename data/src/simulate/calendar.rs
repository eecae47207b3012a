//! The months the shop is open, and how busy it is by day and hour.
//!
//! All times are whole seconds since the shop opened, 2025-10-01 00:00:00 UTC, a Wednesday.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::streams::{Chance, Weighted, below};

/// 2025-10-01 00:00:00 UTC in seconds since 1970.
pub(super) const OPENED: i64 = 1_759_276_800;
/// Open from 2025-10-01 to 2026-02-28, both included.
pub(super) const DAYS: u32 = 151;
/// Seconds in a day.
pub(super) const DAY: u32 = 86_400;
/// The shop's whole life in seconds.
pub(super) const CLOSED: u32 = DAYS * DAY;

/// How busy each hour of the day is: nearly nothing at night, a peak in the evening.
const HOURS: [f64; 24] = [
    0.25, 0.15, 0.10, 0.08, 0.10, 0.20, 0.40, 0.70, 0.90, 1.00, 1.05, 1.10, 1.10, 1.10, 1.05, 1.10,
    1.20, 1.35, 1.60, 1.80, 1.90, 1.60, 1.10, 0.60,
];

/// The moment a second of the shop's life falls on.
pub(super) fn moment(second: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(OPENED + i64::from(second), 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// The calendar date of a day of the shop's life.
pub(super) fn date(day: u32) -> NaiveDate {
    moment(0).date_naive() + Days::new(u64::from(day))
}

/// True for Saturdays and Sundays.
pub(super) fn is_weekend(day: u32) -> bool {
    // Day 0 is a Wednesday, so day 3 is the first Saturday.
    matches!(day % 7, 3 | 4)
}

/// How busy the days and hours are, ready to be drawn from.
pub(super) struct Calendar {
    days: Weighted,
    hours: Weighted,
}

impl Calendar {
    pub(super) fn new() -> Self {
        Self {
            days: Weighted::new((0..DAYS).map(busyness)),
            hours: Weighted::new(HOURS),
        }
    }

    /// Draws a day between `first` and `last`, both included, busy days more often.
    pub(super) fn day(&self, chance: &mut Chance, first: u32, last: u32) -> u32 {
        let last = last.min(DAYS - 1);
        let day = self
            .days
            .draw_within(chance, first.min(last) as usize, last as usize + 1);
        day.map_or(first, |day| day as u32)
    }

    /// Draws a second of the day for someone whose day runs `shift` hours late.
    pub(super) fn second(&self, chance: &mut Chance, shift: u32) -> u32 {
        let hour = self.hours.draw(chance).unwrap_or(12) as u32;
        (hour + shift) % 24 * 3600 + below(chance, 3600)
    }
}

/// Relative traffic of a day: weekends, the sales of late November, Christmas, January sales.
fn busyness(day: u32) -> f64 {
    let date = date(day);
    let week = match day % 7 {
        3 => 1.18,
        4 => 1.22,
        2 => 1.02,
        _ => 0.93,
    };
    let season = match (date.month(), date.day()) {
        (11, 24..=30) => 1.55,
        (12, 1..=20) => 1.20,
        (12, 24..=26) => 0.60,
        (1, 1) => 0.50,
        (1, 2..=12) => 1.12,
        (2, _) => 0.96,
        _ => 1.0,
    };
    week * season
}
