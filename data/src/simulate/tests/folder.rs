//! What is refused, and what is left behind.

use std::fs;

use super::log::{files, read_csv, write};
use super::{SHOP, sized};
use crate::simulate::{FileFormat, ShopParams, SimulateError, write_shop};

fn refusal(params: &ShopParams) -> SimulateError {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("shop");
    let error = write_shop(params, FileFormat::Parquet, &folder, &|_| true).unwrap_err();
    assert!(!folder.exists(), "a refused shop leaves nothing");
    error
}

#[test]
fn impossible_sizes_are_refused_by_name() {
    for (params, what) in [
        (sized(0, 1, 1), "event"),
        (sized(1, 0, 1), "user"),
        (sized(1, 1, 0), "product"),
        (
            ShopParams {
                threads: Some(0),
                ..SHOP
            },
            "thread",
        ),
    ] {
        let error = refusal(&params);
        assert!(
            matches!(error, SimulateError::Zero { what: named } if named == what),
            "{error}"
        );
    }
    let error = refusal(&sized(u64::MAX, 1, 1));
    assert!(
        matches!(error, SimulateError::TooMany { what: "events", .. }),
        "{error}"
    );
    let error = refusal(&sized(1 << 40, 1 << 40, 1));
    assert!(matches!(error, SimulateError::TooMany { .. }), "{error}");
}

#[test]
fn more_users_than_events_are_refused_with_both_ways_out() {
    let error = refusal(&sized(10, 11, 1));
    let text = error.to_string();
    assert!(
        text.contains("at least 11 events or at most 10 users"),
        "{text}"
    );
}

#[test]
fn a_folder_with_other_files_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("accounts.xlsx"), "figures").unwrap();
    fs::write(folder.path().join("events-00000.csv"), "earlier").unwrap();
    let before = files(folder.path());
    let error = write_shop(&SHOP, FileFormat::Csv, folder.path(), &|_| true).unwrap_err();
    assert!(error.to_string().contains("accounts.xlsx"), "{error}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn an_earlier_shop_is_replaced_whole_whatever_its_format() {
    let folder = tempfile::tempdir().unwrap();
    write(&SHOP, FileFormat::Parquet, folder.path());
    write(&sized(10_000, 50, 50), FileFormat::Csv, folder.path());
    let names: Vec<String> = files(folder.path()).into_keys().collect();
    assert!(names.iter().all(|name| name.ends_with(".csv")), "{names:?}");
    assert_eq!(read_csv(folder.path()).len(), 10_000);
}

#[test]
fn what_an_interrupted_run_left_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let partial = folder.path().join(".events-partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("events-00000.csv"), "half a li").unwrap();
    write(&sized(10, 1, 1), FileFormat::Csv, folder.path());
    assert_eq!(
        files(folder.path()).into_keys().collect::<Vec<_>>(),
        ["events-00000.csv"]
    );
}

#[test]
fn a_path_that_cannot_be_a_folder_is_an_error_naming_it() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let error = write_shop(&SHOP, FileFormat::Csv, &file, &|_| true).unwrap_err();
    assert!(matches!(error, SimulateError::NotAFolder { .. }), "{error}");
    let below = file.join("shop");
    let error = write_shop(&SHOP, FileFormat::Csv, &below, &|_| true).unwrap_err();
    assert!(matches!(error, SimulateError::Output { .. }), "{error}");
    assert!(
        error.to_string().contains(&*below.to_string_lossy()),
        "{error}"
    );
}

#[test]
fn a_failure_while_writing_leaves_the_earlier_shop() {
    let folder = tempfile::tempdir().unwrap();
    write(&sized(10, 1, 1), FileFormat::Csv, folder.path());
    let before = files(folder.path());
    // The folder for unfinished files is taken away under the simulator's feet after the first one.
    let partial = folder.path().join(".events-partial");
    let sabotage = |_| {
        fs::remove_dir_all(&partial).unwrap_or_default();
        true
    };
    let params = ShopParams {
        threads: Some(1),
        ..SHOP
    };
    let result = crate::simulate::write_shop_in_files_of(
        7_000,
        &params,
        FileFormat::Csv,
        folder.path(),
        &sabotage,
    );
    assert!(
        matches!(result, Err(SimulateError::Output { .. })),
        "{result:?}"
    );
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_stopped_simulation_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let error = write_shop(&SHOP, FileFormat::Csv, folder.path(), &|_| false).unwrap_err();
    assert!(matches!(error, SimulateError::Stopped));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
