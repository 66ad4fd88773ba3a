"""MySQL 8.4 and 9.x for a load test: sized by its memory, without durability beyond the run.

`innodb_flush_log_at_trx_commit=2` writes the log at a commit and flushes it once per second, `innodb_doublewrite=OFF` writes
each page once: a crash of the machine may lose data. Do not use these settings for data that matter.
"""

from core.units import MIB
from infra.databases.spec import DatabaseSpec

IMAGE = "mysql:9.7.4"
LEAST_MEMORY = 448 * MIB
"""An idle server uses about 400 MiB in addition to its smallest buffer pool."""
NAME = "loadtest"
"""The user and the database."""


def arguments(memory: int) -> tuple[str, ...]:
    """Return the settings for a server with this many bytes of memory; 8.4 and 9.x have all of them."""
    # An idle server uses about 400 MiB in addition to its buffer pool, and the RAM disk of the data counts too.
    pool = max(memory // 8 // MIB, 64)
    return (
        "--max-connections=200",
        f"--innodb-buffer-pool-size={pool}M",
        f"--innodb-redo-log-capacity={max(memory // 16 // MIB, 16)}M",
        "--skip-log-bin",
        "--local-infile=1",
        "--innodb-flush-log-at-trx-commit=2",
        "--innodb-doublewrite=OFF",
        # Its statistics take a hundred MiB, and some time of every statement.
        "--performance-schema=OFF",
        # Without it the server would look up the name of every client.
        "--skip-name-resolve",
    )


def specification(image: str | None, cpu: float, memory: int, tmpfs: int | None) -> DatabaseSpec:
    """Return the server for these limits: cores, and bytes."""
    return DatabaseSpec(
        image=image or IMAGE,
        arguments=arguments(memory),
        environment={"MYSQL_DATABASE": NAME, "MYSQL_USER": NAME},
        secret_environment={"MYSQL_ROOT_PASSWORD": "{password}", "MYSQL_PASSWORD": "{password}"},
        port=3306,
        data_directory="/var/lib/mysql",
        # Use TCP: while the image initialises itself, its server listens on a socket only. Log in as the user of the load to
        # its database: `mysqladmin ping` succeeds even if a login is refused.
        health_command=(
            "sh",
            "-c",
            f'MYSQL_PWD="$MYSQL_PASSWORD" exec mysql --host=127.0.0.1 --user={NAME} --execute="SELECT 1" {NAME}',
        ),
        # Client and server share a private network: TLS would take a core's time from the load.
        connection=f"mysql://{NAME}:{{password}}@{{host}}:{{port}}/{NAME}?ssl-mode=DISABLED",
        cpu=cpu,
        memory=memory,
        tmpfs=tmpfs,
    )
