//! The functions that look at groups as a whole, against group bys of group bys.

use std::path::Path;

use engine::{Engine, EngineParams, Mode};

use crate::fixture::table;

/// 120 000 rows of 3 000 groups and one without a name. Most keys of a group come once or twice, some
/// groups have thousands of rows; keys and what comes with them are missing now and then.
const ROWS: &str = "
with numbers as (select value as v from generate_series(1, 120000))
select
    case when v % 97 = 0 then null when v % 5 = 0 then -1 else (v * 7919) % 3001 end as g,
    case when v % 31 <> 0 then (v * 104729) % 211 - 100 end as number,
    case when v % 29 <> 0 then 'key ' || ((v * 104729) % 211) end as word,
    case when v % 23 <> 0 then cast(cast((v * 31) % 300 - 150 as int) as date) end as day,
    (v * 13) % 8 as flags,
    arrow_cast(
        1700000000000000 + ((v * 31337) % 503) * 1234567891, 'Timestamp(Microsecond, Some(\"UTC\"))'
    ) as at,
    case
        when v % 19 = 0 then null
        when v % 17 = 0 then cast(100000000000000000 as decimal(24, 6))
        else cast(cast((v * 7) % 1000 - 300 as decimal(24, 6)) / 7 as decimal(24, 6))
    end as amount,
    case
        when v % 3 = 0
            then cast(cast((v * 31) % 1009 - 500 as decimal(19, 6)) / 4 as decimal(19, 6))
    end as score,
    case when v % 4 = 0 then (v * 17) % 23 - 11 end as mark
from numbers";

/// What the functions say, for keys of the column `KEY`.
const ONE_LEVEL: &str = "
with groups as (
    select
        g,
        distinct_of(KEY) as keys,
        distinct_of(KEY) filter (where flags > 4) as flagged,
        tally(KEY, flags) as sets,
        favourite(KEY) as best,
        latest_start(KEY, at) as start,
        ledger(KEY, at, amount, score, mark) filter (where flags <> 3) as pages
    from rows group by g
)
select
    g, keys, flagged, sets[1] as none, sets[8] as full, sets[6] as some,
    best['n'] as n_keys, best['top'] as best, start, array_length(pages) as n_pages,
    pages[1]['key'] as first_key, pages[2]['amount'] as amount, pages[2]['n'] as n,
    pages[2]['last_at'] as last_at, pages[2]['score'] as score, pages[2]['mark'] as mark
from groups order by g";

/// The same with a group by of a group by.
const TWO_LEVELS: &str = "
with of_key as (
    select
        g, KEY as key, bit_or(flags) as flags, max(flags) as most, count(*) as n_rows, min(at) as start
    from rows where KEY is not null group by g, KEY
),
ranked as (
    select *, row_number() over (partition by g order by n_rows desc, key) as place from of_key
),
keyed as (
    select
        g, count(*) as keys,
        count(*) filter (where most > 4) as flagged,
        count(*) filter (where flags = 0) as none, count(*) filter (where flags = 7) as full,
        count(*) filter (where flags = 5) as some,
        max(case when place = 1 then key end) as best, max(start) as start
    from ranked group by g
),
pages as (
    select
        g, KEY as key, sum(amount) as amount, count(*) as n, max(at) as last_at,
        first_value(score order by at desc, score desc) filter (where score is not null) as score,
        first_value(mark order by at desc, mark) filter (where mark is not null) as mark
    from rows where KEY is not null and flags <> 3 group by g, KEY
),
numbered as (
    select *, row_number() over (partition by g order by key) as page from pages
),
turned as (
    select
        g, count(*) as n_pages, max(case when page = 1 then key end) as first_key,
        max(case when page = 2 then amount end) as amount, max(case when page = 2 then n end) as n,
        max(case when page = 2 then last_at end) as last_at,
        max(case when page = 2 then score end) as score, max(case when page = 2 then mark end) as mark
    from numbered group by g
),
groups as (select g from rows group by g)
select
    groups.g, coalesce(keys, 0) as keys, coalesce(flagged, 0) as flagged,
    coalesce(none, 0) as none, coalesce(full, 0) as full, coalesce(some, 0) as some,
    coalesce(keys, 0) as n_keys, best, start, n_pages, first_key, amount, n, last_at, score, mark
from groups
left join keyed on groups.g is not distinct from keyed.g
left join turned on groups.g is not distinct from turned.g
order by g";

/// What was said last, in a few groups and in many.
const LATEST: &str = "
select
    GROUP as g, latest(number, at) as number, latest(word, at) as word,
    latest(amount, at) as amount, latest(word, at) filter (where flags = 7) as flagged,
    latest(null, at) as nothing
from rows group by GROUP order by g";

/// The same with an order.
const LATEST_BY_ORDER: &str = "
select
    GROUP as g,
    first_value(number order by at desc, number) filter (where number is not null) as number,
    first_value(word order by at desc, word) filter (where word is not null) as word,
    first_value(amount order by at desc, amount) filter (where amount is not null) as amount,
    first_value(word order by at desc, word)
        filter (where word is not null and flags = 7) as flagged,
    cast(null as varchar) as nothing
from rows group by GROUP order by g";

