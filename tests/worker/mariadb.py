"""A MariaDB server as a process, if the machine has `mariadbd` (Debian: mariadb-server-core)."""

import getpass
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql

from testkit.components import MARIADB

SHARES = (Path("/usr/share/mariadb/mariadb"), Path("/usr/share/mysql/mysql"))
"""The beginning of the paths of the system tables: of MariaDB 11, and of MariaDB 10."""
_SYSTEM = ("system_tables", "performance_tables", "system_tables_data")
PASSWORD = "a-password-of-the-tests"


@contextmanager
def mariadb(folder: Path, arguments: Sequence[str] = ()) -> Iterator[tuple[str, "pymysql.Connection[Any]"]]:
    """Start a server with an empty database `loadtest`; yield its connection string and root's connection."""
    data, path, user = folder / "data", folder / "s", getpass.getuser()
    data.mkdir()
    command = [str(MARIADB), "--no-defaults", f"--datadir={data}", f"--user={user}", "--innodb-buffer-pool-size=32M"]
    share = next(each for each in SHARES if each.parent.joinpath(f"{each.name}_{_SYSTEM[0]}.sql").is_file())
    texts = "".join(share.parent.joinpath(f"{share.name}_{name}.sql").read_text() for name in _SYSTEM)
    system = "create database mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\n" + texts
    subprocess.run([*command, "--bootstrap"], input=system, text=True, capture_output=True, check=True, timeout=60)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = [f"--socket={path}", f"--port={port}", "--bind-address=127.0.0.1", "--pid-file=pid", "--local-infile=1"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, *place, *arguments], stdout=log, stderr=log)
    try:
        with _root(server, path) as root, root.cursor() as cursor:
            cursor.execute("CREATE DATABASE loadtest")
            cursor.execute(f"CREATE USER loadtest@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute("GRANT ALL ON loadtest.* TO loadtest@'127.0.0.1'")
            yield f"mysql://loadtest:{PASSWORD}@127.0.0.1:{port}/loadtest", root
    finally:
        server.terminate()
        server.wait(30)


def _root(server: "subprocess.Popen[bytes]", path: Path) -> "pymysql.Connection[Any]":
    deadline = time.monotonic() + 60
    while not _listens(path):
        assert server.poll() is None, "mariadbd ended"
        assert time.monotonic() < deadline, "mariadbd does not listen"
        time.sleep(0.1)
    return pymysql.connect(unix_socket=str(path), user="root", autocommit=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
