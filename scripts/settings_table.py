"""Write the table of settings in docs/settings.md from the `config:` block of Pulumi.yaml, where each key is described."""

import sys
from pathlib import Path

import yaml

from scripts.marked_page import page_with

PROJECT = Path(__file__).parent.parent
PAGE = PROJECT / "docs" / "settings.md"


def settings_table(project: Path = PROJECT) -> str:
    """Return the table in Markdown."""
    config = yaml.safe_load((project / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    rows = ["| key | type | default | description |", "|---|---|---|---|"]
    for key, entry in config.items():
        name = key.removeprefix("loadtest:")
        kind = entry.get("type") or ("string" if entry.get("secret") else "list")
        rows.append(f"| `{name}` | {kind} | {_default(entry)} | {entry['description']} |")
    return "\n".join(rows)


def main() -> int:
    """Rewrite docs/settings.md."""
    PAGE.write_text(page_with("settings", settings_table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


def _default(entry: dict[str, object]) -> str:
    default = entry.get("default", "")
    if default in ("", []):
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


if __name__ == "__main__":
    sys.exit(main())
