"""Scan a worker's container from the inside, with a program that runs in it."""

import json
from typing import Any

_READ_ONLY = ("/", "/app", "/packages", "/etc", "/usr/bin", "/tmp", "/var/tmp", "/root", "/home", "/plan")
_WRITABLE = ("/data", "/results")
_SECRETS = ("/var/run/docker.sock", "/run/docker.sock", "/var/run/secrets", "/run/secrets", "/run/containerd")

PROGRAM = f"""
import json, os, uuid

def refusal(folder):
    path = os.path.join(folder, uuid.uuid4().hex)
    try:
        open(path, "w").close()
        os.unlink(path)
    except OSError as error:
        return error.strerror
    return None

first = dict(line.split(":", 1) for line in open("/proc/1/status") if ":" in line)
print(json.dumps({{
    "status": {{name: value.split() for name, value in first.items()}},
    "read_only": {{folder: refusal(folder) for folder in {_READ_ONLY!r}}},
    "writable": {{folder: refusal(folder) for folder in {_WRITABLE!r}}},
    "there": [path for path in {_SECRETS!r} if os.path.lexists(path)],
}}))
"""
"""The Python program of the scan. It prints one line of JSON."""


def assert_confined(printed: str, *, user: int) -> None:
    """Fail the test if the first process has another user or can do more than its work."""
    seen: dict[str, Any] = json.loads(printed)
    status = seen["status"]
    assert status["Uid"] == status["Gid"] == [str(user)] * 4
    capabilities = {name: status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    assert {int(mask, 16) for (mask,) in capabilities.values()} == {0}, capabilities
    assert status["NoNewPrivs"] == ["1"]
    assert status["Seccomp"] == ["2"], "no filter of system calls"
    assert all(seen["read_only"].values()), seen["read_only"]
    # A root-only folder reports a permission error first. Only /tmp shows that the file system is read-only for all users.
    assert seen["read_only"]["/tmp"] == seen["read_only"]["/var/tmp"] == "Read-only file system"
    assert not any(seen["writable"].values()), seen["writable"]
    assert seen["there"] == []
