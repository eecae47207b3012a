use artifacts::ArtifactError;

use crate::support::{JOB, both};

#[tokio::test]
async fn a_changed_file_is_noticed() {
    for place in both() {
        let run = place.finished(0, "answer").await;
        let name = format!("{JOB}/{}/answer.txt", run.manifest.run_id);
        let reader = place.output.latest(JOB).await.unwrap().unwrap();
        reader.verify().await.unwrap();
        for (content, hint) in [(&b"Answer"[..], "SHA-256"), (&b"answer!"[..], "7 bytes")] {
            place.overwrite(&name, content).await;
            for error in [
                reader.read_bytes("answer.txt").await.unwrap_err(),
                reader.verify().await.unwrap_err(),
            ] {
                assert!(matches!(error, ArtifactError::Damaged { .. }), "{error}");
                assert!(error.to_string().contains(hint), "{error}");
            }
        }
        place.delete(&name).await;
        for error in [
            reader.read_bytes("answer.txt").await.unwrap_err(),
            reader.verify().await.unwrap_err(),
        ] {
            assert!(error.to_string().contains("missing"), "{error}");
        }
    }
}

#[tokio::test]
async fn files_outside_the_manifest_do_not_exist() {
    for place in both() {
        let run = place.finished(0, "answer").await;
        place
            .overwrite(&format!("{JOB}/{}/stray.txt", run.manifest.run_id), b"x")
            .await;
        place.overwrite("secret.txt", b"x").await;
        let reader = place.output.latest(JOB).await.unwrap().unwrap();
        let error = reader.read_bytes("stray.txt").await.unwrap_err();
        assert!(
            error.to_string().contains("answer.txt"),
            "it names what there is: {error}"
        );
        for name in ["../../secret.txt", "/secret.txt", "", "a/../answer.txt"] {
            let error = reader.read_bytes(name).await.unwrap_err();
            assert!(
                matches!(error, ArtifactError::BadName { .. }),
                "{name:?}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn names_of_runs_and_jobs_cannot_lead_elsewhere() {
    for place in both() {
        place.finished(0, "answer").await;
        for (job, run) in [
            (JOB, ".."),
            (JOB, "../.."),
            (JOB, "latest.json"),
            ("..", "x"),
            ("", ""),
        ] {
            let error = place.output.open(job, run).await.unwrap_err();
            assert!(
                matches!(error, ArtifactError::BadName { .. }),
                "{job}/{run}: {error}"
            );
        }
        let error = place
            .output
            .open(JOB, "20200101T000000Z-00000000")
            .await
            .unwrap_err();
        assert!(error.to_string().contains("jobs runs"), "{error}");
    }
}

#[tokio::test]
async fn a_copied_run_does_not_pose_as_another() {
    let place = crate::support::Place::memory();
    let run = place.finished(0, "answer").await;
    let manifest = serde_json::to_vec(&run.manifest).unwrap();
    let copy = "20300101T000000Z-00000000";
    place
        .overwrite(&format!("{JOB}/{copy}/manifest.json"), Vec::leak(manifest))
        .await;
    assert!(place.output.open(JOB, copy).await.is_err());
    assert_eq!(place.output.runs(None).await.unwrap().len(), 1);
}
