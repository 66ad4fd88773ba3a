"""The worker images that `destroy` keeps on a Docker engine are named with a remedy."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.platforms.docker import cleanup

PROJECT = Path(__file__).parents[4]


class Engine:
    def __init__(self, *sizes: int) -> None:
        images = [SimpleNamespace(attrs={"Size": size}) for size in sizes]
        self.images = SimpleNamespace(list=lambda name: images if name == "loadtest-worker" else [])

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("sizes", "number"),
    [((829_000_000,), "1 worker image (up to 829 MB)"), ((5_000_000, 9e6), "2 worker images (up to 9 MB)")],
)
def test_kept_worker_images_have_reason_and_remedy(monkeypatch, sizes, number):
    monkeypatch.setattr(cleanup, "_engine", lambda _: Engine(*sizes))
    (line,) = cleanup.kept(PROJECT, "small")
    reason, remedy = line.split("; ")
    assert reason == f"{number} on Docker, so that the next run needs no build"
    assert remedy == "remove with `docker image rm $(docker image ls --quiet loadtest-worker)`"


@pytest.mark.parametrize("engine", [None, Engine()])
def test_nothing_is_kept_without_engine_or_images(monkeypatch, engine):
    monkeypatch.setattr(cleanup, "_engine", lambda _: engine)
    assert list(cleanup.kept(PROJECT, "small")) == []
