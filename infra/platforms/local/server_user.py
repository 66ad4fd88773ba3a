"""Who a server of ours runs as: this user, or `nobody` where this user is root and the server refuses to be."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from core.errors import ServerError
from core.text import one_line
from infra.platforms.local import ramdisk
from infra.platforms.local.pidfile import end_in

ELSEWHERE = "elsewhere"
"""A note in a workspace: the path of a folder outside of it that belongs to it, and the mark in that folder."""
_MARK = ".loadtest-home"
"""In a folder outside of the workspace: what the note says, too. A folder without it is not ours, whatever its name."""
_COMMAND_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Account:
    """A user of this machine; `uid` is None for the one who runs this process."""

    uid: int | None

    @classmethod
    def of_a_server(cls) -> Self:
        """Somebody who is not root."""
        return cls(pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None)

    def own(self, path: Path) -> Path:
        """Hand a file or folder over."""
        if self.uid is not None:
            os.chown(path, self.uid, -1)
        return path

    def reaches(self, folder: Path) -> bool:
        """Whether every folder on the way may be entered."""
        return self.uid is None or all(parent.stat().st_mode & 0o001 for parent in folder.parents)

    def home_for(self, folder: Path) -> Path:
        """The folder itself, or one outside where its way is closed to the account; `remove_home` finds either."""
        if self.uid is None:
            return folder
        home, mark = self.own(Path(tempfile.mkdtemp(prefix="loadtest-"))), secrets.token_hex(16)
        (home / _MARK).write_text(mark)
        (folder / ELSEWHERE).write_text(f"{home}\n{mark}")
        return home

    def run(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """One of the server's own programs; raises ServerError with what it said."""
        # By setpriv, not by subprocess' own `user`: that one forks, which gRPC in this process complains about.
        become = [] if self.uid is None else ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        with tempfile.TemporaryFile() as said:
            # A file, not a pipe: a server inherits it and would keep a pipe open for as long as it runs.
            done = subprocess.run(
                [*become, *map(str, command)],
                stdout=said,
                stderr=said,
                env=environment,
                check=False,
                timeout=_COMMAND_SECONDS,
                cwd="/",
            )
            said.seek(0)
            if done.returncode != 0:
                text = one_line(said.read().decode(errors="replace"), -500) or f"exit code {done.returncode}"
                raise ServerError(f"embedded server: {Path(command[0]).name} failed: {text}")


def remove_home(folder: Path) -> None:
    """Remove a folder that was a home, or that notes where one is; a server that still works in it ends first."""
    noted = _noted(folder / ELSEWHERE)
    for home in [folder] if noted is None else [noted, folder]:
        end_in(home)
        ramdisk.unmount_below(home)
        if home.exists():
            shutil.rmtree(home)


def _noted(note: Path) -> Path | None:
    """Return the folder that a note names, if the folder has the note's mark."""
    if not note.is_file():
        return None
    home, _, mark = note.read_text().partition("\n")
    marked = Path(home) / _MARK
    return Path(home) if mark and marked.is_file() and marked.read_text() == mark else None
