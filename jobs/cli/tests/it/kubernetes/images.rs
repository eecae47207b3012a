//! The images, and the cluster on a laptop that is made of them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::flags::{program, texts, unknown_arguments, unknown_variable};
use super::tools::{bytes, has, list, output, text};
use super::{containers, overlays};
use crate::house::root;

/// A file at the root of the repository.
fn file(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// The last stages of the Dockerfile: what images can be built.
fn targets() -> BTreeSet<String> {
    let dockerfile = file("Dockerfile");
    let stages = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM base AS "));
    stages.map(str::to_owned).collect()
}

#[test]
fn the_dockerfile_keeps_to_good_practice() {
    if has("hadolint", &["--version"]) {
        output("hadolint", &["Dockerfile"], "");
    }
}

#[test]
fn images_are_those_of_this_version() {
    assert_eq!(
        targets(),
        ["executor", "jobs", "scheduler"].map(str::to_owned).into()
    );
    // The user of the images is the one that the manifests say, as a number, for kubelet to check.
    assert!(file("Dockerfile").contains("\nUSER 65532:65532\n"));
    for overlay in overlays().into_iter().flatten() {
        for container in overlay.pods().into_iter().flat_map(containers) {
            let image = text(container, "/image");
            assert!(targets().contains(&program(image)), "{image}");
            let (_, tag) = image.rsplit_once(':').unwrap();
            assert_eq!(tag, env!("CARGO_PKG_VERSION"), "{image}");
        }
    }
}

#[test]
fn every_member_of_the_workspace_reaches_the_images() {
    let ignored = file(".dockerignore");
    let kept: BTreeSet<&str> = ignored
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .collect();
    let manifest: toml::Table = file("Cargo.toml").parse().unwrap();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        let folder = member.as_str().unwrap().split('/').next().unwrap();
        assert!(
            kept.contains(folder),
            "{folder} is not in the build's context"
        );
    }
}

#[test]
fn the_cluster_of_a_laptop_is_what_the_programs_understand() {
    let Some(compose) = compose() else { return };
    let services = compose["services"].as_object().unwrap();
    let names: BTreeSet<String> = services.keys().cloned().collect();
    assert_eq!(names, targets());
    let mut unknown = Vec::new();
    for (name, service) in services {
        let image = format!("clientele-{name}:{}", env!("CARGO_PKG_VERSION"));
        assert_eq!(service["image"], image);
        assert_eq!(text(service, "/build/target"), name);
        let command = texts(service, "/command");
        if !command.is_empty() {
            unknown.extend(unknown_arguments(name, &command));
        }
        if let Some(variables) = service["environment"].as_object() {
            unknown.extend(variables.keys().filter_map(|name| unknown_variable(name)));
        }
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(texts(service, "/cap_drop"), ["ALL"]);
        assert_eq!(texts(service, "/security_opt"), ["no-new-privileges:true"]);
        let user = text(service, "/user");
        assert!(
            !user.is_empty() && !user.starts_with("0:"),
            "{name} runs as {user}"
        );
        assert!(text(service, "/mem_limit").parse::<u64>().unwrap() >= 1 << 30);
        for port in list(service, "/ports") {
            assert_eq!(
                port["host_ip"], "127.0.0.1",
                "{name} opens a port to others"
            );
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
    assert_eq!(services["executor"]["scale"], 2);
    let limit = texts(&services["executor"], "/command")
        .iter()
        .find_map(|argument| argument.strip_prefix("--memory-limit="))
        .map(bytes);
    let whole: u64 = text(&services["executor"], "/mem_limit").parse().unwrap();
    assert!(limit.unwrap() * 10 <= whole * 7);
}

/// What Compose makes of its file, all profiles included.
fn compose() -> Option<Value> {
    let arguments = ["--profile", "*", "config", "--format", "json"];
    let text = if has("docker-compose", &["version"]) {
        output("docker-compose", &arguments, "")
    } else {
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}
