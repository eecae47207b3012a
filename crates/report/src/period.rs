//! The time a report looks at, in words.

use chrono::{DateTime, TimeDelta, Utc};

use crate::headline::Fact;
use crate::numbers::{counted, day, moment};

/// The time a report looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The moment it looks back from; events at or after it are left aside.
    pub as_of: DateTime<Utc>,
    /// The first event of the log.
    pub first_event_at: DateTime<Utc>,
    /// The last event of the log, which may lie after `as_of`.
    pub last_event_at: DateTime<Utc>,
    /// How many events were left aside because they come at or after `as_of`.
    pub events_after_as_of: u64,
}

impl Period {
    /// From when to when the events run, and what was left aside.
    pub fn sentences(&self) -> String {
        let mut text = format!(
            "The events run from {} to {}.",
            moment(self.first_event_at),
            moment(self.last_event_at)
        );
        if self.events_after_as_of > 0 {
            text += &format!(
                " {} at or after {} were left aside.",
                counted(self.events_after_as_of, "event", "events"),
                moment(self.as_of)
            );
        }
        text
    }

    /// The days that were looked at, for the facts at the top.
    pub fn fact(&self) -> Fact {
        // What comes at or after `as_of` is not looked at.
        let last = self
            .last_event_at
            .min(self.as_of - TimeDelta::microseconds(1));
        let days = (last.date_naive() - self.first_event_at.date_naive()).num_days() + 1;
        // A date does not break, so that a narrow card breaks between the two.
        let day = |time| day(time).replace(' ', "\u{A0}");
        Fact {
            label: "Period",
            value: format!("{}\u{A0}– {}", day(self.first_event_at), day(last)),
            note: counted(days.unsigned_abs(), "day", "days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(last: &str, events_after_as_of: u64) -> Period {
        Period {
            as_of: "2024-03-01T00:00:00Z".parse().unwrap(),
            first_event_at: "2024-02-28T23:00:00Z".parse().unwrap(),
            last_event_at: last.parse().unwrap(),
            events_after_as_of,
        }
    }

    #[test]
    fn days_end_before_as_of() {
        let fact = period("2024-03-05T10:00:00Z", 7).fact();
        assert_eq!(
            fact.value,
            "28\u{A0}Feb\u{A0}2024\u{A0}– 29\u{A0}Feb\u{A0}2024"
        );
        assert_eq!(fact.note, "2 days");
        assert_eq!(period("2024-02-28T23:30:00Z", 0).fact().note, "1 day");
    }

    #[test]
    fn what_was_left_aside_is_counted() {
        let text = period("2024-03-05T10:00:00Z", 7).sentences();
        assert!(text.ends_with("7 events at or after 1 Mar 2024, 00:00 UTC were left aside."));
        assert!(
            !period("2024-02-28T23:30:00Z", 0)
                .sentences()
                .contains("left aside")
        );
    }
}
