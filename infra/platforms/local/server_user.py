"""The user that an embedded server runs as: this user, or `nobody` for root, which servers refuse to run as."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import Self

from core.errors import ServerError
from core.text import one_line
from infra.pidfile import end_processes_in
from infra.platforms.local.limits import unmount_below

ELSEWHERE = "elsewhere"
"""A file in a workspace: the path of a folder outside of it that belongs to it, and that folder's mark."""
_MARK = ".loadtest-home"
"""A file in that folder with the same mark. Loadtest did not create a folder without it."""
_PREFIX, _OF = "loadtest-", ":"
_COMMAND_SECONDS = 120


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A user of this machine; `uid` is None for the user of this process."""

    uid: int | None

    @classmethod
    def choose(cls) -> Self:
        """Return this user, or `nobody` for root."""
        return cls(pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None)

    def own(self, path: Path) -> Path:
        """Make this user the owner of a file or folder, and return it."""
        if self.uid is not None:
            os.chown(path, self.uid, -1)
        return path

    def reaches(self, folder: Path) -> bool:
        """Return whether this user may enter every folder above."""
        return self.uid is None or all(parent.stat().st_mode & 0o001 for parent in folder.parents)

    def home_for(self, folder: Path, owner: str) -> Path:
        """Return the folder itself, or a new one elsewhere if this user cannot reach it. `remove_home` removes either.

        `owner` is in the mark of the new folder: `remove_homes_of` finds it there if `folder` no longer exists.
        """
        if self.uid is None:
            return folder
        home = self.own(Path(tempfile.mkdtemp(prefix=_PREFIX)))
        mark = f"{owner}{_OF}{secrets.token_hex(16)}"
        (home / _MARK).write_text(mark)
        (folder / ELSEWHERE).write_text(f"{home}\n{mark}")
        return home

    def run(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Run one of the server's programs as this user. Raises ServerError with the end of its output."""
        # By setpriv, not by subprocess' `user`: that one forks, which gRPC in this process warns about.
        become = [] if self.uid is None else ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        with tempfile.TemporaryFile() as output:
            # A file, not a pipe: the server inherits it and would keep a pipe open for as long as it runs.
            done = subprocess.run(
                [*become, *map(str, command)],
                stdout=output,
                stderr=output,
                env=environment,
                check=False,
                timeout=_COMMAND_SECONDS,
                cwd="/",
            )
            output.seek(0)
            if done.returncode != 0:
                text = one_line(output.read().decode(errors="replace"), -500) or f"exit code {done.returncode}"
                raise ServerError(f"embedded server: {Path(command[0]).name} failed: {text}")


def remove_home(folder: Path) -> None:
    """Remove a folder of `ServerUser.home_for` and the folder elsewhere, after ending the processes that work in them."""
    elsewhere = _noted_home(folder / ELSEWHERE)
    for home in [folder] if elsewhere is None else [elsewhere, folder]:
        _remove(home)


def remove_homes_of(owner: str) -> None:
    """Remove the folders elsewhere that `home_for` created for an owner, with the processes that work in them."""
    for mark in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_MARK}"):
        # Other users may create folders and links there.
        created = mark.parent.lstat()
        is_own = S_ISDIR(created.st_mode) and created.st_uid == (ServerUser.choose().uid or os.geteuid())
        if is_own and mark.read_text().startswith(f"{owner}{_OF}"):
            _remove(mark.parent)


def _remove(home: Path) -> None:
    end_processes_in(home)
    unmount_below(home)
    if home.exists():
        shutil.rmtree(home)


def _noted_home(note: Path) -> Path | None:
    """Return the folder that a note names, if the folder has the note's mark."""
    if not note.is_file():
        return None
    home, _, mark = note.read_text().partition("\n")
    marked = Path(home) / _MARK
    return Path(home) if mark and marked.is_file() and marked.read_text() == mark else None
