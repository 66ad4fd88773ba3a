"""The project's own state: a folder inside it, unless the user keeps Pulumi's state elsewhere."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

PASSPHRASE_VARIABLES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")

FOLDER = ".pulumi"


def url(project: Path) -> str:
    """The project's own backend, as Pulumi names it."""
    return f"file://{project / FOLDER}"


def variables(project: Path) -> dict[str, str]:
    """The environment variables that point Pulumi at `project`/.pulumi; empty when the user is logged in elsewhere.

    Makes the folder, and once a random passphrase for the stacks' secrets that only this user can read.
    """
    if logged_in():
        return {}
    state = project / FOLDER
    state.mkdir(mode=0o700, exist_ok=True)
    chosen = {"PULUMI_BACKEND_URL": url(project)}
    if not any(name in os.environ for name in PASSPHRASE_VARIABLES):
        chosen["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(passphrase_file(state))
    return chosen


def logged_in() -> bool:
    """Whether the environment or an earlier `pulumi login` names a backend."""
    if os.environ.get("PULUMI_BACKEND_URL") or os.environ.get("PULUMI_ACCESS_TOKEN"):
        return True
    home = os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi"
    try:
        credentials = json.loads((Path(home) / "credentials.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return False
    return bool(credentials.get("current"))


def passphrase_file(state: Path) -> Path:
    """The file of the passphrase, made on first use. Two first uses at once agree on one passphrase."""
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
