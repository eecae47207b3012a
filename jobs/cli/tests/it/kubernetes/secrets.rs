//! That the script makes all secrets that the manifests ask for, and that they are what they say.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::tools::{has, k8s, list, output, render, text};
use super::{OVERLAYS, containers, overlays};
use crate::house::files;

/// Runs the script.
fn make(folder: &Path) {
    let script = k8s().join("make-secrets.sh");
    let arguments = [script.to_str().unwrap(), folder.to_str().unwrap()];
    output("sh", &arguments, "");
}

#[test]
fn the_script_makes_every_secret_that_production_asks_for() {
    let (Some(overlays), true) = (overlays(), has("openssl", &["version"])) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    let secrets = render(folder.path()).unwrap();
    let keys: BTreeMap<&str, &Value> = secrets
        .iter()
        .map(|secret| {
            assert_eq!(text(secret, "/metadata/namespace"), "clientele");
            (text(secret, "/metadata/name"), &secret["data"])
        })
        .collect();

    let mut asked = 0;
    let [local, production] = &overlays[..] else {
        panic!("{OVERLAYS:?}")
    };
    for pod in production.pods() {
        for volume in list(pod, "/spec/volumes") {
            let name = text(volume, "/secret/secretName");
            if name.is_empty() {
                continue;
            }
            // Not readable by everybody: 0440.
            assert_eq!(volume["secret"]["defaultMode"], 0o440);
            asked += files_asked_for(pod, volume)
                .inspect(|file| assert!(keys[name][file].is_string(), "{name} has no {file}"))
                .count();
        }
    }
    // Certificate, key, authority and tokens of both daemons; token and authority of both jobs.
    assert_eq!(asked, 2 * 4 + 2 * 2);
    // Nothing is asked for where all is open, and no secret stands in the repository.
    for overlay in [local, production] {
        assert_eq!(overlay.of_kind("Secret").count(), 0);
    }
    assert!(local.pods().iter().all(|pod| {
        let volumes = list(pod, "/spec/volumes");
        volumes.iter().all(|volume| volume.get("secret").is_none())
    }));
}

/// The files of a volume that variables of the pod's container name.
fn files_asked_for<'a>(pod: &'a Value, volume: &Value) -> impl Iterator<Item = &'a str> {
    let container = &containers(pod)[0];
    let mount = list(container, "/volumeMounts")
        .iter()
        .find(|mount| mount["name"] == volume["name"])
        .unwrap();
    let folder = format!("{}/", text(mount, "/mountPath"));
    let variables = list(container, "/env").iter();
    variables.filter_map(move |variable| text(variable, "/value").strip_prefix(&folder))
}

#[test]
fn certificates_are_signed_and_tokens_hashed() {
    if !has("openssl", &["version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(folder);
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let first = read("scheduler/tls.crt");
    let tokens = read("tokens.toml");
    // A second time renews certificates and keeps what others rely on.
    make(folder);
    assert_ne!(first, read("scheduler/tls.crt"));
    assert_eq!(tokens, read("tokens.toml"));

    for (role, host) in [
        ("scheduler", "scheduler"),
        ("scheduler", "scheduler.clientele.svc"),
        ("executor", "executor"),
        ("executor", "executor-7.executors.clientele.svc"),
    ] {
        let (authority, own) = (path("ca.crt"), path(&format!("{role}/tls.crt")));
        for purpose in ["sslserver", "sslclient"] {
            output(
                "openssl",
                &[
                    "verify",
                    "-x509_strict",
                    "-purpose",
                    purpose,
                    "-verify_hostname",
                    host,
                    "-CAfile",
                    &authority,
                    &own,
                ],
                "",
            );
        }
    }

    let tokens: toml::Table = tokens.parse().unwrap();
    let tokens = tokens["token"].as_array().unwrap();
    assert_eq!(tokens.len(), 3);
    for token in tokens {
        let plain = read(&format!("tokens/{}", token["name"].as_str().unwrap()));
        assert!(plain.len() >= 64);
        let hash: String = Sha256::digest(plain)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(token["sha256"].as_str(), Some(hash.as_str()));
    }
    #[cfg(unix)]
    for name in ["ca.key", "executor/tls.key", "tokens/operator"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(folder.join(name)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o77, 0, "{name} can be read by others");
    }
}

#[test]
fn no_key_stands_among_the_manifests() {
    for extension in ["yaml", "key", "crt", "toml", "md"] {
        for file in files(&k8s(), extension) {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(!text.contains("-----BEGIN"), "{}", file.display());
        }
    }
}
