"""The image of the worker has what a worker needs, and not what only its build needs."""

import json
import subprocess
from pathlib import Path

import pytest

from infra.cli.worker_image import build
from testkit.images import image

pytestmark = pytest.mark.docker
PROJECT = Path(__file__).resolve().parents[2]
OWN_MEGABYTES = 450
"""What the worker and its packages may add to the base image. Polars takes 180 of it, Arrow 100, numpy 57."""
IMPORT_ALL = """
import importlib, pkgutil, worker
for module in pkgutil.walk_packages(worker.__path__, "worker."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def worker() -> str:
    return build(PROJECT, image("python"))


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_can_be_imported(worker):
    docker("run", "--rm", "--network=none", "--entrypoint=python", worker, "-c", IMPORT_ALL)


def test_wheels_are_not_in_image(worker):
    found = docker("run", "--rm", "--network=none", "--entrypoint=find", worker, "/app", "/packages", "-name", "*.whl")
    assert found == ""


def test_image_adds_little_to_its_base(worker):
    sizes = [json.loads(docker("image", "inspect", name))[0]["Size"] for name in (worker, image("python"))]
    assert (sizes[0] - sizes[1]) / 1e6 < OWN_MEGABYTES
