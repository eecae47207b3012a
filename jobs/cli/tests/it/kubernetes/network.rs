//! Who reaches whom: services, the addresses that programs are told, network policies.

use std::collections::BTreeMap;

use super::tools::{list, text};
use super::{containers, flags, overlays, port_of, selects, variable};

#[test]
fn services_lead_to_ports_that_are_served_and_urls_to_services() {
    for overlay in overlays().into_iter().flatten() {
        let mut served: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for service in overlay.of_kind("Service") {
            let selector = &service["spec"]["selector"];
            let pods = overlay.pods();
            let pods: Vec<_> = pods.iter().filter(|pod| selects(selector, pod)).collect();
            assert_eq!(pods.len(), 1, "one kind of pod behind each service");
            for port in list(service, "/spec/ports") {
                let container = &containers(pods[0])[0];
                let target = port_of(container, text(port, "/targetPort"));
                assert_eq!(port["port"].as_u64(), target);
                let name = text(service, "/metadata/name");
                served.entry(name).or_default().extend(target);
            }
        }
        let pods = overlay.pods();
        let variables = pods
            .iter()
            .flat_map(|pod| containers(pod))
            .flat_map(|container| {
                let url = variable(container, "EXECUTOR_SCHEDULER");
                assert!(variable(container, "JOBS_SCHEDULER").is_none());
                url
            });
        let maps = overlay.of_kind("ConfigMap");
        let maps = maps.filter_map(|map| map.pointer("/data/JOBS_SCHEDULER")?.as_str());
        let urls: Vec<&str> = variables.chain(maps).collect();
        assert_eq!(urls.len(), 2);
        for url in urls {
            let (scheme, address) = url.split_once("://").unwrap();
            assert_eq!(scheme, if overlay.is_secure() { "https" } else { "http" });
            let (host, port) = address.split_once(':').unwrap();
            assert!(served[host].contains(&port.parse().unwrap()), "{url}");
        }
        // What executors and the scheduler call themselves are services too.
        let arguments = "/spec/template/spec/containers/0/args";
        let scheduler = flags::texts(overlay.get("Deployment", "scheduler"), arguments);
        assert!(scheduler.contains(&"--advertise-host=scheduler-registration"));
        let executor = overlay.get("StatefulSet", "executor");
        let name = "--advertise-host=$(POD_NAME).executors.$(POD_NAMESPACE).svc";
        assert!(flags::texts(executor, arguments).contains(&name));
        assert_eq!(executor["spec"]["serviceName"], "executors");
        for early in ["executors", "scheduler-registration"] {
            let service = overlay.get("Service", early);
            assert_eq!(service["spec"]["publishNotReadyAddresses"], true);
        }
    }
}

#[test]
fn only_our_own_pods_reach_our_ports() {
    for overlay in overlays().into_iter().flatten() {
        let nobody = &overlay.get("NetworkPolicy", "nobody")["spec"];
        assert_eq!(nobody["policyTypes"], serde_json::json!(["Ingress"]));
        assert!(nobody.get("ingress").is_none());
        for pod in overlay.pods() {
            assert!(selects(&nobody["podSelector"]["matchLabels"], pod));
        }
        for (policy, ports) in [("scheduler", &[50050][..]), ("executor", &[50051, 50052])] {
            let policy = overlay.get("NetworkPolicy", policy);
            let mut open = Vec::new();
            for rule in list(policy, "/spec/ingress") {
                for from in list(rule, "/from") {
                    // Labels of ours, in this namespace.
                    let labels = &from["podSelector"]["matchLabels"];
                    assert_eq!(labels["app.kubernetes.io/part-of"], "clientele");
                    assert!(from.get("namespaceSelector").is_none());
                }
                open.extend(
                    list(rule, "/ports")
                        .iter()
                        .filter_map(|p| p["port"].as_u64()),
                );
            }
            assert_eq!(open, ports);
        }
    }
}
