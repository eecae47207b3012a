use artifacts::{ArtifactError, Output};

use crate::support::{JOB, Place, at, both};

#[tokio::test]
async fn a_taken_name_gets_a_number() {
    for place in both() {
        let first = place.begin(0).await;
        let second = place.begin(0).await;
        let third = place.begin(0).await;
        assert!(first.id().as_str().starts_with("20261121T020000Z-"));
        assert_eq!(second.id().as_str(), format!("{}-2", first.id()));
        assert_eq!(third.id().as_str(), format!("{}-3", first.id()));
    }
}

#[tokio::test]
async fn a_committed_name_is_taken_too() {
    for place in both() {
        let first = place.finished(0, "one").await;
        let second = place.begin(0).await;
        assert_eq!(second.id().as_str(), format!("{}-2", first.manifest.run_id));
    }
}

#[tokio::test]
async fn runs_that_begin_at_once_get_different_names() {
    for place in both() {
        let begins = (0..8).map(|_| place.output.begin(JOB, at(0), "question"));
        let runs = futures::future::try_join_all(begins).await.unwrap();
        let mut names: Vec<_> = runs.iter().map(|run| run.id().clone()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 8);
    }
}

#[tokio::test]
async fn another_question_has_another_name() {
    let place = Place::memory();
    let one = place.output.begin(JOB, at(0), "k = 2").await.unwrap();
    let two = place.output.begin(JOB, at(0), "k = 3").await.unwrap();
    assert_ne!(one.id(), two.id());
    assert!(!two.id().as_str().ends_with("-2"));
}

#[tokio::test]
async fn urls_begin_with_the_output_as_the_user_named_it() {
    let place = Place::memory();
    let run = place.begin(0).await;
    let url = format!("memory:///results/segmentation/{}", run.id());
    assert_eq!(run.url(), url);
    assert_eq!(run.work_url("events"), format!("{url}/_work/events"));
    assert_eq!(run.work_url("../../x"), format!("{url}/_work/------x"));
    let place = Place::local();
    let run = place.begin(0).await;
    assert_eq!(
        run.url(),
        place
            .folder()
            .join(JOB)
            .join(run.id().as_str())
            .display()
            .to_string()
    );
}

#[tokio::test]
async fn a_file_url_is_a_local_folder() {
    let place = Place::local();
    let url = url::Url::from_file_path(place.folder()).unwrap();
    let store = std::sync::Arc::new(object_store::local::LocalFileSystem::new());
    let root = object_store::path::Path::from_absolute_path(place.folder()).unwrap();
    let output = Output::new(store, root, url.to_string());
    let run = output.begin(JOB, at(0), "question").await.unwrap();
    assert!(run.url().starts_with("file:///") && run.url().contains("made/on%20demand"));
    run.abort().await.unwrap();
    assert!(
        !place.folder().exists(),
        "the folders made for the run are gone"
    );
}

#[tokio::test]
async fn a_file_in_the_way_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results");
    std::fs::write(&file, "not a folder").unwrap();
    for place in [file.clone(), file.join("deeper")] {
        let output = Output::local(&place).unwrap();
        let error = output.begin(JOB, at(0), "question").await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ArtifactError::NotWritable { .. }), "{text}");
        assert!(text.contains("is a file, not a folder"), "{text}");
        assert!(
            text.contains("--output") && text.contains(&file.display().to_string()),
            "{text}"
        );
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "not a folder");
}

#[tokio::test]
async fn a_place_where_nobody_may_write_is_an_error_at_once() {
    // /proc refuses new folders to everyone, the superuser included.
    let output = Output::local("/proc/clientele").unwrap();
    let error = output.begin(JOB, at(0), "question").await.unwrap_err();
    assert!(
        matches!(error, ArtifactError::NotWritable { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("/proc"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_folder_is_an_error_at_once() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(locked.join("probe"), "").is_ok() {
        // The superuser may write everywhere, so there is nothing to see.
        return;
    }
    let error = Output::local(&locked)
        .unwrap()
        .begin(JOB, at(0), "question")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("may not write"), "{error}");
}

#[tokio::test]
async fn hostile_names_are_refused_before_anything_is_written() {
    for place in both() {
        for job in ["", "..", "../x", "a/b", "Job", "_work", "latest.json"] {
            let error = place
                .output
                .begin(job, at(0), "question")
                .await
                .unwrap_err();
            assert!(
                matches!(error, ArtifactError::BadName { kind: "job", .. }),
                "{job:?}: {error}"
            );
        }
        assert!(place.files().await.is_empty());
        let run = place.begin(0).await;
        let before = place.files().await;
        for name in [
            "../x",
            "/etc/x",
            "a/../../x",
            "manifest.json",
            "_work/x",
            ".x",
            "a//b",
            "",
        ] {
            let error = run.write_bytes(name, "x").await.unwrap_err();
            assert!(
                matches!(error, ArtifactError::BadName { kind: "file", .. }),
                "{name:?}: {error}"
            );
            assert!(run.adopt(name).await.is_err());
            assert!(run.file_url(name).is_err());
        }
        assert_eq!(place.files().await, before);
    }
}
