"""The session: an id that marks everything that the tests create, and the removal of what they leave.

The id is in the environment of every process that a test starts, in the name of every stack, container, network and
volume, and in the path of every folder. So orphans of an interrupted run can be found without help from the tests.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from testkit.docker_command import run_docker

VARIABLE = "LOADTEST_TEST_SESSION"
IN_POOL = "PYTEST_XDIST_WORKER" in os.environ
"""Whether this process belongs to the pool. Such processes take the id from the process that started them."""
ID = os.environ[VARIABLE] if IN_POOL else secrets.token_hex(3)
FOLDER = Path(tempfile.gettempdir()) if IN_POOL else Path(tempfile.gettempdir()) / f"loadtest-tests-{ID}"
"""The parent of all temporary folders of the session. Short, because paths of Unix sockets are limited to 107 bytes."""
CLUSTER_STARTED = FOLDER / "cluster-started"
"""A file that exists while a test cluster runs that the session started."""
USED_DOCKER = FOLDER / "used-docker"
"""A file that exists once a test of the session has used Docker."""
_ROOT = Path(__file__).resolve().parents[1]
_GRACE_SECONDS = 10


def begin() -> None:
    """Create the session's folder, and make this process and its children create their temporary files in it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    FOLDER.chmod(0o755)  # servers run as other users below it
    os.environ.update({VARIABLE: ID, "TMPDIR": str(FOLDER)})
    tempfile.tempdir = None


def unique(kind: str) -> str:
    """Return a name for something that a test creates: it begins with `kind` and contains the session's id."""
    return f"{kind}-{ID}-{secrets.token_hex(4)}"


def remove_orphans() -> list[str]:
    """Remove what the session's tests left, and return one line per thing."""
    found = [*_stop_cluster(), *_end_processes(), *_remove_from_docker(), *_unmount(), *_remove_groups()]
    shutil.rmtree(FOLDER, ignore_errors=True)
    return found


def processes(variable: str, value: str) -> Iterator[tuple[int, str]]:
    """Yield process id and command line of each running process that has this variable in its environment."""
    mark = f"{variable}={value}".encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark not in (process / "environ").read_bytes().split(b"\0"):
                continue
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            if command:  # a zombie has none
                yield int(process.name), command
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # It has ended in the meantime, or belongs to another user.


def processes_with(variable: str, value: str) -> list[str]:
    """Return the command lines of running processes that have this variable in their environment."""
    return [line for _, line in processes(variable, value)]


def _end_processes() -> list[str]:
    found = {pid: line for pid, line in processes(VARIABLE, ID) if pid not in _own()}
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + _GRACE_SECONDS
        for pid, _ in processes(VARIABLE, ID):
            if pid not in _own():
                _send(pid, number)
        while any(pid not in _own() for pid, _ in processes(VARIABLE, ID)) and time.monotonic() < deadline:
            time.sleep(0.1)
    return [f"process {pid}: {line[:120]}" for pid, line in found.items()]


def _own() -> set[int]:
    """Return the ids of this process and its parents; `make` may have the variable, too."""
    own, pid = set(), os.getpid()
    while pid > 1:
        own.add(pid)
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pid = int(fields[1])
    return own


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _stop_cluster() -> list[str]:
    """Stop the cluster if the session started it, and a cluster whose state is in the session's folder."""
    if not (_ROOT / "contrib" / "offline").is_dir():
        return []
    from contrib.offline.cluster import claim

    current = claim.current()
    states = [["--state", current.state]] if current and Path(current.state).is_relative_to(FOLDER) else []
    states += [[]] if CLUSTER_STARTED.exists() else []
    for state in states:
        command = [sys.executable, "-m", "contrib.offline.cluster", *state, "stop", "--purge"]
        subprocess.run(command, cwd=_ROOT, capture_output=True, check=False, timeout=300)
    return ["the test cluster"] if states else []


def _remove_from_docker() -> list[str]:
    """Remove containers before networks and volumes, which they use."""
    if not USED_DOCKER.exists():
        return []
    found = []
    for kind, listing, removal in (
        ("container", ("ps", "--all", "--format={{.Names}}"), ("rm", "--force", "--volumes")),
        ("network", ("network", "ls", "--format={{.Name}}"), ("network", "rm")),
        ("volume", ("volume", "ls", "--format={{.Name}}"), ("volume", "rm", "--force")),
    ):
        for name in run_docker(*listing).stdout.split():
            if f"-{ID}-" in name:
                run_docker(*removal, name)
                found.append(f"{kind} {name}")
    return found


def _unmount() -> list[str]:
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines() if str(FOLDER) in line]
    for mount in reversed(mounts):
        subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
    return [f"mount {mount}" for mount in mounts]


def _remove_groups() -> list[str]:
    """Remove control groups of either version, children first."""
    root = Path("/sys/fs/cgroup")
    groups = [*root.glob(f"loadtest/*-{ID}-*"), *root.glob(f"*/loadtest/*-{ID}-*")]
    for group in groups:
        for folder in sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True):
            folder.rmdir()
        group.rmdir()
    return [f"control group {group}" for group in groups]
