"""What comparisons need before they can begin: the peers, our programs, data."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from harness.measure import Failed

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
# What of Cargo.lock a reader wants to know.
CRATES = ("datafusion", "ballista", "arrow", "linfa", "linfa-clustering")
# The one that Spark 3.5 is run on here.
JAVA = "17"


@dataclass
class Context:
    """Where things are, and how large they shall be."""

    work: Path
    quick: bool
    threads: int
    jobs: Path = None
    kernels: Path = None

    @property
    def python(self):
        """The interpreter of the peers."""
        return self.work / "venv" / "bin" / "python"

    @property
    def data(self):
        """The folder of the data, another one for each size."""
        return self.work / ("quick" if self.quick else "full")

    def size(self, full, quick):
        """A size of the data."""
        return quick if self.quick else full

    def peer(self, script, *arguments):
        """The command of a script of a peer."""
        return [self.python, BENCH / script, *arguments]

    def spark(self, script, *arguments):
        """The command of a script that needs Spark, and so Java."""
        found = java()
        if not re.search(rf'version "?{JAVA}\b', found):
            raise Failed(f"Spark needs Java {JAVA}; `java -version` says: {found}")
        return self.peer(script, *arguments)

    def kernel(self, name, **settings):
        """The command of one of our kernels."""
        return [self.kernels, name, *(f"{key}={value}" for key, value in settings.items())]

    def ask(self, script, *arguments):
        """Runs a script of ours with the peers' interpreter and reads the JSON it prints."""
        command = [str(part) for part in self.peer(script, *arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
        if done.returncode != 0:
            raise Failed(f"{script}: {done.stderr.strip()[-2000:]}")
        return json.loads(done.stdout.strip().splitlines()[-1])

    def made(self, name, make):
        """A file or folder of the data, made once."""
        path = self.data / name
        if not path.exists():
            part = path.with_name(f"{path.name}.part")
            shutil.rmtree(part, ignore_errors=True)
            part.parent.mkdir(parents=True, exist_ok=True)
            make(part)
            part.rename(path)
        return path

    def arrays(self, name, script, *arguments):
        """A folder of arrays that a script writes."""
        return self.made(name, lambda part: self.ask(script, "--output", part, *arguments))

    def events(self, n_events, n_users, n_products=20_000):
        """The log of a simulated shop."""

        def make(part):
            sizes = ["--events", n_events, "--users", n_users, "--products", n_products]
            checked([self.jobs, "--quiet", "generate", "--output", part, *sizes])

        return self.made(f"events-{n_events}-{n_users}-{n_products}", make)


def checked(command, **options):
    """Runs a command that must succeed."""
    command = [str(part) for part in command]
    options = {"capture_output": True, "text": True, "timeout": 7200, **options}
    done = subprocess.run(command, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def install_peers(work, say):
    """Makes the virtual environment, unless it holds what is wanted."""
    wanted = (BENCH / "requirements.txt").read_text()
    mark = work / "venv" / "installed.txt"
    if mark.exists() and mark.read_text() == wanted:
        return
    say("installing the peers")
    checked([sys.executable, "-m", "venv", "--clear", work / "venv"])
    pip = [work / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet"]
    checked([*pip, "--disable-pip-version-check", "--requirement", BENCH / "requirements.txt"])
    mark.write_text(wanted)


def build(jobs, kernels, say):
    """Builds what was not given, in the release profile; returns both programs."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    if jobs is None:
        say("building jobs")
        checked(["cargo", "build", "--release", "--locked", "--workspace"], cwd=ROOT)
        jobs = target / "release" / "jobs"
    if kernels is None:
        say("building the kernels")
        options = ["--release", "--locked", "--package", "algorithms", "--example", "kernels"]
        checked(["cargo", "build", *options], cwd=ROOT)
        kernels = target / "release" / "examples" / "kernels"
    return Path(jobs).resolve(), Path(kernels).resolve()


def machine(threads):
    """What the measurements were made on."""
    cpus = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in cpus if line.startswith("model name")]
    memory = Path("/proc/meminfo").read_text().splitlines()[0].split()[1]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "memory_gb": round(int(memory) * 1024 / 1e9, 1),
        "kernel": f"{platform.system()} {platform.release()}",
    }


def commit(given):
    """The commit of the checkout, marked when files differ from it or programs were given."""
    try:
        found = checked(["git", "-C", ROOT, "rev-parse", "--short=12", "HEAD"]).strip()
        # What `bench/run` writes is no change.
        written = [f":!bench/{name}" for name in ("RESULTS.md", "results.json")]
        changed = checked(["git", "-C", ROOT, "status", "--porcelain", "--", ".", *written])
        found += " with changes" if changed.strip() else ""
    except (Failed, OSError):
        found = "unknown"
    # They may have been built from other files.
    return found + (", programs given" if given else "")


def versions():
    """The versions of everything that is compared."""
    lines = (BENCH / "requirements.txt").read_text().splitlines()
    found = dict(line.split("==") for line in lines if "==" in line)
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    locked = {package["name"]: package["version"] for package in packages}
    found |= {name: locked[name] for name in CRATES}
    found["Python"] = platform.python_version()
    found["Java"] = java().replace('"', "")
    found["Rust"] = said(["rustc", "--version"], "rustc")
    return found


def java():
    """What the Java that Spark takes says of its version."""
    home = os.environ.get("JAVA_HOME")
    return said([f"{home}/bin/java" if home else "java", "-version"], "version")


def said(command, word):
    """The first line with a word that a command prints."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return "not found"
    lines = (done.stdout + done.stderr).splitlines()
    return next((line.strip() for line in lines if word in line), "not found")
