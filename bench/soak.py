"""Repeat medium loads on the local platform and measure growth: `python -m bench.soak [--minutes 10]`.

Each run is a `pulumi up` of the medium preset with a new run id, into one server that runs throughout. During a run, its
processes are sampled twice per second. After a run, the server and any orphans on the machine are counted. The first
runs warm up the server, so growth is the last quarter compared with the second one.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import yaml

from bench.record import record, table
from core.connection import parse_connection
from core.stores import POSTGRESQL
from core.units import MIB
from testkit.clone import MARK, ROOT, Clone, Stack
from testkit.embedded import embedded_postgresql
from testkit.session import processes_with

PRESET = "medium"
SAMPLES_PER_SECOND = 2
ACCEPTED_GROWTH = 0.1
"""The accepted growth from the second to the last quarter, as a share."""
GROWTH_COLUMNS = ("worker_mb", "worker_files", "engine_mb", "engine_files", "server_private_mb", "server_files")
ORPHAN_COLUMNS = ("left_processes", "left_mounts", "left_groups", "left_temporary")
_TEMPORARY = (" loadtest loadtest ", "autovacuum worker")
"""Parts of the titles of processes that serve one connection or one table only."""
Row = Mapping[str, Any]


def main() -> int:
    """Run, print the table, write bench/results/soak.json; return 1 if something grew or was left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--dry", action="store_true", help="write no result file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, embedded_postgresql() as server:
        folder = Path(name)
        temporary = folder / "temporary"
        temporary.mkdir()
        with _stack(folder / "project", temporary, server) as stack:
            rows = list(_runs(stack, server, temporary, arguments.minutes * 60))
    growth = {name: round(_growth([row[name] for row in rows]), 3) for name in GROWTH_COLUMNS}
    sys.stdout.write(f"{table(rows)}\n\n{table([growth])}\n")
    if not arguments.dry:
        record("soak", rows, ["psycopg", "pyarrow", "psutil"], {"preset": PRESET, "runs": len(rows), "growth": growth})
    return int(
        any(share > ACCEPTED_GROWTH for share in growth.values()) or any(rows[-1][name] for name in ORPHAN_COLUMNS)
    )


@dataclass
class Watch:
    """The maximum memory (MiB) and number of open files of one run's processes in any sample."""

    mark: str
    worker_mb: float = 0.0
    worker_files: int = 0
    engine_mb: float = 0.0
    engine_files: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def sampling(self) -> Iterator["Watch"]:
        """Sample in a thread until the block ends."""
        thread = threading.Thread(target=self._sample_until_over)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _sample_until_over(self) -> None:
        while not self._over.wait(1 / SAMPLES_PER_SECOND):
            self._sample()

    def _sample(self) -> None:
        engine_mb, engine_files = 0.0, 0
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) != self.mark:
                    continue
                mb, files, command = process.memory_info().rss / MIB, process.num_fds(), process.cmdline()
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue  # It has ended in the meantime.
            if command[1:3] == ["-m", "worker"]:
                self.worker_mb, self.worker_files = max(self.worker_mb, mb), max(self.worker_files, files)
            else:
                engine_mb, engine_files = engine_mb + mb, engine_files + files
        self.engine_mb, self.engine_files = max(self.engine_mb, engine_mb), max(self.engine_files, engine_files)


@contextmanager
def _stack(project: Path, temporary: Path, server: str) -> Iterator[Stack]:
    config = yaml.safe_load((ROOT / f"Pulumi.{PRESET}.yaml").read_text())["config"]
    settings = {key.removeprefix("loadtest:"): value for key, value in config.items()}
    clone = Clone(project)
    # The default folder for temporary files also has files of other programs.
    clone.environment["TMPDIR"] = str(temporary)
    stack = Stack(clone, {**settings, "onExisting": "empty"})
    stack.set_secret("connectionString", server)
    try:
        yield stack
    finally:
        stack.destroy().succeeded()


def _runs(stack: Stack, server: str, temporary: Path, seconds: float) -> Iterator[Row]:
    postmaster = _server_process(server)
    begun, number = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        number += 1
        with Watch(stack.name).sampling() as watch:
            stack.up(runId=f"soak-{number}").succeeded()
        results = stack.results().values()
        family = _permanent_processes(postmaster)
        row = {
            "run": number,
            "minute": round((time.monotonic() - begun) / 60, 1),
            "rows": sum(result["metrics"]["rows_processed"] for result in results),
            "worker_mb": round(watch.worker_mb, 1),
            "worker_files": watch.worker_files,
            "engine_mb": round(watch.engine_mb, 1),
            "engine_files": watch.engine_files,
            # With its buffers, which fill up to their configured size, and without.
            "server_mb": round(sum(process.memory_full_info().pss for process in family) / MIB, 1),
            "server_private_mb": round(sum(map(_private, family)) / MIB, 1),
            "server_files": sum(process.num_fds() for process in family),
            "left_processes": len(processes_with(MARK, stack.name)),
            "left_mounts": sum(
                f"/{stack.name}/" in line for line in Path("/proc/self/mounts").read_text().splitlines()
            ),
            "left_groups": sum(1 for _ in Path("/sys/fs/cgroup").glob(f"**/loadtest/{stack.name}-*/worker-*")),
            "left_temporary": len(list(temporary.iterdir())),
        }
        sys.stderr.write(f"{row}\n")
        yield row


def _server_process(url: str) -> psutil.Process:
    """Return the process that listens on the server's port."""
    port = parse_connection(url, POSTGRESQL).port
    pids = (each.pid for each in psutil.net_connections("tcp") if each.laddr and each.laddr.port == port)
    return psutil.Process(next(pid for pid in pids if pid is not None))


def _permanent_processes(postmaster: psutil.Process) -> Sequence[psutil.Process]:
    """Return the server's permanent processes, after those that served the run have ended."""
    while True:
        family = [postmaster, *postmaster.children(recursive=True)]
        with suppress(psutil.NoSuchProcess):
            if not any(title in " ".join(process.cmdline()) for process in family for title in _TEMPORARY):
                return family
        time.sleep(0.1)


def _private(process: psutil.Process) -> int:
    """Return the bytes of anonymous memory, which no other process shares."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("RssAnon:"))


def _growth(figures: Sequence[float]) -> float:
    """Return the growth of the median from the second to the last quarter, as a share."""
    quarter = len(figures) // 4
    if quarter == 0:
        raise SystemExit(f"{len(figures)} runs are not enough to measure growth; use a higher value of --minutes")
    before, after = figures[quarter : 2 * quarter], figures[-quarter:]
    return statistics.median(after) / statistics.median(before) - 1


if __name__ == "__main__":
    sys.exit(main())
