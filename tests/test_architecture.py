"""Check the rules of the architecture: imports, lengths, types and comparisons."""

import ast
import os
import re
from fnmatch import fnmatch
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DRIVERS = frozenset(
    {"psycopg", "pymysql", "MySQLdb", "pymongo", "bson", "neo4j", "confluent_kafka", "polars", "pyarrow"}
)
PULUMI = frozenset({"pulumi", "pulumi_docker", "pulumi_kubernetes"})
CLIENTS = frozenset({"docker", "kubernetes"})
PRODUCT = ("core", "worker", "infra", "aggregate")
OURS = frozenset({*PRODUCT, "cli", "bench", "contrib", "scripts", "testkit", "tests"})
FORBIDDEN = {
    "core": OURS - {"core"} | DRIVERS | PULUMI | CLIENTS | {"numpy"},
    "worker": OURS - {"core", "worker"} | PULUMI | CLIENTS,
    "infra": OURS - {"core", "infra"} | DRIVERS | {"numpy"},
    "aggregate": OURS - {"core", "aggregate"} | DRIVERS | PULUMI,
    "cli": OURS - {"core", "infra", "aggregate", "worker", "cli"} | DRIVERS | PULUMI | CLIENTS | {"numpy"},
    "contrib/offline": OURS - {"contrib", "cli", "core"} | DRIVERS,
}
"""Top-level packages that a folder must not import."""
VARIANTS = {
    "worker/sources": frozenset({"files"}),  # csv and jsonl are two formats of it
    "infra/platforms": frozenset[str](),
}
"""Folders with one subfolder per store or platform, and the subfolders that the others may import."""
CROSS_IMPORTS: frozenset[tuple[str, str]] = frozenset()
"""Imports from one store or platform to another that are still there. The list must only shrink."""
LITERAL_KEY = re.compile(r"\bloadtest:[a-z]\w*(?!:)\b")
LITERAL_COMMAND = re.compile(r"\./loadtest [a-z]|\bmake (up|plan|report|watch|destroy|cleanup)\b|-m aggregate [a-z]")
LINES = 300
"""The longest module."""
TEXT = (".py", ".md", ".yaml", ".yml", ".toml", ".sh", ".txt", ".json", "")


@cache
def tracked(*suffixes: str) -> list[Path]:
    """Return the project's files without those that .gitignore names. A source archive has no Git history to read."""
    ignored = [line for line in (ROOT / ".gitignore").read_text().splitlines() if line]
    folders = {line.rstrip("/") for line in ignored if line.endswith("/")} | {".git"}
    files = [line for line in ignored if not line.endswith("/")]
    found = []
    for folder, children, names in os.walk(ROOT):
        here = Path(folder)
        children[:] = [name for name in children if not {name, str((here / name).relative_to(ROOT))} & folders]
        found += [here / name for name in names if not any(fnmatch(name, pattern) for pattern in files)]
    return [path for path in found if path.is_file() and path.suffix in suffixes]


def name_of(file: Path) -> str:
    """Return a file's path below the root of the project."""
    return str(file.relative_to(ROOT))


def product(*suffixes: str) -> list[Path]:
    """Return the tracked files outside of test folders."""
    return [file for file in tracked(*suffixes) if "tests" not in file.relative_to(ROOT).parts]


def imported_modules(source: str) -> set[str]:
    """Return the modules that a module imports anywhere, in functions too, or names as text for `import_module`."""
    found = set()
    dotted = re.compile(rf"({'|'.join(OURS)})(\.[a-z_0-9]+)+")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:  # a relative import stays inside its folder
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and dotted.fullmatch(node.value):
            found.add(node.value)
    return found


def forbidden_imports(source: str, forbidden: frozenset[str]) -> set[str]:
    """Return the imported modules whose top-level package is forbidden."""
    return {module for module in imported_modules(source) if module.partition(".")[0] in forbidden}


