import re

import yaml

from scripts.marked_page import page_with
from scripts.settings_table import PAGE, PROJECT, settings_table


def test_settings_page_has_current_table() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page_with("settings", settings_table(), page) == page, "run `python -m scripts.settings_table`"


def test_readme_names_only_existing_settings() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    declared = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    rows = re.findall(
        r"^\| `([A-Za-z`, ]+)` \|", readme.partition("## Ten settings that matter")[2].partition("## ")[0], re.MULTILINE
    )
    named = [f"loadtest:{key}" for row in rows for key in row.replace("`", "").split(", ")]
    assert len(named) >= 10
    assert set(named) <= set(declared)
