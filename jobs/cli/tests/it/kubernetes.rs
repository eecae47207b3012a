//! The manifests of `k8s/`, looked at without a cluster: that they are valid, that they say what
//! the programs understand, and that what belongs together agrees.

mod demand;
mod flags;
mod images;
mod network;
mod secrets;
mod tools;

use std::collections::BTreeSet;

use serde_json::Value;

use flags::{unknown_to, unknown_variable};
use tools::{bytes, check_schema, k8s, list, render, text};

/// The oldest version of Kubernetes that the manifests are for, and the newest one tried.
const VERSIONS: [&str; 2] = ["1.31", "1.37"];

/// What is applied as a whole.
const OVERLAYS: [&str; 2] = ["overlays/local", "overlays/production"];

/// An overlay's documents.
struct Rendered {
    name: &'static str,
    documents: Vec<Value>,
}

impl Rendered {
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Value> {
        let wanted = move |document: &&Value| text(document, "/kind") == kind;
        self.documents.iter().filter(wanted)
    }

    /// The one document of this kind and name.
    fn get(&self, kind: &str, name: &str) -> &Value {
        let named = |document: &&Value| text(document, "/metadata/name") == name;
        let mut found = self.of_kind(kind).filter(named);
        let document = found.next();
        document.unwrap_or_else(|| panic!("{} has no {kind} {name}", self.name))
    }

    /// Whether its ports speak TLS.
    fn is_secure(&self) -> bool {
        self.name.ends_with("production")
    }

    /// The templates of all pods.
    fn pods(&self) -> Vec<&Value> {
        let templates = self.documents.iter().filter_map(|document| {
            let pointer = match text(document, "/kind") {
                "Deployment" | "StatefulSet" | "Job" => "/spec/template",
                "CronJob" => "/spec/jobTemplate/spec/template",
                _ => return None,
            };
            document.pointer(pointer)
        });
        templates.collect()
    }
}

/// Both overlays, or nothing where a tool is absent.
fn overlays() -> Option<Vec<Rendered>> {
    OVERLAYS
        .into_iter()
        .map(|name| {
            let documents = render(&k8s().join(name))?;
            Some(Rendered { name, documents })
        })
        .collect()
}

fn containers(pod: &Value) -> &[Value] {
    assert!(list(pod, "/spec/initContainers").is_empty());
    list(pod, "/spec/containers")
}

/// The value of a variable of a container.
fn variable<'a>(container: &'a Value, name: &str) -> Option<&'a str> {
    let mut variables = list(container, "/env").iter();
    let variable = variables.find(|variable| text(variable, "/name") == name)?;
    Some(text(variable, "/value"))
}

/// Whether a label selector picks a pod of this template.
fn selects(selector: &Value, pod: &Value) -> bool {
    let labels = pod.pointer("/metadata/labels").unwrap();
    let matches = selector
        .as_object()
        .unwrap()
        .iter()
        .all(|(key, value)| labels.get(key) == Some(value));
    matches && !selector.as_object().unwrap().is_empty()
}

#[test]
fn every_document_satisfies_the_schemas() {
    let modules = ["-c", "import kubernetes_validate"];
    if !tools::has("python3", &modules) {
        return;
    }
    for name in ["base", "jobs"].into_iter().chain(OVERLAYS) {
        let Some(documents) = render(&k8s().join(name)) else {
            return;
        };
        assert!(documents.len() >= 4, "{name}");
        for version in VERSIONS {
            check_schema(&documents, version);
        }
    }
}

#[test]
fn containers_can_do_nothing_but_their_work() {
    for overlay in overlays().into_iter().flatten() {
        assert!(overlay.pods().len() >= 4);
        for pod in overlay.pods() {
            for (pointer, value) in [
                ("/spec/securityContext/runAsNonRoot", Value::from(true)),
                ("/spec/securityContext/runAsUser", Value::from(65532)),
                (
                    "/spec/securityContext/seccompProfile/type",
                    Value::from("RuntimeDefault"),
                ),
                ("/spec/automountServiceAccountToken", Value::from(false)),
                ("/spec/enableServiceLinks", Value::from(false)),
            ] {
                assert_eq!(pod.pointer(pointer), Some(&value), "{pointer}");
            }
            for host in ["hostNetwork", "hostPID", "hostIPC"] {
                assert!(pod.pointer(&format!("/spec/{host}")).is_none());
            }
            overlay.get("ServiceAccount", text(pod, "/spec/serviceAccountName"));
            for container in containers(pod) {
                for (pointer, value) in [
                    ("readOnlyRootFilesystem", Value::from(true)),
                    ("allowPrivilegeEscalation", Value::from(false)),
                    ("capabilities", serde_json::json!({ "drop": ["ALL"] })),
                ] {
                    let found = container.pointer(&format!("/securityContext/{pointer}"));
                    assert_eq!(found, Some(&value), "{pointer}");
                }
                for resource in ["requests/cpu", "requests/memory", "limits/memory"] {
                    let found = container.pointer(&format!("/resources/{resource}"));
                    assert!(found.is_some(), "{resource} in {}", overlay.name);
                }
            }
        }
    }
}

