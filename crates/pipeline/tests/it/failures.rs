use artifacts::Output;
use engine::EngineError;
use pipeline::{Cancelled, Done, Failure, FailureKind, JobContext, run_job};

use crate::support::{Stage, Tiny};

/// Runs a body that fails and checks that nothing is left of its run.
async fn failure_of(tiny: Tiny) -> Failure {
    let stage = Stage::new();
    let failure = run_job(tiny, stage.frame().await).await.unwrap_err();
    assert_eq!(stage.left_behind(), Vec::<std::path::PathBuf>::new());
    failure
}

async fn write_then(context: &JobContext, error: Failure) -> Result<u64, Failure> {
    context.run.write_bytes("half.txt", "half").await?;
    context
        .step("count", async { Err::<Done<u64>, _>(error) })
        .await
}

#[tokio::test]
async fn an_error_leaves_nothing_and_keeps_its_kind() {
    let tiny = Tiny(|c| {
        Box::pin(write_then(
            c,
            Failure::bad_input("49 customers are too few"),
        ))
    });
    let failure = failure_of(tiny).await;
    assert_eq!(
        (failure.kind, failure.exit_code()),
        (FailureKind::BadInput, 3)
    );
    assert_eq!(failure.paragraph(), "49 customers are too few");
}

#[tokio::test]
async fn a_failed_run_leaves_the_one_before_readable() {
    async fn answer(context: &JobContext) -> Result<u64, Failure> {
        context.run.write_bytes("answer.txt", "42").await?;
        Ok(42)
    }
    let stage = Stage::new();
    run_job(Tiny(|c| Box::pin(answer(c))), stage.frame().await)
        .await
        .unwrap();
    let tiny = Tiny(|c| Box::pin(write_then(c, Failure::internal("broken"))));
    run_job(tiny, stage.frame().await).await.unwrap_err();
    let run = stage.output.latest("tiny").await.unwrap().unwrap();
    assert_eq!(run.read_bytes("answer.txt").await.unwrap(), "42");
    assert_eq!(stage.output.runs(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_panic_in_a_step_is_an_internal_failure_that_names_it() {
    async fn panics(context: &JobContext) -> Result<u64, Failure> {
        context
            .step("count", async { Ok::<_, Failure>(Done::new(0)) })
            .await?;
        let step = async { Ok::<_, Failure>(Done::new("x".parse().expect("a number"))) };
        context.step("square", step).await
    }
    let failure = failure_of(Tiny(|c| Box::pin(panics(c)))).await;
    assert_eq!(
        (failure.kind, failure.exit_code()),
        (FailureKind::Internal, 1)
    );
    let text = failure.paragraph();
    assert!(
        text.contains("`square`") && text.contains("a number"),
        "{text}"
    );
}

#[tokio::test]
async fn a_panic_in_computed_work_is_the_same() {
    async fn panics(context: &JobContext) -> Result<u64, Failure> {
        let step = async {
            let value = context
                .compute(|| -> u64 { panic!("row {} is odd", 3) })
                .await?;
            Ok::<_, Failure>(Done::new(value))
        };
        context.step("count", step).await
    }
    let failure = failure_of(Tiny(|c| Box::pin(panics(c)))).await;
    let text = failure.paragraph();
    assert!(
        text.contains("`count`") && text.contains("row 3 is odd"),
        "{text}"
    );
}

#[tokio::test]
async fn an_output_that_cannot_be_written_fails_before_the_job_begins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    std::fs::write(&file, "in the way").unwrap();
    let stage = Stage::new();
    let mut frame = stage.frame().await;
    frame.output = Output::local(&file).unwrap();
    let never = Tiny(|_| Box::pin(async { panic!("must not run") }));
    let failure = run_job(never, frame).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.exit_code()),
        (FailureKind::Output, 5)
    );
    assert!(
        failure.paragraph().contains("is a file, not a folder"),
        "{failure}"
    );
}

#[test]
fn every_kind_has_its_exit_code() {
    let codes = [
        (FailureKind::Usage, 2),
        (FailureKind::BadInput, 3),
        (FailureKind::Cluster, 4),
        (FailureKind::Output, 5),
        (FailureKind::Cancelled, 130),
        (FailureKind::Internal, 1),
    ];
    for (kind, code) in codes {
        assert_eq!(kind.exit_code(), code);
    }
}

#[test]
fn errors_of_the_engine_keep_what_the_user_can_do_about_them() {
    let read = EngineError::Read {
        what: "events.csv".to_owned(),
        reason: "it does not exist".to_owned(),
        source: None,
    };
    assert_eq!(Failure::from(read).kind, FailureKind::BadInput);
    let unreachable = EngineError::SchedulerUnreachable {
        url: "http://nobody:50050".to_owned(),
        reason: "refused".to_owned(),
    };
    assert_eq!(Failure::from(unreachable).exit_code(), 4);
    assert_eq!(
        Failure::from(Cancelled {
            step: Some("count")
        })
        .exit_code(),
        130
    );
}

#[test]
fn a_paragraph_tells_each_cause_once() {
    #[derive(Debug, thiserror::Error)]
    #[error("disk full")]
    struct Inner;
    #[derive(Debug, thiserror::Error)]
    enum Outer {
        #[error("cannot write a.txt")]
        Quiet(#[source] Inner),
        #[error("cannot write a.txt: {0}")]
        Telling(#[source] Inner),
    }
    for error in [Outer::Quiet(Inner), Outer::Telling(Inner)] {
        assert_eq!(
            Failure::internal(error).paragraph(),
            "cannot write a.txt: disk full"
        );
    }
}
