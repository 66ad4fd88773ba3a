"""The test cluster: started on first use, stopped at the end of the session that started it.

A cluster that already runs is used and left running. Sessions take turns: the second one waits until the first has ended.
"""

import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from testkit import session

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Session:
    """The cluster of this test session, and whether the session started it and must stop it."""

    kubeconfig: Path
    ours: bool


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m contrib.offline.cluster ARGUMENTS`."""
    command = [sys.executable, "-m", "contrib.offline.cluster", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def succeed(*arguments: str) -> str:
    """Run a command of the cluster and return its output; fail the test with its errors if it fails."""
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def load(image: str) -> None:
    """Copy an image from Docker into the cluster if it is missing there."""
    succeed("load", image)


@pytest.fixture(scope="session")
def cluster_session() -> Generator[Session]:
    """Start the cluster if it does not run, and stop it at the end of the session that started it."""
    from contrib.offline.cluster import claim, runtime
    from contrib.offline.cluster.layout import CACHE

    with CACHE.lock("test-session"):
        runs = claim.current() is not None and runtime.answers()
        if not runs:
            # Start with a new state: pods of an earlier session would appear as unknown.
            succeed("stop", "--purge")
            session.CLUSTER_STARTED.touch()
        yield Session(Path(succeed("start")), ours=not runs)
        if not runs:
            succeed("stop", "--purge")
            session.CLUSTER_STARTED.unlink()


@pytest.fixture(scope="session")
def cluster(cluster_session: Session) -> Path:
    """The kubeconfig of the running cluster."""
    return cluster_session.kubeconfig
