"""An instance's id is given on only once nothing of others is in the way, in a preview too."""

from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from pulumi.output import UNKNOWN
from pulumi.runtime.sync_await import _sync_await

from core.errors import SettingsError
from core.labels import INSTANCE_LABEL, STACK_LABEL
from infra.ownership import Existing, checked, foreign
from tests.infra.platforms.rendering import forget_outputs

OWN = {STACK_LABEL: "mine", INSTANCE_LABEL: "0a"}
EARLIER = {STACK_LABEL: "mine"}


@pytest.fixture(autouse=True)
def _outputs() -> Iterator[None]:
    yield
    forget_outputs()


def given_on(instance: Any, asked: list[str]) -> tuple[object, bool]:
    """Return what `checked` gives on for an id, and whether that is known."""

    async def run() -> tuple[object, bool]:
        given = checked(pulumi.Output.from_input(instance), asked.append)
        return await given.future(), await given.is_known()

    return _sync_await(run())


def test_check_is_asked_with_and_without_a_known_instance():
    asked: list[str] = []
    assert given_on("0a", asked) == ("0a", True)
    assert given_on(UNKNOWN, asked) == (None, False)
    assert asked == ["0a", ""]


def test_refusal_is_the_programs_error():
    def refuse(_instance: str) -> None:
        raise SettingsError("in use")

    async def run() -> None:
        await checked(pulumi.Output.from_input("0a"), refuse).future()

    with pytest.raises(pulumi.RunError, match=r"^in use$"):
        _sync_await(run())


def test_only_the_instance_makes_a_thing_its_own():
    things = [Existing("volume", name, labels) for name, labels in (("own", OWN), ("earlier", EARLIER), ("bare", {}))]
    left = "volume earlier (created by stack mine, without an instance), volume bare (not created by a stack)"
    assert foreign(things, "0a") == left
    assert foreign(things, "") == f"volume own (created by stack mine, instance 0a), {left}"
    assert foreign(things[:1], "0a") == foreign([], "") == ""


def test_long_lists_are_cut():
    things = [Existing("container", f"w{index}", EARLIER) for index in range(200)]
    assert foreign(things, "0a").startswith(
        "container w0, container w1, container w2, container w3 and 196 more (created by"
    )
