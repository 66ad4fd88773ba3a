"""Check that Pulumi.yaml, the settings model, the presets and the documentation name the same keys."""

import re

import pytest
import yaml

from core.settings_key import NAMESPACE
from infra.settings.model import Settings
from tests.test_architecture import ROOT

DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
KEYS = frozenset(str(field.alias) for field in Settings.model_fields.values())


def test_project_file_declares_every_setting():
    assert set(DECLARED) == {f"{NAMESPACE}:{key}" for key in KEYS}


def test_project_file_has_type_and_description():
    assert all(entry["description"].endswith(".") for entry in DECLARED.values())
    # With a type, the engine requires a secret in every stack, even in one that does not set the key.
    secret = {name for name, entry in DECLARED.items() if entry.get("secret")}
    assert secret == {f"{NAMESPACE}:connectionString", f"{NAMESPACE}:databasePassword"}
    # With the type array, the engine refuses `-c loadtest:tables=users` and keeps the value in the stack's file.
    lists = {f"{NAMESPACE}:{key}" for key in ("tables", "thresholds", "nodeSelector", "tolerations")}
    assert {name for name, entry in DECLARED.items() if "type" not in entry} == secret | lists


def test_settings_page_documents_every_key():
    page = (ROOT / "docs" / "settings.md").read_text()
    assert set(re.findall(r"^\| `([A-Za-z]+)`", page, re.MULTILINE)) >= KEYS


@pytest.mark.parametrize(
    ("preset", "table"),
    [
        ("small", (2, 0.5, "512Mi", "256Mi", 10_000, 500)),
        ("medium", (4, 1.0, "1Gi", "1Gi", 100_000, 1_000)),
        ("large", (8, 2.0, "4Gi", "4Gi", 1_000_000, 5_000)),
    ],
)
def test_presets_have_the_specified_values(preset, table):
    config = yaml.safe_load((ROOT / f"Pulumi.{preset}.yaml").read_text())["config"]
    names = ("workers", "cpuLimit", "memoryLimit", "tmpfsSize", "rowCount", "batchSize")
    assert config.keys() == {f"{NAMESPACE}:{name}" for name in names}
    found = [config[f"{NAMESPACE}:{name}"] for name in names]
    assert (int(found[0]), float(found[1]), *found[2:4], int(found[4]), int(found[5])) == table
