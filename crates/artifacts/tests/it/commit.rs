use std::path::Path;

use artifacts::{ArtifactError, MANIFEST_FORMAT};

use crate::support::{JOB, Place, at, both, everything_in, header};

#[tokio::test]
async fn a_run_does_not_exist_before_its_commit() {
    for place in both() {
        let run = place.begin(0).await;
        run.write_bytes("answer.txt", "42").await.unwrap();
        let id = run.id().clone();
        assert!(place.output.latest(JOB).await.unwrap().is_none());
        assert!(place.output.runs(None).await.unwrap().is_empty());
        let error = place.output.open(JOB, id.as_str()).await.unwrap_err();
        assert!(matches!(error, ArtifactError::NoSuchRun { .. }), "{error}");
        run.commit(header(9)).await.unwrap();
        assert_eq!(place.latest_answer().await, "42");
        assert_eq!(place.output.open(JOB, id.as_str()).await.unwrap().id(), &id);
    }
}

#[tokio::test]
async fn the_manifest_tells_what_there_is_and_how_it_came_about() {
    for place in both() {
        let run = place.begin(0).await;
        run.write_bytes("charts/b.svg", "<svg/>").await.unwrap();
        run.write_bytes("answer.txt", "abc").await.unwrap();
        let committed = run.commit(header(7)).await.unwrap();
        let manifest = place
            .output
            .latest(JOB)
            .await
            .unwrap()
            .unwrap()
            .manifest()
            .clone();
        assert_eq!(manifest, committed.manifest);
        assert!(committed.is_latest);
        assert_eq!(manifest.format, MANIFEST_FORMAT);
        assert_eq!((manifest.job.as_str(), manifest.seed), (JOB, 42));
        assert_eq!((manifest.started, manifest.finished), (at(0), at(7)));
        assert_eq!(manifest.parameters["min_share"], 0.01);
        assert_eq!(manifest.input_fingerprint, "f00d");
        assert_eq!(manifest.versions["clientele"], "0.1.0");
        assert_eq!(manifest.timings[0].step, "events");
        let names: Vec<_> = manifest
            .files
            .iter()
            .map(|file| file.name.as_str())
            .collect();
        assert_eq!(names, ["answer.txt", "charts/b.svg"]);
        let answer = manifest.file("answer.txt").unwrap();
        assert_eq!((answer.size, answer.rows), (3, None));
        // SHA-256 of "abc", from FIPS 180-2.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(answer.sha256, expected);
    }
}

#[tokio::test]
async fn the_work_area_and_the_claim_are_gone_after_the_commit() {
    for place in both() {
        let run = place.begin(0).await;
        let id = run.id().to_string();
        place
            .overwrite(&format!("{JOB}/{id}/_work/events/part-0.parquet"), b"x")
            .await;
        run.write_bytes("answer.txt", "42").await.unwrap();
        run.commit(header(1)).await.unwrap();
        let expected = [
            format!("{JOB}/{id}/answer.txt"),
            format!("{JOB}/{id}/manifest.json"),
            format!("{JOB}/latest.json"),
        ];
        assert_eq!(place.files().await, expected);
    }
}

#[tokio::test]
async fn an_abort_leaves_nothing() {
    for place in both() {
        let run = place.begin(0).await;
        run.write_bytes("charts/b.svg", "<svg/>").await.unwrap();
        place
            .overwrite(
                &format!("{JOB}/{}/_work/events/part-0.parquet", run.id()),
                b"x",
            )
            .await;
        run.abort().await.unwrap();
        assert!(place.files().await.is_empty());
    }
}

#[tokio::test]
async fn an_abort_removes_the_folders_made_for_the_run_and_no_others() {
    let place = Place::local();
    let base = place
        .folder()
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .to_owned();
    let run = place.begin(0).await;
    // What an upload that was cut off leaves: no store lists it.
    std::fs::write(Path::new(&run.url()).join("customers.parquet#1"), "half").unwrap();
    run.abort().await.unwrap();
    assert_eq!(everything_in(&base), Vec::<std::path::PathBuf>::new());

    std::fs::create_dir_all(place.folder()).unwrap();
    place.begin(0).await.abort().await.unwrap();
    assert!(place.folder().is_dir(), "the user's own folder stays");
    assert!(!place.folder().join(JOB).exists());

    place.finished(0, "kept").await;
    place.begin(1).await.abort().await.unwrap();
    assert_eq!(place.latest_answer().await, "kept");
}

#[tokio::test]
async fn an_abort_leaves_a_run_beside_it_alone() {
    for place in both() {
        let one = place.begin(0).await;
        let two = place.begin(0).await;
        two.write_bytes("answer.txt", "two").await.unwrap();
        one.abort().await.unwrap();
        two.commit(header(1)).await.unwrap();
        assert_eq!(place.latest_answer().await, "two");
    }
}

#[tokio::test]
async fn a_job_killed_while_writing_leaves_the_previous_run_readable() {
    for place in both() {
        place.finished(0, "before").await;
        let killed = place.begin(10).await;
        killed.write_bytes("answer.txt", "half").await.unwrap();
        // Killed: neither commit nor abort ever runs.
        drop(killed);
        assert_eq!(place.latest_answer().await, "before");
        assert_eq!(place.output.runs(None).await.unwrap().len(), 1);
        // The next one starts clean.
        let next = place.finished(20, "after").await;
        assert_eq!(next.manifest.files.len(), 1);
        assert_eq!(place.latest_answer().await, "after");
    }
}

#[tokio::test]
async fn a_name_is_written_once() {
    let place = Place::memory();
    let run = place.begin(0).await;
    run.write_bytes("a.txt", "1").await.unwrap();
    let error = run.write_bytes("a.txt", "2").await.unwrap_err();
    assert!(
        matches!(error, ArtifactError::AlreadyWritten { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_run_whose_folder_was_removed_cannot_be_committed() {
    let place = Place::local();
    let run = place.begin(0).await;
    let folder = run.url();
    run.write_bytes("answer.txt", "42").await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let error = run.commit(header(1)).await.unwrap_err();
    assert!(matches!(error, ArtifactError::Vanished { .. }), "{error}");
    assert!(!Path::new(&folder).exists());
}

#[tokio::test]
async fn large_files_arrive_whole() {
    for place in both() {
        let content: Vec<u8> = (0..25_000_003_u32).map(|i| (i % 251) as u8).collect();
        let run = place.begin(0).await;
        run.write_bytes("big.bin", content.clone()).await.unwrap();
        run.commit(header(1)).await.unwrap();
        let run = place.output.latest(JOB).await.unwrap().unwrap();
        assert!(run.read_bytes("big.bin").await.unwrap() == content);
    }
}
