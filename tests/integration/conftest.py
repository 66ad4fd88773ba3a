"""Stacks for the tests: every one is destroyed in the end, and has to leave nothing behind."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testkit.clone import Clone, Stack
from testkit.images import image

StackMaker = Callable[..., Stack]


@contextmanager
def stacks(clone: Clone) -> Iterator[StackMaker]:
    """Makes stacks of a clone; destroys all of them, and fails where one leaves something behind."""
    made: list[Stack] = []

    def make(**config: object) -> Stack:
        made.append(Stack(clone, config))
        return made[-1]

    yield make
    left = {stack.name: [*_destroyed(stack), *stack.traces()] for stack in made if stack.traces()}
    assert not any(left.values()), left


def _destroyed(stack: Stack) -> list[str]:
    done = stack.destroy()
    return [] if done.code == 0 or "no stack named" in done.output else [done.output]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """One copy of the project for all stacks of the session."""
    return Clone(tmp_path_factory.mktemp("clone") / "project")


@pytest.fixture(scope="module")
def new_stack(clone: Clone) -> Generator[StackMaker]:
    """Makes stacks that live as long as the module's tests."""
    with stacks(clone) as make:
        yield make


@pytest.fixture(scope="session")
def docker() -> dict[str, object]:
    """The settings of a run on Docker with the images of this machine."""
    return {
        "platform": "docker",
        "databaseImage": image("postgresql"),
        "workerBaseImage": image("python"),
    }


@pytest.fixture
def schema_file(clone: Clone, tmp_path: Path) -> Callable[[str], str]:
    """Writes a schema file and gives its path, for `loadtest:schema`."""

    def write(text: str) -> str:
        file = tmp_path / "schema.yaml"
        file.write_text(text)
        return str(file)

    return write