#[test]
fn every_flag_and_variable_is_known_to_its_program() {
    let mut unknown = BTreeSet::new();
    for overlay in overlays().into_iter().flatten() {
        let pods = overlay.pods();
        unknown.extend(pods.into_iter().flat_map(containers).flat_map(unknown_to));
        for map in overlay.of_kind("ConfigMap") {
            let names = map["data"].as_object().unwrap().keys();
            unknown.extend(names.filter_map(|name| unknown_variable(name)));
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn what_is_spilled_goes_to_a_volume() {
    for overlay in overlays().into_iter().flatten() {
        let mut checked = 0;
        for pod in overlay.pods() {
            let container = &containers(pod)[0];
            let arguments = flags::texts(container, "/args");
            let flag = arguments
                .iter()
                .find_map(|flag| flag.strip_prefix("--work-dir="));
            let Some(folder) = flag.or(variable(container, "JOBS_WORK_DIR")) else {
                continue;
            };
            let mut mounts = list(container, "/volumeMounts").iter();
            let mount = mounts.find(|mount| mount["mountPath"] == folder).unwrap();
            let mut volumes = list(pod, "/spec/volumes").iter();
            let volume = volumes
                .find(|volume| volume["name"] == mount["name"])
                .unwrap();
            // Comes and goes with the pod, and has a size.
            let size = volume.pointer("/emptyDir/sizeLimit");
            let claim = "/ephemeral/volumeClaimTemplate/spec/resources/requests/storage";
            assert!(size.or(volume.pointer(claim)).is_some(), "{volume}");
            checked += 1;
        }
        assert_eq!(checked, 3, "{}", overlay.name);
    }
}

#[test]
fn memory_that_operators_take_leaves_room_below_the_limit() {
    for overlay in overlays().into_iter().flatten() {
        let mut checked = 0;
        for container in overlay.pods().into_iter().flat_map(containers) {
            for name in ["EXECUTOR_MEMORY_LIMIT", "JOBS_MEMORY_LIMIT"] {
                if let Some(pool) = variable(container, name) {
                    let limit = bytes(text(container, "/resources/limits/memory"));
                    let share = bytes(pool) as f64 / limit as f64;
                    assert!(
                        (0.6..=0.7).contains(&share),
                        "{name} is {share} of the limit"
                    );
                    checked += 1;
                }
            }
        }
        assert_eq!(checked, 3, "{}", overlay.name);
    }
}

#[test]
fn daemons_are_probed_and_have_time_to_leave() {
    for overlay in overlays().into_iter().flatten() {
        for (kind, name, drain) in [
            ("Deployment", "scheduler", "SCHEDULER_DRAIN_TIMEOUT_SECONDS"),
            ("StatefulSet", "executor", "EXECUTOR_DRAIN_TIMEOUT_SECONDS"),
        ] {
            let pod = &overlay.get(kind, name)["spec"]["template"];
            let container = &containers(pod)[0];
            for (probe, path) in [
                ("startupProbe", "/healthz"),
                ("livenessProbe", "/healthz"),
                ("readinessProbe", "/readyz"),
            ] {
                let call = &container[probe]["httpGet"];
                assert_eq!(call["path"], path, "{name} {probe}");
                let scheme = call.get("scheme").map(|scheme| scheme.as_str().unwrap());
                assert_eq!(scheme, overlay.is_secure().then_some("HTTPS"), "{probe}");
                assert!(port_of(container, text(call, "/port")).is_some(), "{probe}");
            }
            let grace = pod["spec"]["terminationGracePeriodSeconds"].as_u64();
            let drain: u64 = variable(container, drain).unwrap().parse().unwrap();
            assert!(grace.unwrap() > drain, "{name} is killed while it drains");
        }
        let executor = overlay.get("StatefulSet", "executor");
        let hook = "/spec/template/spec/containers/0/lifecycle/preStop/exec/command";
        assert_eq!(flags::texts(executor, hook)[1..], ["--drain"]);
        // One scheduler at a time, and executors that leave one by one.
        let scheduler = overlay.get("Deployment", "scheduler");
        assert_eq!(scheduler["spec"]["replicas"], 1);
        assert_eq!(scheduler["spec"]["strategy"]["type"], "Recreate");
        let budget = overlay.get("PodDisruptionBudget", "executor");
        assert_eq!(budget["spec"]["maxUnavailable"], 1);
        let selector = &budget["spec"]["selector"]["matchLabels"];
        assert!(selects(selector, &executor["spec"]["template"]));
    }
}

/// The number of a named port of a container.
fn port_of(container: &Value, name: &str) -> Option<u64> {
    let mut ports = list(container, "/ports").iter();
    let port = ports.find(|port| text(port, "/name") == name)?;
    port["containerPort"].as_u64()
}
