"""Check the English of the project with `testkit.prose`, and the check itself with sentences that it must refuse."""

import pytest

from testkit.prose import TEST_NAME_LENGTH, is_imperative, phrases_in, problems_of, problems_of_python
from tests.test_architecture import ROOT, name_of, tracked

DOCUMENTS = (".py", ".md", ".yaml", ".yml", ".toml", ".sh", "")
QUOTED = ("testkit/prose.py", "tests/test_prose.py")
"""Files that quote what they refuse."""
WITHOUT_PROSE = (
    "LICENSE",
    "bench/results",
    "docs/sessions",
    "tests/data",
    # A change of these files builds the image again.
    *(
        f"contrib/offline/images/{name}"
        for name in ("base", "ferretdb", "kafka", "mysql", "neo4j", "postgres", "python")
    ),
)


PARTS = sorted({file.relative_to(ROOT).parts[0] for file in tracked(*DOCUMENTS)})


@pytest.mark.parametrize("part", PARTS)
def test_prose_is_plain_english(part):
    files = [file for file in tracked(*DOCUMENTS) if file.relative_to(ROOT).parts[0] == part]
    left_out = [ROOT / name for name in (*QUOTED, *WITHOUT_PROSE)]
    files = [file for file in files if not any(file.is_relative_to(path) for path in left_out)]
    assert [f"{name_of(file)}:{problem}" for file in files for problem in problems_of(file)] == []


@pytest.mark.parametrize(
    "text",
    [
        "memoryLimit: 12 is no size",
        "what is left beside it",
        "So many rows a worker",
        "a server of ours",
        "it says which worker hangs on whoever",
        "the run goes on",
    ],
)
def test_phrases_are_refused(text):
    assert list(phrases_in(text))


@pytest.mark.parametrize(
    "text",
    ["there is no stack", "the run is no longer watched", "rows per second", "so many that it fails", "`is no size`"],
)
def test_phrases_are_accepted(text):
    assert list(phrases_in(text)) == []


def test_phrase_is_found_with_its_line():
    problems = list(phrases_in("Return the size.\n\nThe worker\nsays that it is full.", line=7))
    assert [problem.line for problem in problems] == [10]


@pytest.mark.parametrize("word", ["Return", "Process", "Embed", "Pre-load", "Ping"])
def test_imperative_is_accepted(word):
    assert is_imperative(word)


@pytest.mark.parametrize("word", ["Returns", "Loaded", "Waiting", "The", "Of", "Whether", "So", "`5%`", "JSON"])
def test_title_without_imperative_is_refused(word):
    assert not is_imperative(word)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('"""Rows that nobody reads."""\n', 1),
        ("# Kept anew.\n", 1),
        ("def f(x):\n    raise ValueError(f'{x} is no size of a disk')\n", 2),
        ('def f():\n    """Whether it is full."""\n', 2),
        ('def f():\n    """Stored for a while."""\n', 2),
        ('class Kept:\n    """What is stored."""\n', 2),
        (f"def test_{'x' * TEST_NAME_LENGTH}():\n    pass\n", 1),
        ('class Disk:\n    @property\n    def full(self):\n        """Of the disk."""\n', 4),
    ],
)
def test_problem_of_a_module_is_found(source, line):
    assert [problem.line for problem in problems_of_python(source)] == [line]


@pytest.mark.parametrize(
    "source",
    [
        '"""Sizes in bytes."""\n',
        'class Disk:\n    """A disk of fixed size."""\n',
        'class Disk:\n    @property\n    def size(self):\n        """The size in bytes."""\n',
        'def size():\n    """Return the size."""\n',
        'def test_size():\n    """The sizes are those of the manual."""\n',
        f"def test_{'x' * (TEST_NAME_LENGTH - 5)}():\n    pass\n",
    ],
)
def test_plain_module_has_no_problem(source):
    assert list(problems_of_python(source)) == []
