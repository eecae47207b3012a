//! Where the log is cut into a part to learn from and a later part to test on.

use intake::Span;

/// Buckets that the log is cut into, about.
const N_BUCKETS: i64 = 1000;
const SECOND_US: i64 = 1_000_000;

/// A stretch of time and its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket {
    /// Its place from the begin of the log.
    pub(crate) bucket: i64,
    /// Its events.
    pub(crate) n_events: i64,
}

/// The length of a bucket in microseconds: whole seconds, a thousandth of the log or one second.
pub(crate) fn bucket_us(span: &Span) -> i64 {
    let end = span.last_event_at.min(span.as_of);
    let length_us = end.timestamp_micros() - span.first_event_at.timestamp_micros();
    let seconds = (length_us / N_BUCKETS + SECOND_US - 1) / SECOND_US;
    seconds.max(1) * SECOND_US
}

/// The first bucket of the test: the border at which the share of events in the test is nearest to
/// `share`, the earlier of two as near. None when one side would be empty. Buckets rise.
pub(crate) fn border(buckets: &[Bucket], share: f64) -> Option<i64> {
    let total: i64 = buckets.iter().map(|bucket| bucket.n_events).sum();
    let mut before = 0;
    let mut best: Option<(f64, i64)> = None;
    for pair in buckets.windows(2) {
        before += pair[0].n_events;
        let distance = ((total - before) as f64 / total as f64 - share).abs();
        if best.is_none_or(|(nearest, _)| distance < nearest) {
            best = Some((distance, pair[1].bucket));
        }
    }
    best.map(|(_, bucket)| bucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(counts: &[(i64, i64)]) -> Vec<Bucket> {
        let bucket = |&(bucket, n_events): &(i64, i64)| Bucket { bucket, n_events };
        counts.iter().map(bucket).collect()
    }

    #[test]
    fn the_border_comes_nearest_to_the_share() {
        let log = buckets(&[(0, 50), (1, 25), (7, 10), (9, 15)]);
        assert_eq!(border(&log, 0.15), Some(9));
        assert_eq!(border(&log, 0.25), Some(7));
        assert_eq!(border(&log, 0.9), Some(1));
        assert_eq!(border(&buckets(&[(0, 3), (4, 4)]), 0.01), Some(4));
        let tie = buckets(&[(0, 2), (3, 2), (5, 2), (8, 2)]);
        assert_eq!(border(&tie, 0.375), Some(5));
    }

    #[test]
    fn a_log_of_one_bucket_has_no_border() {
        assert_eq!(border(&buckets(&[(0, 50)]), 0.2), None);
        assert_eq!(border(&[], 0.2), None);
    }

    #[test]
    fn buckets_are_whole_seconds() {
        let span = |first: &str, last: &str| Span {
            as_of: "2030-01-01T00:00:00Z".parse().unwrap(),
            first_event_at: first.parse().unwrap(),
            last_event_at: last.parse().unwrap(),
            events_after_as_of: 0,
        };
        let day = span("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z");
        assert_eq!(bucket_us(&day), 87 * SECOND_US);
        let instant = span("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z");
        assert_eq!(bucket_us(&instant), SECOND_US);
    }
}
