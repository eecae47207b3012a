use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pipeline::{Done, Failure, FailureKind, JobContext, Report, run_job};

use crate::support::{Stage, Tiny};

/// Long enough that a test that waited for it would be noticed.
const VERY_LONG: Duration = Duration::from_secs(3600);

/// Starts a job, cancels it once it is in its first step, and checks that it
/// ended as cancelled with nothing left.
async fn cancel(tiny: Tiny) -> Failure {
    let stage = Stage::new();
    let frame = stage.frame().await;
    let job = tokio::spawn(run_job(tiny, frame));
    while !stage
        .reporter
        .reports()
        .iter()
        .any(|report| matches!(report, Report::Started(..)))
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stage.cancel.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(30), job).await;
    let failure = ended.expect("a cancelled job ends").unwrap().unwrap_err();
    assert_eq!(
        (failure.kind, failure.exit_code()),
        (FailureKind::Cancelled, 130)
    );
    assert_eq!(stage.left_behind(), Vec::<std::path::PathBuf>::new());
    assert!(stage.output.runs(None).await.unwrap().is_empty());
    failure
}

#[tokio::test]
async fn a_waiting_step_is_dropped() {
    async fn waits(context: &JobContext) -> Result<u64, Failure> {
        context.run.write_bytes("half.txt", "half").await?;
        let step = async {
            tokio::time::sleep(VERY_LONG).await;
            Ok::<_, Failure>(Done::new(1))
        };
        context.step("count", step).await
    }
    let failure = cancel(Tiny(|c| Box::pin(waits(c)))).await;
    assert!(failure.paragraph().contains("`count`"), "{failure}");
}

#[tokio::test]
async fn computed_work_is_abandoned_and_can_see_that_it_is() {
    static STOPPED: AtomicBool = AtomicBool::new(false);
    async fn computes(context: &JobContext) -> Result<u64, Failure> {
        let token = context.cancel_token();
        let step = async {
            let spin = move || {
                while !token.is_cancelled() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                STOPPED.store(true, Ordering::SeqCst);
                1
            };
            Ok::<_, Failure>(Done::new(context.compute(spin).await?))
        };
        context.step("count", step).await
    }
    cancel(Tiny(|c| Box::pin(computes(c)))).await;
    while !STOPPED.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn computed_work_that_never_ends_keeps_no_runtime_from_ending() {
    async fn computes(context: &JobContext) -> Result<u64, Failure> {
        let step = async {
            let stuck = || std::thread::sleep(VERY_LONG);
            context.compute(stuck).await?;
            Ok::<_, Failure>(Done::new(1))
        };
        context.step("count", step).await
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(cancel(Tiny(|c| Box::pin(computes(c)))));
    drop(runtime);
}

#[tokio::test]
async fn a_job_that_hides_the_cancellation_is_cancelled_all_the_same() {
    async fn stubborn(context: &JobContext) -> Result<u64, Failure> {
        loop {
            let step = async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok::<_, Failure>(Done::new(1))
            };
            // Swallows every error.
            let _ = context.step("count", step).await;
            tokio::task::yield_now().await;
        }
    }
    cancel(Tiny(|c| Box::pin(stubborn(c)))).await;
}

#[tokio::test]
async fn a_job_that_was_cancelled_before_it_began_writes_nothing() {
    let stage = Stage::new();
    let frame = stage.frame().await;
    stage.cancel.cancel();
    let never = Tiny(|_| Box::pin(async { panic!("must not run") }));
    let failure = run_job(never, frame).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Cancelled);
    assert_eq!(stage.left_behind(), Vec::<std::path::PathBuf>::new());
}
