"""The Docker engine of a stack: from `docker:host`, from DOCKER_HOST, or from the context that `docker context use` chose.

The Docker provider reads the first two only, so the program passes it the address of a context.
"""

import grp
import hashlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import SettingsError
from core.provider_keys import provider_keys
from core.stack_file import is_secret

HOST_KEY, _CERTIFICATES_KEY = "docker:host", "docker:certPath"
_HOST, _CONTEXT, _CERTIFICATES, _VERIFY = "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"
_DEFAULT_SOCKET = "unix:///var/run/docker.sock"


class DockerAddress(NamedTuple):
    """The address of an engine, and what named it."""

    host: str | None = None
    """The URL; None for the default socket."""
    named_by: str = ""
    """The setting, variable or context; empty for the default socket."""
    certificates: Path | None = None
    """The folder of the TLS files of a context or of `docker:certPath`."""
    verifies: bool = True
    """Whether the engine's certificate is verified."""

    @property
    def is_context(self) -> bool:
        """Whether a context names the engine, which the provider does not read."""
        return self.host is not None and self.named_by not in (HOST_KEY, _HOST)

    @property
    def is_this_machine(self) -> bool:
        """Whether the engine certainly runs on this machine, and not in a virtual one."""
        return sys.platform == "linux" and self.host in (None, _DEFAULT_SOCKET)

    @property
    def exists(self) -> bool:
        """Whether there may be an engine: one is named, or the default socket exists."""
        return self.host is not None or Path(_DEFAULT_SOCKET.removeprefix("unix://")).exists()

    def remedy(self) -> str:
        """Return how to reach an engine that did not answer: by the right to use its socket, or by starting it."""
        path = (self.host or _DEFAULT_SOCKET).removeprefix("unix://")
        try:
            owner = Path(path).stat()
        except PermissionError:
            return f"this user may not reach {path}; set {_HOST} to an engine of this user"
        except (OSError, ValueError):
            return f"start Docker or set {_HOST}"
        if os.access(path, os.R_OK | os.W_OK):
            return f"start Docker or set {_HOST}"
        own = f"set {_HOST} to an engine of this user"
        if owner.st_gid == 0 or not owner.st_mode & stat.S_IWGRP:
            return f"this user may not use {path}; {own}"
        group = _group_of(owner.st_gid)
        return (
            f"this user may not use {path}; add the user to the group {group} with `sudo usermod -aG {group} $USER` and log "
            f"in again, or {own}"
        )

    def require_host(self, host: str | None) -> None:
        """Raise SettingsError if the provider's host is another one, which happens with an encrypted one. It is not shown."""
        if host and host != self.host:
            raise SettingsError(
                f"{HOST_KEY}: is encrypted, and is not the engine of {self.named_by}; set {_HOST} to the same address, which "
                "`watch` and `cleanup` read"
            )

    def options(self) -> Mapping[str, Any]:
        """Return the arguments of `docker.from_env`."""
        over_ssh = (self.host or "").startswith("ssh://")
        return {"environment": self.environment(), "use_ssh_client": over_ssh}

    def environment(self) -> Mapping[str, str]:
        """Return the variables from which Docker's client reads this address."""
        if self.host is None:
            return dict(os.environ)
        variables = {**os.environ, _HOST: self.host}
        if self.is_context:
            # The variables for TLS are those of another engine.
            variables.pop(_CERTIFICATES, None)
            variables.pop(_VERIFY, None)
        if self.certificates is not None:
            variables |= {_CERTIFICATES: str(self.certificates), _VERIFY: "1" if self.verifies else ""}
        return variables

    def provider_inputs(self) -> Mapping[str, str]:
        """Return the inputs of Pulumi's Docker provider for a context's engine; none for others, which it reads itself."""
        if not self.is_context or self.host is None:
            return {}
        return {"host": self.host, **({"certPath": str(self.certificates)} if self.certificates else {})}


def docker_address(project: Path, stack: str | None) -> DockerAddress:
    """Return the engine of a stack, or of no stack. Raises SettingsError if two engines are named, or an unknown context.

    A stack or a variable overrides the context of `docker context use`, as in Docker's own commands.
    """
    keys = provider_keys(project, stack, "docker") if stack else {}
    configured = _configured_host(keys, stack) if stack else None
    context = os.environ.get(_CONTEXT)
    named = {HOST_KEY: configured, _HOST: os.environ.get(_HOST), _CONTEXT: _host_of(context) if context else None}
    given = {key: host for key, host in named.items() if host}
    if len(set(given.values())) > 1:
        (first, one), (second, other) = list(given.items())[:2]
        raise SettingsError(f"{first}: {one!r} is not the engine of {second}, {other!r}; remove one of them")
    certificates = Path(str(keys[_CERTIFICATES_KEY])) if _CERTIFICATES_KEY in keys else None
    if configured:
        return DockerAddress(configured, HOST_KEY, certificates)
    if named[_HOST]:
        return DockerAddress(named[_HOST], _HOST, certificates)
    return _of_context(context or _current_context())


def _configured_host(keys: Mapping[str, Any], stack: str) -> str | None:
    value = keys.get(HOST_KEY)
    if value is None or not is_secret(value):
        return str(value) if value else None
    if _HOST in os.environ:
        return None
    raise SettingsError(
        f"{HOST_KEY}: is encrypted in stack {stack}, so only the engine can read it; set {_HOST} to the same address"
    )


def _group_of(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _folder() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _current_context() -> str:
    try:
        content = json.loads((_folder() / "config.json").read_text(encoding="utf-8"))
        return str(content.get("currentContext") or "default")
    except (OSError, ValueError, AttributeError):
        return "default"


def _host_of(context: str) -> str:
    return _of_context(context).host or _DEFAULT_SOCKET


def _of_context(name: str) -> DockerAddress:
    """Return the engine of a context: Docker keeps it in a folder that is named by the hash of the context's name."""
    if name == "default":
        return DockerAddress()
    digest = hashlib.sha256(name.encode()).hexdigest()
    try:
        content = json.loads((_folder() / "contexts" / "meta" / digest / "meta.json").read_text(encoding="utf-8"))
        endpoint = content["Endpoints"]["docker"]
        host = str(endpoint["Host"])
    except (OSError, ValueError, LookupError, TypeError):
        raise SettingsError(
            f"{_CONTEXT}: {name!r} is not a usable Docker context; choose one of `docker context ls` with `docker context use`"
        ) from None
    certificates = _folder() / "contexts" / "tls" / digest / "docker"
    return DockerAddress(
        host,
        f"the Docker context {name}",
        certificates if certificates.is_dir() else None,
        not endpoint.get("SkipTLSVerify"),
    )
