//! Engines and small tables for the tests.

use std::path::Path;

use arrow::util::pretty::pretty_format_batches;
use engine::{Engine, EngineParams, Mode, QueryResult};

/// An embedded engine with its work folder under `folder`.
pub(crate) async fn embedded(folder: &Path, threads: usize) -> Engine {
    open(Mode::Embedded, folder, threads).await
}

pub(crate) async fn open(mode: Mode, folder: &Path, threads: usize) -> Engine {
    let params = EngineParams {
        mode,
        threads: Some(threads),
        memory_limit_bytes: Some(512 << 20),
        work_dir: Some(folder.join("work")),
        ..Default::default()
    };
    Engine::open(params).await.unwrap()
}

/// Writes a table of 60 000 purchases of 3 000 users to `folder/events/` and
/// registers it as `events`.
pub(crate) async fn events(engine: &Engine, folder: &Path) -> String {
    let url = folder.join("events").to_str().unwrap().to_owned();
    engine
        .materialise(
            "events",
            "select
                value as event_id,
                (value * 7919) % 3000 as user_id,
                'p' || ((value * 104729) % 500) as product_id,
                cast((value * 31) % 10000 as decimal(18, 4)) / 100 as price,
                arrow_cast(1500000000000000 + value * 1000003, 'Timestamp(Microsecond, Some(\"UTC\"))') as event_time
            from generate_series(1, 60000)",
            &[],
            &url,
        )
        .await
        .unwrap();
    url
}

/// The rows as text, for comparing and reading.
pub(crate) fn table(result: &QueryResult) -> String {
    pretty_format_batches(&result.batches).unwrap().to_string()
}

/// Entries of a folder that may be missing.
pub(crate) fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect()
}