async fn open(mode: Mode, folder: &Path, threads: usize, mib: usize) -> Engine {
    let params = EngineParams {
        mode,
        threads: Some(threads),
        memory_limit_bytes: Some(mib << 20),
        work_dir: Some(folder.join("work")),
        ..EngineParams::default()
    };
    Engine::open(params).await.unwrap()
}

/// What a query makes of the rows, for each type of keys.
async fn made_of(engine: &Engine, url: &str, query: &str) -> Vec<String> {
    engine.register_parquet("rows", url).await.unwrap();
    let mut tables = Vec::new();
    for key in ["number", "word", "day"] {
        let result = engine.query(&query.replace("KEY", key), &[]).await.unwrap();
        assert!(result.num_rows() > 2_900, "{}", result.num_rows());
        tables.push(table(&result));
    }
    tables
}

fn assert_same(found: &[String], expected: &[String], how: &str) {
    for (found, expected) in found.iter().zip(expected) {
        let mut lines = found.lines().zip(expected.lines());
        assert_eq!(lines.find(|(a, b)| a != b), None, "{how}");
        assert_eq!(found.len(), expected.len(), "{how}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_as_a_whole_are_what_two_levels_say_however_the_work_is_divided() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("rows").to_str().unwrap().to_owned();
    let one = open(Mode::Embedded, folder.path(), 1, 512).await;
    one.materialise("rows", ROWS, &[], &url).await.unwrap();
    let expected = made_of(&one, &url, TWO_LEVELS).await;
    for (threads, mib) in [(1, 512), (2, 512), (7, 512), (2, 12)] {
        let engine = open(Mode::Embedded, folder.path(), threads, mib).await;
        let found = made_of(&engine, &url, ONE_LEVEL).await;
        assert_same(&found, &expected, &format!("{threads} threads, {mib} MiB"));
    }
    let cluster = open(Mode::Standalone, folder.path(), 3, 512).await;
    let found = made_of(&cluster, &url, ONE_LEVEL).await;
    assert_same(&found, &expected, "standalone");
    // Rows that are brought together for such a function meet those of a join.
    let joined = "
        select a.g, a.keys, b.n
        from (select g, distinct_of(KEY) as keys from rows group by g) as a
        join (select g, count(*) as n from rows group by g) as b on a.g = b.g
        order by a.g";
    let found = made_of(&cluster, &url, joined).await;
    assert_same(
        &found,
        &made_of(&one, &url, joined).await,
        "standalone, joined",
    );
    cluster.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_value_is_that_of_an_order_however_the_work_is_divided() {
    let folder = tempfile::tempdir().unwrap();
    let url = folder.path().join("rows").to_str().unwrap().to_owned();
    let one = open(Mode::Embedded, folder.path(), 1, 512).await;
    one.materialise("rows", ROWS, &[], &url).await.unwrap();
    let made = async |engine: &Engine, query: &str| {
        engine.register_parquet("rows", &url).await.unwrap();
        let mut tables = Vec::new();
        for group in ["g", "flags", "number * 1000 + flags"] {
            let query = query.replace("GROUP", group);
            tables.push(table(&engine.query(&query, &[]).await.unwrap()));
        }
        tables
    };
    let expected = made(&one, LATEST_BY_ORDER).await;
    for (threads, mib) in [(1, 512), (2, 512), (7, 512), (2, 12)] {
        let engine = open(Mode::Embedded, folder.path(), threads, mib).await;
        let found = made(&engine, LATEST).await;
        assert_same(&found, &expected, &format!("{threads} threads, {mib} MiB"));
    }
    let cluster = open(Mode::Standalone, folder.path(), 3, 512).await;
    let found = made(&cluster, LATEST).await;
    assert_same(&found, &expected, "standalone");
    cluster.close().await;
}

#[tokio::test]
async fn a_query_without_groups_is_one_group_also_without_rows() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(Mode::Embedded, folder.path(), 2, 512).await;
    let query = |condition: &str| {
        format!(
            "select distinct_of(k) as keys, tally(k, f) as sets, favourite(k)['top'] as top,
                array_length(ledger(k, now(), 1.5, null, f)) as pages,
                latest(k, now()) as latest, latest(cast(f as decimal(9, 2)), now()) as price
             from (values ('a', 1), ('b', 2), ('a', 2), (null, 1)) as v(k, f) where {condition}"
        )
    };
    let all = engine.query(&query("true"), &[]).await.unwrap();
    let text = table(&all);
    assert!(
        text.contains("| 2    | [0, 0, 1, 1, 0, 0, 0, 0] | a   | 2     | a      | 1.00  |"),
        "{text}"
    );
    let none = engine.query(&query("f > 9"), &[]).await.unwrap();
    let text = table(&none);
    assert!(
        text.contains("| 0    | [0, 0, 0, 0, 0, 0, 0, 0] |"),
        "{text}"
    );
}

#[tokio::test]
async fn flags_beyond_seven_and_keys_of_other_types_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(Mode::Embedded, folder.path(), 1, 512).await;
    for query in [
        "select tally(k, 8) from (values (1)) as v(k)",
        "select tally(k, k - 2) from (values (1)) as v(k)",
        "select distinct_of(k) from (values (1.5e0)) as v(k)",
        "select favourite(k, k) from (values (1)) as v(k)",
        "select latest(k, now()) from (values (1.5e0)) as v(k)",
        "select latest(k) from (values (1)) as v(k)",
    ] {
        assert!(engine.query(query, &[]).await.is_err(), "{query}");
    }
}
