//! When jobs run, and how many executors there are for them.

use super::tools::{self, k8s, render, text};
use super::{Rendered, containers, overlays, variable};

#[test]
fn nightly_jobs_neither_overlap_nor_run_for_ever() {
    for overlay in overlays().into_iter().flatten() {
        // Seconds after midnight at which a job begins, and has ended whatever happens.
        let hours = |name: &str| {
            let job = &overlay.get("CronJob", name)["spec"];
            assert_eq!(job["concurrencyPolicy"], "Forbid");
            assert_eq!(job["timeZone"], "Etc/UTC");
            for history in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
                assert!(job[history].as_u64().is_some(), "{history}");
            }
            let work = &job["jobTemplate"]["spec"];
            assert!(work["backoffLimit"].as_u64().unwrap() <= 3);
            assert_eq!(work["template"]["spec"]["restartPolicy"], "Never");
            let schedule: Vec<&str> = text(job, "/schedule").split(' ').collect();
            assert_eq!(schedule[2..], ["*", "*", "*"]);
            let number = |at: usize| schedule[at].parse::<u64>().unwrap();
            let begin = (number(1) * 60 + number(0)) * 60;
            let late = job["startingDeadlineSeconds"].as_u64().unwrap();
            let grace = &work["template"]["spec"]["terminationGracePeriodSeconds"];
            let longest = work["activeDeadlineSeconds"].as_u64().unwrap();
            (begin, begin + late + longest + grace.as_u64().unwrap())
        };
        let (segmentation, recommendation) = (hours("segmentation"), hours("recommendation"));
        assert!(segmentation.1 <= recommendation.0);
        assert!(recommendation.1 <= segmentation.0 + 24 * 60 * 60);
    }
}

#[test]
fn executors_are_scaled_by_what_one_of_them_can_do() {
    let Some(overlays) = overlays() else { return };
    let production = &overlays[1];
    let executor = production.get("StatefulSet", "executor");
    assert!(executor["spec"].get("replicas").is_none());
    let container = &containers(&executor["spec"]["template"])[0];
    let vcores = variable(container, "EXECUTOR_VCORES").unwrap();
    assert_eq!(text(container, "/resources/requests/cpu"), vcores);
    let autoscaler = &production.get("HorizontalPodAutoscaler", "executor")["spec"];
    let metric = &autoscaler["metrics"][0]["external"];
    assert_eq!(metric["metric"]["name"], "clientele_wanted_vcores");
    assert_eq!(metric["target"]["averageValue"], vcores);

    // The same with KEDA in place of Kubernetes' own autoscaler, from a copy of the folder.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("k8s");
    tools::output(
        "cp",
        &["-R", k8s().to_str().unwrap(), copy.to_str().unwrap()],
        "",
    );
    let file = copy.join("overlays/production/kustomization.yaml");
    let changed = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, changed.replace("autoscale-hpa", "autoscale-keda")).unwrap();
    let documents = render(&copy.join("overlays/production")).unwrap();
    let keda = Rendered {
        name: "keda",
        documents,
    };
    assert_eq!(keda.of_kind("HorizontalPodAutoscaler").count(), 0);
    let scaled = &keda.get("ScaledObject", "executor")["spec"];
    assert_eq!(scaled["scaleTargetRef"]["kind"], "StatefulSet");
    assert_eq!(scaled["scaleTargetRef"]["name"], "executor");
    let trigger = &scaled["triggers"][0]["metadata"];
    assert_eq!(trigger["threshold"], vcores);
    // The documentation gives the same formula to the other autoscaler.
    let readme = std::fs::read_to_string(k8s().join("README.md")).unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&readme).contains(&words(text(trigger, "/query"))));
}