def imports_of_siblings(file: str, source: str, folder: str, shared: frozenset[str]) -> set[str]:
    """Return what a module in one subfolder of `folder` imports from another subfolder that is not shared."""
    variants = {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")} - shared
    own, prefix = Path(file).relative_to(folder).parts[0], folder.replace("/", ".") + "."
    below = {module for module in imported_modules(source) if module.startswith(prefix)}
    return {module for module in below if module.removeprefix(prefix).partition(".")[0] in variants - {own}}


def private_imports(package: str, source: str) -> set[str]:
    """Return the private names that a module of `package` imports from other packages of the project."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.level == 0 and str(node.module).partition(".")[0] in OURS
        for alias in node.names
        if re.search(r"\._[a-z]", f".{node.module}.{alias.name}") and str(node.module).rpartition(".")[0] != package
    }


def untyped_functions(source: str) -> list[str]:
    """Return the public functions without a type for each argument and for the result."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        named = [each for each in arguments if each is not None and each.arg not in ("self", "cls")]
        if node.returns is None or any(each.annotation is None for each in named):
            found.append(node.name)
    return found


@pytest.mark.parametrize("folder", sorted(FORBIDDEN))
def test_packages_import_only_allowed_packages(folder):
    files = [file for file in product(".py") if file.is_relative_to(ROOT / folder)]
    assert files or not (ROOT / folder).exists()
    found = {name_of(file): forbidden_imports(file.read_text(), FORBIDDEN[folder]) for file in files}
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_product_does_not_refer_to_contrib():
    files = [file for file in product(*TEXT) if file.relative_to(ROOT).parts[0] in (*PRODUCT, "cli")]
    assert files
    assert [name_of(file) for file in files if re.search(r"\bcontrib\b", file.read_text())] == []


@pytest.mark.parametrize("folder", sorted(VARIANTS))
def test_stores_and_platforms_do_not_import_siblings(folder):
    files = [file for file in product(".py") if len(file.relative_to(ROOT).parts) > len(Path(folder).parts) + 1]
    files = [file for file in files if file.is_relative_to(ROOT / folder)]
    assert files
    found = {
        (name_of(file), module.rpartition(".")[0])
        for file in files
        for module in imports_of_siblings(name_of(file), file.read_text(), folder, VARIANTS[folder])
    }
    assert found - CROSS_IMPORTS == set()


def test_private_names_stay_in_their_package():
    found = {
        name_of(file): private_imports(".".join(file.relative_to(ROOT).parts[:-1]), file.read_text())
        for file in tracked(".py")
    }
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_public_functions_are_typed():
    found = {
        name_of(file): untyped_functions(file.read_text()) for file in product(".py") if "testkit" not in file.parts
    }
    assert {name: functions for name, functions in found.items() if functions} == {}


def test_modules_are_short():
    long = {name_of(file) for file in tracked(".py") if len(file.read_text().splitlines()) > LINES}
    assert long == set()


def self_comparisons(source: str) -> list[int]:
    """Return the lines of assertions that compare an expression with itself."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Compare)
        and any(ast.dump(left) == ast.dump(right) for left, right in pairwise([node.left, *node.comparators]))
    ]


def test_no_assertion_compares_a_value_with_itself():
    tests = [file for file in tracked(".py") if "tests" in file.relative_to(ROOT).parts]
    found = {name_of(file): self_comparisons(file.read_text()) for file in tests}
    assert {name: lines for name, lines in found.items() if lines} == {}


class TestChecker:
    """The checks above refuse what they must refuse."""

    def test_finds_imports_in_functions_and_strings(self):
        source = (
            'def late():\n    import psycopg.rows\n    from pulumi import log\n    return "worker.sources.csv.source"\n'
        )
        assert imported_modules(source) == {"psycopg.rows", "pulumi.log", "worker.sources.csv.source"}
        assert forbidden_imports(source, frozenset({"psycopg", "worker"})) == {
            "psycopg.rows",
            "worker.sources.csv.source",
        }

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("from worker.sources.mysql.ddl import column", {"worker.sources.mysql.ddl.column"}),
            ("from worker.sources import mysql", {"worker.sources.mysql"}),
            ("from worker.sources.kafka import errors", set()),
            ("from worker.sources.base import Source", set()),
            ("from worker.sources.files.source import Files", set()),
        ],
    )
    def test_finds_imports_of_another_store(self, statement, found):
        place, shared = "worker/sources/kafka/reader.py", VARIANTS["worker/sources"]
        assert imports_of_siblings(place, statement, "worker/sources", shared) == found

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("from core.units import _parse", {"core.units._parse"}),
            ("from core._units import parse", {"core._units.parse"}),
            ("from worker.commands.load import _rows", set()),
            ("from core.units import parse", set()),
            ("from __future__ import annotations", set()),
            ("from contrib.offline.cluster import __main__", set()),
        ],
    )
    def test_finds_private_imports(self, statement, found):
        assert private_imports("worker.commands", statement) == found

    def test_finds_self_comparisons(self):
        assert self_comparisons("assert f(1) == f(1)\nassert f(1) == f(2)\nassert 0 < x == x\n") == [1, 3]

    def test_finds_untyped_functions(self):
        source = (
            "def a(x: int) -> int: ...\ndef b(x) -> int: ...\ndef c(*, x: int): ...\ndef _d(x): ...\n"
            "class E:\n    def f(self, *rest) -> None: ...\n    def g(self) -> None: ...\n"
        )
        assert untyped_functions(source) == ["b", "c", "f"]


def test_test_folders_mirror_the_packages():
    folders = {
        file.parent.relative_to(ROOT / "tests") for file in tracked(".py") if file.is_relative_to(ROOT / "tests")
    }
    without = {str(folder) for folder in folders if not (ROOT / folder).is_dir()}
    assert without <= {"integration", "security", "worker/sources/beds"}


def written(source: str, pattern: re.Pattern[str]) -> set[str]:
    """Return the string constants, other than docstrings, in which the pattern is found."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {str(each.value) for each in texts if id(each) not in prose and pattern.search(str(each.value))}


def test_written_setting_keys_are_found_in_messages():
    source = '"""About loadtest:workers."""\nraise E(f"set loadtest:timeout to {x}; or loadtest:docker:LoadTest")\n'
    assert written(source, LITERAL_KEY) == {"set loadtest:timeout to "}
    assert written('T = "loadtest:docker:LoadTest"', LITERAL_KEY) == set()


def test_setting_keys_are_written_by_one_function():
    files = [file for file in product(".py") if name_of(file).split("/")[0] in (*PRODUCT, "cli")]
    found = {name_of(file): keys for file in files if (keys := written(file.read_text(), LITERAL_KEY))}
    assert not found, "use core.settings_key.setting_key"


def test_messages_name_commands_by_one_function():
    assert written('E("run: make up STACK=x")', LITERAL_COMMAND) == {"run: make up STACK=x"}
    files = [file for file in product(".py") if name_of(file).split("/")[0] in PRODUCT]
    found = {name_of(file): texts for file in files if (texts := written(file.read_text(), LITERAL_COMMAND))}
    assert not found, "use core.process.loadtest_command"


def test_modules_have_a_docstring():
    without = [
        name_of(file)
        for file in product(".py")
        if file.read_text() and not ast.get_docstring(ast.parse(file.read_bytes()))
    ]
    assert without == []


def test_files_contain_no_machine_specific_path():
    here = "|".join(re.escape(str(folder)) for folder in (ROOT, ROOT.parent) if len(folder.parts) > 1)
    machine = re.compile(rf"/(?:home|Users)/[a-z]+/|/root/[.a-z]|(?:{here})/")
    wrong = [name_of(file) for file in tracked(*TEXT) if file != Path(__file__) and machine.search(file.read_text())]
    assert wrong == []


def test_code_has_no_unfinished_parts():
    marks = re.compile(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b")
    assert [name_of(file) for file in product(".py") if marks.search(file.read_text())] == []
