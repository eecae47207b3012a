//! The programs that these tests look through: `.ci/requirements.txt` names where they come from.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::house::root;
use crate::program::skip;

/// Set where all tools must be there, so that no test skips unseen.
const REQUIRE: &str = "CLIENTELE_REQUIRE_TOOLS";

/// The folder of the manifests.
pub(crate) fn k8s() -> PathBuf {
    root().join("k8s")
}

/// Whether this command runs here; says so when it does not, and fails where it must.
pub(crate) fn has(program: &str, arguments: &[&str]) -> bool {
    let found = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        let what = format!("`{program} {}` does not run here", arguments.join(" "));
        assert!(std::env::var_os(REQUIRE).is_none(), "{what}");
        skip(&what);
    }
    found
}

/// Runs a command to its end, insists on success and gives its standard output.
pub(crate) fn output(program: impl AsRef<OsStr>, arguments: &[&str], input: &str) -> String {
    let program = program.as_ref();
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that has seen enough may close its input early.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(
        output.status.success(),
        "{} {}\n{}{}",
        program.display(),
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// All documents that kustomize makes of a folder, or nothing where a tool is absent.
pub(crate) fn render(folder: &Path) -> Option<Vec<Value>> {
    let ready = has("kubectl", &["version", "--client"]) && has("python3", &["-c", "import yaml"]);
    ready.then(|| {
        let text = output("kubectl", &["kustomize", folder.to_str().unwrap()], "");
        let to_json = "import json, sys, yaml\n\
                       json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout)";
        let documents = output("python3", &["-c", to_json], &text);
        serde_json::from_str(&documents).unwrap()
    })
}

/// Checks every document against the schema of a version of Kubernetes, without fields that it
/// does not know. Kinds that are not Kubernetes' own have none and are passed over.
pub(crate) fn check_schema(documents: &[Value], version: &str) {
    let check = "import json, sys, kubernetes_validate\n\
                 for document in json.load(sys.stdin):\n    \
                 kubernetes_validate.validate(document, sys.argv[1], strict=True)";
    let ours: Vec<&Value> = documents
        .iter()
        .filter(|document| !text(document, "/apiVersion").contains("keda.sh"))
        .collect();
    let input = serde_json::to_string(&ours).unwrap();
    output("python3", &["-c", check, version], &input);
}

/// The text at a place of a document; empty when there is none.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// The list at a place of a document; empty when there is none.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Bytes of a size such as `1536Mi` or `1075MiB`.
pub(crate) fn bytes(size: &str) -> u64 {
    let digits = size.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match size[digits.len()..].trim_end_matches('B') {
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        other => panic!("{size}: what is {other}?"),
    };
    digits.parse::<u64>().unwrap() * factor
}
