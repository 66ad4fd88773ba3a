"""Refuse limits that are too small to start with, and CPU limits that this machine's Docker engine refuses."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from core.errors import Complaints, SettingsError
from core.settings_key import setting_key
from core.units import KIB, MIB, format_size
from infra.databases import module_of
from infra.settings.model import Settings

LEAST_MEMORY = 6 * MIB
"""The smallest memory limit that Docker accepts, in bytes."""
LEAST_RAM_DISK = 64 * KIB
"""A RAM disk below this is a number without its unit."""
LEAST_DOCKER_CPU = 0.01
"""The smallest CPU limit that Docker accepts, in cores."""


def check_limits(settings: Settings, written: Mapping[str, Any], engine_cores: int | None = None) -> None:
    """Raise SettingsError with every limit that is too small or, on this machine's engine, too large.

    `written` has the values as the user wrote them, for the messages. `engine_cores` are those of the Docker engine, if the
    run uses one and they are known.
    """
    complaints = Complaints()
    problems = (_limit_problems(settings, written), _request_problems(settings), _cpu_problems(settings, engine_cores))
    for key, problem, remedy in chain.from_iterable(problems):
        with complaints.collect():
            raise SettingsError.of(setting_key(key), written.get(key), problem, remedy)
    complaints.finish()


def check_engine_cores(settings: Settings, cores: int) -> None:
    """Raise SettingsError with every CPU limit that a Docker engine with this many cores refuses."""
    complaints = Complaints()
    limits = {"cpuLimit": settings.cpu_limit, "databaseCpuLimit": settings.database_cpu_limit}
    for key, problem, remedy in _cpu_problems(settings, cores):
        with complaints.collect():
            raise SettingsError.of(setting_key(key), f"{limits[key]:g}", problem, remedy)
    complaints.finish()


def _cpu_problems(settings: Settings, cores: int | None) -> Iterator[tuple[str, str, str]]:
    """Yield key, problem and remedy of each CPU limit that an engine with this many cores refuses."""
    if cores is None:
        return
    limits = {"cpuLimit": settings.cpu_limit}
    if settings.creates_server:
        limits["databaseCpuLimit"] = settings.database_cpu_limit
    for key, cpu in limits.items():
        if cpu > cores:
            yield key, f"is more than the {cores} cores of the Docker engine", f"write {cores} or less"
        elif cpu < LEAST_DOCKER_CPU:
            yield key, "is less than Docker accepts", f"write {LEAST_DOCKER_CPU} or more"


def _request_problems(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield key, problem and remedy of each request above its limit, which a cluster refuses."""
    limits: dict[str, tuple[float | None, float, str]] = {
        "cpuRequest": (settings.cpu_request, settings.cpu_limit, "cpuLimit"),
        "memoryRequest": (settings.memory_request, settings.memory_limit, "memoryLimit"),
    }
    for key, (request, limit, other) in limits.items():
        if request is not None and request > limit:
            yield key, f"is more than {setting_key(other)}", "write that or less"


def _limit_problems(settings: Settings, written: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    sizes = {"memoryLimit": (settings.memory_limit, LEAST_MEMORY, "512Mi")}
    if settings.tmpfs:
        sizes["tmpfsSize"] = (settings.tmpfs_size, LEAST_RAM_DISK, "256Mi")
    if settings.creates_server:
        sizes["databaseMemoryLimit"] = (settings.database_memory_limit, module_of(settings.source).LEAST_MEMORY, "1Gi")
    for key, (size, least, example) in sizes.items():
        if size >= least:
            continue
        text = str(written.get(key)).strip()
        if re.fullmatch(r"[\d.]+", text):
            yield key, "is a number of bytes", f"write a unit, like {text}Mi"
        elif key == "databaseMemoryLimit":
            needed = format_size(least)
            yield key, f"is less than the {needed} with which {settings.source} starts", f"write {needed} or more"
        else:
            yield key, f"is less than {format_size(least)}", f"write one like {example}"
