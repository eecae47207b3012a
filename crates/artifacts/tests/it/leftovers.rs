use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{JOB, Place, header};

/// The files of these tests are made now, so "a day later" is a day after now.
fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

async fn killed(place: &Place) -> String {
    let run = place.output.begin(JOB, now(), "killed").await.unwrap();
    run.write_bytes("answer.txt", "half").await.unwrap();
    run.id().to_string()
}

#[tokio::test]
async fn what_a_killed_run_left_is_swept_after_a_day() {
    for place in crate::support::both() {
        let old = killed(&place).await;
        let kept = place.output.begin(JOB, now(), "finished").await.unwrap();
        kept.write_bytes("answer.txt", "kept").await.unwrap();
        kept.commit(header(0)).await.unwrap();
        let later = now() + TimeDelta::hours(25);
        let run = place.output.begin(JOB, later, "next").await.unwrap();
        let files = place.files().await;
        assert!(!files.iter().any(|name| name.contains(&old)), "{files:?}");
        run.abort().await.unwrap();
        assert_eq!(place.latest_answer().await, "kept");
    }
}

#[tokio::test]
async fn a_run_that_may_still_be_going_is_left_alone() {
    for place in crate::support::both() {
        let going = killed(&place).await;
        let later = now() + TimeDelta::hours(23);
        place.output.begin(JOB, later, "next").await.unwrap();
        let files = place.files().await;
        assert!(files.iter().any(|name| name.contains(&going)), "{files:?}");
    }
}

#[tokio::test]
async fn a_touch_keeps_a_long_run_from_being_swept() {
    let place = Place::local();
    let run = place.output.begin(JOB, now(), "long").await.unwrap();
    // As if it had been written two days ago.
    let long_ago = SystemTime::now() - Duration::from_secs(48 * 3600);
    for path in crate::support::everything_in(std::path::Path::new(&run.url())) {
        std::fs::File::open(path)
            .unwrap()
            .set_modified(long_ago)
            .unwrap();
    }
    std::fs::File::open(run.url())
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    run.touch().await.unwrap();
    place
        .output
        .begin(JOB, now() + TimeDelta::minutes(1), "next")
        .await
        .unwrap();
    run.commit(header(0)).await.unwrap();
}

#[tokio::test]
async fn only_folders_named_like_runs_are_swept() {
    let place = Place::local();
    let job = place.folder().join(JOB);
    std::fs::create_dir_all(job.join("notes")).unwrap();
    std::fs::write(job.join("notes/mine.txt"), "mine").unwrap();
    std::fs::write(job.join("20200101T000000Z-00000000"), "a file").unwrap();
    let later = now() + TimeDelta::days(400);
    place
        .output
        .begin(JOB, later, "next")
        .await
        .unwrap()
        .abort()
        .await
        .unwrap();
    assert!(job.join("notes/mine.txt").exists());
    assert!(job.join("20200101T000000Z-00000000").exists());
}
