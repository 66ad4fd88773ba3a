"""MongoDB for a load test: a replica set of one, sized by its memory.

`prepare` initiates the replica set. Its members authenticate with a key, so a random one is created before the server
starts. The journal cannot be off in a replica set (since 4.0): it is flushed at the longest interval that the server allows,
and the load's write concern does not wait for it.
"""

from core.units import GIB, MIB
from infra.databases.probe import probe
from infra.databases.spec import DatabaseSpec

IMAGE = "mongo:8.0.15"
LEAST_MEMORY = 320 * MIB
"""Its smallest cache, and about 64 MiB in addition."""
NAME = "loadtest"
"""The user and the database."""
REPLICA_SET = "loadtest"
_KEY = "/tmp/loadtest.key"  # noqa: S108 - in the server's container
_USER = "999:999"
"""User and group of the server in the official image."""

_PING = b"\x1e\0\0\0" + b"\x10ping\0\1\0\0\0" + b"\x02$db\0\x06\0\0\0admin\0" + b"\0"
"""`{ping: 1, $db: "admin"}` in BSON."""
_MESSAGE = (16 + 5 + len(_PING)).to_bytes(4, "little") + bytes(8) + (2013).to_bytes(4, "little") + bytes(5) + _PING
"""OP_MSG of the wire protocol: its size, two ids, its code; no flags; one section."""
_SHORTEST_ANSWER = 38
_OK = b"ok\0" + b"\0\0\0\0\0\0\xf0\x3f"
"""`ok: 1.0`"""


def arguments(memory: int) -> tuple[str, ...]:
    """Return the command for a server with this many bytes of memory."""
    cache = max(memory / 4, 256 * MIB) / GIB
    server = (
        "mongod",
        f"--replSet={REPLICA_SET}",
        f"--keyFile={_KEY}",
        "--bind_ip_all",
        f"--wiredTigerCacheSizeGB={cache:g}",
        "--journalCommitInterval=500",
        # Nothing is replicated, and the default is a GiB of a small disk.
        "--oplogSize=64",
    )
    key = f"head -c 96 /dev/urandom | base64 -w0 >{_KEY} && chmod 400 {_KEY} && chown {_USER} {_KEY}"
    return ("bash", "-c", f'{key} && exec docker-entrypoint.sh "$@"', "bash", *server)


def specification(image: str | None, cpu: float, memory: int, tmpfs: int | None) -> DatabaseSpec:
    """Return the server for these limits: cores, and bytes."""
    return DatabaseSpec(
        image=image or IMAGE,
        arguments=arguments(memory),
        environment={"MONGO_INITDB_ROOT_USERNAME": NAME},
        secret_environment={"MONGO_INITDB_ROOT_PASSWORD": "{password}"},
        port=27017,
        data_directory="/data/db",
        # Use the container's name: while the image creates its user, its server listens on the loopback only.
        health_command=probe(27017, _MESSAGE, _SHORTEST_ANSWER, _OK.hex(), host="$HOSTNAME"),
        connection=f"mongodb://{NAME}:{{password}}@{{host}}:{{port}}/{NAME}?authSource=admin&directConnection=true",
        cpu=cpu,
        memory=memory,
        tmpfs=tmpfs,
    )
