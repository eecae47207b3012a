use std::time::Duration;

use pipeline::{Done, Failure, JobContext, Report, run_job};

use crate::support::{STARTED, Stage, Tiny};

async fn work(context: &JobContext) -> Result<u64, Failure> {
    let count = context
        .step("count", async {
            let result = context.engine.query("select 6 as n", &[]).await?;
            context.set_input_fingerprint("f00d");
            Ok::<_, Failure>(Done::rows(result.num_rows() as u64, 1))
        })
        .await?;
    let square = context
        .step("square", async {
            Ok::<_, Failure>(Done::new(context.compute(move || (count + 6) * 6).await?))
        })
        .await?;
    context.note("squared");
    context
        .step("write", async {
            context
                .run
                .write_bytes("answer.txt", square.to_string())
                .await?;
            Ok::<_, Failure>(Done::new(()))
        })
        .await?;
    Ok(square)
}

#[tokio::test]
async fn a_job_leaves_a_run_that_tells_how_it_came_about() {
    let stage = Stage::new();
    let finished = run_job(Tiny(|c| Box::pin(work(c))), stage.frame().await)
        .await
        .unwrap();
    assert_eq!(finished.outcome, 42);
    assert!(finished.run.is_latest);
    let run = stage.output.latest("tiny").await.unwrap().unwrap();
    assert_eq!(run.read_bytes("answer.txt").await.unwrap(), "42");
    let manifest = run.manifest();
    assert_eq!(
        manifest.started,
        STARTED.parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    );
    assert!(manifest.finished >= manifest.started);
    assert_eq!(manifest.parameters, serde_json::json!({"k": 3}));
    assert_eq!(
        (manifest.seed, manifest.input_fingerprint.as_str()),
        (7, "f00d")
    );
    let steps: Vec<_> = manifest
        .timings
        .iter()
        .map(|t| (t.step.as_str(), t.rows))
        .collect();
    assert_eq!(
        steps,
        [("count", Some(1)), ("square", None), ("write", None)]
    );
}

#[tokio::test]
async fn progress_is_told_step_by_step() {
    let stage = Stage::new();
    run_job(Tiny(|c| Box::pin(work(c))), stage.frame().await)
        .await
        .unwrap();
    let started = |step: &str, index| Report::Started(step.to_owned(), index, 3);
    let finished = |step: &str, rows| Report::Finished(step.to_owned(), rows);
    let expected = [
        started("count", 1),
        finished("count", Some(1)),
        started("square", 2),
        finished("square", None),
        Report::Note("squared".to_owned()),
        started("write", 3),
        finished("write", None),
    ];
    assert_eq!(stage.reporter.reports(), expected);
}

#[tokio::test]
async fn the_run_is_named_by_its_input_and_parameters() {
    let stage = Stage::new();
    let mut names = Vec::new();
    for (input, k) in [("a.csv", 3), ("a.csv", 4), ("b.csv", 3)] {
        let mut frame = stage.frame().await;
        frame.input = input.to_owned();
        frame.parameters = serde_json::json!({ "k": k });
        let finished = run_job(Tiny(|c| Box::pin(work(c))), frame).await.unwrap();
        names.push(finished.run.manifest.run_id.to_string());
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3);
    assert!(
        names
            .iter()
            .all(|name| name.len() == "20261121T024312Z-1a2b3c4d".len()),
        "{names:?}"
    );
}

#[tokio::test]
async fn steps_that_run_at_once_are_each_told_and_timed() {
    async fn both(context: &JobContext) -> Result<u64, Failure> {
        let wait = |ms| async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok::<_, Failure>(Done::new(ms))
        };
        let (a, b) = tokio::join!(
            context.step("count", wait(30)),
            context.step("square", wait(5))
        );
        Ok(a? + b?)
    }
    let stage = Stage::new();
    let finished = run_job(Tiny(|c| Box::pin(both(c))), stage.frame().await)
        .await
        .unwrap();
    assert_eq!(finished.outcome, 35);
    assert_eq!(finished.run.manifest.timings.len(), 2);
}
