use artifacts::ArtifactError;

use crate::support::{JOB, Place, at, both, header};

#[tokio::test]
async fn the_pointer_never_moves_backwards() {
    for place in both() {
        let older = place.begin(0).await;
        let newer = place.begin(60).await;
        older.write_bytes("answer.txt", "older").await.unwrap();
        newer.write_bytes("answer.txt", "newer").await.unwrap();
        assert!(newer.commit(header(70)).await.unwrap().is_latest);
        let late = older.commit(header(80)).await.unwrap();
        assert!(!late.is_latest);
        assert_eq!(place.latest_answer().await, "newer");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn commits_at_the_same_time_end_at_the_newest_run() {
    for place in both() {
        for round in 0..5 {
            let mut runs = Vec::new();
            for second in 0..8 {
                // Started in an order that is not the order of commits.
                let run = place.begin(100 * round + (second * 5) % 8).await;
                run.write_bytes("answer.txt", run.id().to_string())
                    .await
                    .unwrap();
                runs.push(run);
            }
            let newest = runs.iter().map(|run| run.id().clone()).max().unwrap();
            let tasks: Vec<_> = runs
                .into_iter()
                .map(|run| tokio::spawn(run.commit(header(100 * round + 50))))
                .collect();
            for task in tasks {
                task.await.unwrap().unwrap();
            }
            assert_eq!(place.latest_answer().await, newest.to_string());
        }
    }
}

#[tokio::test]
async fn runs_of_the_same_second_are_ordered_by_the_fraction() {
    for place in both() {
        let early = at(0) + chrono::TimeDelta::milliseconds(1);
        let late = at(0) + chrono::TimeDelta::milliseconds(2);
        // Whatever the hashes in their names are.
        for question in ["a", "b", "c", "d"] {
            let second = place.output.begin(JOB, late, question).await.unwrap();
            second.write_bytes("answer.txt", "second").await.unwrap();
            second.commit(header(5)).await.unwrap();
            let first = place.output.begin(JOB, early, "z").await.unwrap();
            first.write_bytes("answer.txt", "first").await.unwrap();
            first.commit(header(6)).await.unwrap();
            assert_eq!(place.latest_answer().await, "second");
        }
    }
}

#[tokio::test]
async fn a_lost_or_broken_pointer_is_found_again() {
    for place in both() {
        place.finished(0, "one").await;
        let two = place.finished(10, "two").await;
        place.delete(&format!("{JOB}/latest.json")).await;
        assert_eq!(place.latest_answer().await, "two");
        place
            .overwrite(&format!("{JOB}/latest.json"), b"{ half a docu")
            .await;
        assert_eq!(place.latest_answer().await, "two");
        // The user deletes the newest run: the one before is the newest.
        place
            .delete(&format!("{JOB}/{}/manifest.json", two.manifest.run_id))
            .await;
        assert_eq!(place.latest_answer().await, "one");
        place.finished(20, "three").await;
        assert_eq!(place.latest_answer().await, "three");
    }
}

#[tokio::test]
async fn runs_are_listed_newest_first_and_by_job() {
    for place in both() {
        place.finished(0, "one").await;
        place.finished(20, "three").await;
        let other = place
            .output
            .begin("recommendation", at(10), "q")
            .await
            .unwrap();
        other.commit(header(15)).await.unwrap();
        let listed = |job| {
            let output = place.output.clone();
            async move {
                let runs = output.runs(job).await.unwrap();
                runs.iter()
                    .map(|run| (run.manifest.job.clone(), run.manifest.started))
                    .collect::<Vec<_>>()
            }
        };
        let (s, r) = (JOB.to_owned(), "recommendation".to_owned());
        assert_eq!(
            listed(None).await,
            [(s.clone(), at(20)), (r.clone(), at(10)), (s.clone(), at(0))]
        );
        assert_eq!(listed(Some(JOB)).await, [(s.clone(), at(20)), (s, at(0))]);
        assert_eq!(listed(Some("nothing")).await, []);
    }
}

#[tokio::test]
async fn an_output_that_does_not_exist_has_no_runs() {
    let place = Place::local();
    assert!(place.output.runs(None).await.unwrap().is_empty());
    assert!(place.output.latest(JOB).await.unwrap().is_none());
    assert!(!place.folder().exists(), "reading makes nothing");
}

#[tokio::test]
async fn a_manifest_of_another_format_is_an_error_that_says_so() {
    for place in both() {
        let run = place.finished(0, "one").await.manifest.run_id;
        let name = format!("{JOB}/{run}/manifest.json");
        place
            .overwrite(&name, br#"{"format": 99, "something": "new"}"#)
            .await;
        let error = place.output.open(JOB, run.as_str()).await.unwrap_err();
        assert!(matches!(error, ArtifactError::Format { .. }), "{error}");
        assert!(error.to_string().contains("format 99"), "{error}");
        assert!(place.output.runs(None).await.unwrap().is_empty());
    }
}
