"""Fixtures that create stacks, destroy them in the end, and fail if anything is left."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testkit.clone import Clone, Stack
from testkit.images import image

StackMaker = Callable[..., Stack]


@contextmanager
def stacks(clone: Clone) -> Iterator[StackMaker]:
    """Yield a function that creates stacks of a clone; destroy them in the end, and fail if anything is left."""
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
    """A function that creates stacks, which live as long as the module's tests."""
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
    """A function that writes a schema file and returns its path, for `loadtest:schema`."""

    def write(text: str) -> str:
        file = tmp_path / "schema.yaml"
        file.write_text(text)
        return str(file)

    return write
