//! Notes that any job may have on its input.

use chrono::{DateTime, Utc};

/// That only a sample was looked at, and that events were left aside, where that is so.
pub fn of_input(sample: Option<f64>, events_after_as_of: u64, as_of: DateTime<Utc>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(sample) = sample {
        let percent = sample * 100.0;
        notes.push(format!(
            "Only a sample of {percent:.0} % of the users was looked at."
        ));
    }
    if events_after_as_of > 0 {
        notes.push(format!(
            "{events_after_as_of} events at or after {} were left aside, as if they had not \
             happened yet.",
            as_of.to_rfc3339()
        ));
    }
    notes
}
