"""Child processes of the tests."""

import subprocess

import psutil

SLEEP = ["sleep", "600"]


def ended(process: "subprocess.Popen[str]") -> bool:
    """Return whether a child process has ended."""
    return process.poll() is not None and not psutil.pid_exists(process.pid)
