"""The faults of the campaign: of each, its sources, where they load, and how a number of its trials is made."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.faults.full_disk import full_disk
from bench.faults.killed_worker import killed_workers
from bench.faults.lost_server import DURABLE, cut_off, killed, lost_server
from bench.faults.place import Place, ServerPlace, file_place
from bench.faults.short_memory import short_memory
from bench.faults.verdict import Verdict
from contrib.offline.images import catalogue
from contrib.offline.images.recipe import tag
from core.stores import SOURCES
from core.units import MIB
from infra.cli.worker_image import build
from testkit.serving import serving

SERVERS = tuple(name for name, source in SOURCES.items() if source.needs_server)
FILES = tuple(name for name in SOURCES if name not in SERVERS)
_MEMORY: Mapping[str, int] = {**dict.fromkeys(SERVERS, 1024 * MIB), "neo4j": 1536 * MIB}
_TMPFS = 400 * MIB
"""Of a server that is to have room for everything. The RAM disk counts as memory, and Neo4j's store does not shrink when it
is emptied: with 1 GiB the kernel ended it in the sixth run."""
_ROOM = 256 * MIB
"""For files."""
_TOO_SMALL: Mapping[str, int] = {
    "mysql": 300 * MIB,
    "postgresql": 140 * MIB,
    "mongodb": 160 * MIB,
    "neo4j": 64 * MIB,
    "kafka": 24 * MIB,
    "csv": 2 * MIB,
    "jsonl": 2 * MIB,
}
"""A disk that a server can start on, and that the rows of a trial fill."""
_FILLING = 20.0
"""Times the rows of another trial, of which as many are loaded as have room."""


@dataclass(frozen=True)
class Load:
    """What a fault's trials have: a source, the worker's image, how many are wanted, and of how many rows."""

    source: str
    image: str
    trials: int
    rng: random.Random
    share: float = 1.0
    """Of the rows that `bench.faults.plans` gives to the source."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong."""

    sources: Sequence[str]
    trials: int
    """How many the campaign makes of each source."""
    verdicts: Callable[[Load], Iterator[Verdict]]


def worker_image() -> str:
    """The image of the worker as it is now, built where Docker does not have it."""
    return build(Path(__file__).resolve().parents[2], tag(catalogue.PYTHON))


@contextmanager
def _server(load: Load, tmpfs: int | None = _TMPFS, arguments: Sequence[str] = ()) -> Iterator[ServerPlace]:
    with serving(load.source, memory=_MEMORY[load.source], tmpfs=tmpfs, arguments=arguments) as served:
        yield ServerPlace(load.source, served)


def _place(load: Load) -> AbstractContextManager[Place]:
    """One for all trials of a fault and source, with room for everything."""
    return file_place(load.source, load.image, _ROOM) if load.source in FILES else _server(load)


def _killed_worker(load: Load) -> Iterator[Verdict]:
    with _place(load) as place:
        yield from killed_workers(place, load.image, load.trials, load.rng, load.share)


def _killed_server(load: Load) -> Iterator[Verdict]:
    # A RAM disk would be empty after the restart.
    with _server(load, tmpfs=None, arguments=DURABLE.get(load.source, ())) as place:
        yield from lost_server(place, load.image, load.trials, load.rng, load.share, killed)


def _cut_network(load: Load) -> Iterator[Verdict]:
    with _server(load) as place:
        yield from lost_server(place, load.image, load.trials, load.rng, load.share, cut_off)


def _full_disk(load: Load) -> Iterator[Verdict]:
    size = _TOO_SMALL[load.source]
    for _ in range(load.trials):
        # One that has been full is of no more use.
        with file_place(load.source, load.image, size) if load.source in FILES else _server(load, size) as place:
            yield full_disk(place, load.image, _FILLING)


def _short_memory(load: Load) -> Iterator[Verdict]:
    with _place(load) as place:
        yield from short_memory(place, load.image, load.trials, load.share)


FAULTS: Mapping[str, Fault] = {
    "worker killed": Fault(tuple(SOURCES), 20, _killed_worker),
    "server killed": Fault(SERVERS, 3, _killed_server),
    "network cut": Fault(SERVERS, 3, _cut_network),
    "disk full": Fault(tuple(SOURCES), 2, _full_disk),
    "memory short": Fault(tuple(SOURCES), 2, _short_memory),
}
