//! A small shop with three kinds of customers.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use data::{Account, Example};
use report::ReportFrame;

use crate::features::sample;
use crate::fusion::FusionTable;
use crate::money::Money;
use crate::outcome::{Outcome, SegmentMonths, Span};
use crate::rfm::SegmentTable;
use crate::settings::{DEFAULT_SETTINGS, SegmentationSettings};
use crate::{clusters, fusion, rfm};

pub(super) const FILES: [&str; 2] = ["file:///data/my shop.csv", "s3://shop/2.csv"];

fn midnight(day: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(day * 86_400, 0).unwrap()
}

/// Where the report of the shop comes from.
pub(super) fn frame() -> ReportFrame {
    ReportFrame {
        run_id: "19700411T000000Z-00000000".to_owned(),
        created: midnight(100),
        program_version: "0.0.0",
        files: FILES.map(str::to_owned).to_vec(),
        mapping: "events".to_owned(),
    }
}

/// What a run over the shop finds: twenty lookers, twenty occasional buyers, twenty regulars.
pub(super) fn outcome() -> Outcome {
    let mut settings: SegmentationSettings = toml::from_str(DEFAULT_SETTINGS).unwrap();
    settings.k = "2..4".parse().unwrap();
    let customers = sample::customers(&sample::three_kinds());
    let segments = SegmentTable::built_in().unwrap();
    let table = FusionTable::built_in(segments.segments()).unwrap();
    let totalled = rfm::analyse(&customers, midnight(100), &segments, None).unwrap();
    let clusters = clusters::analyse(&customers, &settings, table.bounds(), 42).unwrap();
    let fusion = fusion::analyse(&customers, &totalled.rfm, &clusters, &table).unwrap();
    let months = months(totalled.rfm.segments.len() - 1);
    Outcome {
        span: Span {
            as_of: midnight(100),
            first_event_at: midnight(50),
            last_event_at: midnight(99),
            events_after_as_of: 0,
        },
        seed: 42,
        settings,
        sample: None,
        account: account(),
        totals: totalled.totals,
        customers,
        rfm: totalled.rfm,
        clusters,
        fusion,
        months: Some(months),
        notes: vec!["A note of the run.".to_owned()],
    }
}

fn months(segments: usize) -> SegmentMonths {
    let first = |month| NaiveDate::from_ymd_opt(1970, month, 1).unwrap();
    SegmentMonths {
        months: vec![first(3), first(4)],
        buyers: (0..segments as u64).map(|n| vec![n, 2 * n]).collect(),
        revenue: vec![vec![Money::from_unscaled(1_005_000); 2]; segments],
    }
}

fn account() -> Account {
    let example = |line, text: &str| Example {
        file: "file:///data/shop.csv".to_owned(),
        line,
        text: text.to_owned(),
    };
    let counts = |counts: &[(&str, u64)]| -> BTreeMap<String, u64> {
        counts
            .iter()
            .map(|(what, n)| ((*what).to_owned(), *n))
            .collect()
    };
    Account {
        rows_read: 1_060,
        used: 1_000,
        duplicates: 40,
        anonymous: 5,
        quarantined: counts(&[("bad_price", 15), ("truncated", 5)]),
        examples: [("bad_price".to_owned(), example(1_234, "1,view,-3"))].into(),
        events: counts(&[("purchase", 200), ("view", 800), ("return", 3)]),
        missing: counts(&[("brand", 120)]),
        zero_price: 7,
        files: 2,
        ..Account::default()
    }
}
