"""The folders tell the architecture, and this says whether they tell the truth."""

import ast
import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from infra.settings.model import NAMESPACE, Settings

ROOT = Path(__file__).resolve().parents[1]
DRIVERS = frozenset(
    {"psycopg", "pymysql", "MySQLdb", "pymongo", "bson", "neo4j", "confluent_kafka", "polars", "pyarrow"}
)
OURS = frozenset({"core", "worker", "infra", "aggregate", "bench", "contrib", "scripts", "testkit", "tests"})
FORBIDDEN = {
    "core": OURS - {"core"}
    | DRIVERS
    | {"pulumi", "pulumi_docker", "pulumi_kubernetes", "docker", "kubernetes", "numpy"},
    "worker": OURS - {"core", "worker"} | {"pulumi", "pulumi_docker", "pulumi_kubernetes", "docker", "kubernetes"},
    "infra": OURS - {"core", "infra"} | DRIVERS | {"numpy"},
    "aggregate": OURS - {"core", "aggregate"} | DRIVERS | {"pulumi", "pulumi_docker", "pulumi_kubernetes"},
    "contrib/offline": OURS - {"contrib"} | DRIVERS,
}
"""What a folder never imports."""
LINES = 400
"""A file that is longer has more than one idea in it."""
TEXT = (".py", ".md", ".yaml", ".yml", ".toml", ".sh", ".txt", ".json", "")


def tracked(*suffixes: str) -> list[Path]:
    """Return the project's files, less what .gitignore names. Git is not asked: a source archive has no history."""
    ignored = [line for line in (ROOT / ".gitignore").read_text().splitlines() if line]
    folders = {line.rstrip("/") for line in ignored if line.endswith("/")} | {".git"}
    files = [line for line in ignored if not line.endswith("/")]
    found = []
    for folder, children, names in os.walk(ROOT):
        here = Path(folder)
        children[:] = [name for name in children if not {name, str((here / name).relative_to(ROOT))} & folders]
        found += [here / name for name in names if not any(fnmatch(name, pattern) for pattern in files)]
    return [path for path in found if path.is_file() and path.suffix in suffixes]


def product(*suffixes: str) -> list[Path]:
    """Return the tracked files that are no tests."""
    return [file for file in tracked(*suffixes) if "tests" not in file.relative_to(ROOT).parts]


def imports_of(file: Path) -> Iterator[str]:
    """The top-level names of all that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:  # a relative one stays inside its folder
            yield str(node.module).partition(".")[0]


def modules_named_in(file: Path) -> set[str]:
    """What a file imports by name: texts like `infra.platforms.local.runner`, which `import_module` is given."""
    texts = (node.value for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.Constant))
    dotted = re.compile(rf"({'|'.join(OURS)})(\.[a-z_]+)+")
    return {text.partition(".")[0] for text in texts if isinstance(text, str) and dotted.fullmatch(text)}


@pytest.mark.parametrize("folder", sorted(FORBIDDEN))
def test_imports_point_inwards(folder):
    files = [
        file
        for file in tracked(".py")
        if file.is_relative_to(ROOT / folder) and "tests" not in file.relative_to(ROOT).parts
    ]
    assert files
    wrong = {
        str(file.relative_to(ROOT)): sorted(found)
        for file in files
        if (found := (set(imports_of(file)) | modules_named_in(file)) & FORBIDDEN[folder])
    }
    assert wrong == {}


def test_the_check_of_imports_can_fail(tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text(
        'def late():\n    import psycopg.rows\n    from pulumi import log\n    return "worker.sources.csv.source"\n'
    )
    assert set(imports_of(file)) == {"psycopg", "pulumi"}
    assert modules_named_in(file) == {"worker"}


def test_no_file_is_too_long_to_have_one_idea():
    long = {str(file): count for file in tracked(".py") if (count := len(file.read_text().splitlines())) > LINES}
    long = {name: count for name, count in long.items() if not name.endswith("tests/core/malformed.py")}
    assert long == {}


def test_every_module_says_what_it_is():
    silent = [
        str(file)
        for file in tracked(".py")
        if "tests" not in file.relative_to(ROOT).parts
        and file.read_text()
        and not ast.get_docstring(ast.parse(file.read_bytes()))
    ]
    assert silent == []


def test_no_path_of_one_machine_is_in_a_file():
    here = "|".join(re.escape(str(folder)) for folder in (ROOT, ROOT.parent) if len(folder.parts) > 1)
    machine = re.compile(rf"/(?:home|Users)/[a-z]+/|/root/[.a-z]|(?:{here})/")
    wrong = [str(file) for file in tracked(*TEXT) if file != Path(__file__) and machine.search(file.read_text())]
    assert wrong == []


def test_nothing_is_left_to_do():
    left = re.compile(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b")
    files = [file for file in tracked(".py") if "tests" not in file.relative_to(ROOT).parts]
    assert [str(file) for file in files if left.search(file.read_text())] == []


class TestTheKeysOfTheStack:
    """Pulumi.yaml, the settings model and docs/settings.md have the same keys."""

    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    keys = frozenset(str(field.alias) for field in Settings.model_fields.values())

    def test_the_project_declares_every_setting(self):
        assert set(self.declared) == {f"{NAMESPACE}:{key}" for key in self.keys}

    def test_each_has_a_type_and_a_description(self):
        assert all(entry["description"].endswith(".") for entry in self.declared.values())
        # With a type the engine demands that every stack encrypts a secret, also one that does not set it.
        secret = {name for name, entry in self.declared.items() if entry.get("secret")}
        assert secret == {f"{NAMESPACE}:connectionString", f"{NAMESPACE}:databasePassword"}
        assert {name for name, entry in self.declared.items() if "type" not in entry} == secret

    def test_settings_page_documents_every_key(self):
        page = (ROOT / "docs" / "settings.md").read_text()
        assert self.keys <= set(re.findall(r"^\| `([A-Za-z]+)`", page, re.MULTILINE))

    @pytest.mark.parametrize(
        ("preset", "table"),
        [
            ("small", (2, 0.5, "512Mi", "256Mi", 10_000, 500)),
            ("medium", (4, 1.0, "1Gi", "1Gi", 100_000, 1_000)),
            ("large", (8, 2.0, "4Gi", "4Gi", 1_000_000, 5_000)),
        ],
    )
    def test_the_presets_hold_the_specified_table(self, preset, table):
        config = yaml.safe_load((ROOT / f"Pulumi.{preset}.yaml").read_text())["config"]
        names = ("workers", "cpuLimit", "memoryLimit", "tmpfsSize", "rowCount", "batchSize")
        assert config.keys() == {f"{NAMESPACE}:{name}" for name in names}
        found = [config[f"{NAMESPACE}:{name}"] for name in names]
        assert (int(found[0]), float(found[1]), *found[2:4], int(found[4]), int(found[5])) == table
