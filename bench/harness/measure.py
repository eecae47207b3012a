"""Runs a command and measures it with all its descendants: wall clock, CPU, memory, disk."""

import ctypes
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
SUBREAPER = 36
INTERVAL = 0.02
# Looking through all processes of the machine costs more than looking at those already known.
SEARCH_EVERY = 25
# Smaller processes are not looked at closely.
COPY = 100e6


class Failed(Exception):
    """A command failed, or took too long."""


@dataclass
class Mark:
    """A line on standard error, and what had been spent when it came."""

    text: str
    wall: float
    cpu: float
    peak: int


@dataclass
class Measured:
    """What a command took."""

    wall: float
    cpu: float
    peak: int
    disk: int
    others: float
    stdout: str
    marks: list = field(default_factory=list)

    def mark(self, start):
        """The first line on standard error that begins with `start`."""
        for mark in self.marks:
            if mark.text.startswith(start):
                return mark
        raise Failed(f"no line {start!r} on standard error")


class Session:
    """All processes of one session, which a command and its descendants share."""

    def __init__(self, pid):
        self.pid = pid
        self.peak = 0
        self.cpu_of = {}
        self.known = [pid]
        self.samples = 0

    def look(self, pid):
        """CPU seconds and resident bytes of a process, if it lives and belongs here."""
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                parts = file.read().rpartition(b")")[2].split()
        except OSError:
            return None
        if int(parts[3]) != self.pid:
            return None
        return (int(parts[11]) + int(parts[12])) / TICKS, int(parts[21]) * PAGE

    def members(self):
        """Process id, CPU seconds and resident bytes of each process that lives."""
        for pid in [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]:
            found = self.look(pid)
            if found:
                yield pid, *found

    def sample(self):
        """Looks once; processes that ended keep the CPU they were last seen with."""
        if self.samples % SEARCH_EVERY == 0:
            self.known = [pid for pid, _, _ in self.members()]
        self.samples += 1
        sizes = {}
        for pid in self.known:
            found = self.look(pid)
            if found:
                self.cpu_of[pid] = found[0]
                sizes[pid] = found[1]
        resident = sum(size for pid, size in sizes.items() if not is_copy(pid, sizes))
        self.peak = max(self.peak, resident)

    @property
    def cpu(self):
        """CPU seconds of all processes, as far as they were seen."""
        return sum(self.cpu_of.values())

    def end(self):
        """Ends what still lives."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for pid, _, _ in self.members():
                try:
                    os.kill(pid, sign)
                except ProcessLookupError:
                    pass
            deadline = time.monotonic() + 5
            while any(self.members()) and time.monotonic() < deadline:
                reap()
                time.sleep(0.05)


def is_copy(pid, sizes):
    """Whether a process is its parent once more, on the way from fork to exec.

    Such a one has all pages of its parent, for a moment. Spark's JVM forks often, and would count
    twice.
    """
    if len(sizes) == 1 or sizes[pid] < COPY:
        return False
    try:
        stat = Path("/proc", str(pid), "stat").read_text()
        parent = int(stat.rpartition(")")[2].split()[1])
        names = [Path("/proc", str(one), "cmdline").read_bytes() for one in (pid, parent)]
    except OSError:
        # It has ended meanwhile.
        return True
    return parent in sizes and names[0] == names[1]


def reap():
    """Takes in orphans that ended; returns their CPU seconds."""
    cpu = 0.0
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        if pid == 0:
            return cpu
        cpu += usage.ru_utime + usage.ru_stime


def busy():
    """CPU seconds of all processes of the machine since it started; stolen ones too."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, *rest = map(int, file.readline().split()[1:9])
    return (user + nice + system + sum(rest)) / TICKS


def size_of(folder):
    """Bytes of the files below a folder that may change meanwhile."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_blocks * 512
            except OSError:
                pass
    return total


def run(command, *, env=None, timeout=3600, scratch=None):
    """Runs a command in a session of its own.

    CPU is that of the command and all descendants, orphans included. Memory is the largest sum of
    their resident sets, looked at every 20 ms, or the kernel's own peak of one process if that is
    larger; pages that processes share count once for each. `scratch` is a folder for temporary
    files, whose largest size is measured too.
    """
    ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0)
    reap()
    began, busy_before = time.monotonic(), busy()
    process = subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    session = Session(process.pid)
    stdout, marks = [], []

    def read_errors():
        for line in process.stderr:
            wall = time.monotonic() - began
            marks.append(Mark(line.rstrip(), wall, session.cpu, session.peak))

    readers = [
        threading.Thread(target=lambda: stdout.append(process.stdout.read()), daemon=True),
        threading.Thread(target=read_errors, daemon=True),
    ]
    for reader in readers:
        reader.start()
    disk, rounds, usage = 0, 0, None
    try:
        while usage is None:
            session.sample()
            if scratch is not None and rounds % 10 == 0:
                disk = max(disk, size_of(scratch))
            rounds += 1
            pid, status, found = os.wait4(process.pid, os.WNOHANG)
            if pid:
                usage = found
                process.returncode = os.waitstatus_to_exitcode(status)
            elif time.monotonic() - began > timeout:
                raise Failed(f"longer than {timeout} s: {' '.join(map(str, command))}")
            else:
                time.sleep(INTERVAL)
        wall, all_busy = time.monotonic() - began, busy() - busy_before
        # Orphans, such as the JVM of a Python program, are given a moment to end by themselves.
        orphans, deadline = reap(), time.monotonic() + 10
        while any(session.members()) and time.monotonic() < deadline:
            time.sleep(0.05)
            orphans += reap()
    finally:
        session.end()
    for reader in readers:
        reader.join(10)
    if process.returncode != 0:
        tail = "\n".join(mark.text for mark in marks[-15:])
        raise Failed(f"exit code {process.returncode}: {' '.join(map(str, command))}\n{tail}")
    cpu = max(usage.ru_utime + usage.ru_stime + orphans, session.cpu)
    return Measured(
        wall=wall,
        cpu=cpu,
        peak=max(session.peak, usage.ru_maxrss * 1024),
        disk=disk,
        others=max(0.0, all_busy - cpu),
        stdout="".join(stdout),
        marks=marks,
    )
