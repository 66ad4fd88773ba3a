"""Pulumi's state: a folder of the project, unless the user keeps it elsewhere."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from core.backend import FOLDER, backend_url

PASSPHRASE_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def variables(project: Path) -> dict[str, str]:
    """Return the environment variables that select the folder `.pulumi` as backend; none for a user with another backend.

    Create the folder if it is missing, and a random passphrase for the secrets of its stacks that only this user can read.
    """
    if logged_in():
        return {}
    state = project / FOLDER
    state.mkdir(mode=0o700, exist_ok=True)
    chosen = {"PULUMI_BACKEND_URL": backend_url(project)}
    if not any(name in os.environ for name in PASSPHRASE_VARIABLES):
        chosen["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase_file(state))
    return chosen


def logged_in() -> bool:
    """Return whether the environment or an earlier `pulumi login` names a backend."""
    if os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_ACCESS_TOKEN"):
        return True
    home = os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"
    try:
        credentials = json.loads((Path(home) / "credentials.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    return bool(credentials.get("current"))


def passphrase_file(state: Path) -> Path:
    """Return the file with the passphrase; create it on first use. Concurrent first uses get the same passphrase."""
    file = state / "passphrase"
    if not file.exists():
        unfinished = state / f".passphrase.{os.getpid()}"
        unfinished.touch(mode=0o600)
        unfinished.write_text(secrets.token_urlsafe(32))
        try:
            os.link(unfinished, file)
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()
    return file
