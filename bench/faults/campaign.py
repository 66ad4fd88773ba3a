"""The faults of the campaign, each with its sources, its target, and a function that runs its trials."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.faults.full_disk import full_disk
from bench.faults.killed_worker import killed_workers
from bench.faults.lost_server import DURABLE, cut_off, killed, lost_server
from bench.faults.out_of_memory import out_of_memory
from bench.faults.target import ServerTarget, Target, file_target
from bench.faults.trial import Verdict
from core.stores import SOURCES
from core.units import MIB
from infra.cli.worker_image import build
from testkit.images import SERVERS, image
from testkit.serving import serving

FILES = tuple(name for name in SOURCES if name not in SERVERS)
_MEMORY: Mapping[str, int] = {**dict.fromkeys(SERVERS, 1024 * MIB), "neo4j": 1536 * MIB}
_TMPFS = 400 * MIB
"""The RAM disk of a server with room for everything. It counts as memory, and Neo4j's store does not shrink when it is
emptied: with 1 GiB of memory, the kernel killed the server in the sixth run.
"""
_ROOM = 256 * MIB
"""The RAM disk for files."""
_TOO_SMALL: Mapping[str, int] = {
    "mysql": 300 * MIB,
    "postgresql": 140 * MIB,
    "mongodb": 160 * MIB,
    "neo4j": 64 * MIB,
    "kafka": 24 * MIB,
    "csv": 2 * MIB,
    "jsonl": 2 * MIB,
}
"""The RAM disks on which a server can start and which the rows of a trial fill."""
_FILLING = 20.0
"""The factor on the rows of other trials, so that the disk becomes full."""


@dataclass(frozen=True)
class Load:
    """The parameters of a fault's trials: source, worker image, number of trials and share of the rows."""

    source: str
    image: str
    trials: int
    rng: random.Random
    share: float = 1.0
    """The share of the source's rows in `bench.faults.plans`."""


@dataclass(frozen=True)
class Fault:
    """A kind of fault."""

    sources: Sequence[str]
    trials: int
    """The number of trials per source."""
    verdicts: Callable[[Load], Iterator[Verdict]]


def worker_image() -> str:
    """Return the current image of the worker, which is built if Docker lacks it."""
    return build(Path(__file__).resolve().parents[2], image("python"))


@contextmanager
def _server(load: Load, tmpfs: int | None = _TMPFS, arguments: Sequence[str] = ()) -> Iterator[ServerTarget]:
    with serving(load.source, memory=_MEMORY[load.source], tmpfs=tmpfs, arguments=arguments) as served:
        yield ServerTarget(load.source, served)


def _target(load: Load) -> AbstractContextManager[Target]:
    """Return a target with room for everything, for all trials of a fault and source."""
    return file_target(load.source, load.image, _ROOM) if load.source in FILES else _server(load)


def _killed_worker(load: Load) -> Iterator[Verdict]:
    with _target(load) as target:
        yield from killed_workers(target, load.image, load.trials, load.rng, load.share)


def _killed_server(load: Load) -> Iterator[Verdict]:
    # A RAM disk would be empty after the restart.
    with _server(load, tmpfs=None, arguments=DURABLE.get(load.source, ())) as target:
        yield from lost_server(target, load.image, load.trials, load.rng, load.share, killed)


def _cut_network(load: Load) -> Iterator[Verdict]:
    with _server(load) as target:
        yield from lost_server(target, load.image, load.trials, load.rng, load.share, cut_off)


def _full_disk(load: Load) -> Iterator[Verdict]:
    size = _TOO_SMALL[load.source]
    for _ in range(load.trials):
        # A target whose disk has been full cannot be used again.
        with file_target(load.source, load.image, size) if load.source in FILES else _server(load, size) as target:
            yield full_disk(target, load.image, _FILLING)


def _out_of_memory(load: Load) -> Iterator[Verdict]:
    with _target(load) as target:
        yield from out_of_memory(target, load.image, load.trials, load.share)


FAULTS: Mapping[str, Fault] = {
    "worker killed": Fault(tuple(SOURCES), 20, _killed_worker),
    "server killed": Fault(SERVERS, 3, _killed_server),
    "network cut": Fault(SERVERS, 3, _cut_network),
    "disk full": Fault(tuple(SOURCES), 2, _full_disk),
    "memory short": Fault(tuple(SOURCES), 2, _out_of_memory),
}
