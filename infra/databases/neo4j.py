"""Neo4j for a load test: heap and page cache sized by its memory, its logs kept small."""

import re

from core.units import MIB
from infra.databases.spec import DatabaseSpec

IMAGE = "neo4j:5.26.0"
LEAST_MEMORY = 448 * MIB
"""Its smallest heap and page cache, and about 220 MiB for the virtual machine."""
_STRICT = 5
"""The first major version that refuses the old names of settings."""

_QUERY = '{"statements":[{"statement":"RETURN 1"}]}'
_HEALTH = (
    "exec 3<>/dev/tcp/127.0.0.1/7474 && "
    'login=$(printf %s "${NEO4J_AUTH/\\//:}" | base64 -w0) && '
    "printf 'POST /db/neo4j/tx/commit HTTP/1.0\\r\\nAuthorization: Basic %s\\r\\nContent-Type: application/json\\r\\n"
    f"Accept: application/json\\r\\nContent-Length: {len(_QUERY)}\\r\\n\\r\\n%s' \"$login\" '{_QUERY}' >&3 && "
    "grep -q '\"errors\":\\[\\]' <&3"
)
"""A query over HTTP in bash alone, like the requests of `infra.databases.probe`."""

_AWKWARD = re.compile("^[-@]|/")
"""Passwords that the official image's entrypoint misreads or refuses."""
_START_WITH_LOGIN = (
    "p=${NEO4J_AUTH#*/}; unset NEO4J_AUTH; p=${p//\\\\/\\\\\\\\}; f=$(mktemp) && "
    'printf \'"%s"\\n\' "${p//\\"/\\\\\\"}" >"$f" && '
    '{ neo4j-admin dbms set-initial-password -- "@$f" || [ -d /data/databases/system ]; } && rm "$f" && '
    'exec "$(command -v docker-entrypoint.sh || echo /startup/docker-entrypoint.sh)" neo4j'
)
"""Passes the quoted password to `neo4j-admin` in a file. That fails if a password is already set, as after a restart."""


def adapted_to(specification: DatabaseSpec, password: str) -> DatabaseSpec:
    """Return the server for a password of any printable text."""
    if not _AWKWARD.search(password):
        return specification
    return specification.model_copy(update={"arguments": ("bash", "-c", _START_WITH_LOGIN)})


def environment(memory: int, major: int = _STRICT) -> dict[str, str]:
    """Return the settings for a server with this many bytes of memory, with the names of its major version."""
    # The virtual machine uses about 250 MiB in addition to heap and page cache, and the RAM disk counts too.
    heap, cache = max(memory // 4 // MIB, 192), max(memory // 16 // MIB, 32)
    if major < _STRICT:
        names = ("dbms_memory_heap_initial__size", "dbms_memory_heap_max__size", "dbms_memory_pagecache_size")
        logs = ("dbms_tx__log_rotation_size", "dbms_tx__log_rotation_retention__policy", "dbms_tx__log_preallocate")
    else:
        names = ("server_memory_heap_initial__size", "server_memory_heap_max__size", "server_memory_pagecache_size")
        logs = ("db_tx__log_rotation_size", "db_tx__log_rotation_retention__policy", "db_tx__log_preallocate")
    settings = {
        **dict(zip(names, (f"{heap}m", f"{heap}m", f"{cache}m"), strict=True)),
        # By default the server reserves 512 MiB, and on a smaller disk it never becomes available.
        **dict(zip(logs, ("16m", "2 files", "false"), strict=True)),
    }
    if major >= _STRICT:
        # The server then sends a keep-alive every ten seconds of a request, and its clients give up after twenty seconds of
        # silence. By default they wait as long as the system's TCP does, which is hours.
        settings |= {
            "server_bolt_connection__keep__alive__for__requests": "ALL",
            "server_bolt_connection__keep__alive": "10s",
            "server_bolt_connection__keep__alive__probes": "2",
        }
    return {"NEO4J_PLUGINS": '["apoc"]', **{f"NEO4J_{name}": value for name, value in settings.items()}}


def specification(image: str | None, cpu: float, memory: int, tmpfs: int | None) -> DatabaseSpec:
    """Return the server for these limits: cores, and bytes."""
    chosen = image or IMAGE
    return DatabaseSpec(
        image=chosen,
        arguments=(),
        environment=environment(memory, _major(chosen)),
        secret_environment={"NEO4J_AUTH": "neo4j/{password}"},
        port=7687,
        data_directory="/data",
        user=7474,
        health_command=("bash", "-c", _HEALTH),
        # Not neo4j://, with which the server redirects its clients to the address that it is configured with.
        connection="bolt://neo4j:{password}@{host}:{port}/neo4j",
        cpu=cpu,
        memory=memory,
        tmpfs=tmpfs,
    )


def _major(image: str) -> int:
    """Return the major version in the image's tag; a tag without a number counts as a current version."""
    digits = image.rpartition(":")[2].partition(".")[0]
    return int(digits) if digits.isdecimal() else _STRICT
