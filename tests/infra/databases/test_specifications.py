"""Each server of ours is a pure function of its limits, pinned, sized within its memory, and without secrets in sight."""

import pytest

from infra.databases import SERVERS, specification_of
from spec.database import DatabaseSpec
from spec.sources import SOURCES
from spec.units import MIB

SIZES = (512 * MIB, 1024 * MIB, 8192 * MIB)


@pytest.fixture(params=SERVERS)
def source(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _of(source: str, memory: int = 1024 * MIB) -> DatabaseSpec:
    return specification_of(source, None, cpu=1, memory=memory, tmpfs=None)


def test_every_source_that_needs_a_server_has_one() -> None:
    assert set(SERVERS) == {name for name, source in SOURCES.items() if source.needs_server}


def test_the_image_is_pinned_and_can_be_another(source: str) -> None:
    name, _, tag = _of(source).image.partition(":")
    assert name
    assert tag.count(".") >= 1, "a tag without a minor version moves"
    assert specification_of(source, "mine:1", cpu=1, memory=MIB, tmpfs=None).image == "mine:1"


def test_the_same_limits_give_the_same_server(source: str) -> None:
    assert _of(source) == _of(source)
    assert len({_of(source, memory).model_dump_json() for memory in SIZES}) == len(SIZES)


def test_the_password_is_a_placeholder_in_the_secret_environment_only(source: str) -> None:
    specification = _of(source)
    shown = (*specification.arguments, *specification.environment.values(), *specification.health_command)
    assert not [text for text in shown if "{password}" in text]
    assert specification.tmpfs_options.count("{") == 0
    assert specification.port == SOURCES[source].port
