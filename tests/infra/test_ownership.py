"""Resources of other instances are recognized, and the instance's id is available only after the check."""

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


def output_of(instance: Any, asked: list[str]) -> tuple[object, bool]:
    """Return the output of `checked` for an id, and whether it is known."""

    async def run() -> tuple[object, bool]:
        given = checked(pulumi.Output.from_input(instance), asked.append)
        return await given.future(), await given.is_known()

    return _sync_await(run())


def test_check_receives_known_and_unknown_instance():
    asked: list[str] = []
    assert output_of("0a", asked) == ("0a", True)
    assert output_of(UNKNOWN, asked) == (None, False)
    assert asked == ["0a", ""]


def test_failed_ownership_check_fails_the_program():
    def refuse(_instance: str) -> None:
        raise SettingsError("in use")

    async def run() -> None:
        await checked(pulumi.Output.from_input("0a"), refuse).future()

    with pytest.raises(pulumi.RunError, match=r"^in use$"):
        _sync_await(run())


def test_resource_is_owned_by_instance_label_only():
    things = [Existing("volume", name, labels) for name, labels in (("own", OWN), ("earlier", EARLIER), ("bare", {}))]
    left = "volume earlier (created by stack mine, without an instance), volume bare (not created by a stack)"
    assert foreign(things, "0a") == left
    assert foreign(things, "") == f"volume own (created by stack mine, instance 0a), {left}"
    assert foreign(things[:1], "0a") == foreign([], "") == ""


def test_long_list_of_resources_is_shortened():
    things = [Existing("container", f"w{index}", EARLIER) for index in range(200)]
    assert foreign(things, "0a").startswith(
        "container w0, container w1, container w2, container w3 and 196 more (created by"
    )
