"""Check that every link, path, module, make target and loadtest command in a Markdown file exists."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.commands import COMMANDS
from tests.test_architecture import OURS, ROOT, tracked

PAGES = sorted(tracked(".md"))
IGNORED = tuple(line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if line)
"""Folders that a run or a tool creates; they need not exist in a checkout."""
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"\.?[\w-][\w.<>*{},-]*(?:/[\w.<>*{},-]+)*/?")
_MODULE = re.compile(rf"(?:python3? -m |^)((?:{'|'.join(sorted(OURS))})(?:\.[a-z_]+)*)(?=$|[\s`])", re.MULTILINE)
_COMMAND = re.compile(r"\./loadtest ([a-z]+)\b")
_TARGET = re.compile(r"\bmake ([a-z]+)\b")


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code_of(text: str) -> Iterator[str]:
    """Yield the text of code spans and code blocks."""
    yield from (block.strip("`") for block in _FENCE.findall(text))
    yield from _CODE.findall(_FENCE.sub("", text))


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ +(.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def paths_of(text: str) -> set[str]:
    """Return the code spans that are paths of this repository: their first part is one of its folders."""
    top = {path.name for path in ROOT.iterdir() if path.is_dir()} - {".git", ".venv"}
    spans = (span for span in _CODE.findall(_FENCE.sub("", text)) if _PATH.fullmatch(span) and "/" in span)
    return {span for span in spans if span.partition("/")[0] in top and not span.startswith(IGNORED)}


def exists(path: str) -> bool:
    """Return whether a path exists; `<store>` and `*` match any name, `{a,b}` needs both."""
    if braces := re.search(r"\{([^{}]*)\}", path):
        return all(exists(path.replace(braces[0], each, 1)) for each in braces[1].split(","))
    return any(ROOT.glob(re.sub(r"<[^>]*>", "*", path.rstrip("/"))))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_relative_links_lead_to_files_and_headings(page):
    broken = []
    for link in _LINK.findall(_FENCE.sub("", page.read_text())):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_named_paths_exist(page):
    assert sorted(path for path in paths_of(page.read_text()) if not exists(path)) == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_named_modules_exist(page):
    named = {name for code in code_of(page.read_text()) for name in _MODULE.findall(code)}
    assert sorted(name for name in named if "." in name and not importlib.util.find_spec(name)) == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_named_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for code in code_of(page.read_text()) for name in _TARGET.findall(code)}
    assert sorted(named - targets) == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_named_loadtest_commands_exist(page):
    named = {name for code in code_of(page.read_text()) for name in _COMMAND.findall(code)}
    assert sorted(named - set(COMMANDS)) == []


def test_missing_path_is_found():
    text = "see `core/no_such.py`, `core/plan.py`, `worker/sources/<store>/`, `a/b` and `runs/x`"
    assert {path for path in paths_of(text) if not exists(path)} == {"core/no_such.py"}
    assert not exists("core/{plan,no_such}.py")


def test_heading_anchors_equal_those_of_github(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# `up`, and what it does\n\n```sh\n# no heading\n```\n")
    assert anchors_of(page) == {"up-and-what-it-does"}
